"""Noise that differs from pixel to pixel, as an operation: its stream, and how strong it is."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from augkit.core.constraints import Within
from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation
from augkit.errors import ArgumentError

LEAST_NOISE = 1e-12  # below it, the photons are too many to count


def _countable(amount: float) -> float:
    if 0.0 < amount < LEAST_NOISE:
        raise ArgumentError(f"must be 0, or {LEAST_NOISE} to 1, got {amount}.")
    return amount


@operation
class Noise(Barrier):
    """Disturb every value; what the kinds mean stands in ``executors/kernels``.

    Args:
        stream: the name of the `Stream` that the noise comes from.
        kind: ``gaussian``, ``salt_and_pepper`` or ``poisson``.
        amount: standard deviation of the first, share of pixels of the second, standard deviation at white of the
            third.
    """

    stream: str
    kind: Literal["gaussian", "salt_and_pepper", "poisson"]
    amount: Annotated[float, Within(0.0, 1.0), pydantic.AfterValidator(_countable)]

    def describe(self) -> str:
        return f"add {self.kind.replace('_', ' ')} noise of {self.amount:.4g}"

    def caption(self) -> str:
        return f"{self.kind.replace('_', ' ')} noise {self.amount:.3f}"
