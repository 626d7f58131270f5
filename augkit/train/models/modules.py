"""Modules that torch has none of."""

import math
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional

Pair = tuple[int, int]
Kind = Literal["max", "min", "mean", "l2"]

_DRAWN = 1 << 16  # values that a number of 16 bits has
_LEAST_SQUARE = 1e-12
_AROUND = 7  # pixels: the side of the window that edges are compared with
_QUIET = 3e-3  # square of a step from black to white, 2: a surrounding with weaker edges counts as flat


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
class Dropping(nn.Module):
    """Set each number to 0 with a chance, while training, and let the others grow to make up for it.

    It is `torch.nn.Dropout` in a quarter of its time on a processor, where that drew a number for each number: what
    falls is told by 16 bits, four of which are one draw, so that a chance is exact to 1 / 65,536. A head of 1,280
    features spends half of its steps' time there.

    Args:
        p: the chance, 0 to 1.

    Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        falling = round(self.p * _DRAWN)
        if not self.training or falling == 0:
            return x
        if x.device.type != "cpu" or falling == _DRAWN:
            return functional.dropout(x, self.p)
        drawn = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
        numbers = drawn.view(torch.int16)[: x.numel()].view(x.shape)
        kept = numbers.float().ge_(falling - _DRAWN // 2).mul_(_DRAWN / (_DRAWN - falling))
        return x * kept.to(x.dtype)

    def extra_repr(self) -> str:
        return f"p={self.p}"


@final
class OrientedEdges(nn.Module):
    """Put beside a picture (B, C, H, W) how steeply its brightness rises in each of some directions (B, C + n, H, W).

    A slope that falls is 0, and each is divided by the root of the mean square of all in the window around it: so are
    histograms of oriented gradients made, which tell small pictures apart where there are few to learn from.

    Reference: Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """

    def __init__(self, directions: int) -> None:
        super().__init__()
        self.directions = directions

    def forward(self, x: Tensor) -> Tensor:
        slope = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], dtype=x.dtype, device=x.device) / 8
        turns = [2 * math.pi * place / self.directions for place in range(self.directions)]
        kernels = torch.stack([math.cos(turn) * slope + math.sin(turn) * slope.T for turn in turns])[:, None]
        bright = functional.pad(x.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        edges = functional.conv2d(bright, kernels).relu()
        energy = (edges * edges).sum(1, keepdim=True)
        around = functional.avg_pool2d(energy, _AROUND, 1, _AROUND // 2, count_include_pad=False)
        return torch.cat([x, edges / (around + _QUIET).sqrt()], 1)


@final
class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm, and what came in added to what they give, then ReLU.

    Where the size or the number of channels changes, what comes in goes through a 1x1 convolution first.

    Reference: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample: nn.Sequential | None = None  # what brings the input to the size of the output
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x))
        out: Tensor = self.relu(y)
        return out


@final
class OwnHead(nn.Module):
    """A head of a program's own: features (B, F) become outputs (B, k).

    Args:
        module: does it.
        features: F.
        outputs: k.
    """

    def __init__(self, module: nn.Module, features: int, outputs: int) -> None:
        super().__init__()
        self.module, self.in_features = module, features
        self.factor, self.offset = nn.Buffer(torch.ones(outputs)), nn.Buffer(torch.zeros(outputs))

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.module(features)
        return found * self.factor + self.offset

    @torch.no_grad()
    def rescale(self, factor: Tensor, offset: Tensor) -> None:
        """Multiply the outputs by factors (k,), and add offsets (k,)."""
        self.factor.mul_(factor)
        self.offset.mul_(factor).add_(offset)


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
