"""Operations that look at a picture's colours and waves before they change them."""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeAlias

import pydantic

from augkit.core.ops.barrier import Coloured
from augkit.core.ops.operation import operation
from augkit.core.validation import Within
from augkit.errors import ArgumentError, closest

MAX_REACH = 24  # cycles over the picture of the fastest wave
MAX_ADAPTATION = 1e3  # of its numbers

Adaptation: TypeAlias = Annotated[float, Within(-MAX_ADAPTATION, MAX_ADAPTATION)]


class Takes(NamedTuple):
    """How many numbers an adaptation takes, and whether it needs red, green and blue."""

    numbers: int
    rgb: bool = False


ADAPTATIONS = {
    "auto_contrast": Takes(1),
    "equalize": Takes(0),
    "otsu": Takes(0),
    "pca_shift": Takes(3, rgb=True),
    "color_transfer": Takes(13, rgb=True),
}


@operation
class Adapt(Coloured):
    """Do what must look at the pixels first, by name.

    ``auto_contrast``: stretch every channel to the whole range, a share of pixels cut off at both ends.
    ``color_transfer``: go a share of the way towards colours of a mean (3) and a covariance (9).
    ``equalize``: make every channel's histogram even. ``otsu``: make every channel black and white.
    ``pca_shift``: add V (numbers * lambda), eigenvectors and eigenvalues being those of this picture's RGB covariance.
    """

    name: str
    numbers: tuple[Adaptation, ...]

    @pydantic.model_validator(mode="after")
    def _require_numbers(self) -> Adapt:
        if self.name not in ADAPTATIONS:
            nearest = closest(self.name, ADAPTATIONS)
            raise ArgumentError(f"must be one of {', '.join(ADAPTATIONS)}, got {self.name!r}.{nearest}")
        if len(self.numbers) != ADAPTATIONS[self.name].numbers:
            raise ArgumentError(f"must have {ADAPTATIONS[self.name].numbers} numbers, got {self.numbers}.", self.name)
        if self.name == "auto_contrast" and not 0.0 <= self.numbers[0] < 0.5:
            raise ArgumentError(f"must cut off 0 to below 0.5 of the pixels, got {self.numbers[0]}.", self.name)
        return self

    @property
    def rgb_for(self) -> str:
        return self.name if ADAPTATIONS[self.name].rgb else ""

    def describe(self) -> str:
        if self.name == "color_transfer":
            return f"go {self.numbers[0]:.4g} of the way towards other colours"
        told = f"{self.name.replace('_', ' ')}, told by the pixels"
        if self.name == "auto_contrast":
            return told + f", {self.numbers[0]:.4g} of them at both ends aside" * bool(self.numbers[0])
        return told + f", with {', '.join(f'{number:.4g}' for number in self.numbers)}" * bool(self.numbers)

    def caption(self) -> str:
        if self.name == "color_transfer":
            return f"colour transfer {self.numbers[0]:.2f}"
        if self.name == "auto_contrast":
            return "auto contrast" + f" cutoff {self.numbers[0]:.2f}" * bool(self.numbers[0])
        numbers = " ".join(f"{round(number, 2) + 0.0:+.2f}" for number in self.numbers)
        return f"{self.name.replace('_', ' ')} {numbers}".strip()


@operation
class Spectrum(Coloured):
    """Give the slow waves of an RGB picture other amplitudes, and leave their phases.

    Args:
        reach: cycles over the picture of the fastest, along both axes.
        base64: float32, little-endian, shape (3, 2 reach + 1, reach + 1): see ``executors/kernels``.
    """

    reach: Annotated[int, pydantic.Field(strict=True, ge=0, le=MAX_REACH)]
    base64: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9+/]*\z")]

    @pydantic.model_validator(mode="after")
    def _require_all_floats(self) -> Spectrum:
        if len(self.base64) != 16 * (2 * self.reach + 1) * (self.reach + 1):  # three floats of four bytes, 16 letters
            rule = "must hold 3 x (2 reach + 1) x (reach + 1) floats in base64"
            raise ArgumentError(f"{rule}, got {len(self.base64)} letters.")
        return self

    @property
    def rgb_for(self) -> str:
        return type(self).__name__

    def describe(self) -> str:
        return f"give waves of up to {self.reach} cycles other amplitudes"

    def caption(self) -> str:
        return f"waves up to {self.reach} cycles"
