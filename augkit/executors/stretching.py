"""Levels of pictures that use a part of their dtype's range, such as 12 bits in 16: brought to all of it, and back.

The pipeline's `range` is what black and white are. A picture is stretched before the first step, so that every step,
kernel and executor works on fractions of the range as on those of a dtype, and brought back after the last. Stretched
levels lie no nearer than the picture's own: what no step changes comes back exactly, clamped to the range.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from augkit.core.arrays import Array, Dtype, Image, Reals
from augkit.core.tonal import RANGE, finish
from augkit.errors import SampleError
from augkit.executors.reuse import stand_in

Levels = tuple[float, float]  # what black and white are, in the picture's own units

BAND_VALUES = 1 << 20  # of real numbers at a time


def require_within(levels: Levels, dtype: Dtype) -> None:
    """Refuse a range that pictures of a dtype cannot have.

    Raises:
        SampleError: it reaches beyond the dtype's own.
    """
    if levels[1] > RANGE[dtype]:
        told, top = f"{levels[0]:g} to {levels[1]:g}", f"{RANGE[dtype]:g}"
        what = (
            f"must lie within 0 and {top} for a picture of {dtype}, got {told}. Give pictures of another depth theirs."
        )
        raise SampleError(what, "Pipeline.range")


def stretched(image: Image, levels: Levels, alpha: bool) -> Image:
    """Return a picture (H, W) or (H, W, C) whose range is all of its dtype's; alpha, if last, stays.

    Raises:
        SampleError: the range reaches beyond the dtype's.
    """
    require_within(levels, image.dtype)
    return stand_in(image, ("levels", levels), lambda: _changed(image, _stretch, levels, alpha))


def restored(image: Image, levels: Levels, alpha: bool) -> Image:
    """Return a stretched picture at the scale that it had."""
    return _changed(image, _restore, levels, alpha)


def stretched_fill(fill: float, levels: Levels, dtype: Dtype) -> float:
    """Return a fill in the units of a stretched picture; beyond the range it counts as its nearer end."""
    return float(finish(_stretch(np.array([fill], np.float64), levels, RANGE[dtype]), dtype)[0])


def _stretch(values: Reals, levels: Levels, top: float) -> Reals:
    low, high = levels
    return (values - low) * (top / (high - low))


def _restore(values: Reals, levels: Levels, top: float) -> Reals:
    low, high = levels
    return np.clip(values * ((high - low) / top) + low, low, high)


def _changed(image: Image, change: Callable[[Reals, Levels, float], Reals], levels: Levels, alpha: bool) -> Image:
    if image.dtype.kind == "u":
        done: Array = _table(change, levels, image.dtype)[image]
    else:
        done, flat = np.empty(image.shape, image.dtype), np.ascontiguousarray(image).reshape(-1)
        out = done.reshape(-1)
        for start in range(0, flat.size, BAND_VALUES):
            band = flat[start : start + BAND_VALUES].astype(np.float64)
            out[start : start + BAND_VALUES] = finish(change(band, levels, RANGE[image.dtype]), image.dtype)
    if alpha:
        done[..., -1] = image[..., -1]
    return done


@lru_cache(maxsize=16)
def _table(change: Callable[[Reals, Levels, float], Reals], levels: Levels, dtype: Dtype) -> Array:
    top = RANGE[dtype]
    return finish(change(np.arange(int(top) + 1, dtype=np.float64), levels, top), dtype)
