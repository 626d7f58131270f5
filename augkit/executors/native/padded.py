"""Pictures with what lies around them, for windows that slide: as numbers for the library, as arrays for its twins."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Dtype, Image, Indices, Reals
from augkit.core.ops import Sliding
from augkit.core.sampling import Border
from augkit.core.spatial import size_of
from augkit.core.tonal import RANGE
from augkit.executors.executor import Sampling

BORDERS: tuple[Border, ...] = ("reflect", "replicate", "wrap", "constant")  # in the order of windows.h


def result_of(image: Image, op: Sliding) -> Image:
    """Return an array that takes a pixel a window."""
    rows, columns = op.move(size_of(image)).size
    return np.empty((rows, columns, *image.shape[2:]), image.dtype)


@lru_cache(maxsize=64)
def geometry_of(op: Sliding, border: Border) -> NDArray[np.int64]:
    """Return window, stride, padding and border as the library reads them."""
    return np.array((*op.window, *op.stride, *op.padding, BORDERS.index(border)), np.int64)


def fill_of(how: Sampling, dtype: Dtype) -> Image:
    """Return the fill, one number a channel."""
    return np.array(how.fill).astype(dtype)


def padded(image: Image, op: Sliding, how: Sampling) -> Image:
    """Return (H + 2 pad, W + 2 pad, C): the picture and what lies around it by the border rule."""
    (rows, row_inside), (columns, column_inside) = (
        _shown(side, pad, how.border) for side, pad in zip(image.shape, op.padding, strict=False)
    )
    around = image.reshape(*image.shape[:2], -1)[rows[:, None], columns]
    around[~(row_inside[:, None] & column_inside)] = fill_of(how, image.dtype) if how.border == "constant" else 0
    return around


def bordered(image: Image, op: Sliding, how: Sampling) -> Image:
    """Return the same as `padded`, by the library where there is one."""
    library = compiled.library
    if library is None:
        return padded(image, op, how)
    (height, width), (pad_y, pad_x) = image.shape[:2], op.padding
    planes = np.ascontiguousarray(image).reshape(height, width, -1)
    if op.padding == (0, 0):
        return planes
    out = np.empty((height + 2 * pad_y, width + 2 * pad_x, planes.shape[2]), image.dtype)
    geometry = np.array((1, 1, 1, 1, pad_y, pad_x, BORDERS.index(how.border)), np.int64)
    library.pad(planes, out, geometry, fill_of(how, image.dtype))
    return out


def stepped(values: Image, op: Sliding, out: Image) -> None:
    """Write what windows one pixel apart gave into `out`, at the stride."""
    rows, columns = out.shape[:2]
    out[:] = values[:: op.stride[0], :: op.stride[1]][:rows, :columns].reshape(out.shape)


def rounded_reals(values: Reals, dtype: Dtype) -> Image:
    """Return values clamped to the dtype's range and, where it is an integer, rounded, halves to even."""
    clamped = np.clip(values, 0.0, RANGE[dtype])
    return (np.rint(clamped) if dtype.kind == "u" else clamped).astype(dtype)


def _shown(side: int, pad: int, border: Border) -> tuple[Indices, NDArray[np.bool_]]:
    """Return the pixels of an axis that a padded one shows, and which of them are not the constant."""
    place = np.arange(-pad, side + pad)
    inside = (place >= 0) & (place < side)
    if border == "wrap":
        place = place % side
    elif border == "reflect":
        place = place % (2 * side)
        place = np.minimum(place, 2 * side - 1 - place)
    return np.clip(place, 0, side - 1), inside if border == "constant" else np.ones_like(inside)
