"""Tables of the papers' policies: operations with the ranges of their magnitudes, and the learned pairs.

Operations have the papers' names. What their numbers mean: shears are the tangent of the angle, translations fractions
of the side (or pixels), rotations degrees, `Solarize` the 8-bit level from which on values are turned over, `Posterize`
the bits that stay, and `Color`, `Contrast`, `Brightness` and `Sharpness` factors of which 1 changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from augkit.yaml_file import read


@dataclass(frozen=True)
class Dial:
    """The way from a magnitude to an operation's number: evenly from `start` to `stop`.

    Args:
        start, stop: the numbers at the two ends of the magnitude's scale.
        signed: as often the number goes as far to the other side of `start`.
        pixels: the number is in pixels, not a fraction of the side.
    """

    start: float
    stop: float
    signed: bool = False
    pixels: bool = False

    def number(self, share: float) -> float:
        """Return the operation's number at a share of the scale, 0 to 1; beyond 1 it goes on as evenly."""
        return self.start + (self.stop - self.start) * share


Space = Mapping[str, Dial | None]  # operations, those without a magnitude with None
Use = tuple[str, float, int]  # an operation, its probability, its magnitude of 0 to 9

_TRANSLATION = 150.0 / 331.0  # the paper's 150 pixels, of the 331 of its networks' input

_SHEARS = dict.fromkeys(("ShearX", "ShearY"), Dial(0.0, 0.3, signed=True))
_SHIFTS = dict.fromkeys(("TranslateX", "TranslateY"), Dial(0.0, _TRANSLATION, signed=True))
_TURN = Dial(0.0, 30.0, signed=True)
_FACTOR = Dial(1.0, 1.9, signed=True)

# AutoAugment, table 6. `Cutout` and `Sample Pairing` stand there too, but none of the learned pairs uses them.
AUTO_AUGMENT: Space = {
    **_SHEARS,
    **_SHIFTS,
    "Rotate": _TURN,
    **dict.fromkeys(("AutoContrast", "Invert", "Equalize")),
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
    "Posterize": Dial(8.0, 4.0),
    "Rotate": _TURN,
    "Solarize": Dial(256.0, 0.0),
    **_SHEARS,
    **dict.fromkeys(("TranslateX", "TranslateY"), Dial(0.0, 1.0 / 3.0, signed=True)),
}


@cache
def learned_pairs(policy: str) -> tuple[tuple[Use, Use], ...]:
    """Return the pairs of operations that AutoAugment learned for ``imagenet``, ``cifar`` or ``svhn``."""
    pairs = read(Path(__file__).with_name("learned_policies.yaml")).data[policy]
    return tuple((_use(one), _use(other)) for one, other in pairs)


def _use(written: tuple[str, float, int]) -> Use:
    name, chance, magnitude = written
    return name, chance, magnitude
