"""Samples: pictures with everything that moves with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from augkit.core.spatial import Size
from augkit.core.tonal import RANGE
from augkit.errors import SampleError
from augkit.targets.coordinates import FIELDS, Polygon


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture and everything that moves with it.

    Args:
        image: RGB, (H, W) or (H, W, C) with any C; uint8, uint16, or float32 in [0, 1].
        mask: (H, W) or (H, W, M) class numbers, any integer dtype or bool.
        boxes: (n, 4) of left, top, right, bottom in pixels, left < right and top < bottom.
        box_labels: n labels of any kind.
        polygons: n entries, one a box where there are boxes: each an (m, 2) array of x, y, or a list of such arrays.
        keypoints: (k, 2) of x, y in pixels.
        keypoint_visible: (k,) bool, or COCO's 0, 1, 2; False or 0 is set where a point leaves the picture.
        label: any JSON value: a class, several, a number.
        id: the source's path relative to the data root.
        alpha: the last channel is alpha: moved, but not coloured.
        keypoint_counts: how many of the keypoints belong to each object, in order; None where all belong to one.
        polylines: open lines, each (m, 2) of x, y in pixels; moved by their points, dropped by their length.
        polyline_labels: one a line, of any kind.
        rotated_boxes: (n, 5) of middle x, middle y, width, height in pixels, degrees counter-clockwise as seen.
        rotated_box_labels: n labels of any kind.
        masks: more masks, by name.
        images: more pictures of the same size, by name, such as depth: moved and sampled as `image`, never coloured.

    Raises:
        SampleError: something has the wrong shape, dtype or range; the sentence names it.
    """

    image: NDArray[Any]
    mask: NDArray[Any] | None = None
    boxes: NDArray[np.float64] | None = None
    box_labels: Sequence[Any] | NDArray[Any] | None = None
    polygons: Sequence[Polygon] | None = None
    keypoints: NDArray[np.float64] | None = None
    keypoint_visible: NDArray[Any] | None = None
    label: Any = None
    id: str = ""
    alpha: bool = False
    keypoint_counts: Sequence[int] | None = None
    polylines: Sequence[NDArray[np.float64]] | None = None
    polyline_labels: Sequence[Any] | NDArray[Any] | None = None
    rotated_boxes: NDArray[np.float64] | None = None
    rotated_box_labels: Sequence[Any] | NDArray[Any] | None = None
    masks: Mapping[str, NDArray[Any]] | None = None
    images: Mapping[str, NDArray[Any]] | None = None

    def __post_init__(self) -> None:
        _check_image(self.image, self.alpha)
        size = (self.image.shape[0], self.image.shape[1])
        if self.mask is not None:
            _check_mask("mask", self.mask, size)
        for name, mask in _named("masks", self.masks):
            _check_mask(name, mask, size)
        for name, image in _named("images", self.images):
            _check_image(image, False, name)
            if image.shape[:2] != size:
                _refuse(name, f"must have the image's shape {size}", image.shape)
        for name, taken in FIELDS.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, taken(getattr(self, name)))
        self._check_keypoints()
        self._check_label_counts()

    def _check_keypoints(self) -> None:
        visible, counts = self.keypoint_visible, self.keypoint_counts
        total = 0 if self.keypoints is None else len(self.keypoints)
        if self.keypoints is not None:
            visible = np.ones(total, bool) if visible is None else _flags(visible)
            if visible.shape != (total,) or visible.dtype.kind not in "biu":
                _refuse("keypoint_visible", f"must be {total} booleans or whole numbers", f"{visible!r:.60}")
            object.__setattr__(self, "keypoint_visible", visible)
        elif visible is not None:
            _refuse("keypoint_visible", "must come with keypoints", "none")
        if counts is not None:
            whole = isinstance(counts, list | tuple) and all(type(count) is int and count >= 0 for count in counts)
            if not whole or sum(counts) != total:
                rule = f"must be a list of whole numbers that add up to the keypoints ({total})"
                _refuse("keypoint_counts", rule, f"{counts!r:.60}")

    def _check_label_counts(self) -> None:
        for name, owner in (("polyline_labels", self.polylines), ("rotated_box_labels", self.rotated_boxes)):
            values, count = getattr(self, name), 0 if owner is None else len(owner)
            if values is not None and (not isinstance(values, Sequence | np.ndarray) or len(values) != count):
                _refuse(name, f"must be a list of {count}, one of each", f"{values!r:.60}")
        for name in ("box_labels", "polygons"):
            values = getattr(self, name)
            if values is not None and not isinstance(values, Sequence | np.ndarray):
                _refuse(name, "must be a list, one entry a box", f"{values!r:.60}")
            if values is not None and (self.boxes is not None or name == "box_labels"):
                count = 0 if self.boxes is None else len(self.boxes)
                if len(values) != count:
                    _refuse(name, f"must have one entry a box ({count})", len(values))

    def changed(self, **parts: Any) -> Sample:
        """Return a copy with other parts, unchecked: for what an executor made of parts that were checked."""
        made = object.__new__(Sample)
        made.__dict__.update(self.__dict__, **parts)
        return made

    def __repr__(self) -> str:
        given = [f"image={self.image.dtype}{list(self.image.shape)}"]
        for name in ("mask", "boxes", "polygons", "keypoints", "polylines", "rotated_boxes"):
            value = getattr(self, name)
            if value is not None:
                given.append(f"{name}={len(value)}" if isinstance(value, list) else f"{name}={list(value.shape)}")
        given += [f"{name}={sorted(getattr(self, name))}" for name in ("masks", "images") if getattr(self, name)]
        return f"<Sample {self.id!r} {' '.join(given)}>"


def _refuse(name: str, rule: str, value: object, advice: str = "") -> NoReturn:
    raise SampleError(f"{rule}, got {value}.{advice}", f"Sample.{name}")


def _named(field: str, arrays: object) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a field that holds them by name, each with where it stands."""
    if arrays is not None and not (isinstance(arrays, Mapping) and all(isinstance(name, str) for name in arrays)):
        _refuse(field, "must be arrays by name", f"{arrays!r:.60}", ' Give {"name": array}.')
    if isinstance(arrays, Mapping):
        yield from ((f"{field}[{name!r}]", array) for name, array in arrays.items())


def _check_image(image: object, alpha: bool, name: str = "image") -> None:
    if not isinstance(image, np.ndarray):
        _refuse(name, "must be a NumPy array", type(image).__name__)
    if image.ndim not in (2, 3) or 0 in image.shape:
        _refuse(name, "must have shape (H, W) or (H, W, C) without an empty side", image.shape)
    if image.dtype not in RANGE:
        known = ", ".join(dtype.name for dtype in RANGE)
        _refuse(name, f"must be {known} in this machine's byte order", image.dtype, " Convert it first.")
    if alpha and (image.ndim != 3 or image.shape[2] != 4):
        _refuse("alpha", "must go with an image of 4 channels", image.shape)
    if image.dtype.kind == "f":
        low, high = image.min(), image.max()
        if not (low >= 0.0 and high <= 1.0):  # NaN is in neither
            _refuse(name, "must lie in [0, 1] where it is float32", f"{low} to {high}", " Scale it first.")


def _check_mask(name: str, mask: object, size: Size) -> None:
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biu":
        _refuse(name, "must be an array of whole numbers or bool", getattr(mask, "dtype", type(mask).__name__))
    if mask.ndim not in (2, 3) or mask.shape[:2] != size:
        _refuse(name, f"must have the image's shape {size}", mask.shape)


def _flags(values: Any) -> NDArray[Any]:
    """Return visibilities as an array; an empty list has no dtype of its own."""
    try:
        flags = np.asarray(values)
    except ValueError:  # ragged
        return np.array(None)
    return flags.astype(bool) if flags.size == 0 else flags
