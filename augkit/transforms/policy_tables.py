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

# AutoAugment, table 6. `Cutout` and `Sample Pairing` stand there too, but none of the learned pairs uses them.
AUTO_AUGMENT: Space = {
    "ShearX": Dial(0.0, 0.3, signed=True),
    "ShearY": Dial(0.0, 0.3, signed=True),
    "TranslateX": Dial(0.0, _TRANSLATION, signed=True),
    "TranslateY": Dial(0.0, _TRANSLATION, signed=True),
    "Rotate": Dial(0.0, 30.0, signed=True),
    "AutoContrast": None,
    "Invert": None,
    "Equalize": None,
    "Solarize": Dial(0.0, 256.0),
    "Posterize": Dial(4.0, 8.0),
    "Contrast": Dial(0.1, 1.9),
    "Color": Dial(0.1, 1.9),
    "Brightness": Dial(0.1, 1.9),
    "Sharpness": Dial(0.1, 1.9),
}

# RandAugment, figure 2, with the ranges of AutoAugment, which it refers to.
RAND_AUGMENT: Space = {
    "Identity": None,
    "AutoContrast": None,
    "Equalize": None,
    "Rotate": Dial(0.0, 30.0, signed=True),
    "Solarize": Dial(256.0, 0.0),
    "Color": Dial(1.0, 1.9, signed=True),
    "Posterize": Dial(8.0, 4.0),
    "Contrast": Dial(1.0, 1.9, signed=True),
    "Brightness": Dial(1.0, 1.9, signed=True),
    "Sharpness": Dial(1.0, 1.9, signed=True),
    "ShearX": Dial(0.0, 0.3, signed=True),
    "ShearY": Dial(0.0, 0.3, signed=True),
    "TranslateX": Dial(0.0, _TRANSLATION, signed=True),
    "TranslateY": Dial(0.0, _TRANSLATION, signed=True),
}

# TrivialAugment, the wide space of its table of augmentation spaces.
TRIVIAL_WIDE: Space = {
    "Identity": None,
    "AutoContrast": None,
    "Equalize": None,
    "Rotate": Dial(0.0, 135.0, signed=True),
    "Solarize": Dial(0.0, 256.0),
    "Color": Dial(0.01, 2.0),
    "Posterize": Dial(2.0, 8.0),
    "Contrast": Dial(0.01, 2.0),
    "Brightness": Dial(0.01, 2.0),
    "Sharpness": Dial(0.01, 2.0),
    "ShearX": Dial(0.0, 0.99, signed=True),
    "ShearY": Dial(0.0, 0.99, signed=True),
    "TranslateX": Dial(0.0, 32.0, signed=True, pixels=True),
    "TranslateY": Dial(0.0, 32.0, signed=True, pixels=True),
}

# AugMix, section 3: AutoAugment's operations without those that its benchmark of corruptions tests.
AUGMIX: Space = {
    "AutoContrast": None,
    "Equalize": None,
    "Posterize": Dial(8.0, 4.0),
    "Rotate": Dial(0.0, 30.0, signed=True),
    "Solarize": Dial(256.0, 0.0),
    "ShearX": Dial(0.0, 0.3, signed=True),
    "ShearY": Dial(0.0, 0.3, signed=True),
    "TranslateX": Dial(0.0, 1.0 / 3.0, signed=True),
    "TranslateY": Dial(0.0, 1.0 / 3.0, signed=True),
}


@cache
def learned_pairs(policy: str) -> tuple[tuple[Use, Use], ...]:
    """Return the pairs of operations that AutoAugment learned for ``imagenet``, ``cifar`` or ``svhn``."""
    pairs = read(Path(__file__).with_name("learned_policies.yaml")).data[policy]
    return tuple((_use(one), _use(other)) for one, other in pairs)


def _use(written: tuple[str, float, int]) -> Use:
    name, chance, magnitude = written
    return name, chance, magnitude
