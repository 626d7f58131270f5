"""Ellipses and circles as polygons."""

from math import acos, ceil, cos, hypot, pi, radians, sin

EXACT_PX = 0.05  # a polygon lies this near to what it stands for
MOST_POINTS = 10_000  # enough for a radius of a million pixels; more is asked for by nonsense alone


def ellipse(x: float, y: float, across: float, down: float, degrees: float = 0.0) -> tuple[float, ...]:
    """Return an ellipse about (x, y) as a polygon x, y, x, y, ... that lies within `EXACT_PX` of it.

    Args:
        x: of its middle.
        y: likewise.
        across: its horizontal radius, before it is turned.
        down: its vertical one.
        degrees: it is turned by, clockwise as seen.

    >>> ellipse(10.0, 20.0, 4.0, 2.0)[:2]
    (14.0, 20.0)
    """
    most = max(across, down, EXACT_PX)
    turn = acos(max(1.0 - EXACT_PX / most, 0.0))
    count = 4 * ceil(min(max(4.0, pi / turn / 4.0), MOST_POINTS / 4)) if turn > 0.0 else MOST_POINTS
    cosine, sine = cos(radians(degrees)), sin(radians(degrees))
    flat: list[float] = []
    for step in range(count):
        angle = 2.0 * pi * step / count
        u, v = across * cos(angle), down * sin(angle)
        flat += [x + u * cosine - v * sine, y + u * sine + v * cosine]
    return tuple(flat)


def circle(x: float, y: float, edge_x: float, edge_y: float) -> tuple[float, ...]:
    """Return a circle about (x, y) through another point as a polygon that lies within `EXACT_PX` of it."""
    radius = hypot(edge_x - x, edge_y - y)
    return ellipse(x, y, radius, radius)
