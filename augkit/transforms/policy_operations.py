"""The operations of the papers' policies as transforms, each at the number that its magnitude stands for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from augkit.transforms.colour import Brightness, Contrast, Saturation
from augkit.transforms.filters import Convolve
from augkit.transforms.geometry import Rotate, Shear, Translate
from augkit.transforms.levels import AutoContrast, Equalize, Invert, Posterize, Solarize
from augkit.transforms.transform import Transform

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
    "Rotate": lambda degrees: Rotate(degrees),
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
