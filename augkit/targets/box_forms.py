"""The forms that boxes are written in, and the way from each to left, top, right, bottom in pixels and back.

pixel        left, top, right, bottom, in pixels: as `Sample` has them
normalised   left, top, right, bottom, in fractions of the picture's sides
coco         left, top, width, height, in pixels
yolo         middle x, middle y, width, height, in fractions of the picture's sides

All lie in augkit's frame, whose origin is the outer corner of the first pixel; so do COCO's and YOLO's.
"""

from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augkit.core.spatial import Size
from augkit.core.validation import is_size
from augkit.errors import ArgumentError, closest
from augkit.targets.rows import rows_of

__all__ = ["BOX_FORMS", "BoxForm", "boxes", "boxes_as", "described", "edges"]

BoxForm = Literal["pixel", "normalised", "coco", "yolo"]
BOX_FORMS: tuple[BoxForm, ...] = get_args(BoxForm)
_MEANINGS = {
    "pixel": "left, top, right, bottom",
    "normalised": "left, top, right, bottom in fractions of the picture",
    "coco": "left, top, width, height",
    "yolo": "middle x, middle y, width, height in fractions of the picture",
}
# What other libraries call them: Albumentations, torchvision, Keras.
_ELSEWHERE = {
    **dict.fromkeys(("pascal_voc", "voc", "xyxy"), "pixel"),
    **dict.fromkeys(("albumentations", "normalized", "rel_xyxy"), "normalised"),
    "xywh": "coco",
}
_UNIT: Size = (1, 1)

N = TypeVar("N", float, NDArray[np.float64])


def boxes(values: ArrayLike, form: BoxForm, size: Size | None = None) -> NDArray[np.float64]:
    """Return boxes (n, 4) as left, top, right, bottom in pixels, as `Sample` takes them.

    Args:
        values: (n, 4), as `form` says.
        form: ``pixel``, ``normalised``, ``coco`` or ``yolo``.
        size: (height, width) of the picture; fractions need it.

    Raises:
        ArgumentError: the form is none of these, or a size is missing.
        SampleError: the values have another shape, or are not finite.

    >>> boxes([[0.5, 0.5, 0.25, 0.5]], "yolo", (100, 200)).tolist()
    [[75.0, 25.0, 125.0, 75.0]]
    """
    size = _checked(form, size, "boxes")
    rows = rows_of(values, 4, "boxes.values", _MEANINGS[form])
    return np.stack(edges(form, (rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]), size), axis=1)


def boxes_as(boxes: ArrayLike, form: BoxForm, size: Size | None = None) -> NDArray[np.float64]:
    """Return boxes of left, top, right, bottom in pixels in another form, (n, 4): the way back from `boxes`.

    Args:
        boxes: (n, 4) of left, top, right, bottom in pixels.
        form: as `boxes` takes it.
        size: likewise.

    Raises:
        ArgumentError, SampleError: as `boxes`.

    >>> boxes_as([[75, 25, 125, 75]], "coco").tolist()
    [[75.0, 25.0, 50.0, 50.0]]
    """
    size = _checked(form, size, "boxes_as")
    rows = rows_of(boxes, 4, "boxes_as.boxes", _MEANINGS["pixel"])
    return np.stack(described(form, (rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]), size), axis=1)


def edges(form: BoxForm, values: tuple[N, N, N, N], size: Size = _UNIT) -> tuple[N, N, N, N]:
    """Return left, top, right, bottom in pixels of one box, or of columns of them."""
    a, b, c, d = values
    height, width = size
    if form == "coco":
        return a, b, a + c, b + d
    if form == "yolo":
        return (a - c / 2) * width, (b - d / 2) * height, (a + c / 2) * width, (b + d / 2) * height
    return (a * width, b * height, c * width, d * height) if form == "normalised" else values


def described(form: BoxForm, box: tuple[N, N, N, N], size: Size = _UNIT) -> tuple[N, N, N, N]:
    """Return one box of left, top, right, bottom in pixels, or columns of them, in another form."""
    left, top, right, bottom = box
    height, width = size
    if form == "coco":
        return left, top, right - left, bottom - top
    if form == "yolo":
        x, y = (left + right) / 2 / width, (top + bottom) / 2 / height
        return x, y, (right - left) / width, (bottom - top) / height
    return (left / width, top / height, right / width, bottom / height) if form == "normalised" else box


def _checked(form: object, size: object, where: str) -> Size:
    """Return the size that a form's numbers are fractions of, which for pixels is none."""
    if form not in BOX_FORMS:
        name = form.lower() if isinstance(form, str) else ""
        advice = f" Here that is {_ELSEWHERE[name]}." if name in _ELSEWHERE else closest(name, BOX_FORMS)
        raise ArgumentError(f"must be {' or '.join(BOX_FORMS)}, got {form!r:.60}.{advice}", f"{where}.form")
    if form in ("pixel", "coco") and size is None:
        return _UNIT
    pair = tuple(size) if isinstance(size, list | tuple) else ()
    if not is_size(pair):
        rule = f"must be the picture's (height, width) in whole pixels for {form} boxes"
        raise ArgumentError(f"{rule}, got {size!r:.60}. Give image.shape[:2].", f"{where}.size")
    return pair[0], pair[1]
