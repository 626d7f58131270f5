"""Hulls: the smallest convex rings around points."""

from collections.abc import Sequence


def hull_of(points: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """Return the corners of the convex hull of points, in order (Andrew's monotone chain)."""
    ordered = [list(point) for point in sorted({(x, y) for x, y in points})]
    halves: list[list[Sequence[float]]] = []
    for line in (ordered, ordered[::-1]):
        half: list[Sequence[float]] = []
        for point in line:
            while len(half) > 1 and _turn(half[-2], half[-1], point) <= 0.0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return halves[0] + halves[1]


def _turn(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
