"""The smallest backbone with maps at several strides, which importing this registers as the model ``tiny_maps``."""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import Tensor, nn

from augkit.train.models.model import MODELS, Model
from augkit.train.models.modules import GlobalMean
from augkit.train.models.network import Backbone
from augkit.train.models.preprocessing import plain_input

WIDTHS = (8, 8, 12, 16, 16)


@final
class TinyBackbone(Backbone):
    """Five convolutions of stride 2, dropout and a head."""

    head_name: ClassVar[str] = "head"
    classifying: ClassVar[tuple[str, ...]] = ("dropout", "head")
    beyond = ("mean", "dropout", "head")

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        channels = 3
        for width in WIDTHS:
            convolution = nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False)
            self.layers.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU()))
            channels = width
        self.mean = GlobalMean()
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(channels, outputs)

    def features(self, x: Tensor) -> Tensor:
        mean: Tensor = self.mean(self.pyramid(x)[-1])
        return mean

    def pyramid(self, x: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps[1:]

    def classify(self, features: Tensor) -> Tensor:
        said: Tensor = self.head(self.dropout(features))
        return said


NAME = "tiny_maps"
TINY: dict[str, Any] = {"model": NAME, "input": (64, 64, 3), "batch_size": 4, "epochs": 1}  # options of a training
if NAME not in MODELS:
    MODELS.add(NAME, Model(plain_input((64, 64, 3)), TinyBackbone))
