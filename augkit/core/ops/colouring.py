"""Operations that change colours point by point: a matrix on RGB, and functions on single values.

Values are fractions of the dtype's range, 1 being its top, so that a plan means the same to every dtype. Nothing is
rounded here; executors round once, at the end of a colour run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import pydantic

from augkit import compiled
from augkit.core.arrays import Reals
from augkit.core.ops.operation import operation
from augkit.core.spatial import IDENTITY, Row, product
from augkit.core.validation import Number, Square, Triple
from augkit.errors import ArgumentError

EDGE = 1e-6  # a value this near below a step counts as on it: two machines' last bits must not decide
NO_OFFSET = (0.0, 0.0, 0.0)


class Function(NamedTuple):
    """A pointwise function of a `Curve`: values of [0, 1] and a number in, values out.

    Args:
        apply: the function.
        low, high: the limits of its number.
        neutral: the number at which it changes nothing, if there is one.
    """

    apply: Callable[[Reals, float], Reals]
    low: float
    high: float
    neutral: float | None = None


FUNCTIONS: dict[str, Function] = {
    "gain": Function(lambda v, factor: v * factor, 0.0, 1e6, 1.0),
    "contrast": Function(lambda v, factor: (v - 0.5) * factor + 0.5, 0.0, 1e6, 1.0),
    "gamma": Function(lambda v, power: v**power, 1e-3, 1e3, 1.0),
    "invert": Function(lambda v, share: v + (1.0 - 2.0 * v) * share, 0.0, 1.0, 0.0),
    "posterize": Function(
        lambda v, bits: np.floor((v + EDGE) * (2.0**bits * 255.0 / 256.0)) * (256.0 / 255.0 / 2.0**bits), 0.0, 16.0
    ),
    "solarize": Function(lambda v, level: np.where(v + EDGE < level, v, 1.0 - v), 0.0, 1.0),
    "threshold": Function(lambda v, level: np.where(v + EDGE < level, 0.0 * v, 0.0 * v + 1.0), 0.0, 1.0),
}


@operation
class ColorMatrix:
    """Map an RGB value v (1 = the top of the dtype's range) to matrix v + offset, unclamped."""

    matrix: Square
    offset: Triple

    def describe(self) -> str:
        return "a colour matrix"

    @property
    def is_identity(self) -> bool:
        """Whether it changes no colour."""
        return self.matrix == IDENTITY and self.offset == NO_OFFSET

    def after(self, first: ColorMatrix) -> ColorMatrix:
        """Return the one matrix and offset that do `first`, then this."""
        offset = tuple(
            row[0] * first.offset[0] + row[1] * first.offset[1] + row[2] * first.offset[2] + shift
            for row, shift in zip(self.matrix, self.offset, strict=True)
        )
        return ColorMatrix(product(self.matrix, first.matrix), offset)  # type: ignore[arg-type]  # three, as the rows

    def rounded(self) -> ColorMatrix:
        """Return it rounded so that another machine's last bit does not show: 1e-12 is 1e-7 of a uint16 level."""
        rows = IDENTITY if self.matrix == IDENTITY else tuple(map(_rounded, self.matrix))
        return ColorMatrix(rows, _rounded(self.offset))  # type: ignore[arg-type]  # three rows


def _rounded(row: Row) -> Row:
    if compiled.library is not None:
        return compiled.library.rounded_row(row, 12)
    a, b, c = row
    return round(a, 12) + 0.0, round(b, 12) + 0.0, round(c, 12) + 0.0


def _known(functions: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    for name, number in functions:
        if name not in FUNCTIONS or not FUNCTIONS[name].low <= number <= FUNCTIONS[name].high:
            raise ArgumentError(f"must be pairs of {', '.join(FUNCTIONS)} and a number of its range, got {functions}.")
    return functions


@operation
class Curve:
    """Apply pointwise functions in order, each a name of `FUNCTIONS` and its number."""

    functions: Annotated[tuple[tuple[str, Number], ...], pydantic.AfterValidator(_known)]

    def describe(self) -> str:
        told = ("invert" if part == ("invert", 1.0) else f"{part[0]} {part[1]:.4g}" for part in self.functions)
        return " then ".join(told)

    @property
    def is_identity(self) -> bool:
        """Whether it changes no value within the range."""
        return all([FUNCTIONS[name].neutral == number for name, number in self.functions])  # noqa: C419 - half the time

    def apply(self, values: Reals) -> Reals:
        """Return values after the functions in order; each clamps its input to [0, 1], the last result is unclamped."""
        for name, number in self.functions:
            values = FUNCTIONS[name].apply(np.clip(values, 0.0, 1.0), number)
        return values


Tonal = ColorMatrix | Curve
