"""Arrays of coordinates, checked before they are believed."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augkit.errors import SampleError

__all__ = ["rows_of"]


def rows_of(values: ArrayLike, width: int, where: str, meaning: str, advice: str = "") -> NDArray[np.float64]:
    """Return values as an array (n, width); an empty list is one of no rows.

    Raises:
        SampleError: they have another shape, or are not finite.
    """
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        _refuse(where, width, meaning, f"{values!r:.60}", advice)
    if rows.size == 0 and rows.ndim < 2:
        rows = rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        _refuse(where, width, meaning, rows.shape, advice)
    if not np.isfinite(rows).all():
        raise SampleError("must be finite, got NaN or infinity.", where)
    return rows


def _refuse(where: str, width: int, meaning: str, value: object, advice: str) -> NoReturn:
    raise SampleError(f"must have shape (n, {width}) as {meaning}, got {value}.{advice}", where)
