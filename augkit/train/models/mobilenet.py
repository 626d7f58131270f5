"""MobileNetV2 with torchvision's names of weights.

Reference: Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: inverted residuals and linear bottlenecks",
CVPR 2018, table 2.
"""

from typing import ClassVar, final

from torch import Tensor, nn

from augkit.train.models.model import IMAGENET, MODELS, Model
from augkit.train.models.modules import Dropping, GlobalMean
from augkit.train.models.network import Backbone

# Expansion, channels, repeats, stride of the first.
_GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_ENDS = (3, 6, 13, 17)  # the last blocks of strides 4, 8, 16 and 32


@final
class MobileNetV2(Backbone):
    """A stem, inverted residual blocks, a last 1x1 convolution, and a head behind dropout."""

    head_name: ClassVar[str] = "classifier.1"
    classifying: ClassVar[tuple[str, ...]] = ("classifier",)

    def __init__(self, outputs: int) -> None:
        super().__init__()
        body: list[nn.Module] = [_convolution(3, 32, 3, 2)]
        channels = 32
        for expansion, width, repeats, first in _GROUPS:
            for index in range(repeats):
                body.append(InvertedResidual(channels, width, first if index == 0 else 1, expansion))
                channels = width
        self.beyond = (f"features.{len(body)}", f"features.{len(body) + 1}", "classifier")
        body.append(_convolution(channels, 1280, 1))
        self.features = nn.Sequential(*body, GlobalMean())
        self.classifier = nn.Sequential(Dropping(0.2), nn.Linear(1280, outputs))

    def pyramid(self, x: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for place, block in enumerate(self.get_submodule("features").children()):
            if place > _ENDS[-1]:
                break
            x = block(x)
            if place in _ENDS:
                maps.append(x)
        return maps

    def classify(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.classifier(features)
        return outputs


@final
class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow; where the size stays, what came in is added."""

    def __init__(self, channels: int, width: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        widen = [_convolution(channels, inner, 1)] if expansion > 1 else []
        narrow = [nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)]
        self.conv = nn.Sequential(*widen, _convolution(inner, inner, 3, stride, groups=inner), *narrow)
        self.is_residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.is_residual else y


def _convolution(channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU6(inplace=True))


MODELS.add("mobilenet_v2", Model(IMAGENET, MobileNetV2))
