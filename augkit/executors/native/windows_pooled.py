"""Pools of the native executor: the largest, smallest, mean, median or l2 of windows, in C, or here to the same bytes.

Medians of larger windows than 3 x 3 are OpenCV's where it takes them: whatever it does, a median is one of the numbers.
"""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from augkit import compiled
from augkit.core.arrays import Image, Reals
from augkit.core.ops import Pool
from augkit.executors.executor import Sampling, implements
from augkit.executors.native.padded import bordered, fill_of, geometry_of, padded, result_of, rounded_reals, stepped

KINDS = ("max", "min", "mean", "l2", "median")  # in the order of pools.c
OPENCV_MEDIAN = 5  # pixels: of more than 8 bits a pixel it takes no larger window
OPENCV_CHANNELS = (1, 3, 4)
BAND_VALUES = 1 << 22  # of windows at a time, where a median is neither OpenCV's nor ours


@implements(Pool, "native")
def pooled(image: Image, op: Pool, how: Sampling) -> Image:
    """Return the picture after a pool."""
    out, library = result_of(image, op), compiled.library
    if op.kind == "median" and (op.size != (3, 3) or library is None):
        _medians(image, op, how, out)
    elif library is not None:
        source = np.ascontiguousarray(image)
        geometry, fill = geometry_of(op, how.border), fill_of(how, image.dtype)
        library.pool(source, out, geometry, fill, KINDS.index(op.kind))
    elif op.kind in ("max", "min"):
        stepped(_extremes(padded(image, op, how), op), op, out)
    else:
        stepped(_sums(padded(image, op, how), op), op, out)
    return out


def _extremes(values: Image, op: Pool) -> Image:
    for axis, side in enumerate(op.size):
        count = values.shape[axis] - side + 1
        shifted = [np.take(values, range(place, place + count), axis) for place in range(side)]
        values = shifted[0]
        for other in shifted[1:]:
            values = np.where(other > values if op.kind == "max" else other < values, other, values)
    return values


def _sums(values: Image, op: Pool) -> Image:
    """Return means, or roots of sums of squares, added up by rows, then along them."""
    sums: Reals = values.astype(np.float64)
    sums = sums * sums if op.kind == "l2" else sums
    for axis, side in enumerate(op.size):
        count = sums.shape[axis] - side + 1
        total = np.zeros((*sums.shape[:axis], count, *sums.shape[axis + 1 :]))
        for place in range(side):
            total += np.take(sums, range(place, place + count), axis)
        sums = total
    return rounded_reals(np.sqrt(sums) if op.kind == "l2" else sums / float(op.size[0] * op.size[1]), values.dtype)


def _medians(image: Image, op: Pool, how: Sampling, out: Image) -> None:
    source = bordered(image, op, how)
    side, other = op.size
    if side == other and side > 1 and side % 2 and (image.dtype == np.uint8 or side <= OPENCV_MEDIAN):
        if source.shape[2] in OPENCV_CHANNELS:
            values = cv2.medianBlur(source, side)
        else:
            planes = np.moveaxis(source, -1, 0)
            values = np.stack([cv2.medianBlur(np.ascontiguousarray(plane), side) for plane in planes], axis=-1)
        values = values.reshape(source.shape)[side // 2 :, side // 2 :]  # OpenCV's windows lie about their pixel
        stepped(values, op, out)
        return
    windows = sliding_window_view(source, op.size, axis=(0, 1))[:: op.stride[0], :: op.stride[1]]
    rows = max(1, BAND_VALUES // windows[0].size)
    for top in range(0, len(out), rows):
        medians = np.median(windows[top : top + rows].astype(np.float64), axis=(-2, -1))
        out[top : top + rows] = rounded_reals(medians, image.dtype).reshape(out[top : top + rows].shape)
