"""What every barrier means: pictures (H, W) or (H, W, C) without alpha in, the same dtype out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from augkit.core.barriers import Adapt, Barrier, Downscale, Erase, Filter, Jpeg, Noise, Pool, Sliding, Spectrum
from augkit.core.channels import channels_of
from augkit.core.plan import ColorRun
from augkit.core.tonal import RANGE
from augkit.core.windows import kernel_of, slide
from augkit.errors import SampleError
from augkit.executors import histograms, noise
from augkit.executors.execution import Sampling, downscaled, widened
from augkit.executors.jpeg import jpeg
from augkit.executors.reference.runs import finish, recolor, resample
from augkit.executors.style import matched, restyled

__all__ = ["MEANINGS", "barrier", "blend", "disturb", "erase", "restyle"]

Image = NDArray[Any]
Reals = NDArray[np.float64]


def barrier(image: Image, op: Barrier, how: Sampling) -> Image:
    """Return the picture after a barrier; `image` is left alone."""
    return MEANINGS[type(op)](image, op, how)


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures, each times its weight."""
    total = sum(weight * image.astype(np.float64) for image, weight in zip(images, weights, strict=True))
    return finish(np.asarray(total), images[0].dtype)


def _bordered(image: Image, op: Sliding, how: Sampling) -> Reals:
    run = widened(image, op)
    return (resample(image, run, how) if run else image).astype(np.float64)


def _filter(image: Image, op: Filter, how: Sampling) -> Image:
    values, kernel = _bordered(image, op, how), kernel_of(op)
    (rows, columns), (step_y, step_x) = slide(op, (image.shape[0], image.shape[1])).size, op.stride
    total = np.zeros((rows, columns, *image.shape[2:]))
    for (row, column), weight in np.ndenumerate(kernel):
        bottom, right = row + (rows - 1) * step_y + 1, column + (columns - 1) * step_x + 1
        total += weight * values[row:bottom:step_y, column:right:step_x]
    return finish(total, image.dtype)


def _pool(image: Image, op: Pool, how: Sampling) -> Image:
    windows = sliding_window_view(_bordered(image, op, how), op.size, axis=(0, 1))[:: op.stride[0], :: op.stride[1]]
    reduce: dict[str, Callable[..., Reals]] = {
        "max": np.max, "min": np.min, "mean": np.mean, "median": np.median,
        "l2": lambda v, axis: np.sqrt((v / top * v).sum(axis) * top),
    }  # fmt: skip
    top = RANGE[image.dtype]
    return finish(reduce[op.kind](windows, axis=(-2, -1)), image.dtype)


def disturb(image: Image, op: Noise, how: Sampling) -> Image:
    """Return the picture with noise in it."""
    out, top = np.empty_like(image), RANGE[image.dtype]
    for band, rows in noise.bands(len(image)):
        values = noise.disturbed(op, band, image[rows].astype(np.float64) / top)
        out[rows] = finish(values * top, image.dtype)
    return out


def erase(image: Image, op: Erase, how: Sampling) -> Image:
    """Return the picture with rectangles painted over."""
    out, top, channels = image.copy(), RANGE[image.dtype], channels_of(image)
    if isinstance(op.fill, str):
        painted = np.empty_like(image)
        for band, rows in noise.bands(len(image)):
            painted[rows] = finish(noise.grain(op.fill, band, image[rows].shape) * top, image.dtype)
    else:
        if len(op.fill) not in (1, channels):
            raise SampleError(f"must be one number or {channels} (one a channel), got {op.fill}.", "Erase.fill")
        colour = finish(np.array(op.fill) * top, image.dtype)
        painted = np.broadcast_to(colour if image.ndim == 3 else colour[0], image.shape)
    for left, upper, right, lower in op.rectangles:
        part = slice(max(0, upper), max(0, lower)), slice(max(0, left), max(0, right))
        out[part] = painted[part]
    return out


def restyle(image: Image, op: Spectrum, how: Sampling) -> Image:
    """Return the picture with other amplitudes of its slow waves."""
    out = np.empty_like(image)
    for rows, values in restyled(image, op):
        out[rows] = finish(values * RANGE[image.dtype], image.dtype)
    return out


def _by_histogram(image: Image, op: Adapt) -> Image:
    top = RANGE[image.dtype]
    out = np.empty(image.shape)
    levels = np.atleast_3d(histograms.levels_of(image))
    for channel in range(levels.shape[2]):
        plane = levels[..., channel]
        counts = np.bincount(plane.ravel(), minlength=np.iinfo(plane.dtype).max + 1)
        np.atleast_3d(out)[..., channel] = histograms.table(op, counts)[plane] * top
    return finish(out, image.dtype)


def _adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    if op.name in histograms.TABLES:
        return _by_histogram(image, op)
    rgb = image.reshape(-1, 3).astype(np.float64) / RANGE[image.dtype]
    return recolor(image, ColorRun((matched(op, rgb.mean(axis=0), np.cov(rgb, rowvar=False, bias=True)),)), alpha=False)


MEANINGS: dict[type[Barrier], Callable[[Image, Any, Sampling], Image]] = {
    Filter: _filter,
    Pool: _pool,
    Noise: disturb,
    Jpeg: jpeg,
    Downscale: partial(downscaled, resample),
    Erase: erase,
    Adapt: _adapt,
    Spectrum: restyle,
}
