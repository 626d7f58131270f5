"""Networks that say something of every place of a picture: the maps of a backbone, and a head on all of them.

To the rest of the trainer they are networks like others: `features` gives the maps as one row of numbers a picture,
which are kept where the backbone is frozen, and `classify` is the head.
"""

import math
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from augkit.train.heads import Head
from augkit.train.models.network import Backbone, Network


@final
class PyramidNetwork(Network):
    """A backbone without what comes after its maps, and a head.

    Args:
        backbone: any, of any outputs; what comes after its maps is taken out of it.
        input: height and width of the pictures, and channels.
        head: what is said of the maps.
        outputs: how many classes there are to be told apart.
    """

    head_name: ClassVar[str] = "head"
    classifying: ClassVar[tuple[str, ...]] = ("head",)

    def __init__(self, backbone: Backbone, input: tuple[int, int, int], head: type[Head], outputs: int) -> None:
        super().__init__()
        for name in backbone.beyond:
            parent, _, last = name.rpartition(".")
            delattr(backbone.get_submodule(parent), last)
        self.backbone = backbone
        height, width, channels = input
        with torch.no_grad(), torch.device("meta"):
            maps = backbone.to("meta").eval().pyramid(torch.empty(1, channels, height, width))
        backbone.train()
        self.wanted = [backbone.strides.index(stride) for stride in head.strides]
        # Channels, height and width of the maps that the head takes.
        self.shapes = [(maps[level].shape[1], maps[level].shape[2], maps[level].shape[3]) for level in self.wanted]
        self.width = sum(map(math.prod, self.shapes))  # of the row that `classify` takes
        levels = tuple(zip(head.strides, (shape[0] for shape in self.shapes), strict=True))
        self.head: Head = head(levels, outputs)

    def features(self, x: Tensor) -> Tensor:
        """Return the maps of each picture (B, F), one after the other."""
        maps = self.backbone.pyramid(x)
        return torch.cat([maps[level].flatten(1) for level in self.wanted], 1)

    def classify(self, features: Tensor) -> Tensor:
        """Return what the head says of the maps (B, ...)."""
        said: Tensor = self.head(self.maps(features))
        return said

    def maps(self, features: Tensor) -> list[Tensor]:
        """Return the maps (B, C, h, w) that a head takes, of rows that `features` gave."""
        parts = torch.split(features, [math.prod(shape) for shape in self.shapes], 1)
        return [part.reshape(-1, *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def begin(self) -> None:
        """Give the head's weights the values that it wants to begin with, where they are none that are drawn."""
        self.head.begin()

    def take(self, other: nn.Module) -> None:
        """Take the weights of a whole backbone, as far as they come before the maps."""
        own = self.backbone.state_dict()
        self.backbone.load_state_dict({name: value for name, value in other.state_dict().items() if name in own})
