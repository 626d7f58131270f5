"""Transforms that give values new levels: in steps, turned over, spread out, or told by the histogram."""

from typing import Annotated, Literal

import pydantic

from augkit.core.key import Stream
from augkit.core.ops import Adapt, ColorMatrix, Curve, Op
from augkit.core.ops.colouring import NO_OFFSET
from augkit.core.spatial import IDENTITY
from augkit.core.tonal import require_rgb, saturation
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, ordered, pick, pick_whole, transform

_Level = Annotated[Range, Interval(0.0, 1.0, "the range of values")]
_Bits = Annotated[int, pydantic.Field(strict=True, ge=1, le=8)]


@transform
class Binarize(Transform):
    """Make every pixel black or white: an RGB picture by its grey (BT.601 luma), others every channel by itself.

    Args:
        threshold: range of the level from which on a pixel is white, as a fraction of the range, 0 to 1; or ``otsu``,
            the level that tells the picture's dark and bright pixels apart best.

    Draws: the threshold, uniform. Emits: for RGB a ColorMatrix; then a Curve, or for ``otsu`` an Adapt, a barrier.
    Reference: Otsu, "A threshold selection method from gray-level histograms", IEEE SMC 1979.

    >>> Binarize("otsu")
    Binarize(threshold='otsu')
    """

    threshold: Literal["otsu"] | _Level = (0.5, 0.5)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        grey: tuple[Op, ...] = (ColorMatrix(saturation(0.0), NO_OFFSET),) if scene.channels == 3 + scene.alpha else ()
        if isinstance(self.threshold, str):
            return (*grey, Adapt("otsu", ()))
        return (*grey, Curve((("threshold", round(pick(stream, self.threshold), 12)),)))


@transform
class Solarize(Transform):
    """Turn over all values from a level on, as film does that was exposed too long.

    Args:
        threshold: range of the level as a fraction of the range, 0 to 1.

    Draws: the level, uniform. Emits: a Curve.

    >>> Solarize(0.5)
    Solarize(threshold=(0.5, 0.5))
    """

    threshold: _Level = (0.5, 1.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("solarize", round(pick(stream, self.threshold), 12)),)),)


@transform
class Posterize(Transform):
    """Keep only the upper bits of the 8 of every value, so that few levels are left.

    Args:
        bits: how many stay, 1 to 8, or a pair (low, high).

    Draws: the number of bits, every one alike. Emits: a Curve.

    >>> Posterize((2, 4))
    Posterize(bits=(2, 4))
    """

    bits: Annotated[_Bits | tuple[_Bits, _Bits], pydantic.AfterValidator(ordered)] = (3, 7)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("posterize", pick_whole(stream, self.bits)),)),)


@transform
class Invert(Transform):
    """Invert all values: black becomes white, a picture its negative.

    Draws: nothing. Emits: a Curve.
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("invert", 1.0),)),)


@transform
class ChannelShuffle(Transform):
    """Put red, green and blue in another order.

    Draws: the order, every one of the six alike. Emits: a ColorMatrix.
    Raises: SampleError, when it is drawn for a picture that is not RGB.
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        red, green, blue = (IDENTITY[row] for row in stream.permutation(3))
        return (ColorMatrix((red, green, blue), NO_OFFSET),)


@transform
class Equalize(Transform):
    """Make the histogram of every channel as even as it can be.

    Draws: nothing. Emits: an Adapt, a barrier.
    Reference: Gonzalez and Woods, "Digital image processing", on histogram equalisation.
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Adapt("equalize", ()),)


@transform
class AutoContrast(Transform):
    """Stretch every channel, so that its darkest value becomes black and its brightest the top of the range.

    Args:
        cutoff: range of the share of pixels that is left out of account at both ends, 0 to 0.49.

    Draws: the share, uniform. Emits: an Adapt, a barrier.

    >>> AutoContrast(cutoff=0.01)
    AutoContrast(cutoff=(0.01, 0.01))
    """

    cutoff: Annotated[Range, Interval(0.0, 0.49, "all pixels")] = (0.0, 0.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Adapt("auto_contrast", (round(pick(stream, self.cutoff), 12),)),)
