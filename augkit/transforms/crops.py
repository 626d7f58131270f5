"""Transforms that choose a window: crops, resizing, padding."""

import math
from typing import Annotated, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray

from augkit.core.key import Stream
from augkit.core.ops import Homography, Op
from augkit.core.spatial import Size, crop, translation
from augkit.targets.scene import Scene
from augkit.transforms.transform import (
    LOG_UNIFORM,
    CountsFor,
    Interval,
    PixelSize,
    Range,
    Transform,
    ends,
    ordered,
    pick,
    pick_whole,
    transform,
)

_TRIALS = 50  # as SSD makes them
_WINDOWS = 10  # tried until one fits, as torchvision does
_Margin = Annotated[int, pydantic.Field(strict=True, ge=0)]
_Length = Annotated[int, pydantic.Field(strict=True, ge=1)]


@transform
class RandomCrop(Transform):
    """Cut out a window at a random whole pixel; where it is larger than the picture, the border rule fills it.

    Args:
        size: (height, width) of the window in pixels.

    Draws: top and left, uniform over all places where the smaller of window and picture lies inside the larger.
    Emits: a Homography, exact.

    >>> RandomCrop(64)
    RandomCrop(size=(64, 64))
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        (height, width), (rows, columns) = scene.size, self.size
        top, left = _place(stream, height - rows), _place(stream, width - columns)
        return (Homography(translation(-left, -top), self.size),)


@transform
class RandomResizedCrop(Transform):
    """Cut out a window of random area and aspect and resize it, as Inception did.

    Args:
        size: (height, width) of the result in pixels.
        scale: range of the window's area as a fraction of the picture's, above 0 and at most 1.
        ratio: range of the window's width / height, above 0.

    Draws: the area, uniform, and the logarithm of the aspect, uniform, both anew until the window fits into the
    picture, as torchvision does, ten times at most; top and left, uniform over whole pixels. After that, the largest
    window of the nearest aspect, in the middle. So windows of nearly all of the picture are rare: by the defaults, 6 %
    show more than 70 % of a photo of 3 to 2. (Behaviour 1 took an aspect that fits the area that was drawn, and had
    33 %.)
    Emits: a Homography.
    Reference: Szegedy et al., "Going deeper with convolutions", CVPR 2015.

    >>> RandomResizedCrop((48, 64), scale=(0.5, 1))
    RandomResizedCrop(size=(48, 64), scale=(0.5, 1.0))
    """

    size: PixelSize
    scale: Annotated[Range, Interval(1e-6, 1.0, "the picture's area")] = (0.08, 1.0)
    ratio: Annotated[Range, Interval(1e-3, 1e3), LOG_UNIFORM] = (3 / 4, 4 / 3)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        if scene.behaviour > 1:
            window = _first_fit(stream, scene.size, self.scale, self.ratio)
            if window is None:
                window = _nearest_fit(scene.size, self.ratio)
                top, left = ((side - part) // 2 for side, part in zip(scene.size, window, strict=True))
                return (Homography(crop(left, top, window, self.size), self.size),)
        else:
            window = _fitted(stream, scene.size, self.scale, self.ratio)
        top, left = (_place(stream, side - part) for side, part in zip(scene.size, window, strict=True))
        return (Homography(crop(left, top, window, self.size), self.size),)


@transform
class RandomBoxCrop(Transform):
    """Cut out a window of random area and aspect that keeps boxes, and resize it.

    Args:
        size: (height, width) of the result in pixels.
        keep: ``one`` keeps a box whole that is drawn evenly, ``all`` keeps every one; both enlarge the window where it
            is too small. ``overlap`` takes the first of up to 50 windows whose intersection over union with any box is
            that drawn, or the whole picture: SSD's crop.
        scale: range of the window's area as a fraction of the picture's, above 0 and at most 1.
        ratio: range of the window's width / height, above 0.
        overlap: range of the least intersection over union, 0 to 1.

    Boxes count as far as the picture shows them; a picture without any is cut anywhere.

    Draws: the box, or the overlap; then window by window area and aspect as RandomResizedCrop does, and top and left,
    uniform over the whole pixels that keep what is to be kept.
    Emits: a Homography.
    Reference: Liu et al., "SSD: Single shot multibox detector", ECCV 2016 (overlaps of 0.1 to 0.9).

    >>> RandomBoxCrop(64, keep="all")
    RandomBoxCrop(size=(64, 64), keep='all')
    """

    size: PixelSize
    keep: Literal["one", "all", "overlap"] = "one"
    scale: Annotated[Range, Interval(1e-6, 1.0, "the picture's area")] = (0.1, 1.0)
    ratio: Annotated[Range, Interval(1e-3, 1e3), LOG_UNIFORM] = (0.5, 2.0)
    overlap: Annotated[Range, Interval(0.0, 1.0), CountsFor("keep", ("overlap",))] = (0.1, 0.9)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        boxes = scene.shown_boxes
        if self.keep == "overlap" and len(boxes):
            left, top, window = self._overlapping(stream, scene, boxes)
        else:
            chosen = stream.integers(max(1, len(boxes)))
            kept = boxes[chosen : chosen + 1] if self.keep == "one" else boxes
            left, top, window = self._around(stream, scene, kept)
        return (Homography(crop(left, top, window, self.size), self.size),)

    def _around(self, stream: Stream, scene: Scene, boxes: NDArray[np.float64]) -> tuple[int, int, Size]:
        """Return left, top and size of a window that holds all of the boxes."""
        size = scene.size
        window = _window(stream, scene, self.scale, self.ratio)
        if len(boxes):
            (left, top), (right, bottom) = np.floor(boxes[:, :2]).min(axis=0), np.ceil(boxes[:, 2:]).max(axis=0)
            window = max(window[0], int(bottom - top)), max(window[1], int(right - left))
            x = _between(stream, int(right) - window[1], int(left), size[1] - window[1])
            return x, _between(stream, int(bottom) - window[0], int(top), size[0] - window[0]), window
        return _place(stream, size[1] - window[1]), _place(stream, size[0] - window[0]), window

    def _overlapping(self, stream: Stream, scene: Scene, boxes: NDArray[np.float64]) -> tuple[int, int, Size]:
        """Return left, top and size of a window that overlaps a box as much as is drawn."""
        least = pick(stream, self.overlap)
        for _ in range(_TRIALS):
            left, top, window = self._around(stream, scene, boxes[:0])
            frame = np.array([left, top, left + window[1], top + window[0]], dtype=np.float64)
            common = np.minimum(boxes[:, 2:], frame[2:]) - np.maximum(boxes[:, :2], frame[:2])
            shared = np.prod(np.maximum(common, 0.0), axis=1)
            areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
            if (shared >= least * (areas + window[0] * window[1] - shared)).any():
                return left, top, window
        return 0, 0, scene.size


@transform
class CenterCrop(Transform):
    """Cut out the middle; where the window is larger than the picture, the border rule fills it.

    Args:
        size: (height, width) of the window in pixels.

    Draws: nothing. Emits: a Homography, exact.

    >>> CenterCrop((48, 64))
    CenterCrop(size=(48, 64))
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

    >>> Resize((48, 64))
    Resize(size=(48, 64))
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Homography(crop(0, 0, scene.size, self.size), self.size),)


@transform
class ResizeSide(Transform):
    """Resize the picture until its shorter or longer side has a given length; the aspect is kept.

    Args:
        length: of that side in whole pixels, at least 1, or a pair (low, high). The other one is rounded.
        side: ``shorter`` or ``longer``.

    Draws: the length, every whole number alike. Emits: a Homography.

    >>> ResizeSide(length=256, side="longer")
    ResizeSide(length=256, side='longer')
    """

    length: Annotated[_Length | tuple[_Length, _Length], pydantic.AfterValidator(ordered)]
    side: Literal["shorter", "longer"] = "shorter"

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        length = pick_whole(stream, self.length)
        measured = min(scene.size) if self.side == "shorter" else max(scene.size)
        height, width = (max(1, math.floor(side * length / measured + 0.5)) for side in scene.size)
        return (Homography(crop(0, 0, scene.size, (height, width)), (height, width)),)


@transform
class PadTo(Transform):
    """Add even margins, which the border rule fills, to a picture that is smaller than a size; a larger one stays.

    Args:
        size: (height, width) that the result has at least, in pixels. Of an odd margin the larger half is at the
            bottom and on the right.

    Draws: nothing. Emits: a Homography, exact.

    >>> PadTo(size=256)
    PadTo(size=(256, 256))
    """

    size: PixelSize

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        height, width = (max(least, side) for least, side in zip(self.size, scene.size, strict=True))
        left, top = (width - scene.size[1]) // 2, (height - scene.size[0]) // 2
        return (Homography(translation(left, top), (height, width)),)


@transform
class Pad(Transform):
    """Add a margin, which the border rule fills.

    Args:
        left, top, right, bottom: widths in whole pixels.

    Draws: nothing. Emits: a Homography, exact.

    >>> Pad(left=8, right=8)
    Pad(left=8, right=8)
    """

    left: _Margin = 0
    top: _Margin = 0
    right: _Margin = 0
    bottom: _Margin = 0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        size = (scene.size[0] + self.top + self.bottom, scene.size[1] + self.left + self.right)
        return (Homography(translation(self.left, self.top), size),)


def _window(stream: Stream, scene: Scene, scale: Range, ratio: Range) -> Size:
    """Draw (height, width) of a window that fits into the picture."""
    if scene.behaviour > 1:
        return _first_fit(stream, scene.size, scale, ratio) or _nearest_fit(scene.size, ratio)
    return _fitted(stream, scene.size, scale, ratio)


def _first_fit(stream: Stream, size: Size, scale: Range, ratio: Range) -> Size | None:
    """Draw windows until one fits into a picture of `size`; None where none of them does."""
    height, width = size
    low, high = map(math.log, ends(ratio))
    for _ in range(_WINDOWS):
        area, aspect = pick(stream, scale) * height * width, math.exp(stream.uniform(low, high))
        rows, columns = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
        if 0 < rows <= height and 0 < columns <= width:
            return rows, columns
    return None


def _nearest_fit(size: Size, ratio: Range) -> Size:
    """Return the largest window whose aspect is the nearest to the picture's."""
    height, width = size
    low, high = ends(ratio)
    if width < low * height:
        return max(1, round(width / low)), width
    if width > high * height:
        return height, max(1, round(height * high))
    return size


def _fitted(stream: Stream, size: Size, scale: Range, ratio: Range) -> Size:
    """Draw a window as behaviour 1 does: the area first, and an aspect that fits it."""
    height, width = size
    low, high = ends(ratio)
    area = pick(stream, scale) * height * width
    narrowest, widest = area / height**2, width**2 / area
    if low <= widest and high >= narrowest:
        aspect = math.exp(stream.uniform(math.log(max(low, narrowest)), math.log(min(high, widest))))
    else:
        aspect = low if low > widest else high
        area = min(area, width**2 / aspect, height**2 * aspect)
        stream.random()  # the place keeps its own number
    rows, columns = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
    return min(height, max(1, rows)), min(width, max(1, columns))


def _between(stream: Stream, low: int, high: int, most: int) -> int:
    """Draw a whole number from `low` to `high`, of those from 0 to `most`."""
    low, high = max(low, 0), min(high, most)
    return low + stream.integers(high - low + 1)


def _place(stream: Stream, spare: int) -> int:
    """Draw where a window starts: 0 to `spare`, or `spare` to 0 where the window is the larger one."""
    return stream.integers(abs(spare) + 1) * (1 if spare >= 0 else -1)
