"""Families of operations that compete: each at several strengths, from the gentlest on.

Within a family the strength is what is drawn around nothing: of ``turn`` at 20, angles from -20 to 20 degrees.
"""

from collections.abc import Callable
from dataclasses import dataclass

from augkit.core.spatial import Size
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Contrast, Gamma, Grayscale, Hue, PCAColorShift, Saturation
from augkit.transforms.combinators import Maybe
from augkit.transforms.crops import RandomResizedCrop
from augkit.transforms.geometry import Mirror, Perspective, QuarterTurn, Rotate, Scale, Shear, Translate
from augkit.transforms.texture import Blur, Erase, Noise
from augkit.transforms.warps import LocalWarp

Make = Callable[[float, Size], Transform]


@dataclass(frozen=True)
class Family:
    """One operation at several strengths.

    Args:
        name: in one or two words.
        unit: of the strength, in words; perhaps empty.
        strengths: from the gentlest on.
        make: gives the step of a strength, for pictures that come out in a size (height, width).
        is_of_colour: whether it means something for pictures in colour only.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    make: Make
    is_of_colour: bool = False

    def step(self, strength: float, size: Size) -> Transform:
        """Return the step of a strength, for pictures that come out in a size."""
        return self.make(strength, size)

    def told(self, strength: float) -> str:
        """Return a strength in words, such as ``turn 20 degrees``; the name alone where there is one strength."""
        return f"{self.name} {strength:g}{self.unit}" if len(self.strengths) > 1 else self.name


def _around_1(reach: float) -> tuple[float, float]:
    return 1.0 - reach, 1.0 + reach


def _zoom(reach: float) -> tuple[float, float]:
    return 1.0 / (1.0 + reach), 1.0 + reach


# In the order in which steps of a pipeline stand: what moves, then colours, then what needs finished pixels.
FAMILIES = (
    Family("crop", " of the area at least", (0.8, 0.5, 0.25), lambda s, size: RandomResizedCrop(size, scale=(s, 1.0))),
    Family("mirror", "", (1.0,), lambda s, size: Maybe(0.5, Mirror())),
    Family("mirror upside down", "", (1.0,), lambda s, size: Maybe(0.5, Mirror("vertical"))),
    Family("quarter turns", "", (1.0,), lambda s, size: QuarterTurn()),
    Family("turn", " degrees", (7.0, 20.0, 45.0), lambda s, size: Rotate((-s, s))),
    Family("zoom", "", (0.1, 0.25, 0.5), lambda s, size: Scale(_zoom(s))),
    Family("shear", " degrees", (6.0, 15.0, 30.0), lambda s, size: Shear((-s, s), (-s / 2, s / 2))),
    Family("shift", " of the side", (0.05, 0.12, 0.25), lambda s, size: Translate((-s, s), (-s, s))),
    Family("perspective", " of the side", (0.06, 0.15), lambda s, size: Perspective((0.0, s))),
    Family("warp", " of the side", (0.015, 0.04), lambda s, size: LocalWarp((0.0, s), cells=4)),
    Family("brightness", "", (0.15, 0.4), lambda s, size: Brightness(_around_1(s))),
    Family("contrast", "", (0.15, 0.4), lambda s, size: Contrast(_around_1(s))),
    Family("gamma", "", (0.25, 0.7), lambda s, size: Gamma(_zoom(s))),
    Family("saturation", "", (0.3, 0.8), lambda s, size: Saturation(_around_1(s)), is_of_colour=True),
    Family("hue", " degrees", (10.0, 45.0, 180.0), lambda s, size: Hue((-s, s)), is_of_colour=True),
    Family("colour shift", "", (0.1, 0.4), lambda s, size: PCAColorShift(s), is_of_colour=True),
    Family("grey in a fifth", "", (0.2,), lambda s, size: Maybe(s, Grayscale()), is_of_colour=True),
    Family("blur", " pixels", (0.7, 2.0), lambda s, size: Blur(radius=(0.0, s))),
    Family("noise", " of the range", (0.03, 0.1), lambda s, size: Noise(amount=(0.0, s))),
    Family("erase", " of the area", (0.15, 0.4), lambda s, size: Erase(area=(0.02, s))),
)
