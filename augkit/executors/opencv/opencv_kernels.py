"""Barriers and colour runs by OpenCV: sums in float32, clamped and rounded once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, wraps
from typing import TypeVar

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from augkit.core.arrays import Array, Dtype, Floats, Image, Reals
from augkit.core.ops import Adapt, ColorMatrix, Curve, Downscale, Filter, Gaussian, Pool, Sliding
from augkit.core.ops.sliding import gaussian, kernel_of
from augkit.core.plan import ColorRun
from augkit.core.spatial import IDENTITY, size_of
from augkit.core.tonal import RANGE, channels_of, finish
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.adapt_kernels import MATCHES, TABLES, levels_of
from augkit.executors.kernels.resizing import downscaled, widened
from augkit.executors.opencv.resample import resample

OPENCV_CHANNELS = 128  # it takes no more at a time
OPENCV_MEDIAN = 5  # pixels: of more than 8 bits a pixel it takes no larger window
BAND_VALUES = 1 << 22  # of windows at a time, where a median is not OpenCV's
BAND_PIXELS = 1 << 18  # at a time as real numbers: of 12 megapixels at once they take 700 MB
FIRST = (0, 0)  # windows begin at their pixel, so that those within the padded picture come first


S = TypeVar("S", bound=Sliding)

implements(Downscale, "cpu")(partial(downscaled, resample))


def _in_groups(kernel: Callable[[Image, S, Sampling], Image]) -> Callable[[Image, S, Sampling], Image]:
    """Return a kernel that does a picture of many channels in groups that OpenCV takes."""

    @wraps(kernel)
    def done(image: Image, op: S, how: Sampling) -> Image:
        if channels_of(image) <= OPENCV_CHANNELS:
            return kernel(image, op, how)
        starts = range(0, image.shape[2], OPENCV_CHANNELS)
        groups = [slice(start, start + OPENCV_CHANNELS) for start in starts]
        parts = [kernel(np.ascontiguousarray(image[..., g]), op, replace(how, fill=how.fill[g])) for g in groups]
        return np.dstack(parts)

    return done


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures, each times its weight."""
    total = images[0].astype(np.float32) * np.float32(weights[0])
    for image, weight in zip(images[1:], weights[1:], strict=True):
        total += image.astype(np.float32) * np.float32(weight)
    return _stored(total, images[0].dtype)


def _stored(values: Floats, dtype: Dtype) -> Image:
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
    rows, columns = op.move(size_of(image)).size
    step_y, step_x = op.stride
    taken = values[: (rows - 1) * step_y + 1 : step_y, : (columns - 1) * step_x + 1 : step_x]
    return np.ascontiguousarray(taken).reshape(rows, columns, *image.shape[2:])


@implements(Filter, "cpu")
@_in_groups
def _filter(image: Image, op: Filter, how: Sampling) -> Image:
    source = _bordered(image, op, how)
    if isinstance(op.kernel, Gaussian):
        weights = gaussian(op.kernel.sigma)
        values = cv2.sepFilter2D(source, cv2.CV_32F, weights, weights, anchor=FIRST)
    else:
        values = cv2.filter2D(source, cv2.CV_32F, kernel_of(op).astype(np.float32), anchor=FIRST)
    return _stored(_chosen(values, image, op), image.dtype)


@implements(Pool, "cpu")
@_in_groups
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


def _moments(image: Image) -> tuple[Reals, Reals]:
    """Return the mean (3,) and the covariance (3, 3) of RGB in [0, 1]."""
    pixels, top = np.ascontiguousarray(image).reshape(-1, 3), RANGE[image.dtype]
    mean = pixels.mean(axis=0, dtype=np.float64)
    products = cv2.mulTransposed(pixels, True, scale=1.0 / len(pixels), dtype=cv2.CV_64F)
    return np.asarray(mean / top), np.asarray((products - np.outer(mean, mean)) / top**2)


def _by_histogram(image: Image, op: Adapt) -> Image:
    levels = np.atleast_3d(levels_of(image))
    planes = []
    for channel in range(levels.shape[2]):
        plane = np.ascontiguousarray(levels[..., channel])
        count = np.iinfo(plane.dtype).max + 1
        counts = cv2.calcHist([plane], [0], None, [count], [0, count]).ravel().astype(np.int64)
        values = finish(TABLES[op.name](counts, *op.numbers) * RANGE[image.dtype], image.dtype)
        planes.append(cv2.LUT(plane, values) if plane.dtype == np.uint8 else values[plane])
    return planes[0].reshape(image.shape) if len(planes) == 1 else np.stack(planes, axis=-1)


@implements(Adapt, "cpu")
def _adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    if op.name in TABLES:
        return _by_histogram(image, op)
    return recolor(image, ColorRun((MATCHES[op.name](*_moments(image), op.numbers),)), alpha=False)


def recolor(image: Image, run: ColorRun, alpha: bool) -> Image:
    """Return the picture with its colours changed, alpha left as it is."""
    if alpha:
        colours = recolor(np.ascontiguousarray(image[..., :3]), run, alpha=False)
        return np.dstack([colours, image[..., 3]])
    only = run.ops[0] if len(run.ops) == 1 else None
    if isinstance(only, ColorMatrix):
        is_whole_shift = only.matrix == IDENTITY and image.dtype.kind == "u"
        return _shifted(image, only) if is_whole_shift else _mixed(image, only)
    if image.dtype == np.uint8 and all(isinstance(op, Curve) for op in run.ops):
        return cv2.LUT(image.reshape(len(image), -1), _table(run)).reshape(image.shape)
    rows = max(1, BAND_PIXELS // image.shape[1])
    if len(image) <= rows:
        return _in_reals(image, run)
    out = np.empty_like(image)
    for top in range(0, len(image), rows):
        out[top : top + rows] = _in_reals(image[top : top + rows], run)
    return out


def _in_reals(image: Image, run: ColorRun) -> Image:
    values: Array = image.astype(np.float32) / np.float32(RANGE[image.dtype])
    for op in run.ops:
        values = cv2.transform(values, _augmented(op, 1.0)) if isinstance(op, ColorMatrix) else op.apply(values)
    return finish(values * RANGE[image.dtype], image.dtype)


def _shifted(image: Image, op: ColorMatrix) -> Image:
    """Add a constant: on whole numbers, rounding the sum is adding the rounded constant."""
    top, shifted = RANGE[image.dtype], image.copy()
    shift = [math.floor(max(-top, min(top, value * top)) + 0.5) for value in op.offset]
    # OpenCV computes with a negative number in 32 bits, at five times the time of a subtraction.
    for change, sign in ((cv2.add, 1), (cv2.subtract, -1)):
        amounts = [max(0, sign * value) for value in shift]
        if any(amounts):
            change(shifted, (*amounts, 0), dst=shifted)  # type: ignore[call-overload]  # a scalar, unknown to the stubs
    return shifted


def _mixed(image: Image, op: ColorMatrix) -> Image:
    """Mix the channels: OpenCV computes in float32, clamps and rounds to nearest."""
    if image.dtype == np.uint8:  # of 8 bits it would round the matrix to 1 / 1024: a bias of a tenth of a level
        deep = cv2.transform(image.astype(np.uint16), _augmented(op, 255.0))
        return np.minimum(deep, 255, out=deep).astype(np.uint8)
    mixed = cv2.transform(image, _augmented(op, RANGE[image.dtype]))
    return np.clip(mixed, 0.0, 1.0) if image.dtype.kind == "f" else mixed


def _augmented(op: ColorMatrix, top: float) -> Floats:
    return np.array([[*row, offset * top] for row, offset in zip(op.matrix, op.offset, strict=True)], np.float32)


def _table(run: ColorRun) -> NDArray[np.uint8]:
    values = np.arange(256) / 255.0
    for op in run.ops:
        values = op.apply(values)  # type: ignore[union-attr]  # only curves come here
    return finish(values * 255.0, np.dtype(np.uint8))
