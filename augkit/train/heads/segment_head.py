"""A light head that says the class of every pixel, from features at several strides."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from augkit.train.heads.head import HEADS, Head, Levels

WIDTHS = (32, 64, 64, 64)  # channels that each stride is brought to: the finest has most places, and costs most
GROUPS = 8  # of channels that are normalised together: no statistics of a batch, so a batch may be one picture
DROPOUT = 0.1  # of whole channels, before the last convolution
FIRST = 0.1  # what the last convolution's drawn weights are multiplied by


@final
class SegmentHead(Head):
    """Bring features to few channels, add them from coarse to fine, and classify every pixel.

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
        channels, widths = [count for _, count in levels], WIDTHS[: len(levels)]
        pairs = zip(channels, widths, strict=True)
        self.lateral = nn.ModuleList(_convolution(count, width, 1) for count, width in pairs)
        self.context = nn.Linear(channels[-1], widths[-1])
        self.narrow = nn.ModuleList(_narrowing(*pair) for pair in pairwise(widths))
        self.smooth = nn.ModuleList(_convolution(width, width, 3) for width in widths[:-1])
        self.dropout = nn.Dropout2d(DROPOUT)
        self.last = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits (B, outputs, h, w), of the finest map's places, for maps (B, C, h, w)."""
        # A processor takes two thirds of the time where the channels of a place lie together.
        *finer, coarsest = (given.contiguous(memory_format=torch.channels_last) for given in maps)
        found: Tensor = self.lateral[-1](coarsest) + self.context(coarsest.mean((2, 3)))[:, :, None, None]
        for place in reversed(range(len(finer))):
            narrow = self.narrow[place](found)
            wide = functional.interpolate(narrow, finer[place].shape[2:], mode="bilinear", align_corners=False)
            found = self.smooth[place](self.lateral[place](finer[place]) + wide)
        logits: Tensor = self.last(self.dropout(found))
        return logits

    def begin(self) -> None:
        """Start with small outputs: no class is likelier than another."""
        with torch.no_grad():
            self.last.weight *= FIRST


def _convolution(channels: int, width: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(GROUPS, width), nn.ReLU(inplace=True))


def _narrowing(finer: int, coarser: int) -> nn.Module:
    """Return what brings channels to those of the next finer stride."""
    return nn.Identity() if finer == coarser else nn.Conv2d(coarser, finer, 1, bias=False)


HEADS.add("segment", SegmentHead)
