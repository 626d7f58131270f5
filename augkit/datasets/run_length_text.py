"""Run lengths of masks as COCO compresses them into text (`rleToString` in its `maskApi.c`).

What a file holds is never given to a decoder before it is checked here: it must run over exactly the mask's pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from augkit.core.spatial import Size
from augkit.datasets.objects import numbers
from augkit.errors import FileError

__all__ = ["checked", "compressed", "expanded"]

_LOWEST, _MORE, _SIGN, _BITS = 48, 0x20, 0x10, 5  # of a character, which holds five bits from "0" on


def compressed(counts: Sequence[int]) -> str:
    """Return run lengths as text; from the fourth on, each is stored as its difference to the one before the last.

    >>> compressed([6, 1, 40, 4, 5, 4, 5, 4, 21])
    '61X13mN000`0'
    """
    text = bytearray()
    for place, count in enumerate(counts):
        rest = count - counts[place - 2] if place > 2 else count
        while True:
            bits, rest = rest & 0x1F, rest >> _BITS
            is_last = rest == (-1 if bits & _SIGN else 0)
            text.append(_LOWEST + (bits if is_last else bits | _MORE))
            if is_last:
                break
    return text.decode()


def expanded(text: str) -> list[int]:
    """Return the run lengths that text holds.

    Raises:
        ValueError: it is no such text.

    >>> expanded("61X13mN000`0")
    [6, 1, 40, 4, 5, 4, 5, 4, 21]
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - _LOWEST
        if not 0 <= bits < 64 or shift > 40:
            raise ValueError("no run lengths")
        value |= (bits & 0x1F) << shift
        shift += _BITS
        if not bits & _MORE:
            value -= (1 << shift) if bits & _SIGN else 0
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("cut short")
    return counts


def checked(value: Any, size: Size, where: str) -> str:
    """Return run lengths, which a file holds as text or as a list of numbers, as text.

    Args:
        value: what the file holds.
        size: (height, width) of the mask.
        where: for messages.

    Raises:
        FileError: they are no run lengths, or not those of such a mask.
    """
    try:
        runs = expanded(value) if isinstance(value, str) else [int(run) for run in numbers(value, where)]
    except ValueError as fault:
        raise FileError(f"must be run lengths as COCO writes them, got {fault}.", where) from None
    height, width = size
    if min(runs, default=-1) < 0 or sum(runs) != height * width:
        raise FileError(f"must run over the {height} x {width} pixels of its size, got {sum(runs):,}.", where)
    return value if isinstance(value, str) else compressed(runs)
