"""Objects as data sets write them: numbers that are checked before they are believed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from augkit.errors import FileError

Box = tuple[float, float, float, float]
FLAT = "an object without area"
_KINDS = {int, float}


def numbers(value: Any, where: str, count: int | None = None) -> tuple[float, ...]:
    """Return a list of numbers as floats.

    Args:
        value: what the file holds.
        where: for messages.
        count: how many there must be, if that is known.

    Raises:
        FileError: it is something else.
    """
    try:
        if isinstance(value, list) and set(map(type, value)) <= _KINDS and count in (None, len(value)):
            found = tuple(map(float, value))
            if isfinite(sum(found)):
                return found
    except OverflowError:  # an integer beyond every float
        pass
    wanted = "a list of numbers" if count is None else f"{count} numbers"
    raise FileError(f"must be {wanted}, got {_show(value)}.", where)


def box_of(left: float, top: float, right: float, bottom: float) -> Box | None:
    """Return a box, or None if it has no area."""
    return (left, top, right, bottom) if right > left and bottom > top else None


def around(rings: Sequence[Sequence[float]]) -> Box | None:
    """Return the box around rings of x, y, ..., or None if it has no area.

    >>> around([(1.0, 1.0, 4.0, 1.0, 4.0, 3.0)])
    (1.0, 1.0, 4.0, 3.0)
    """
    xs = [x for ring in rings for x in ring[::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    return box_of(min(xs), min(ys), max(xs), max(ys)) if xs else None


def rings_of(value: Any, where: str) -> tuple[tuple[float, ...], ...]:
    """Return the polygons x, y, x, y, ... of an outline; those of fewer than three points enclose nothing and go.

    Raises:
        FileError: it is something else.
    """
    if not isinstance(value, list):
        raise FileError(f"must be a list of polygons x, y, x, y, ..., got {_show(value)}.", where)
    rings = tuple(numbers(ring, f"{where}[{place}]") for place, ring in enumerate(value))
    for place, ring in enumerate(rings):
        if len(ring) % 2:
            raise FileError(f"must be pairs of x and y, got {len(ring)} numbers.", f"{where}[{place}]")
    return tuple(ring for ring in rings if len(ring) >= 6)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
