"""Rectangles: rotated boxes made of their corners, or laid around points."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Points, Reals, Rows
from augkit.targets.hulls import hull_of
from augkit.targets.rotated_boxes import angles_of, corners_of, turning

ROUNDING_PX, ROUNDING_SHARE = 1.0, 0.01  # that corners of a rectangle may be off: pixels, and of its longer side
LEAST_PX = 1e-6  # of a side


def are_odd(corners: Points) -> NDArray[np.bool_]:
    """Return whether corners (n, 4, 2) are those of no rectangle, even if they were rounded to whole pixels: (n,)."""
    boxes, distances = rectangles_of(corners)
    longer = boxes[:, 2:4].max(axis=1, initial=0.0)
    return np.asarray(distances > ROUNDING_PX + ROUNDING_SHARE * longer)


def rectangle_of(points: Points) -> tuple[tuple[float, ...] | None, bool]:
    """Return the rotated box that points (n, 2) are the corners of, and True.

    Where they are those of no rectangle it is the smallest around them, and False; None where that has no area.
    """
    is_exact = len(points) == 4 and not are_odd(points[None]).any()
    box = tuple(rectangles_of(points[None])[0][0].tolist()) if is_exact else next(rectangles_around(points), None)
    return None if box is None or min(box[2:4]) < LEAST_PX else box, is_exact


def rectangles_of(corners: Points) -> tuple[Rows, Reals]:
    """Return rotated boxes (n, 5) of corners (n, 4, 2), and how far their corners are from these at most (n,).

    The corners go round, either way. The first stays the upper left one of the unturned box, and so says where the
    box's own top is. Corners of no rectangle give the one that lies nearest: the mean of their sides.

    >>> rectangles_of(np.array([[[1.0, 1.0], [5.0, 1.0], [5.0, 3.0], [1.0, 3.0]]]))[0].tolist()
    [[3.0, 2.0, 4.0, 2.0, 0.0]]
    """
    along, down = corners[:, 1] + corners[:, 2], corners[:, 3] + corners[:, 2]
    along, down = (along - corners[:, 0] - corners[:, 3]) / 2.0, (down - corners[:, 0] - corners[:, 1]) / 2.0
    is_clockwise = (along[:, 0] * down[:, 1] >= along[:, 1] * down[:, 0])[:, None]
    ordered = np.where(is_clockwise[:, :, None], corners, corners[:, [0, 3, 2, 1]])
    along, down = np.where(is_clockwise, along, down), np.where(is_clockwise, down, along)
    sum_x, sum_y = along[:, 0] + down[:, 1], along[:, 1] - down[:, 0]
    radians = angles_of(np.column_stack([sum_x, sum_y]))
    cosine, sine = turning(radians)
    width, height = along[:, 0] * cosine - along[:, 1] * sine, down[:, 0] * sine + down[:, 1] * cosine
    boxes = np.column_stack([corners.mean(axis=1), width, height, np.degrees(radians) + 0.0])
    return boxes, np.hypot(*np.moveaxis(corners_of(boxes) - ordered, -1, 0)).max(axis=1, initial=0.0)


def rectangles_around(points: Points, degrees: float | None = None) -> Iterator[tuple[float, ...]]:
    """Yield the rectangles around points (n, 2) that lie along an edge of their hull, smallest first, as rotated boxes.

    The width of each lies as near as can be along a direction: `degrees`, or the line from the first point to the
    second. There is none around points on one line.

    Reference: the smallest lies along an edge, Freeman and Shapira 1975.
    """
    hull = np.array(hull_of(points.tolist()))
    if len(hull) < 3:
        return
    edges = np.roll(hull, -1, axis=0) - hull
    radians = angles_of(edges)
    x, y = hull[:, 0], hull[:, 1]
    cosine, sine = (part[:, None] for part in turning(radians))
    along, down = x * cosine - y * sine, x * sine + y * cosine  # (edges, points)
    starts = np.column_stack([along.min(axis=1), down.min(axis=1)])
    spans = np.column_stack([np.ptp(along, axis=1), np.ptp(down, axis=1)])
    first = points[1] - points[0]
    wanted = float(angles_of(first)) if degrees is None else np.radians(degrees)
    for place in np.argsort(spans.prod(axis=1), kind="stable").tolist():
        turn, (width, height) = float(radians[place]), spans[place].tolist()
        left, top = (starts[place] + spans[place] / 2.0).tolist()
        c, s = float(cosine[place, 0]), float(sine[place, 0])
        middle = (left * c + top * s, top * c - left * s)
        quarters = round((wanted - turn) / (np.pi / 2.0))
        sides = (height, width) if quarters % 2 else (width, height)
        degrees = np.degrees(turn) + 90.0 * quarters
        yield (*map(float, middle), *sides, float((degrees + 180.0) % 360.0 - 180.0))
