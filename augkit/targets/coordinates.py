"""Coordinates that users give, checked before they are believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from augkit.core.arrays import Rows
from augkit.core.constraints import is_number
from augkit.errors import SampleError

Polygon = Rows | list[Rows]

_FLAT = " Bring COCO's flat lists into shape: np.reshape(ring, (-1, 2))."


def rows_of(values: object, width: int, where: str, meaning: str, advice: str = "") -> Rows:
    """Return values as an array (n, width); an empty list is one of no rows.

    Raises:
        SampleError: they have another shape, or are not finite.
    """
    try:
        rows: Rows = np.asarray(values, dtype=np.float64)
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


def listed(values: object, where: str, rule: str) -> Sequence[object]:
    """Return what is a list.

    Raises:
        SampleError: it is something else.
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise SampleError(f"must be {rule}, got {values!r:.60}.", where)
    return values


def lines_of(values: object, where: str) -> list[Rows]:
    """Return lines, each (m, 2).

    Raises:
        SampleError: they are something else.
    """
    lines = listed(values, where, "a list of lines")
    return [rows_of(line, 2, where, "x, y", " Give a list of lines.") for line in lines]


def polygons_of(values: object, where: str) -> list[Polygon]:
    """Return polygons, each (m, 2) or a list of such.

    Raises:
        SampleError: they are something else.
    """
    return [_polygon(polygon, where) for polygon in listed(values, where, "a list, one entry a box")]


def _polygon(polygon: object, where: str) -> Polygon:
    if isinstance(polygon, list) and polygon and not _is_point(polygon[0]):
        return [rows_of(ring, 2, where, "x, y", _FLAT) for ring in polygon]
    return rows_of(polygon, 2, where, "x, y", _FLAT)


def _is_point(value: object) -> bool:
    if isinstance(value, Sequence):
        return len(value) == 2 and all(is_number(part) for part in value)
    return np.ndim(value) == 1  # type: ignore[arg-type]
