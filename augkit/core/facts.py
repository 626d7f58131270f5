"""What facts are made of: tests of numbers, sizes and nested tuples that operations and plans are checked with."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeGuard

from augkit.errors import ArgumentError

__all__ = ["MAX_SIDE", "are_numbers", "are_whole", "is_number", "is_size", "require"]

MAX_SIDE = 1_000_000  # of a picture, in pixels
MOST = 1e30  # of a number in a plan: sums of its products with 65,535 still fit into float32


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether `value` is a finite number that a float can hold, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def are_numbers(value: object, *shape: int) -> bool:
    """Tell whether `value` is nested tuples of numbers, none beyond `MOST`; a length of 0 stands for any length."""
    if not shape:
        return is_number(value) and -MOST <= value <= MOST
    if not isinstance(value, tuple) or (shape[0] and len(value) != shape[0]):
        return False
    return all(are_numbers(item, *shape[1:]) for item in value)


def are_whole(value: object, count: int, low: int, high: int) -> bool:
    """Tell whether `value` is a tuple of `count` whole numbers from `low` to `high`."""
    return isinstance(value, tuple) and len(value) == count and all(type(n) is int and low <= n <= high for n in value)


def is_size(value: object) -> bool:
    """Tell whether `value` is (height, width), each from 1 to `MAX_SIDE` pixels."""
    return are_whole(value, 2, 1, MAX_SIDE)


def require(holds: bool, where: str, rule: str, value: object) -> None:
    """Refuse a fact.

    Raises:
        ArgumentError: it does not hold.
    """
    if not holds:
        raise ArgumentError(f"must {rule}, got {value!r:.80}.", where)
