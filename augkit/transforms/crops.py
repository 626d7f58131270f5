"""Transforms that choose a window: crops, resizing, padding."""

from __future__ import annotations

import math
from typing import Annotated

import pydantic

from augkit.core.key import Stream
from augkit.core.ops import Homography, Op
from augkit.core.sample import Scene
from augkit.core.spatial import crop, translation
from augkit.transforms.transform import Interval, PixelSize, Range, Transform, ends, pick, transform

__all__ = ["CenterCrop", "Pad", "RandomCrop", "RandomResizedCrop", "Resize"]

Margin = Annotated[int, pydantic.Field(strict=True, ge=0)]


@transform
class RandomCrop(Transform):
    """Cut out a window at a random whole pixel; where it is larger than the picture, the border rule fills it.

    Args:
        size: (height, width) of the window in pixels.

    Draws: top and left, uniform over all places where the smaller of window and picture lies inside the larger.
    Emits: a Homography, exact.
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        top, left = (_place(stream, side - window) for side, window in zip(scene.size, self.size, strict=True))
        return (Homography(translation(-left, -top), self.size),)


@transform
class RandomResizedCrop(Transform):
    """Cut out a window of random area and aspect and resize it, as Inception did.

    Args:
        size: (height, width) of the result in pixels.
        scale: range of the window's area as a fraction of the picture's, above 0 and at most 1.
        ratio: range of the window's width / height, above 0.

    Draws: the area, uniform; the logarithm of the aspect, uniform over the part of its range that fits that area; top
    and left, uniform over whole pixels. Where no aspect of the range fits, the largest window of the nearest aspect.
    Emits: a Homography.
    Reference: Szegedy et al., "Going deeper with convolutions", CVPR 2015.
    """

    size: PixelSize
    scale: Annotated[Range, Interval(1e-6, 1.0)] = (0.08, 1.0)
    ratio: Annotated[Range, Interval(1e-3, 1e3)] = (3 / 4, 4 / 3)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        height, width = scene.size
        low, high = ends(self.ratio)
        area = pick(stream, self.scale) * height * width
        narrowest, widest = area / height**2, width**2 / area
        if low <= widest and high >= narrowest:
            aspect = math.exp(stream.uniform(math.log(max(low, narrowest)), math.log(min(high, widest))))
        else:
            aspect = low if low > widest else high
            area = min(area, width**2 / aspect, height**2 * aspect)
            stream.random()  # the place keeps its own number
        window = (
            min(height, max(1, round(math.sqrt(area / aspect)))),
            min(width, max(1, round(math.sqrt(area * aspect)))),
        )
        top, left = (_place(stream, side - part) for side, part in zip(scene.size, window, strict=True))
        return (Homography(crop(left, top, window, self.size), self.size),)


@transform
class CenterCrop(Transform):
    """Cut out the middle; where the window is larger than the picture, the border rule fills it.

    Args:
        size: (height, width) of the window in pixels.

    Draws: nothing. Emits: a Homography, exact.
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        top, left = ((side - window) // 2 for side, window in zip(scene.size, self.size, strict=True))
        return (Homography(translation(-left, -top), self.size),)


@transform
class Resize(Transform):
    """Resize the picture to a fixed size; the aspect is not kept.

    Args:
        size: (height, width) of the result in pixels.

    Draws: nothing. Emits: a Homography.
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Homography(crop(0, 0, scene.size, self.size), self.size),)


@transform
class Pad(Transform):
    """Add a margin, which the border rule fills.

    Args:
        left, top, right, bottom: widths in whole pixels.

    Draws: nothing. Emits: a Homography, exact.
    """

    left: Margin = 0
    top: Margin = 0
    right: Margin = 0
    bottom: Margin = 0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        size = (scene.size[0] + self.top + self.bottom, scene.size[1] + self.left + self.right)
        return (Homography(translation(self.left, self.top), size),)


def _place(stream: Stream, spare: int) -> int:
    """Draw where a window starts: 0 to `spare`, or `spare` to 0 where the window is the larger one."""
    return stream.integers(abs(spare) + 1) * (1 if spare >= 0 else -1)
