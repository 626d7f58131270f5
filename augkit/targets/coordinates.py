"""Arrays of coordinates, checked before they are believed, and what those in each field of a sample must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augkit.core.facts import is_number
from augkit.errors import SampleError

__all__ = ["FIELDS", "Polygon", "rows_of"]

Rows = NDArray[np.float64]
Polygon = Rows | list[Rows]

_FLAT = " Bring COCO's flat lists into shape: np.reshape(ring, (-1, 2))."


def rows_of(values: ArrayLike, width: int, where: str, meaning: str, advice: str = "") -> Rows:
    """Return values as an array (n, width); an empty list is one of no rows.

    Raises:
        SampleError: they have another shape, or are not finite.
    """
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        _misshapen(where, width, meaning, f"{values!r:.60}", advice)
    if rows.size == 0 and rows.ndim < 2:
        rows = rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        _misshapen(where, width, meaning, rows.shape, advice)
    if not np.isfinite(rows).all():
        raise SampleError("must be finite, got NaN or infinity.", where)
    return rows


def _misshapen(where: str, width: int, meaning: str, value: object, advice: str) -> NoReturn:
    raise SampleError(f"must have shape (n, {width}) as {meaning}, got {value}.{advice}", where)


def _boxes(values: Any) -> Rows:
    boxes = rows_of(values, 4, "Sample.boxes", "left, top, right, bottom", " Put class numbers in box_labels.")
    ordered = (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
    if not ordered.all():
        found = boxes[~ordered][0].tolist()
        raise SampleError(f"must have left < right and top < bottom, got {found}.", "Sample.boxes")
    return boxes


def _rotated_boxes(values: Any) -> Rows:
    boxes = rows_of(values, 5, "Sample.rotated_boxes", "middle x, middle y, width, height, degrees")
    if not (boxes[:, 2:4] > 0.0).all():
        found = boxes.tolist()[:1]
        raise SampleError(f"must have a width and a height above 0, got {found}.", "Sample.rotated_boxes")
    return boxes


def _keypoints(values: Any) -> Rows:
    return rows_of(values, 2, "Sample.keypoints", "x, y", " Put visibility in keypoint_visible.")


def _polygons(values: Any) -> list[Polygon]:
    return [_polygon(polygon) for polygon in _listed(values, "polygons", "a list, one entry a box")]


def _polylines(values: Any) -> list[Rows]:
    lines = _listed(values, "polylines", "a list of lines")
    return [rows_of(line, 2, "Sample.polylines", "x, y", " Give a list of lines.") for line in lines]


def _listed(values: Any, field: str, rule: str) -> Sequence[Any]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise SampleError(f"must be {rule}, got {values!r:.60}.", f"Sample.{field}")
    return values


def _polygon(polygon: Any) -> Polygon:
    if isinstance(polygon, list) and polygon and not _is_point(polygon[0]):
        return [rows_of(ring, 2, "Sample.polygons", "x, y", _FLAT) for ring in polygon]
    return rows_of(polygon, 2, "Sample.polygons", "x, y", _FLAT)


def _is_point(value: Any) -> bool:
    if isinstance(value, Sequence):
        return len(value) == 2 and all(is_number(part) for part in value)
    return np.ndim(value) == 1


FIELDS: dict[str, Callable[[Any], Any]] = {  # of a sample, each with what makes checked arrays of it
    "boxes": _boxes,
    "keypoints": _keypoints,
    "polygons": _polygons,
    "polylines": _polylines,
    "rotated_boxes": _rotated_boxes,
}
