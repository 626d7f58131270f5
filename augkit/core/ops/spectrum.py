"""Amplitudes of a picture's slow waves, as an operation."""

from __future__ import annotations

from typing import Annotated

import pydantic

from augkit.core.ops.barrier import Coloured
from augkit.core.ops.operation import operation
from augkit.errors import ArgumentError

MAX_REACH = 24  # cycles over the picture of the fastest wave


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
