"""Types of fields, with the limits that pydantic holds them to: numbers, whole numbers, sizes, matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Annotated, TypeAlias, TypeGuard

import pydantic
from pydantic_core import core_schema

from augkit.errors import ArgumentError

MAX_SIDE = 1_000_000  # of a picture, in pixels
MOST = 1e30  # of a number in a plan: sums of its products with 65,535 still fit into float32


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether `value` is a finite number that a float can hold, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


@dataclass(frozen=True)
class Within:
    """Validate a finite number between two limits, and keep it as it is, whole or not.

    Args:
        low, high: the limits, both allowed.
    """

    low: float = -MOST
    high: float = MOST

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def validate(self, value: object) -> float:
        """Return the number.

        Raises:
            ArgumentError: it is none, or lies beyond a limit.
        """
        if not is_number(value):
            raise ArgumentError(f"must be a number within {self.low:g} and {self.high:g}, got {value!r:.60}.")
        if not self.low <= value <= self.high:
            raise ArgumentError(f"must lie within {self.low:g} and {self.high:g}, got {value!r:.60}.")
        return value


Number: TypeAlias = Annotated[float, Within()]
Triple: TypeAlias = tuple[Number, Number, Number]
Square: TypeAlias = tuple[Triple, Triple, Triple]  # the rows of a matrix
Side: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=1, le=MAX_SIDE)]
Sides: TypeAlias = tuple[Side, Side]  # (height, width)
Count: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=0)]


def is_size(value: object) -> bool:
    """Tell whether `value` is (height, width), each from 1 to `MAX_SIDE` pixels."""
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int and 1 <= n <= MAX_SIDE for n in value)
