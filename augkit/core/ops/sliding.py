"""Windows that slide over a picture: their kernels as numbers, and where their frame comes to lie.

A side of n pixels, padded by p on both ends, holds (n + 2p - f) / s + 1 windows of f pixels, s apart, rounded down. The
pixel that a window makes stands for the window's middle: target pixel j, its centre at j + 0.5, shows the source at
j s - p + f / 2. That is a scaling and a shift, so labels and masks move by a `Homography`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import numpy as np
import pydantic

from augkit.core.arrays import Reals
from augkit.core.ops.barrier import Moving
from augkit.core.ops.moving import Homography
from augkit.core.ops.operation import operation
from augkit.core.spatial import Size, cos_sin
from augkit.core.validation import Number, Within
from augkit.errors import ArgumentError, SampleError

MAX_WINDOW = 4096  # pixels: of a window, a stride or a padding along an axis
MAX_KERNEL = 64  # rows or columns of a kernel that is written out
MAX_WEIGHT = 1e5  # of a kernel: sums in float32 have six digits
MAX_SIGMA = 100.0  # pixels
CUT_OFF = 4.0  # standard deviations of a Gaussian
POINTS_PER_PIXEL = 8  # of a motion's path

Pixels: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=1, le=MAX_WINDOW)]
Margin: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=0, le=MAX_WINDOW)]
Weight: TypeAlias = Annotated[float, Within(-MAX_WEIGHT, MAX_WEIGHT)]
WeightRow: TypeAlias = Annotated[tuple[Weight, ...], pydantic.Field(min_length=1, max_length=MAX_KERNEL)]
WeightRows: TypeAlias = Annotated[tuple[WeightRow, ...], pydantic.Field(min_length=1, max_length=MAX_KERNEL)]


# Kernels with names, cross-correlated as they stand: the first number meets the upper left neighbour.
KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "vertical_line": ((-1.0, 2.0, -1.0),) * 3,
    "horizontal_line": ((-1.0,) * 3, (2.0,) * 3, (-1.0,) * 3),
    "sobel_x": ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)),
    "sobel_y": ((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)),
    "laplacian": ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)),
    "sharpen": ((0.0, -1.0, 0.0), (-1.0, 5.0, -1.0), (0.0, -1.0, 0.0)),
    "box": ((1 / 9,) * 3,) * 3,
    "gaussian": ((1 / 16, 1 / 8, 1 / 16), (1 / 8, 1 / 4, 1 / 8), (1 / 16, 1 / 8, 1 / 16)),
    "emboss": ((-2.0, -1.0, 0.0), (-1.0, 1.0, 1.0), (0.0, 1.0, 2.0)),
}


@operation
class Gaussian:
    """Stand for the kernel of a Gaussian, cut off at four standard deviations and summing to 1.

    Args:
        sigma: standard deviation in pixels.
    """

    sigma: Annotated[float, Within(0.0, MAX_SIGMA)]

    @property
    def reach(self) -> int:
        """How many pixels the kernel reaches from its middle."""
        return int(CUT_OFF * self.sigma + 0.5)


@operation
class Motion:
    """Stand for the kernel of a straight motion while the shutter is open, summing to 1.

    Args:
        length: of the path, in pixels, at least 1.
        degrees: its direction, counter-clockwise from the x axis.
    """

    length: Annotated[float, Within(1.0, MAX_SIGMA)]
    degrees: Number

    @property
    def reach(self) -> int:
        """How many pixels the kernel reaches from its middle."""
        return math.ceil((self.length - 1.0) / 2.0)


@operation
class Unsharp:
    """Stand for the kernel of an unsharp mask: every value's distance to a Gaussian's, added to it, summing to 1.

    Args:
        sigma: standard deviation of the Gaussian in pixels.
        amount: factor on the distance.
    """

    sigma: Annotated[float, Within(0.0, MAX_SIGMA)]
    amount: Annotated[float, Within(0.0, MAX_WEIGHT)]

    @property
    def reach(self) -> int:
        """How many pixels the kernel reaches from its middle."""
        return Gaussian(self.sigma).reach


class Sliding(Moving):
    """A barrier that makes a pixel of every window, each channel by itself."""

    stride: tuple[Pixels, Pixels]
    padding: tuple[Margin, Margin]

    @property
    @abstractmethod
    def window(self) -> Size:
        """(height, width) of the window."""

    @property
    def bends(self) -> bool:
        return False

    def move(self, size: Size) -> Homography:
        """Return how points of a picture of `size` move and the size that comes out; refuse where no window fits."""
        (height, width), (step_y, step_x), (pad_y, pad_x) = self.window, self.stride, self.padding
        rows, columns = (size[0] + 2 * pad_y - height) // step_y + 1, (size[1] + 2 * pad_x - width) // step_x + 1
        if rows < 1 or columns < 1:
            rule = f"must fit its window of {height} x {width} into the picture with its padding of {pad_y} and {pad_x}"
            raise SampleError(f"{rule}, got a picture of {size[0]} x {size[1]} (height x width).", type(self).__name__)
        return Homography(
            (
                (1.0 / step_x, 0.0, (pad_x - width / 2) / step_x + 0.5),
                (0.0, 1.0 / step_y, (pad_y - height / 2) / step_y + 0.5),
                (0.0, 0.0, 1.0),
            ),
            (rows, columns),
        )

    def _steps(self) -> str:
        return f"stride {_pair(self.stride)}, padding {_pair(self.padding)}"


@operation
class Filter(Sliding):
    """Replace every value by the sum of its neighbours times a kernel: cross-correlation, each channel by itself.

    Args:
        kernel: its rows, or the recipe of a large one.
        stride: pixels from window to window, along y and x.
        padding: pixels of border on each side, along y and x.
    """

    kernel: WeightRows | Gaussian | Motion | Unsharp
    stride: tuple[Pixels, Pixels] = (1, 1)
    padding: tuple[Margin, Margin] = (0, 0)

    @pydantic.model_validator(mode="after")
    def _require_even_rows(self) -> Filter:
        if isinstance(self.kernel, tuple) and len({len(row) for row in self.kernel}) != 1:
            raise ArgumentError(f"must have a kernel of rows of as many numbers each, got {self.kernel!r:.60}.")
        return self

    @property
    def window(self) -> Size:
        if isinstance(self.kernel, tuple):
            return len(self.kernel), len(self.kernel[0])
        side = 2 * self.kernel.reach + 1
        return side, side

    def centred(self) -> Filter:
        """Return this filter, of odd sides, padded so that the frame keeps its size at a stride of 1."""
        height, width = self.window
        return Filter(self.kernel, self.stride, (height // 2, width // 2))

    def describe(self) -> str:
        if isinstance(self.kernel, Gaussian):
            name = f"a Gaussian of {self.kernel.sigma:.4g} px"
        elif isinstance(self.kernel, Motion):
            name = f"a motion of {self.kernel.length:.4g} px at {self.kernel.degrees:.4g} degrees"
        elif isinstance(self.kernel, Unsharp):
            name = f"an unsharp mask of {self.kernel.amount:.4g} and {self.kernel.sigma:.4g} px"
        else:
            name = f"a kernel of {len(self.kernel)} x {len(self.kernel[0])}"
        return f"filter with {name}, {self._steps()}"

    def caption(self) -> str:
        if isinstance(self.kernel, Gaussian):
            return f"blur {self.kernel.sigma:.2f} px"
        if isinstance(self.kernel, Motion):
            return f"motion {self.kernel.length:.1f} px at {self.kernel.degrees:+.0f}°"
        if isinstance(self.kernel, Unsharp):
            return f"sharpen {self.kernel.amount:.2f}"
        return f"kernel {len(self.kernel)} x {len(self.kernel[0])}"


@operation
class Pool(Sliding):
    """Replace every window by one value, each channel by itself.

    Args:
        kind: ``max``, ``min``, ``mean``, ``median``, or ``l2``, the root of the sum of squares.
        size: (height, width) of the window.
        stride, padding: as in `Filter`.
    """

    kind: Literal["max", "min", "mean", "l2", "median"]
    size: tuple[Pixels, Pixels]
    stride: tuple[Pixels, Pixels]
    padding: tuple[Margin, Margin] = (0, 0)

    @property
    def window(self) -> Size:
        return self.size

    def describe(self) -> str:
        return f"take the {self.kind} of {self.size[0]} x {self.size[1]}, {self._steps()}"

    def caption(self) -> str:
        return f"{self.kind} of {self.size[0]} x {self.size[1]}"


@lru_cache(maxsize=64)
def gaussian(sigma: float) -> Reals:
    """Return the weights of a Gaussian along one axis, an odd number of them, summing to 1.

    They are rounded so that another processor's last bit does not show.
    """
    radius = Gaussian(sigma).reach
    weights = [round(math.exp(-0.5 * (k / max(sigma, 1e-9)) ** 2), 12) for k in range(-radius, radius + 1)]
    return np.array(weights) / math.fsum(weights)


@lru_cache(maxsize=64)
def kernel_of(op: Filter) -> Reals:
    """Return the kernel (rows, columns) as numbers."""
    if isinstance(op.kernel, Gaussian):
        weights = gaussian(op.kernel.sigma)
        return weights[:, None] * weights
    if isinstance(op.kernel, Motion):
        return _path(op.kernel)
    if isinstance(op.kernel, Unsharp):
        weights = gaussian(op.kernel.sigma)
        kernel = -op.kernel.amount * weights[:, None] * weights
        kernel[len(weights) // 2, len(weights) // 2] += 1.0 + op.kernel.amount
        return kernel
    return np.array(op.kernel, np.float64)


def _path(motion: Motion) -> Reals:
    """Return how long a straight path stays at every pixel, each point shared among its four nearest."""
    half = (motion.length - 1.0) / 2.0
    cosine, sine = cos_sin(motion.degrees)
    count = 1 + math.ceil(POINTS_PER_PIXEL * half) * 2
    along = np.linspace(-half, half, count) if count > 1 else np.zeros(1)
    rows, columns = -along * sine, along * cosine
    radius = motion.reach
    side = 2 * radius + 3
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = rows - top, columns - left
    place = (top + radius + 1) * side + left + radius + 1
    places = np.concatenate([place, place + 1, place + side, place + side + 1])
    above, below = 1.0 - down, down
    shares = np.concatenate([above * (1.0 - across), above * across, below * (1.0 - across), below * across])
    kernel: Reals = np.bincount(places, shares / count, side * side).astype(np.float64)
    return kernel.reshape(side, side)[1:-1, 1:-1]


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} and {pair[1]}"
