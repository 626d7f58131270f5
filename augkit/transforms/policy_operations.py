"""Operations of the papers' policies: the ranges of their magnitudes, the learned pairs, and the transforms they are.

Operations have the papers' names. What their numbers mean: shears are the tangent of the angle, translations fractions
of the side (or pixels), rotations degrees, `Solarize` the 8-bit level from which on values are turned over, `Posterize`
the bits that stay, and `Color`, `Contrast`, `Brightness` and `Sharpness` factors of which 1 changes nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from augkit.transforms.colour import Brightness, Contrast, Saturation
from augkit.transforms.filters import Convolve
from augkit.transforms.geometry import Rotate, Shear, Translate
from augkit.transforms.levels import AutoContrast, Equalize, Invert, Posterize, Solarize
from augkit.transforms.transform import Transform
from augkit.yaml_file import read

_FARTHEST = 10.0  # sides that a picture may be translated by


def _shear_degrees(rate: float) -> float:
    return math.degrees(math.atan(rate))


def _beside(shift: float) -> float:
    return max(-_FARTHEST, min(_FARTHEST, shift))


def _solarize(level: float) -> Transform | None:
    return Solarize(max(0.0, level) / 255.0) if level <= 255.0 else None


def _posterize(bits: float) -> Transform | None:
    kept = max(1, round(bits))
    return Posterize(kept) if kept < 8 else None


def _sharpness(factor: float) -> Transform | None:
    """Return the blend of a picture with itself smoothed by 1 1 1, 1 5 1, 1 1 1 over 13: away from it above 1."""
    if factor == 1.0:
        return None
    around, middle = (round(weight / 13.0 * (1.0 - max(0.0, factor)), 12) for weight in (1.0, 5.0))
    middle = round(middle + max(0.0, factor), 12)
    return Convolve(((around,) * 3, (around, middle, around), (around,) * 3))


BUILDERS: dict[str, Callable[[float], Transform | None]] = {
    "Identity": lambda _: None,
    "ShearX": lambda rate: Shear(_shear_degrees(rate), 0.0),
    "ShearY": lambda rate: Shear(0.0, _shear_degrees(rate)),
    "TranslateX": lambda shift: Translate(_beside(shift), 0.0),
    "TranslateY": lambda shift: Translate(0.0, _beside(shift)),
    "Rotate": Rotate,
    "AutoContrast": lambda _: AutoContrast(),
    "Invert": lambda _: Invert(),
    "Equalize": lambda _: Equalize(),
    "Solarize": _solarize,
    "Posterize": _posterize,
    "Contrast": lambda factor: Contrast(max(0.0, factor)),
    "Color": lambda factor: Saturation(max(0.0, factor)),
    "Brightness": lambda factor: Brightness(max(0.0, factor)),
    "Sharpness": _sharpness,
}


@lru_cache(maxsize=4096)
def built(name: str, number: float) -> Transform | None:
    """Return the transform that an operation is at its number, None where it changes nothing."""
    return BUILDERS[name](number)


@dataclass(frozen=True)
class Dial:
    """The way from a magnitude to an operation's number: evenly from `start` to `stop`.

    Args:
        start, stop: the numbers at the two ends of the magnitude's scale.
        signed: as often the number goes as far to the other side of `start`.
        pixels: the number is in pixels, not a fraction of the side.
        whole: the way is gone in whole steps, what is left of one does not count.
        idle: the number at no magnitude at all, where that is not `start`.
    """

    start: float
    stop: float
    signed: bool = False
    pixels: bool = False
    whole: bool = False
    idle: float | None = None

    def number(self, share: float) -> float:
        """Return the operation's number at a share of the scale, 0 to 1; beyond 1 it goes on as evenly."""
        if share == 0.0 and self.idle is not None:
            return self.idle
        way = (self.stop - self.start) * share
        return self.start + (math.trunc(way) if self.whole else way)


Space = Mapping[str, Dial | None]  # operations, those without a magnitude with None
Use = tuple[str, float, int]  # an operation, its probability, its magnitude of 0 to 9

_TRANSLATION = 150.0 / 331.0  # the paper's 150 pixels, of the 331 of its networks' input

_SHEARS = dict.fromkeys(("ShearX", "ShearY"), Dial(0.0, 0.3, signed=True))
_SHIFTS = dict.fromkeys(("TranslateX", "TranslateY"), Dial(0.0, _TRANSLATION, signed=True))
_TURN = Dial(0.0, 30.0, signed=True)
_FACTOR = Dial(1.0, 1.9, signed=True)

# AutoAugment as torchvision has it: whatever the operation, a larger magnitude is a stronger change.
AUTO_AUGMENT: Space = {
    **_SHEARS,
    **_SHIFTS,
    "Rotate": _TURN,
    **dict.fromkeys(("AutoContrast", "Invert", "Equalize")),
    "Solarize": Dial(255.0, 0.0),
    "Posterize": Dial(8.0, 4.0),
    **dict.fromkeys(("Contrast", "Color", "Brightness", "Sharpness"), _FACTOR),
}

# Table 6 of its paper, to the letter; `Cutout` and `Sample Pairing` stand there too, but none of the learned pairs uses
# them. Of behaviour 1.
AUTO_AUGMENT_1: Space = {
    **AUTO_AUGMENT,
    "Solarize": Dial(0.0, 256.0),
    "Posterize": Dial(4.0, 8.0),
    **dict.fromkeys(("Contrast", "Color", "Brightness", "Sharpness"), Dial(0.1, 1.9)),
}

# RandAugment, figure 2, with the ranges of AutoAugment, which it refers to.
RAND_AUGMENT: Space = {
    **dict.fromkeys(("Identity", "AutoContrast", "Equalize")),
    "Rotate": _TURN,
    "Solarize": Dial(256.0, 0.0),
    "Color": _FACTOR,
    "Posterize": Dial(8.0, 4.0),
    **dict.fromkeys(("Contrast", "Brightness", "Sharpness"), _FACTOR),
    **_SHEARS,
    **_SHIFTS,
}

# TrivialAugment, the wide space of its table of augmentation spaces.
TRIVIAL_WIDE: Space = {
    **dict.fromkeys(("Identity", "AutoContrast", "Equalize")),
    "Rotate": Dial(0.0, 135.0, signed=True),
    "Solarize": Dial(0.0, 256.0),
    "Color": Dial(0.01, 2.0),
    "Posterize": Dial(2.0, 8.0),
    **dict.fromkeys(("Contrast", "Brightness", "Sharpness"), Dial(0.01, 2.0)),
    **dict.fromkeys(("ShearX", "ShearY"), Dial(0.0, 0.99, signed=True)),
    **dict.fromkeys(("TranslateX", "TranslateY"), Dial(0.0, 32.0, signed=True, pixels=True)),
}

# AugMix, section 3: AutoAugment's operations without those that its benchmark of corruptions tests.
AUGMIX: Space = {
    "AutoContrast": None,
    "Equalize": None,
    "Posterize": Dial(4.0, 0.0, whole=True, idle=8.0),
    "Rotate": _TURN,
    "Solarize": Dial(256.0, 0.0),
    **_SHEARS,
    **dict.fromkeys(("TranslateX", "TranslateY"), Dial(0.0, 1.0 / 3.0, signed=True)),
}
AUGMIX_1: Space = {**AUGMIX, "Posterize": Dial(8.0, 4.0)}  # of behaviour 1


@cache
def learned_pairs(policy: str) -> tuple[tuple[Use, Use], ...]:
    """Return the pairs of operations that AutoAugment learned for ``imagenet``, ``cifar`` or ``svhn``."""
    pairs = read(Path(__file__).with_name("learned_policies.yaml")).data[policy]
    return tuple(((one, p, m), (other, q, n)) for (one, p, m), (other, q, n) in pairs)
