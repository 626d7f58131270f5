"""ResNet with torchvision's names of weights.

Reference: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016; in the bottleneck the
stride is on the 3x3 convolution, as in the weights that are in use.
"""

from collections.abc import Sequence
from typing import ClassVar, final

from torch import Tensor, nn

from augkit.train.models.model import IMAGENET, MODELS, Model
from augkit.train.models.modules import GlobalMean, ResidualBlock
from augkit.train.models.network import Backbone


@final
class ResNet(Backbone):
    """A stem, four groups of residual blocks, and a head.

    Args:
        blocks: how many blocks each group has.
        bottleneck: blocks of 1x1, 3x3 and 1x1 convolutions, the last four times as wide, and not of two 3x3.
        outputs: the width of the head.
    """

    head_name: ClassVar[str] = "fc"
    classifying: ClassVar[tuple[str, ...]] = ("fc",)
    beyond = ("avgpool", "fc")

    def __init__(self, blocks: Sequence[int], bottleneck: bool, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels, groups = 64, []
        for group, count in enumerate(blocks):
            width = 64 * 2**group
            made: list[nn.Module] = []
            for index in range(count):
                stride = 2 if group > 0 and index == 0 else 1
                made.append(
                    Bottleneck(channels, width, stride) if bottleneck else ResidualBlock(channels, width, stride)
                )
                channels = width * (4 if bottleneck else 1)
            groups.append(nn.Sequential(*made))
        self.layer1, self.layer2, self.layer3, self.layer4 = groups
        self.avgpool = GlobalMean()
        self.fc = nn.Linear(channels, outputs)

    def features(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.avgpool(self.pyramid(x)[-1])
        return pooled

    def pyramid(self, x: Tensor) -> list[Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps: list[Tensor] = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps.append(x := layer(x))
        return maps

    def classify(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.fc(features)
        return outputs


@final
class Bottleneck(nn.Module):
    """A 1x1, a 3x3 and a 1x1 convolution four times as wide, and what came in added to what they give."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y)) + (self.downsample(x) if self.downsample is not None else x)
        out: Tensor = self.relu(y)
        return out


def _shortcut(channels: int, width: int, stride: int) -> nn.Sequential | None:
    """Return what brings a block's input to the size of its output, if they differ."""
    if stride == 1 and channels == width:
        return None
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width))


MODELS.add("resnet18", Model(IMAGENET, lambda outputs: ResNet((2, 2, 2, 2), False, outputs)))
MODELS.add("resnet50", Model(IMAGENET, lambda outputs: ResNet((3, 4, 6, 3), True, outputs)))
