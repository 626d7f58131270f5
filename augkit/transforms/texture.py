"""Transforms that change texture: blurs, noise, compression, and what covers a part of the picture."""

import math
from typing import Annotated, Literal

import pydantic

from augkit.core import ops
from augkit.core.key import Stream
from augkit.core.ops import Filter, Gaussian, Motion, Op, Unsharp
from augkit.core.ops.sliding import gaussian
from augkit.core.spatial import Size
from augkit.errors import ArgumentError
from augkit.targets.scene import Scene
from augkit.transforms.transform import (
    LOG_UNIFORM,
    CountsFor,
    Interval,
    Range,
    Transform,
    ends,
    ordered,
    pick,
    pick_whole,
    transform,
)

_Share = Annotated[float, pydantic.Field(strict=True, ge=0.0, le=1.0)]
_Quality = Annotated[int, pydantic.Field(strict=True, ge=1, le=100)]
_Count = Annotated[int, pydantic.Field(strict=True, ge=1, le=64)]
_Rectangle = tuple[int, int, int, int]

_FAINTEST_PX = 0.05  # a Gaussian of this standard deviation leaves every 8-bit value as it is
_DIGITS = 6  # of numbers that reach pixels only through a kernel


@transform
class Blur(Transform):
    """Blur the picture: out of focus, moved while the shutter was open, or by medians, which keep edges.

    Args:
        kind: ``gaussian``, ``motion`` or ``median``.
        radius: range of the blur's radius in pixels, 0 to 32: a Gaussian's standard deviation, half the path of a
            motion, and a median's window reaches so many whole pixels to every side.
        degrees: range of a motion's direction, counter-clockwise from the x axis; the others have none.

    Draws: radius and direction, uniform. Emits: a Filter, or for medians a Pool, both barriers; nothing where the
    radius is too small to show.

    >>> Blur("motion", radius=(2, 5))
    Blur(kind='motion', radius=(2.0, 5.0))
    """

    kind: Literal["gaussian", "motion", "median"] = "gaussian"
    radius: Annotated[Range, Interval(0.0, 32.0)] = (0.5, 2.0)
    degrees: Annotated[Range, CountsFor("kind", ("motion",))] = (-90.0, 90.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        radius, degrees = (round(pick(stream, span), _DIGITS) for span in (self.radius, self.degrees))
        if self.kind == "median":
            whole = round(radius)
            side = 2 * whole + 1
            return (ops.Pool("median", (side, side), (1, 1), (whole, whole)),) if whole else ()
        kernel = Gaussian(radius) if self.kind == "gaussian" else Motion(1.0 + 2.0 * radius, degrees)
        return (Filter(kernel).centred(),) if radius > _FAINTEST_PX else ()


@transform
class Sharpen(Transform):
    """Sharpen the picture: add to every value its distance to the blurred one, an unsharp mask.

    Args:
        amount: range of the factor on that distance, 0 to 10.
        radius: standard deviation of the blur in pixels, 0.3 to 4.

    Draws: the amount, uniform. Emits: a Filter, a barrier; nothing where the amount is 0.

    >>> Sharpen(amount=(0.5, 2))
    Sharpen(amount=(0.5, 2.0))
    """

    amount: Annotated[Range, Interval(0.0, 10.0)] = (0.3, 1.0)
    radius: Annotated[float, pydantic.Field(strict=True, ge=0.3, le=4.0)] = 1.0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        amount = round(pick(stream, self.amount), _DIGITS)
        if scene.behaviour > 1:
            return (Filter(Unsharp(self.radius, amount)).centred(),) if amount else ()
        weights = gaussian(self.radius)
        kernel = -amount * weights[:, None] * weights
        middle = len(weights) // 2
        kernel[middle, middle] += 1.0 + amount
        rows = tuple(tuple(round(float(weight), 9) + 0.0 for weight in row) for row in kernel)
        return (Filter(rows).centred(),) if amount else ()


@transform
class Noise(Transform):
    """Add independent noise at every pixel.

    Args:
        kind: ``gaussian`` adds a normal number to every value; ``salt_and_pepper`` makes pixels white or black;
            ``poisson`` counts photons, so that bright pixels are noisier.
        amount: range of the strength, 0 to 1: the standard deviation as a fraction of the range (for ``poisson`` that
            of white, the square root of one over its photons), or the share of white and black pixels.

    Draws: the amount, uniform; the noise itself, when the plan runs, from a stream that the plan names.
    Emits: a Noise, a barrier; nothing where the amount is 0.

    >>> Noise("poisson", amount=0.1)
    Noise(kind='poisson', amount=(0.1, 0.1))
    """

    kind: Literal["gaussian", "salt_and_pepper", "poisson"] = "gaussian"
    amount: Annotated[Range, Interval(0.0, 1.0, "the range of values, or of all pixels")] = (0.01, 0.05)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        amount = round(pick(stream, self.amount), 12)
        return (ops.Noise(stream.child("field").name, self.kind, amount),) if amount else ()


@transform
class Jpeg(Transform):
    """Compress the picture as a JPEG and read it again; deeper pictures become 8 bits deep on the way.

    Args:
        quality: of the JPEG, 1 to 100, or a pair (low, high).

    Draws: the quality, every whole number alike. Emits: a Jpeg, a barrier.

    >>> Jpeg(quality=(20, 60))
    Jpeg(quality=(20, 60))
    """

    quality: Annotated[_Quality | tuple[_Quality, _Quality], pydantic.AfterValidator(ordered)] = (30, 90)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (ops.Jpeg(pick_whole(stream, self.quality)),)


@transform
class Downscale(Transform):
    """Shrink the picture and enlarge it again, as if it came from a worse camera; nothing moves.

    Args:
        factor: range of the smaller picture's sides as a fraction, 0.01 to 1.

    Draws: the factor, uniform. Emits: a Downscale, a barrier; nothing where the size stays.

    >>> Downscale(0.5)
    Downscale(factor=(0.5, 0.5))
    """

    factor: Annotated[Range, Interval(0.01, 1.0, "the sides")] = (0.25, 0.75)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        factor = pick(stream, self.factor)
        height, width = (max(1, math.floor(side * factor + 0.5)) for side in scene.size)
        return (ops.Downscale((height, width)),) if (height, width) != scene.size else ()


@transform
class Erase(Transform):
    """Paint over a part of the picture, so that a network looks at the rest of it too; labels stay.

    Args:
        kind: ``random``, rectangles within the picture; ``cutout``, squares whose middle may lie anywhere in it, so
            that some hang over the edge; ``grid``, a square in every cell of a grid.
        area: range of the share that a rectangle, a square, or all squares of the grid take of the picture, 0 to 1.
        ratio: range of a rectangle's width / height, above 0.
        count: how many rectangles or squares, 1 to 64.
        cells: range of the grid's cells along the shorter side, 1 to 64.
        fill: the paint as a fraction of the range, one number or one a channel; or ``noise``, uniform pixels.
        mask_fill: the class that masks show there; without one they stay.

    Draws: for every rectangle its area, uniform, the logarithm of its aspect, uniform over the part of the range that
    fits, and its place, uniform over whole pixels; for the grid its cells, its area and its offset, uniform.
    Emits: an Erase, a barrier; nothing where nothing is covered.
    Reference: Zhong et al., "Random erasing data augmentation", AAAI 2020; DeVries and Taylor, "Improved regularization
    of convolutional neural networks with cutout", 2017; Chen et al., "GridMask data augmentation", 2020.

    >>> Erase("cutout", area=0.1, fill="noise")
    Erase(kind='cutout', area=(0.1, 0.1), fill='noise')
    """

    kind: Literal["random", "cutout", "grid"] = "random"
    area: Annotated[Range, Interval(0.0, 1.0, "the picture's area")] = (0.02, 0.33)
    ratio: Annotated[Range, Interval(0.05, 20.0), LOG_UNIFORM, CountsFor("kind", ("random",))] = (0.3, 3.3)
    count: Annotated[_Count, CountsFor("kind", ("random", "cutout"))] = 1
    cells: Annotated[Range, Interval(1.0, 64.0), CountsFor("kind", ("grid",))] = (3.0, 7.0)
    fill: Literal["noise"] | _Share | tuple[_Share, ...] = 0.0
    mask_fill: Annotated[int, pydantic.Field(strict=True)] | None = None

    def __post_init__(self) -> None:
        if self.fill == ():
            raise ArgumentError("must be one number, or one a channel, got none.", "Erase.fill")

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        if self.kind == "grid":
            rectangles = self._grid(stream, scene.size)
        else:
            one = self._square if self.kind == "cutout" else self._rectangle
            rectangles = [one(stream, scene.size) for _ in range(self.count)]
        seen = tuple(r for r in rectangles if r[2] > r[0] and r[3] > r[1])
        if isinstance(self.fill, str):
            fill: tuple[float, ...] | str = stream.child("fill").name
        else:
            fill = self.fill if isinstance(self.fill, tuple) else (self.fill,)
        return (ops.Erase(seen, fill, self.mask_fill),) if seen else ()

    def _rectangle(self, stream: Stream, size: Size) -> _Rectangle:
        height, width = size
        area = pick(stream, self.area) * height * width
        low, high = ends(self.ratio)
        if area:  # of the aspects, those whose rectangle lies within the picture
            low, high = min(max(low, area / height**2), high), max(min(high, width**2 / area), low)
        aspect = math.exp(stream.uniform(math.log(low), math.log(max(low, high))))
        rows, columns = min(height, round(math.sqrt(area / aspect))), min(width, round(math.sqrt(area * aspect)))
        top, left = stream.integers(height - rows + 1), stream.integers(width - columns + 1)
        return left, top, left + columns, top + rows

    def _square(self, stream: Stream, size: Size) -> _Rectangle:
        height, width = size
        side = round(math.sqrt(pick(stream, self.area) * height * width))
        stream.random()  # the place keeps its own number, though a square has no aspect
        top, left = (stream.integers(length + 1) - side // 2 for length in size)
        return max(0, left), max(0, top), min(width, left + side), min(height, top + side)

    def _grid(self, stream: Stream, size: Size) -> list[_Rectangle]:
        spacing = max(1.0, min(size) / pick(stream, self.cells))
        side = spacing * math.sqrt(pick(stream, self.area))
        offsets = [stream.uniform(-spacing, 0.0) for _ in range(2)]
        spans = [
            [
                (max(0, round(offset + n * spacing)), min(length, round(offset + n * spacing + side)))
                for n in range(math.ceil(length / spacing) + 1)
            ]
            for offset, length in zip(offsets, size, strict=True)
        ]
        return [(left, top, right, bottom) for top, bottom in spans[0] for left, right in spans[1]]
