"""Windows that slide over a picture: their kernels as numbers, and where their frame comes to lie.

A side of n pixels, padded by p on both ends, holds (n + 2p - f) / s + 1 windows of f pixels, s apart, rounded down. The
pixel that a window makes stands for the window's middle: target pixel j, its centre at j + 0.5, shows the source at
j s - p + f / 2. That is a scaling and a shift, so labels and masks move by a `Homography`.

Reference: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from augkit.core.barriers import Barrier, External, Filter, Gaussian, Motion, Sliding
from augkit.core.ops import Blend, Homography, Op, Spatial
from augkit.core.spatial import IDENTITY, Size, cos_sin
from augkit.errors import SampleError

__all__ = ["centred", "gaussian", "kernel_of", "moved_by", "moves", "require_one_size", "slide", "window"]

CUT_OFF = 4.0  # standard deviations of a Gaussian
POINTS_PER_PIXEL = 8  # of a motion's path


@lru_cache(maxsize=64)
def gaussian(sigma: float) -> NDArray[np.float64]:
    """Return the weights of a Gaussian along one axis, an odd number of them, summing to 1."""
    radius = _radius(Gaussian(sigma))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-9)) ** 2)
    return np.asarray(weights / weights.sum(), np.float64)


@lru_cache(maxsize=64)
def kernel_of(op: Filter) -> NDArray[np.float64]:
    """Return the kernel (rows, columns) as numbers."""
    if isinstance(op.kernel, Gaussian):
        weights = gaussian(op.kernel.sigma)
        return weights[:, None] * weights
    if isinstance(op.kernel, Motion):
        return _path(op.kernel)
    return np.array(op.kernel, np.float64)


def _path(motion: Motion) -> NDArray[np.float64]:
    """Return how long a straight path stays at every pixel, each point shared among its four nearest."""
    half = (motion.length - 1.0) / 2.0
    cosine, sine = cos_sin(motion.degrees)
    count = 1 + math.ceil(POINTS_PER_PIXEL * half) * 2
    along = np.linspace(-half, half, count) if count > 1 else np.zeros(1)
    rows, columns = -along * sine, along * cosine
    radius = _radius(motion)
    kernel = np.zeros((2 * radius + 3, 2 * radius + 3))
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = rows - top, columns - left
    for row, row_weight in ((top, 1.0 - down), (top + 1, down)):
        for column, column_weight in ((left, 1.0 - across), (left + 1, across)):
            np.add.at(kernel, (row + radius + 1, column + radius + 1), row_weight * column_weight / count)
    return kernel[1:-1, 1:-1]


def window(op: Sliding) -> Size:
    """Return (height, width) of the window."""
    if not isinstance(op, Filter):
        return op.size
    kernel = op.kernel
    if isinstance(kernel, tuple):
        return len(kernel), len(kernel[0])
    side = 2 * _radius(kernel) + 1
    return side, side


def _radius(kernel: Gaussian | Motion) -> int:
    """Return how many pixels the kernel reaches from its middle."""
    return int(CUT_OFF * kernel.sigma + 0.5) if isinstance(kernel, Gaussian) else math.ceil((kernel.length - 1.0) / 2.0)


def centred(op: Filter) -> Filter:
    """Return a filter of odd sides padded so that the frame keeps its size at a stride of 1."""
    height, width = window(op)
    return Filter(op.kernel, op.stride, (height // 2, width // 2))


def slide(op: Sliding, size: Size) -> Homography:
    """Return how points of a picture of `size` move, and the size that comes out.

    Raises:
        SampleError: no window fits.
    """
    (height, width), (step_y, step_x), (pad_y, pad_x) = window(op), op.stride, op.padding
    rows, columns = (size[0] + 2 * pad_y - height) // step_y + 1, (size[1] + 2 * pad_x - width) // step_x + 1
    if rows < 1 or columns < 1:
        rule = f"must fit its window of {height} x {width} into the picture with its padding of {pad_y} and {pad_x}"
        raise SampleError(f"{rule}, got a picture of {size[0]} x {size[1]} (height x width).", type(op).__name__)
    return Homography(
        (
            (1.0 / step_x, 0.0, (pad_x - width / 2) / step_x + 0.5),
            (0.0, 1.0 / step_y, (pad_y - height / 2) / step_y + 0.5),
            (0.0, 0.0, 1.0),
        ),
        (rows, columns),
    )


def moved_by(op: Barrier, size: Size) -> Homography | None:
    """Return how a barrier moves points and the size that comes out; None where it leaves both as they are.

    Raises:
        SampleError: no window fits.
    """
    if isinstance(op, Sliding):
        return slide(op, size)
    if isinstance(op, External) and (op.size or op.matrix):
        return Homography(op.matrix or IDENTITY, op.size or size)
    return None


def require_one_size(sizes: Sequence[Size]) -> None:
    """Refuse branches of a `Blend` that come out at several sizes.

    Raises:
        SampleError: they do.
    """
    if len(set(sizes)) > 1:
        told = " and ".join(f"{height} x {width}" for height, width in sizes)
        raise SampleError(f"must get branches of one size, got {told} (height x width).", "Blend")


def moves(ops: Iterable[Op], size: Size) -> tuple[Spatial, ...]:
    """Return how points move by operations on a picture of `size`, those of a `Blend` by its first branch.

    Raises:
        SampleError: a window does not fit, or the branches of a blend come out at several sizes.
    """
    found: list[Spatial] = []
    for op in ops:
        if isinstance(op, Spatial):
            found.append(op)
        elif isinstance(op, Blend):
            branches = [moves(branch, size) for branch in op.branches]
            require_one_size([branch[-1].size if branch else size for branch in branches])
            found += branches[0]
        elif isinstance(op, Barrier) and (move := moved_by(op, size)):
            found.append(move)
        size = found[-1].size if found else size
    return tuple(found)
