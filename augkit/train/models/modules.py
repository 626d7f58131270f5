"""Modules that torch has none of."""

import math
from typing import Literal, final

from torch import Tensor, nn
from torch.nn import functional

Pair = tuple[int, int]
Kind = Literal["max", "min", "mean", "l2"]

_LEAST_SQUARE = 1e-12


@final
class GlobalMean(nn.Module):
    """Average each channel over the whole picture: (B, C, H, W) becomes (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


@final
class Pooling(nn.Module):
    """Reduce each window of each channel to one number."""

    def __init__(self, kind: Kind, size: Pair, stride: Pair) -> None:
        super().__init__()
        self.kind, self.size, self.stride = kind, size, stride

    def forward(self, x: Tensor) -> Tensor:
        match self.kind:
            case "max":
                return functional.max_pool2d(x, self.size, self.stride)
            case "min":
                return -functional.max_pool2d(-x, self.size, self.stride)
            case "mean":
                return functional.avg_pool2d(x, self.size, self.stride)
        # The root's slope has no end at 0, where ReLU puts whole windows.
        squares = functional.avg_pool2d(x * x, self.size, self.stride) * math.prod(self.size)
        return squares.clamp(min=_LEAST_SQUARE).sqrt()


@final
class ZeroPad(nn.Module):
    """Put zeros around pictures: so many pixels above, below, left and right."""

    def __init__(self, above: int, below: int, left: int, right: int) -> None:
        super().__init__()
        self.sides = (left, right, above, below)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.sides)


@final
class SamePad(nn.Module):
    """Pad as TensorFlow's "same" does for a kernel of a size and a stride."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        above, below = self._ends(x.shape[2])
        left, right = self._ends(x.shape[3])
        return functional.pad(x, (left, right, above, below))

    def _ends(self, side: int) -> tuple[int, int]:
        lacking = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return lacking // 2, lacking - lacking // 2
