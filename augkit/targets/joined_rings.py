"""Rings in one: several pieces of an outline as one line that goes there and back between them."""

from collections.abc import Sequence

import numpy as np

from augkit.core.arrays import Points
from augkit.targets.rows import flat_of, pairs_of


def joined_rings(rings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return pieces x, y, x, y, ... as one, joined by bridges of no width where they are nearest to each other.

    Formats with one outline an object hold it so. It encloses the same points, as the even-odd rule has it.

    >>> joined_rings([(0.0, 0.0, 2.0, 0.0, 2.0, 2.0), (3.0, 0.0, 5.0, 0.0, 5.0, 2.0)])
    (2.0, 0.0, 3.0, 0.0, 5.0, 0.0, 5.0, 2.0, 3.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0)
    """
    whole, *others = (pairs_of(ring) for ring in rings)
    left = list(others)
    while left:
        found = [_nearest(whole, ring) for ring in left]
        place = int(np.argmin([distance for distance, _, _ in found]))
        _, here, there = found[place]
        ring = left.pop(place)
        way = np.concatenate([ring[there:], ring[: there + 1]])  # round, and back to where it began
        turned = np.roll(whole, -here, axis=0)
        whole = np.concatenate([turned[:1], way, turned])
    return flat_of(whole)


def _nearest(first: Points, second: Points) -> tuple[float, int, int]:
    """Return the square of the distance of two rings' points that are nearest, and the places of these."""
    best = (np.inf, 0, 0)
    for place, point in enumerate(first):  # a row at a time: outlines may have thousands of points
        squares = ((second - point) ** 2).sum(axis=1)
        there = int(squares.argmin())
        if squares[there] < best[0]:
            best = (float(squares[there]), place, there)
    return best
