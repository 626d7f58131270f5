"""Outlines: the points that stand for edges while they move, and how much of them a frame shows."""

from collections.abc import Sequence

import numpy as np

from augkit.core.arrays import Points, Rows
from augkit.core.spatial import Size
from augkit.errors import SampleError

EDGE_POINTS = 16  # an edge of a box bends under a warp: this many points follow it
_STEPS = np.linspace(0.0, 1.0, EDGE_POINTS + 1)[:-1]
OUTLINE = np.concatenate([[[t, 0.0], [1.0, t], [1.0 - t, 1.0], [0.0, 1.0 - t]] for t in _STEPS])  # of the unit square

LONGEST_EDGE_PX = 8.0  # of what is warped: its straight edges do not stay straight
LONGEST_LINES_PX = 3e7  # of a picture: some 4 million points


def outlines_of(boxes: Rows) -> Points:
    """Return the points (n, points, 2) along the edges of upright boxes (n, 4)."""
    return boxes[:, None, :2] + OUTLINE * (boxes[:, None, 2:] - boxes[:, None, :2])


def boxes_around(outlines: Points) -> Rows:
    """Return the upright boxes (n, 4) around outlines (n, points, 2)."""
    return np.concatenate([outlines.min(axis=1), outlines.max(axis=1)], axis=1)


def fine_lines(lines: Sequence[Points], is_closed: bool, keyword: str) -> list[Points]:
    """Return lines, or rings, with points between their own, so that no edge is longer than LONGEST_EDGE_PX.

    Raises:
        SampleError: they are longer than any picture's: they would fill the memory.
    """
    whole = [np.concatenate([line, line[:1]]) if is_closed else line for line in lines]
    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in whole)
    if not length <= LONGEST_LINES_PX:
        raise SampleError(f"must be at most {LONGEST_LINES_PX:,.0f} pixels long in all, got {length:.3g}.", keyword)
    return [_fine(line)[:-1] if is_closed else _fine(line) for line in whole]


def _fine(line: Points) -> Points:
    edges = np.diff(line, axis=0)
    pieces = np.maximum(1, np.ceil(np.hypot(*edges.T) / LONGEST_EDGE_PX)).astype(int)
    parts = [
        start + edge * np.arange(count)[:, None] / count
        for start, edge, count in zip(line, edges, pieces, strict=False)
    ]
    return np.concatenate([*parts, line[-1:]])


def part_inside(outline: Points, size: Size) -> Points:
    """Return the part of an outline within a frame (Sutherland and Hodgman 1974: pieces stay joined along the edge)."""
    for axis, sign, limit in ((0, 1.0, 0.0), (0, -1.0, size[1]), (1, 1.0, 0.0), (1, -1.0, size[0])):
        depth = sign * (outline[:, axis] - limit)  # of each point inside this edge
        kept: list[Points] = []
        for place in range(len(outline)):
            before = place - 1
            if (depth[place] >= 0) != (depth[before] >= 0):
                share = depth[before] / (depth[before] - depth[place])
                kept.append(outline[before] + share * (outline[place] - outline[before]))
            if depth[place] >= 0:
                kept.append(outline[place])
        outline = np.array(kept).reshape(-1, 2)
    return outline


def area_inside(outline: Points, size: Size) -> float:
    """Return the area of an outline (n, 2) within a frame."""
    inside = part_inside(outline, size)
    x, y = (inside - inside[:1]).T  # from a point of its own: far from the origin, products lose what is small
    return float(abs((np.roll(x, 1) * y - x * np.roll(y, 1)).sum()) / 2.0)


def length_inside(line: Points, size: Size) -> float:
    """Return the length of a line (n, 2) within a frame (Liang and Barsky 1984)."""
    starts, ways = line[:-1], np.diff(line, axis=0)
    limits = np.array([size[1], size[0]], dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = -starts / ways, (limits - starts) / ways
    beside = (ways == 0.0) & ((starts < 0.0) | (starts > limits))
    enters = np.where(ways == 0.0, np.where(beside, np.inf, -np.inf), np.minimum(one, other)).max(axis=1)
    leaves = np.where(ways == 0.0, np.inf, np.maximum(one, other)).min(axis=1)
    shares = np.maximum(0.0, np.minimum(leaves, 1.0) - np.maximum(enters, 0.0))
    return float((shares * np.hypot(*ways.T)).sum())
