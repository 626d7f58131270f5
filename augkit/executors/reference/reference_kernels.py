"""The meaning of barriers: pictures (H, W) or (H, W, C) without alpha in, the same dtype out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from augkit.core.arrays import Image, Reals
from augkit.core.ops import Adapt, Downscale, Filter, Pool, Sliding
from augkit.core.ops.sliding import kernel_of
from augkit.core.plan import ColorRun
from augkit.core.tonal import RANGE, finish
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels import histogram_tables
from augkit.executors.kernels.resizing import downscaled, widened
from augkit.executors.kernels.style_kernel import matched
from augkit.executors.reference.sampling_runs import recolor, resample

implements(Downscale, "reference")(partial(downscaled, resample))


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures, each times its weight."""
    total = sum(weight * image.astype(np.float64) for image, weight in zip(images, weights, strict=True))
    return finish(np.asarray(total), images[0].dtype)


def _bordered(image: Image, op: Sliding, how: Sampling) -> Reals:
    run = widened(image, op)
    return (resample(image, run, how) if run else image).astype(np.float64)


@implements(Filter, "reference")
def _filter(image: Image, op: Filter, how: Sampling) -> Image:
    values, kernel = _bordered(image, op, how), kernel_of(op)
    (rows, columns), (step_y, step_x) = op.move((image.shape[0], image.shape[1])).size, op.stride
    total = np.zeros((rows, columns, *image.shape[2:]))
    for (row, column), weight in np.ndenumerate(kernel):
        bottom, right = row + (rows - 1) * step_y + 1, column + (columns - 1) * step_x + 1
        total += weight * values[row:bottom:step_y, column:right:step_x]
    return finish(total, image.dtype)


@implements(Pool, "reference")
def _pool(image: Image, op: Pool, how: Sampling) -> Image:
    windows = sliding_window_view(_bordered(image, op, how), op.size, axis=(0, 1))[:: op.stride[0], :: op.stride[1]]
    reduce: dict[str, Callable[..., Reals]] = {
        "max": np.max, "min": np.min, "mean": np.mean, "median": np.median,
        "l2": lambda v, axis: np.sqrt((v / top * v).sum(axis) * top),
    }  # fmt: skip
    top = RANGE[image.dtype]
    return finish(reduce[op.kind](windows, axis=(-2, -1)), image.dtype)


def _by_histogram(image: Image, op: Adapt) -> Image:
    top = RANGE[image.dtype]
    out = np.empty(image.shape)
    levels = np.atleast_3d(histogram_tables.levels_of(image))
    for channel in range(levels.shape[2]):
        plane = levels[..., channel]
        counts = np.bincount(plane.ravel(), minlength=np.iinfo(plane.dtype).max + 1)
        np.atleast_3d(out)[..., channel] = histogram_tables.table(op, counts)[plane] * top
    return finish(out, image.dtype)


@implements(Adapt, "reference")
def _adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    if op.name in histogram_tables.TABLES:
        return _by_histogram(image, op)
    rgb = image.reshape(-1, 3).astype(np.float64) / RANGE[image.dtype]
    return recolor(image, ColorRun((matched(op, rgb.mean(axis=0), np.cov(rgb, rowvar=False, bias=True)),)), alpha=False)
