"""Transforms that slide a window over the picture: kernels and pooling."""

from typing import Annotated, Literal

import pydantic

from augkit.core import ops
from augkit.core.key import Stream
from augkit.core.ops import Op
from augkit.core.ops.sliding import KERNELS, MAX_KERNEL, MAX_WEIGHT, Margin, Pixels
from augkit.errors import ArgumentError
from augkit.targets.scene import Scene
from augkit.transforms.transform import Transform, transform

_Rows = tuple[tuple[float, ...], ...]
_Weight = Annotated[float, pydantic.Field(strict=True, ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)]
_Name = Literal[
    "vertical_line", "horizontal_line", "sobel_x", "sobel_y", "laplacian", "sharpen", "box", "gaussian", "emboss"
]


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


@transform
class Convolve(Transform):
    """Replace every value by the sum of its neighbours times a kernel, as every network does: cross-correlation.

    Values below 0 become 0, those above the top of the range the top. Every channel is taken by itself. A side of n
    pixels becomes (n + 2 padding - kernel) / stride + 1 pixels, rounded down, and labels follow. The padding is filled
    by the pipeline's border rule: for zeros as in networks write ``border: constant``.

    Args:
        kernel: ``vertical_line``, ``horizontal_line``, ``sobel_x``, ``sobel_y``, ``laplacian``, ``sharpen``, ``box``,
            ``gaussian``, ``emboss`` (all 3 x 3), or rows of numbers, at most 64 x 64, -100,000 to 100,000 each.
        stride: pixels from window to window, or a pair along y and x.
        padding: pixels around the picture, or a pair along y and x; ``same`` is half of a kernel of odd sides, which
            keeps the size at a stride of 1.

    Draws: nothing. Emits: a Filter, a barrier.
    Reference: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    >>> Convolve("emboss", stride=2)
    Convolve(kernel='emboss', stride=2)
    """

    kernel: _Name | tuple[tuple[_Weight, ...], ...]
    stride: Pixels | tuple[Pixels, Pixels] = 1
    padding: Literal["same"] | Margin | tuple[Margin, Margin] = "same"

    def __post_init__(self) -> None:
        rows = self._rows
        sides = len(rows), len(rows[0]) if rows else 0
        if not 0 < min(sides) <= max(sides) <= MAX_KERNEL or len({len(row) for row in rows}) != 1:
            rule = f"must be rows of as many numbers each, 1 to {MAX_KERNEL}"
            raise ArgumentError(f"{rule}, got {self.kernel!r:.60}.", "Convolve.kernel")
        if self.padding == "same" and not all(side % 2 for side in sides):
            rule = "must be a number for a kernel without a middle"
            raise ArgumentError(f"{rule}, got 'same' for {sides[0]} x {sides[1]}.", "Convolve.padding")

    @property
    def _rows(self) -> _Rows:
        return KERNELS[self.kernel] if isinstance(self.kernel, str) else self.kernel

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        if isinstance(self.padding, str):
            return (ops.Filter(self._rows, _pair(self.stride)).centred(),)
        return (ops.Filter(self._rows, _pair(self.stride), _pair(self.padding)),)


@transform
class Pool(Transform):
    """Replace every window of the picture by one value: a smaller picture of what is there.

    Args:
        kind: ``max``, ``min``, ``mean``, or ``l2``, the root of the sum of squares (bright pictures go beyond the top
            of the range and are clamped).
        size: (height, width) of the window in pixels, or one number.
        stride: pixels from window to window, or a pair along y and x; by default the window's size.
        padding: pixels around the picture, or a pair along y and x, filled by the pipeline's border rule.

    Draws: nothing. Emits: a Pool, a barrier.

    >>> Pool("mean", size=3, stride=2)
    Pool(kind='mean', size=3, stride=2)
    """

    kind: Literal["max", "min", "mean", "l2"] = "max"
    size: Pixels | tuple[Pixels, Pixels] = 2
    stride: Pixels | tuple[Pixels, Pixels] | None = None
    padding: Margin | tuple[Margin, Margin] = 0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        size = _pair(self.size)
        stride = size if self.stride is None else _pair(self.stride)
        return (ops.Pool(self.kind, size, stride, _pair(self.padding)),)
