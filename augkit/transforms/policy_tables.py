"""Tables of the papers' policies: operations with the ranges of their magnitudes, and the learned pairs.

Operations have the papers' names. What their numbers mean: shears are the tangent of the angle, translations fractions
of the side (or pixels), rotations degrees, `Solarize` the 8-bit level from which on values are turned over, `Posterize`
the bits that stay, and `Color`, `Contrast`, `Brightness` and `Sharpness` factors of which 1 changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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

# AutoAugment: ImageNet is its table 9, CIFAR-10 table 7, SVHN table 8. Operations without a range have a magnitude too.
PAIRS: Mapping[str, tuple[tuple[Use, Use], ...]] = {
    "imagenet": (
        (("Posterize", 0.4, 8), ("Rotate", 0.6, 9)),
        (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 5)),
        (("Equalize", 0.8, 8), ("Equalize", 0.6, 3)),
        (("Posterize", 0.6, 7), ("Posterize", 0.6, 6)),
        (("Equalize", 0.4, 7), ("Solarize", 0.2, 4)),
        (("Equalize", 0.4, 4), ("Rotate", 0.8, 8)),
        (("Solarize", 0.6, 3), ("Equalize", 0.6, 7)),
        (("Posterize", 0.8, 5), ("Equalize", 1.0, 2)),
        (("Rotate", 0.2, 3), ("Solarize", 0.6, 8)),
        (("Equalize", 0.6, 8), ("Posterize", 0.4, 6)),
        (("Rotate", 0.8, 8), ("Color", 0.4, 0)),
        (("Rotate", 0.4, 9), ("Equalize", 0.6, 2)),
        (("Equalize", 0.0, 7), ("Equalize", 0.8, 8)),
        (("Invert", 0.6, 4), ("Equalize", 1.0, 8)),
        (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
        (("Rotate", 0.8, 8), ("Color", 1.0, 2)),
        (("Color", 0.8, 8), ("Solarize", 0.8, 7)),
        (("Sharpness", 0.4, 7), ("Invert", 0.6, 8)),
        (("ShearX", 0.6, 5), ("Equalize", 1.0, 9)),
        (("Color", 0.4, 0), ("Equalize", 0.6, 3)),
        (("Equalize", 0.4, 7), ("Solarize", 0.2, 4)),
        (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 5)),
        (("Invert", 0.6, 4), ("Equalize", 1.0, 8)),
        (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
        (("Equalize", 0.8, 8), ("Equalize", 0.6, 3)),
    ),
    "cifar": (
        (("Invert", 0.1, 7), ("Contrast", 0.2, 6)),
        (("Rotate", 0.7, 2), ("TranslateX", 0.3, 9)),
        (("Sharpness", 0.8, 1), ("Sharpness", 0.9, 3)),
        (("ShearY", 0.5, 8), ("TranslateY", 0.7, 9)),
        (("AutoContrast", 0.5, 8), ("Equalize", 0.9, 2)),
        (("ShearY", 0.2, 7), ("Posterize", 0.3, 7)),
        (("Color", 0.4, 3), ("Brightness", 0.6, 7)),
        (("Sharpness", 0.3, 9), ("Brightness", 0.7, 9)),
        (("Equalize", 0.6, 5), ("Equalize", 0.5, 1)),
        (("Contrast", 0.6, 7), ("Sharpness", 0.6, 5)),
        (("Color", 0.7, 7), ("TranslateX", 0.5, 8)),
        (("Equalize", 0.3, 7), ("AutoContrast", 0.4, 8)),
        (("TranslateY", 0.4, 3), ("Sharpness", 0.2, 6)),
        (("Brightness", 0.9, 6), ("Color", 0.2, 8)),
        (("Solarize", 0.5, 2), ("Invert", 0.0, 3)),
        (("Equalize", 0.2, 0), ("AutoContrast", 0.6, 0)),
        (("Equalize", 0.2, 8), ("Equalize", 0.6, 4)),
        (("Color", 0.9, 9), ("Equalize", 0.6, 6)),
        (("AutoContrast", 0.8, 4), ("Solarize", 0.2, 8)),
        (("Brightness", 0.1, 3), ("Color", 0.7, 0)),
        (("Solarize", 0.4, 5), ("AutoContrast", 0.9, 3)),
        (("TranslateY", 0.9, 9), ("TranslateY", 0.7, 9)),
        (("AutoContrast", 0.9, 2), ("Solarize", 0.8, 3)),
        (("Equalize", 0.8, 8), ("Invert", 0.1, 3)),
        (("TranslateY", 0.7, 9), ("AutoContrast", 0.9, 1)),
    ),
    "svhn": (
        (("ShearX", 0.9, 4), ("Invert", 0.2, 3)),
        (("ShearY", 0.9, 8), ("Invert", 0.7, 5)),
        (("Equalize", 0.6, 5), ("Solarize", 0.6, 6)),
        (("Invert", 0.9, 3), ("Equalize", 0.6, 3)),
        (("Equalize", 0.6, 1), ("Rotate", 0.9, 3)),
        (("ShearX", 0.9, 4), ("AutoContrast", 0.8, 3)),
        (("ShearY", 0.9, 8), ("Invert", 0.4, 5)),
        (("ShearY", 0.9, 5), ("Solarize", 0.2, 6)),
        (("Invert", 0.9, 6), ("AutoContrast", 0.8, 1)),
        (("Equalize", 0.6, 3), ("Rotate", 0.9, 3)),
        (("ShearX", 0.9, 4), ("Solarize", 0.3, 3)),
        (("ShearY", 0.8, 8), ("Invert", 0.7, 4)),
        (("Equalize", 0.9, 5), ("TranslateY", 0.6, 6)),
        (("Invert", 0.9, 4), ("Equalize", 0.6, 7)),
        (("Contrast", 0.3, 3), ("Rotate", 0.8, 4)),
        (("Invert", 0.8, 5), ("TranslateY", 0.0, 2)),
        (("ShearY", 0.7, 6), ("Solarize", 0.4, 8)),
        (("Invert", 0.6, 4), ("Rotate", 0.8, 4)),
        (("ShearY", 0.3, 7), ("TranslateX", 0.9, 3)),
        (("ShearX", 0.1, 6), ("Invert", 0.6, 5)),
        (("Solarize", 0.7, 2), ("TranslateY", 0.6, 7)),
        (("ShearY", 0.8, 4), ("Invert", 0.8, 8)),
        (("ShearX", 0.7, 9), ("TranslateY", 0.8, 3)),
        (("ShearY", 0.8, 5), ("AutoContrast", 0.7, 3)),
        (("ShearX", 0.7, 2), ("Invert", 0.1, 5)),
    ),
}
