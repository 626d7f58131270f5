"""Rings in one: several pieces of an outline as one line that goes there and back between them."""

from collections.abc import Sequence

import numpy as np

from augkit.core.arrays import Points, Reals
from augkit.errors import SampleError
from augkit.targets.rows import flat_of, pairs_of

ROWS = 64  # points of which distances are held at a time
MOST_POINTS = 20_000  # of rings that are joined: each is compared with each


def joined_rings(rings: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return pieces x, y, x, y, ... as one, joined by bridges of no width where they are nearest to each other.

    Formats with one outline an object hold it so. It encloses the same points, as the even-odd rule has it.

    >>> joined_rings([(0.0, 0.0, 2.0, 0.0, 2.0, 2.0), (3.0, 0.0, 5.0, 0.0, 5.0, 2.0)])
    (2.0, 0.0, 3.0, 0.0, 5.0, 0.0, 5.0, 2.0, 3.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0)
    """
    whole, *left = (pairs_of(ring) for ring in rings)
    points = sum(map(len, rings)) // 2
    if left and points > MOST_POINTS:
        what = f"must have at most {MOST_POINTS:,} points in several pieces, got {points:,}"
        raise SampleError(f"{what}. Write a format that holds pieces or masks.", "polygons")
    apart = np.full(len(left), np.inf)  # the square of each ring's distance from the whole
    fresh = whole  # what came to the whole last
    while left:
        apart = np.minimum(apart, _distances(fresh, left))
        place = int(np.argmin(apart))
        ring, apart = left.pop(place), np.delete(apart, place)
        here, there = _nearest(whole, ring)
        fresh = ring
        way = np.concatenate([ring[there:], ring[: there + 1]])  # round, and back to where it began
        turned = np.roll(whole, -here, axis=0)
        whole = np.concatenate([turned[:1], way, turned])
    return flat_of(whole)


def _distances(first: Points, rings: Sequence[Points]) -> Reals:
    """Return the squares of the distances of rings from some points, (n,)."""
    points = np.concatenate(rings)
    nearest = np.full(len(points), np.inf)
    for start in range(0, len(first), ROWS):
        nearest = np.minimum(nearest, _squares(first[start : start + ROWS], points).min(axis=0))
    starts = np.cumsum([0, *(len(ring) for ring in rings[:-1])])
    return np.minimum.reduceat(nearest, starts)


def _nearest(first: Points, second: Points) -> tuple[int, int]:
    """Return the places of two rings' points that are nearest to each other: of several, the first."""
    best, here, there = np.inf, 0, 0
    for start in range(0, len(first), ROWS):
        squares = _squares(first[start : start + ROWS], second)
        place = int(squares.argmin())
        if squares.flat[place] < best:
            best = float(squares.flat[place])
            here, there = start + place // len(second), place % len(second)
    return here, there


def _squares(first: Points, second: Points) -> Reals:
    x, y = (second[None, :, axis] - first[:, None, axis] for axis in (0, 1))
    return np.asarray(x * x + y * y, np.float64)
