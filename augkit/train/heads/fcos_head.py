"""FCOS: every place of a feature pyramid says which object is there, and how far its four sides are.

References: Tian, Shen, Chen and He, "FCOS: a simple and strong anchor-free object detector", TPAMI 2022; the pyramid is
that of Lin et al., "Feature pyramid networks for object detection", CVPR 2017; GroupNorm, Wu and He, ECCV 2018.
"""

import math
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from augkit.train.heads.head import HEADS, Head, Levels

WIDTH = 64  # channels
DEPTH = 2  # convolutions before each answer
GROUPS = 8  # of GroupNorm
RARE = 0.01  # of places that hold an object, to begin with; Lin et al., "Focal loss", ICCV 2017
FARTHEST = 5.0  # logarithm of the greatest distance, in strides
BEFORE_CLASSES = 8  # left, top, right, bottom, centre-ness, x, y and stride


@final
class FcosHead(Head):
    """Give (B, K, 8 + C) for the K places of all maps: a box in pixels of the input, centre-ness, place, classes.

    The first four are left, top, right and bottom; then come the logit of the centre-ness; x and y of the place and the
    stride of its map, in pixels, which depend on no weight; and a logit for each class.
    """

    strides: ClassVar[tuple[int, ...]] = (8, 16, 32)

    def __init__(self, levels: Levels, outputs: int) -> None:
        super().__init__(levels, outputs)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for _, channels in levels)
        self.smooth = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in levels)
        self.for_classes, self.for_boxes = _tower(), _tower()
        self.classes = nn.Conv2d(WIDTH, outputs, 3, padding=1)
        self.box = nn.Conv2d(WIDTH, 4, 3, padding=1)
        self.centre = nn.Conv2d(WIDTH, 1, 3, padding=1)
        self.scales = nn.Parameter(torch.ones(len(levels)))  # of the distances of each map

    def begin(self) -> None:
        with torch.no_grad():
            for last in (self.classes, self.box, self.centre):
                last.weight.mul_(0.1)  # so small that all places begin alike
            nn.init.constant_(self.classes.bias, -math.log((1.0 - RARE) / RARE))  # type: ignore[arg-type]  # there is one
            nn.init.ones_(self.scales)

    def forward(self, maps: list[Tensor]) -> Tensor:
        said: list[Tensor] = []
        above: Tensor | None = None
        for level in reversed(range(len(maps))):  # coarse ones are added to finer ones
            here: Tensor = self.lateral[level](maps[level])
            if above is not None:
                here = here + functional.interpolate(above, size=here.shape[2:], mode="nearest")
            above = here
            said.append(self._said(self.smooth[level](here), level))
        return torch.cat(said[::-1], 1)

    def _said(self, x: Tensor, level: int) -> Tensor:
        """Return what the places of a map (B, h * w, 8 + C) say, row by row."""
        stride, (height, width) = float(self.strides[level]), x.shape[2:]
        boxes = self.for_boxes(x)
        # Single precision, whatever that of the products: half of it has steps of 2 pixels beyond the 256th.
        far = torch.exp((self.scales[level] * self.box(boxes).float()).clamp(max=FARTHEST)) * stride
        xs = (torch.arange(width, device=x.device, dtype=far.dtype) + 0.5) * stride
        ys = (torch.arange(height, device=x.device, dtype=far.dtype) + 0.5) * stride
        place = torch.stack([xs.expand(height, width), ys[:, None].expand(height, width)])
        place = place.expand(x.shape[0], 2, height, width)
        corners = torch.cat([place - far[:, :2], place + far[:, 2:]], 1)
        strides = torch.full_like(place[:, :1], stride)
        parts = [corners, self.centre(boxes).float(), place, strides, self.classes(self.for_classes(x)).float()]
        return torch.cat(parts, 1).flatten(2).transpose(1, 2)


def _tower() -> nn.Sequential:
    layers = nn.Sequential()
    for _ in range(DEPTH):
        layers.extend([nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, WIDTH), nn.ReLU()])
    return layers


HEADS.add("fcos", FcosHead)
