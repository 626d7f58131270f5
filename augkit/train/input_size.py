"""Sizes of a network's input, as text."""

import re

from augkit.errors import ArgumentError

LARGEST = 4096  # pixels of a side

Size = tuple[int, int, int]  # height and width in pixels, and channels


def parse_input(text: str, where: str) -> Size:
    """Return height, width and channels.

    >>> parse_input("100x50x3", "--input")
    (100, 50, 3)
    """
    found = re.fullmatch(r"(\d{1,9})x(\d{1,9})x(\d{1,9})", text)
    if not found:
        raise ArgumentError(f"must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, got {text!r:.60}.", where)
    height, width, channels = map(int, found.groups())
    require_input((height, width, channels), where)
    return height, width, channels


def require_input(input: tuple[int, ...], where: str) -> None:
    """Check height, width and channels.

    Raises:
        ArgumentError: one is impossible.
    """
    whole = len(input) == 3 and all(type(part) is int for part in input)
    if not whole or not all(1 <= part <= LARGEST for part in input):
        rule = f"must be height, width and channels, each from 1 to {LARGEST}"
        raise ArgumentError(f"{rule}, got {'x'.join(map(str, input))}.", where)
