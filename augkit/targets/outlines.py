"""Rotated boxes and lines: how they move, and how much of one a frame shows.

A rotated box is (middle x, middle y, width, height, degrees): an upright box of that width and height, turned about its
middle, counter-clockwise as seen. It moves by its outline, through the whole map; then a rectangle is laid around that
again, along the line that joins the middles of its left and right side. Turns, scalings, shifts and mirrors keep it
exact; under shear, perspective and warps it is the smallest in that direction that holds all of the moved outline.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from augkit.core.chain import EDGE_POINTS, OUTLINE, push
from augkit.core.ops import Spatial
from augkit.core.spatial import Points, Size

__all__ = ["area_inside", "around", "corners_of", "length_inside", "outlines_of", "part_inside", "push_rotated"]

_RIGHT, _LEFT = 2 * EDGE_POINTS + 1, 2 * EDGE_POINTS + 3  # middles of sides, among the points of `OUTLINE`
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def corners_of(boxes: NDArray[np.float64]) -> Points:
    """Return the corners (n, 4, 2) of rotated boxes (n, 5): upper left, upper right, lower right, lower left."""
    return _placed(boxes, _CORNERS)


def push_rotated(ops: Sequence[Spatial], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotated boxes (n, 5) around the moved outlines, unclipped; degrees lie within -180 and 180."""
    return around(push(ops, outlines_of(boxes))) if ops else boxes


def outlines_of(boxes: NDArray[np.float64]) -> Points:
    """Return the outlines (n, points, 2) of rotated boxes (n, 5)."""
    return _placed(boxes, OUTLINE)


def around(moved: Points) -> NDArray[np.float64]:
    """Return the rotated boxes (n, 5) around moved outlines, as `outlines_of` gave them."""
    with np.errstate(invalid="ignore"):  # beyond a horizon
        along = moved[:, _RIGHT] - moved[:, _LEFT]
        radians = np.arctan2(-along[:, 1], along[:, 0])
        axes = _axes(radians)
        spans = moved @ axes.transpose(0, 2, 1)
        low, high = spans.min(axis=1), spans.max(axis=1)
        middles = ((low + high)[:, None, :] / 2.0 @ axes)[:, 0]
        return np.concatenate([middles, high - low, np.degrees(radians)[:, None]], axis=1)


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


def _axes(radians: NDArray[np.float64]) -> Points:
    """Return unit vectors (n, 2, 2) along the width and along the height."""
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.stack([np.stack([cosine, -sine], axis=-1), np.stack([sine, cosine], axis=-1)], axis=1)


def _placed(boxes: NDArray[np.float64], square: Points) -> Points:
    """Return points of the unit square where they lie in every box, (n, points, 2)."""
    return boxes[:, None, :2] + ((square - 0.5) * boxes[:, None, 2:4]) @ _axes(np.radians(boxes[:, 4]))
