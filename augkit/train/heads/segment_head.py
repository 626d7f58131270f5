"""A light head that says the class of every pixel, from features at several strides."""

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from augkit.train.heads.head import HEADS, Head, Levels

WIDTH = 64  # channels that all strides are brought to
GROUPS = 8  # of channels that are normalised together: no statistics of a batch, so a batch may be one picture
DROPOUT = 0.1  # of whole channels, before the last convolution
FIRST = 0.1  # what the last convolution's drawn weights are multiplied by


@final
class SegmentHead(Head):
    """Bring features to one width, add them from coarse to fine, and classify every pixel.

    The mean over the whole picture joins the coarsest features, so that every pixel knows the scene that it is in.

    References: Lin, Dollar, Girshick, He, Hariharan and Belongie, "Feature pyramid networks for object detection", CVPR
    2017; Kirillov, Girshick, He and Dollar, "Panoptic feature pyramid networks", CVPR 2019, for what is made of one
    here; Liu, Rabinovich and Berg, "ParseNet: looking wider to see better", 2015, for the mean; Wu and He, "Group
    normalization", ECCV 2018.

    Args:
        levels: of the maps.
        outputs: classes.
    """

    strides: ClassVar[tuple[int, ...]] = (4, 8, 16, 32)

    def __init__(self, levels: Levels, outputs: int) -> None:
        super().__init__(levels, outputs)
        channels = [count for _, count in levels]
        self.lateral = nn.ModuleList(_convolution(count, 1) for count in channels)
        self.context = nn.Linear(channels[-1], WIDTH)
        self.smooth = nn.ModuleList(_convolution(WIDTH, 3) for _ in channels[:-1])
        self.dropout = nn.Dropout2d(DROPOUT)
        self.last = nn.Conv2d(WIDTH, outputs, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits (B, outputs, h, w), of the finest map's places, for maps (B, C, h, w)."""
        *finer, coarsest = maps
        found: Tensor = self.lateral[-1](coarsest) + self.context(coarsest.mean((2, 3)))[:, :, None, None]
        for place in reversed(range(len(finer))):
            wide = functional.interpolate(found, finer[place].shape[2:], mode="bilinear", align_corners=False)
            found = self.smooth[place](self.lateral[place](finer[place]) + wide)
        logits: Tensor = self.last(self.dropout(found))
        return logits

    def begin(self) -> None:
        """Start with small outputs: no class is likelier than another."""
        with torch.no_grad():
            self.last.weight *= FIRST


def _convolution(channels: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, WIDTH, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(GROUPS, WIDTH), nn.ReLU(inplace=True))


HEADS.add("segment", SegmentHead)
