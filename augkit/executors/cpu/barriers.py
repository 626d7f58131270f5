"""Barriers by OpenCV: sums in float32, clamped and rounded once.

Where a function of the reference stands in `FAST` it is meant to: noise, JPEG, painting and waves are done the same way
by all executors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from augkit.core.barriers import (
    Adapt,
    Barrier,
    Downscale,
    Erase,
    Filter,
    Gaussian,
    Jpeg,
    Noise,
    Pool,
    Sliding,
    Spectrum,
)
from augkit.core.channels import channels_of
from augkit.core.plan import ColorRun
from augkit.core.tonal import RANGE
from augkit.core.windows import gaussian, kernel_of, slide
from augkit.executors import histograms
from augkit.executors.cpu.colour import recolor
from augkit.executors.cpu.resample import resample
from augkit.executors.execution import Sampling, downscaled, widened
from augkit.executors.jpeg import jpeg
from augkit.executors.reference import finish
from augkit.executors.reference.barriers import disturb, erase, restyle
from augkit.executors.style import matched

__all__ = ["FAST", "barrier", "blend"]

Image = NDArray[Any]

OPENCV_CHANNELS = 128  # it takes no more at a time
OPENCV_MEDIAN = 5  # pixels: of more than 8 bits a pixel it takes no larger window
BAND_VALUES = 1 << 22  # of windows at a time, where a median is not OpenCV's
FIRST = (0, 0)  # windows begin at their pixel, so that those within the padded picture come first


def barrier(image: Image, op: Barrier, how: Sampling) -> Image:
    """Return the picture after a barrier; `image` is left alone."""
    if isinstance(op, Sliding) and channels_of(image) > OPENCV_CHANNELS:
        starts = range(0, image.shape[2], OPENCV_CHANNELS)
        return np.dstack([_part(image, slice(start, start + OPENCV_CHANNELS), op, how) for start in starts])
    return FAST[type(op)](image, op, how)


def _part(image: Image, channels: slice, op: Barrier, how: Sampling) -> Image:
    return FAST[type(op)](np.ascontiguousarray(image[..., channels]), op, replace(how, fill=how.fill[channels]))


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures, each times its weight."""
    total = images[0].astype(np.float32) * np.float32(weights[0])
    for image, weight in zip(images[1:], weights[1:], strict=True):
        total += image.astype(np.float32) * np.float32(weight)
    return _stored(total, images[0].dtype)


def _stored(values: NDArray[np.float32], dtype: np.dtype[Any]) -> Image:
    """Return float32 values, which may be overwritten, clamped to the dtype's range and rounded to nearest."""
    if dtype.kind == "u":
        np.rint(values, out=values)
    np.clip(values, 0.0, RANGE[dtype], out=values)
    return values.astype(dtype)


def _bordered(image: Image, op: Sliding, how: Sampling) -> Image:
    run = widened(image, op)
    return resample(image, run, how) if run else np.ascontiguousarray(image)


def _chosen(values: Image, image: Image, op: Sliding) -> Image:
    """Return what the windows inside the padded picture gave, at the stride, with the picture's channels."""
    rows, columns = slide(op, (image.shape[0], image.shape[1])).size
    step_y, step_x = op.stride
    taken = values[: (rows - 1) * step_y + 1 : step_y, : (columns - 1) * step_x + 1 : step_x]
    return np.ascontiguousarray(taken).reshape(rows, columns, *image.shape[2:])


def _filter(image: Image, op: Filter, how: Sampling) -> Image:
    source = _bordered(image, op, how)
    if isinstance(op.kernel, Gaussian):
        weights = gaussian(op.kernel.sigma)
        values = cv2.sepFilter2D(source, cv2.CV_32F, weights, weights, anchor=FIRST)
    else:
        values = cv2.filter2D(source, cv2.CV_32F, kernel_of(op).astype(np.float32), anchor=FIRST)
    return _stored(_chosen(values, image, op), image.dtype)


def _pool(image: Image, op: Pool, how: Sampling) -> Image:
    source, window = _bordered(image, op, how), op.size[::-1]
    if op.kind in ("max", "min"):
        grow = cv2.dilate if op.kind == "max" else cv2.erode
        return _chosen(grow(source, np.ones(op.size, np.uint8), anchor=FIRST), image, op)
    if op.kind == "median":
        return _median(source, image, op)
    if op.kind == "mean":
        return _stored(_chosen(cv2.boxFilter(source, cv2.CV_32F, window, anchor=FIRST), image, op), image.dtype)
    fractions = source.astype(np.float32) / np.float32(RANGE[image.dtype])
    sums = cv2.boxFilter(fractions * fractions, cv2.CV_32F, window, anchor=FIRST, normalize=False)
    roots = np.sqrt(np.maximum(_chosen(sums, image, op), 0.0)) * np.float32(RANGE[image.dtype])
    return _stored(roots, image.dtype)


def _median(source: Image, image: Image, op: Pool) -> Image:
    """Return medians: OpenCV's for square windows of an odd side, where it takes the dtype; sorted ones otherwise."""
    side, other = op.size
    small = source.dtype == np.uint8 or side <= OPENCV_MEDIAN
    if side == other and side > 1 and side % 2 and small:
        planes = np.moveaxis(np.atleast_3d(source), -1, 0)
        done = [cv2.medianBlur(np.ascontiguousarray(plane), side) for plane in planes]
        values = np.stack(done, axis=-1)[side // 2 :, side // 2 :]  # OpenCV's windows lie about their pixel
        return _chosen(values, image, op)
    windows = sliding_window_view(source, op.size, axis=(0, 1))[:: op.stride[0], :: op.stride[1]]
    out = np.empty(windows.shape[:-2], image.dtype)
    rows = max(1, BAND_VALUES // windows[0].size)
    for top in range(0, len(out), rows):
        medians = np.median(windows[top : top + rows], axis=(-2, -1))
        out[top : top + rows] = _stored(medians.astype(np.float32), image.dtype)
    return out


def _moments(image: Image) -> tuple[Any, Any]:
    """Return the mean (3,) and the covariance (3, 3) of RGB in [0, 1]."""
    pixels, top = np.ascontiguousarray(image).reshape(-1, 3), RANGE[image.dtype]
    mean = pixels.mean(axis=0, dtype=np.float64)
    products = cv2.mulTransposed(pixels, True, scale=1.0 / len(pixels), dtype=cv2.CV_64F)
    return mean / top, (products - np.outer(mean, mean)) / top**2


def _by_histogram(image: Image, op: Adapt) -> Image:
    levels = np.atleast_3d(histograms.levels_of(image))
    planes = []
    for channel in range(levels.shape[2]):
        plane = np.ascontiguousarray(levels[..., channel])
        count = np.iinfo(plane.dtype).max + 1
        counts = cv2.calcHist([plane], [0], None, [count], [0, count]).ravel().astype(np.int64)
        values = finish(histograms.table(op, counts) * RANGE[image.dtype], image.dtype)
        planes.append(cv2.LUT(plane, values) if plane.dtype == np.uint8 else values[plane])
    return planes[0].reshape(image.shape) if len(planes) == 1 else np.stack(planes, axis=-1)


def _adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    if op.name in histograms.TABLES:
        return _by_histogram(image, op)
    return recolor(image.copy(), ColorRun((matched(op, *_moments(image)),)), alpha=False)


FAST: dict[type[Barrier], Callable[[Image, Any, Sampling], Image]] = {
    Filter: _filter,
    Pool: _pool,
    Noise: disturb,
    Jpeg: jpeg,
    Downscale: partial(downscaled, resample),
    Erase: erase,
    Adapt: _adapt,
    Spectrum: restyle,
}
