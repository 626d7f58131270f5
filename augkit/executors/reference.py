"""The executor that defines what a plan means: float64 NumPy, slow and obvious. Others are tested against it.

Pictures are (H, W) or (H, W, C); barriers get them without alpha, and the same dtype comes out.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from augkit.core.arrays import Array, Flags, Image, Indices, Reals
from augkit.core.ops import Adapt, ColorMatrix, Downscale, Filter, Pool, Sliding
from augkit.core.ops.sliding import kernel_of
from augkit.core.plan import ColorRun, SpatialRun
from augkit.core.spatial import size_of
from augkit.core.tonal import RANGE, finish
from augkit.core.warp import pull
from augkit.executors.executor import EDGE_PX, EXECUTORS, Executor, Sampling, implements
from augkit.executors.kernels.adapt_kernels import MATCHES, TABLES, levels_of
from augkit.executors.kernels.resizing import downscaled, widened


def resample(image: Image, run: SpatialRun, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) that the run's map shows, same dtype."""
    points = pull(run.ops, pixel_centres(run.size))
    source_size = image.shape[:2]
    x, x_inside = enter_plane(points[..., 0], source_size[1], how.border)
    y, y_inside = enter_plane(points[..., 1], source_size[0], how.border)
    if how.interpolation == "nearest":
        rows = np.clip(np.floor(y + EDGE_PX), 0, source_size[0] - 1).astype(int)
        columns = np.clip(np.floor(x + EDGE_PX), 0, source_size[1] - 1).astype(int)
        shown: Image = image[rows, columns]
    elif run.halvings != (0, 0):
        halved = halve(image, run.halvings)
        shown = finish(bilinear(halved, x / 2 ** run.halvings[1], y / 2 ** run.halvings[0]), image.dtype)
    else:
        shown = finish(interpolated(image, x, y, how.interpolation, run.reduction), image.dtype)
    if how.border == "constant":
        shown[~(x_inside & y_inside)] = how.fill
    return shown


def pixel_centres(size: tuple[int, int]) -> Reals:
    """Return the points (H, W, 2) at the centres of all pixels."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return np.stack([x, y], axis=-1)


def enter_plane(position: Reals, side: int, border: str) -> tuple[Reals, Flags]:
    """Return positions along an axis brought into [0, side] by the border rule, and which lay inside already."""
    position = np.nan_to_num(position, nan=-1.0, posinf=-1.0, neginf=-1.0)  # beyond a horizon: nothing is there
    inside = (position >= -EDGE_PX) & (position <= side + EDGE_PX)
    if border == "reflect":
        position = side - np.abs(np.mod(position, 2 * side) - side)
    elif border == "wrap":
        position = np.mod(position + EDGE_PX, side) - EDGE_PX  # a point on the seam is at its beginning
    return np.clip(position, 0, side), inside


def halve(image: Image, halvings: tuple[int, int]) -> Reals:
    """Return the means of blocks of 2**halvings pixels along y and x; a last, incomplete block repeats the edge."""
    blocks = [2**count for count in halvings]
    spare = [-side % block for side, block in zip(image.shape, blocks, strict=False)]
    padded = np.pad(image, [(0, spare[0]), (0, spare[1])] + [(0, 0)] * (image.ndim - 2), mode="edge")
    height, width = padded.shape[0] // blocks[0], padded.shape[1] // blocks[1]
    means: Reals = padded.reshape(height, blocks[0], width, blocks[1], *image.shape[2:]).mean((1, 3), np.float64)
    return means


def bilinear(image: Reals, x: Array, y: Array) -> Reals:
    """Return the picture's values at positions, interpolated between pixel centres, taps clamped at the edge."""
    left, top = np.floor(x - 0.5).astype(int), np.floor(y - 0.5).astype(int)
    right_weight, bottom_weight = (x - 0.5 - left), (y - 0.5 - top)
    total = np.zeros((*x.shape, *image.shape[2:]))
    for row, y_weight in ((top, 1 - bottom_weight), (top + 1, bottom_weight)):
        for column, x_weight in ((left, 1 - right_weight), (left + 1, right_weight)):
            rows, columns = np.clip(row, 0, image.shape[0] - 1), np.clip(column, 0, image.shape[1] - 1)
            weight = (y_weight * x_weight).reshape(x.shape + (1,) * (image.ndim - 2))
            total += image[rows, columns] * weight
    return total


def interpolated(image: Image, x: Reals, y: Reals, interpolation: str, reduction: tuple[float, float]) -> Reals:
    """Return the picture's values at positions: means weighted by a kernel, taps clamped at the edge.

    Along each axis a source pixel counts by the kernel at its distance over the reduction; weights add up to 1.
    """
    rows, down = taps(y, interpolation, reduction[0])
    columns, across = taps(x, interpolation, reduction[1])
    total = np.zeros((*x.shape, *image.shape[2:]))
    for row, weight_y in zip(rows, down, strict=True):
        for column, weight_x in zip(columns, across, strict=True):
            weight = (weight_y * weight_x).reshape(x.shape + (1,) * (image.ndim - 2))
            total += weight * image[np.clip(row, 0, image.shape[0] - 1), np.clip(column, 0, image.shape[1] - 1)]
    return total


def taps(position: Reals, interpolation: str, reduction: float) -> tuple[list[Indices], list[Reals]]:
    """Return the pixels that count at positions along an axis, one array a tap, and their weights."""
    kernel, lobes = INTERPOLATIONS[interpolation]
    reach = lobes * reduction
    first = np.floor(position - reach - 0.5).astype(np.intp) + 1
    places = [first + tap for tap in range(math.ceil(2.0 * reach))]
    weights = [kernel((position - (place + 0.5)) / reduction) for place in places]
    total = sum(weights, np.zeros(()))
    return places, [weight / total for weight in weights]


def _triangle(t: Reals) -> Reals:
    return np.maximum(0.0, 1.0 - np.abs(t))


def _cubic(t: Reals) -> Reals:
    """Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981, with a = -1/2."""
    d = np.minimum(np.abs(t), 2.0)
    return np.where(d < 1.0, (1.5 * d - 2.5) * d * d + 1.0, ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0)


def _lanczos(t: Reals) -> Reals:
    """Duchon, "Lanczos filtering in one and two dimensions", JAM 1979, with three lobes."""
    return np.where(np.abs(t) < 3.0, np.sinc(t) * np.sinc(t / 3.0), 0.0)


INTERPOLATIONS = {"linear": (_triangle, 1), "cubic": (_cubic, 2), "lanczos": (_lanczos, 3)}


def recolor(image: Image, run: ColorRun, alpha: bool) -> Image:
    """Return the picture with its colours changed, alpha left as it is."""
    top = RANGE[image.dtype]
    colours = image[..., :3] if alpha else image
    values = colours.astype(np.float64) / top
    for op in run.ops:
        if isinstance(op, ColorMatrix):
            values = np.einsum("...c,dc->...d", values, np.array(op.matrix)) + np.array(op.offset)
        else:
            values = op.apply(values)
    done = finish(values * top, image.dtype)
    return np.concatenate([done, image[..., 3:]], axis=-1) if alpha else done


implements(Downscale, "reference")(partial(downscaled, resample))


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures, each times its weight."""
    total = sum(weight * image.astype(np.float64) for image, weight in zip(images, weights, strict=True))
    return finish(np.asarray(total), images[0].dtype)


def _bordered(image: Image, op: Sliding, how: Sampling) -> Reals:
    run = widened(image, op)  # by whole pixels, which a cubic would mix beyond a repeated edge
    return (resample(image, run, replace(how, interpolation="nearest")) if run else image).astype(np.float64)


@implements(Filter, "reference")
def _filter(image: Image, op: Filter, how: Sampling) -> Image:
    values, kernel = _bordered(image, op, how), kernel_of(op)
    (rows, columns), (step_y, step_x) = op.move(size_of(image)).size, op.stride
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
    levels = np.atleast_3d(levels_of(image))
    for channel in range(levels.shape[2]):
        plane = levels[..., channel]
        counts = np.bincount(plane.ravel(), minlength=np.iinfo(plane.dtype).max + 1)
        np.atleast_3d(out)[..., channel] = TABLES[op.name](counts, *op.numbers)[plane] * top
    return finish(out, image.dtype)


@implements(Adapt, "reference")
def _adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    if op.name in TABLES:
        return _by_histogram(image, op)
    rgb = image.reshape(-1, 3).astype(np.float64) / RANGE[image.dtype]
    match = MATCHES[op.name](rgb.mean(axis=0), np.cov(rgb, rowvar=False, bias=True), op.numbers)
    return recolor(image, ColorRun((match,)), alpha=False)


EXECUTORS.add("reference", Executor("reference", resample, recolor, blend))
