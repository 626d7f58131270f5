"""Outlines of masks: rings along the edges of their pixels, which hold exactly these."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Mask
from augkit.errors import SampleError

Corner = tuple[int, int]  # x, y
MOST_SIDES = 1_000_000


class _Side(NamedTuple):
    """A straight line of an outline, the mask on its right hand; its sign is 1 where it goes right or down."""

    start: Corner
    end: Corner
    sign: int


def outlines_of_mask(mask: Mask) -> list[tuple[float, ...]]:
    """Return the rings x, y, x, y, ... around the pixels of a mask (H, W) that are not 0, in pixels.

    Pieces that touch at a corner alone are apart, and a hole is a ring of its own: together they hold the mask's pixels
    by the even-odd rule. Rings run clockwise as seen, around holes the other way.

    >>> outlines_of_mask(np.array([[0, 1, 1], [0, 1, 0]]))
    [(1.0, 0.0, 3.0, 0.0, 3.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0, 2.0)]
    """
    inside = np.pad(mask != 0, 1).view(np.int8)
    sides = sum(int(np.count_nonzero(np.diff(inside, axis=axis))) for axis in (0, 1))
    if sides > MOST_SIDES:
        what = f"must be outlined by at most {MOST_SIDES:,} sides of pixels, got {sides:,}"
        raise SampleError(f"{what}. Write a format that holds masks, or take out what is ragged.", "mask")
    across = [
        _Side((begin, y), (end, y), 1) if sign > 0 else _Side((end, y), (begin, y), -1)
        for y, begin, end, sign in _runs(np.diff(inside, axis=0)[:, 1:-1])
    ]
    ahead: dict[tuple[bool, Corner], list[_Side]] = defaultdict(list)
    for x, begin, end, sign in _runs(np.diff(inside, axis=1)[1:-1].T):
        side = _Side((x, end), (x, begin), -1) if sign > 0 else _Side((x, begin), (x, end), 1)
        ahead[False, side.start].append(side)
    for side in across:
        ahead[True, side.start].append(side)
    return [_ring(side, ahead) for side in across if side in ahead[True, side.start]]


def _runs(signs: NDArray[np.int8]) -> list[tuple[int, int, int, int]]:
    """Return (line, begin, end, sign) of all equal neighbours that are not 0 in lines (lines, places), in order."""
    padded = np.pad(signs, ((0, 0), (1, 1)))
    changes = np.diff(padded, axis=1) != 0
    begins, ends = np.nonzero(changes & (padded[:, 1:] != 0)), np.nonzero(changes & (padded[:, :-1] != 0))
    found = zip(*begins, ends[1], signs[begins], strict=True)
    return [(int(line), int(begin), int(end), int(sign)) for line, begin, end, sign in found]


def _ring(side: _Side, ahead: dict[tuple[bool, Corner], list[_Side]]) -> tuple[float, ...]:
    """Return the corners of the ring that begins with a side, whose sides are taken out of what is ahead."""
    ring, first, is_across = list[float](), side, True
    while True:
        ahead[is_across, side.start].remove(side)
        ring += map(float, side.start)
        # Where two pieces share a corner, to the right: so each stays by itself.
        wanted = side.sign if is_across else -side.sign
        others = ahead[not is_across, side.end]
        if not others or (side.end == first.start and wanted == first.sign and not is_across):
            return tuple(ring)
        side = next((one for one in others if one.sign == wanted), others[0])
        is_across = not is_across
