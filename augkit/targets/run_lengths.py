"""Masks as COCO's run lengths, compressed into text (`rleToString` in its `maskApi.c`).

What a file holds is never given to a decoder before it is checked here: it must run over exactly the mask's pixels.
"""

import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Json, Mask
from augkit.core.spatial import Size
from augkit.errors import FileError, MissingExtra
from augkit.targets.columns import numbers

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


def checked(value: Json, size: Size, where: str) -> str:
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


def decode(rle: str, size: Size) -> NDArray[np.uint8]:
    """Return a mask (H, W) of 0 and 1 from checked run lengths.

    Raises:
        MissingExtra: pycocotools is not installed.
    """
    with warnings.catch_warnings():  # pycocotools 2.0.11 hands NumPy 2 arrays in the old way
        warnings.simplefilter("ignore", DeprecationWarning)
        mask: NDArray[np.uint8] = _pycocotools().decode({"size": list(size), "counts": rle.encode()})
    return mask


def encode(mask: Mask) -> str:
    """Return the run lengths of a mask (H, W); what is not 0 belongs to it.

    Raises:
        MissingExtra: pycocotools is not installed.
    """
    counts: bytes = _pycocotools().encode(np.asfortranarray(mask != 0, np.uint8))["counts"]
    return counts.decode()


def _pycocotools() -> ModuleType:
    try:
        import pycocotools.mask
    except ImportError:
        what = "must be installed to read masks as run lengths. Run: pip install 'augkit[coco]'"
        raise MissingExtra(what, "pycocotools") from None
    module: ModuleType = pycocotools.mask
    return module
