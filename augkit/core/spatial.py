"""The frame, and the matrices that move points in it.

One continuous frame for pictures, masks, boxes, polygons and keypoints::

      0   1   2   3   4 = width
    0 +---+---+---+---+---> x
      | . | . | . | . |        The origin is the outer corner of the first pixel, x goes right, y goes down.
    1 +---+---+---+---+        The centre of pixel (row i, column j), a dot here, lies at (j + 0.5, i + 0.5).
      | . | . | . | . |
    2 +---+---+---+---+        A picture of size (2, 4) covers the plane 0 <= x <= 4, 0 <= y <= 2.
    | = height                 A horizontal flip is x -> width - x.
    v
    y

A `Size` is (height, width) in pixels; a point is (x, y); a box is (left, top, right, bottom). Matrices act on columns
(x, y, 1) and map source to target; pictures are sampled through the inverse at the target's pixel centres. Positive
degrees turn counter-clockwise as seen on the screen.

Matrices are nested tuples of plain floats: small, hashable, exact in JSON, and no BLAS can change their last bit.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.errors import ArgumentError

Size = tuple[int, int]
Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]
Points = NDArray[np.float64]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def size_of(array: NDArray[Any]) -> Size:
    """Return (height, width) of a picture or mask (H, W, ...)."""
    return array.shape[0], array.shape[1]


def product(second: Matrix, first: Matrix) -> Matrix:
    """Return the matrix that does `first`, then `second`."""
    if compiled.library is not None:
        return compiled.library.product(second, first)
    (a, b, c), (d, e, f), (g, h, i) = first
    (p, q, r), (s, t, u), (v, w, x) = second
    return (
        (p * a + q * d + r * g, p * b + q * e + r * h, p * c + q * f + r * i),
        (s * a + t * d + u * g, s * b + t * e + u * h, s * c + t * f + u * i),
        (v * a + w * d + x * g, v * b + w * e + x * h, v * c + w * f + x * i),
    )


def determinant(matrix: Matrix) -> float:
    """Return the determinant, by cofactors; it is negative where the map turns a picture into its mirror image."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g)


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse, by cofactors.

    Raises:
        ArgumentError: the matrix has no inverse.
    """
    if compiled.library is not None:
        found = compiled.library.inverse(matrix)
        if found is None:
            raise ArgumentError(f"must have an inverse, got {matrix}.", "Homography.matrix")
        return found
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (e * i - f * h, f * g - d * i, d * h - e * g)
    volume = determinant(matrix)
    if not math.isfinite(volume) or abs(volume) < 1e-12:
        raise ArgumentError(f"must have an inverse, got {matrix}.", "Homography.matrix")
    s = 1.0 / volume
    return (
        (cofactors[0] * s, (c * h - b * i) * s, (b * f - c * e) * s),
        (cofactors[1] * s, (a * i - c * g) * s, (c * d - a * f) * s),
        (cofactors[2] * s, (b * g - a * h) * s, (a * e - b * d) * s),
    )


def rounded(matrix: Matrix) -> Matrix:
    """Return the matrix with its last entry 1, or -1, rounded so that another machine's last bit does not show.

    The quanta (1e-12 for the linear part, 1e-9 px for the shift, 1e-15 per px for the perspective) lie a thousand times
    above the noise of float64 and a thousand times below what a pixel can show, and they make cancelled turns exact.
    """
    if compiled.library is not None:
        return compiled.library.rounded(matrix)
    (a, b, c), (d, e, f), (g, h, last) = matrix
    # The sign tells which side of the horizon is seen: -1 where the origin is not, and near 0 it lies on the horizon.
    depth = abs(last) if abs(last) > 1e-9 else 1.0
    s = 1.0 / depth
    return (
        (round(a * s, 12) + 0.0, round(b * s, 12) + 0.0, round(c * s, 9) + 0.0),  # + 0.0 turns -0.0 into 0.0
        (round(d * s, 12) + 0.0, round(e * s, 12) + 0.0, round(f * s, 9) + 0.0),
        (round(g * s, 15) + 0.0, round(h * s, 15) + 0.0, round(last / depth, 15) + 0.0),
    )


def apply(matrix: Matrix, points: Points) -> Points:
    """Return the points (..., 2) moved; a point beyond the horizon of a perspective goes to infinity."""
    if compiled.library is not None:
        target = np.empty(points.shape)
        compiled.library.applied(matrix, np.ascontiguousarray(points, np.float64), target)
        return target
    (a, b, c), (d, e, f), (g, h, i) = matrix
    x, y = points[..., 0], points[..., 1]
    with np.errstate(all="ignore"):  # there lies nothing but infinities
        moved = np.stack([a * x + b * y + c, d * x + e * y + f], axis=-1)
        if g == 0.0 and h == 0.0:
            return moved / i
        depth = g * x + h * y + i
        return np.where((depth > 0)[..., None], moved / depth[..., None], np.inf)


def linearised(matrix: Matrix, x: float, y: float) -> tuple[tuple[float, float], tuple[float, float, float, float]]:
    """Return where a homography brings the point (x, y), and its derivative there as (xx, xy, yx, yy)."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    depth = g * x + h * y + i
    u, v = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
    return (u, v), ((a - g * u) / depth, (b - h * u) / depth, (d - g * v) / depth, (e - h * v) / depth)


def translation(x: float, y: float) -> Matrix:
    """Return the shift by (x, y) pixels."""
    return ((1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0))


def scaling(x: float, y: float) -> Matrix:
    """Return the scaling by (x, y) from the origin."""
    return ((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, 1.0))


def cos_sin(degrees: float) -> tuple[float, float]:
    """Return cosine and sine of an angle, exact at multiples of 90 degrees.

    >>> cos_sin(90.0), cos_sin(-180.0)
    ((0.0, 1.0), (-1.0, 0.0))
    """
    quarters, rest = divmod(degrees, 90.0)
    radians = math.radians(rest)
    cosine, sine = math.cos(radians), math.sin(radians)
    cosine, sine = ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[int(quarters) % 4]
    return cosine + 0.0, sine + 0.0  # no negative zeros


def rotation(degrees: float) -> Matrix:
    """Return the turn about the origin, counter-clockwise as seen (y points down)."""
    cosine, sine = cos_sin(degrees)
    return ((cosine, sine, 0.0), (0.0 - sine, cosine, 0.0), (0.0, 0.0, 1.0))


def shear(x_degrees: float, y_degrees: float) -> Matrix:
    """Return x' = x + tan(x_degrees) y, y' = y + tan(y_degrees) x."""
    x, y = math.tan(math.radians(x_degrees)), math.tan(math.radians(y_degrees))
    return ((1.0, x, 0.0), (y, 1.0, 0.0), (0.0, 0.0, 1.0))


def mirror(axis: str, size: Size) -> Matrix:
    """Return the flip that swaps left and right (``"horizontal"``) or top and bottom (``"vertical"``)."""
    height, width = size
    if axis == "horizontal":
        return ((-1.0, 0.0, float(width)), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return ((1.0, 0.0, 0.0), (0.0, -1.0, float(height)), (0.0, 0.0, 1.0))


def crop(left: float, top: float, size: tuple[float, float], target: Size) -> Matrix:
    """Return the map of the window at (left, top) of `size` (height, width) onto a target picture."""
    scale_y, scale_x = target[0] / size[0], target[1] / size[1]
    return ((scale_x, 0.0, -left * scale_x), (0.0, scale_y, -top * scale_y), (0.0, 0.0, 1.0))


def onto_corners(size: Size, corners: Sequence[tuple[float, float]]) -> Matrix:
    """Return the map of a picture's corners, clockwise from the origin, onto four points.

    Reference: Heckbert, "Fundamentals of texture mapping and image warping", 1989 (unit square to quadrilateral).
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g, h = (dx3 * dy2 - dx2 * dy3) / area, (dx1 * dy3 - dx3 * dy1) / area
    square = ((x1 - x0 + g * x1, x3 - x0 + h * x3, x0), (y1 - y0 + g * y1, y3 - y0 + h * y3, y0), (g, h, 1.0))
    return product(square, scaling(1 / size[1], 1 / size[0]))


def about(matrix: Matrix, source: tuple[float, float], target: tuple[float, float] | None = None) -> Matrix:
    """Return `matrix` with its origin moved to the centre of a picture of size `source` (height, width).

    The centre of the source lands on the centre of `target`, by default the same size.
    """
    target = target or source
    (a, b, c), (d, e, f), (g, h, i) = matrix
    x, y, to_x, to_y = source[1] / 2, source[0] / 2, target[1] / 2, target[0] / 2
    c, f, i = c - a * x - b * y, f - d * x - e * y, i - g * x - h * y
    return (
        (a + to_x * g, b + to_x * h, c + to_x * i),
        (d + to_y * g, e + to_y * h, f + to_y * i),
        (g, h, i),
    )


def bounding_size(size: Size, degrees: float) -> tuple[float, float]:
    """Return height and width of the smallest upright rectangle around a turned picture."""
    cosine, sine = (abs(part) for part in cos_sin(degrees))
    return (size[0] * cosine + size[1] * sine, size[0] * sine + size[1] * cosine)


def inscribed_rectangle(size: tuple[float, float], degrees: float) -> tuple[float, float]:
    """Return height and width of the largest upright rectangle inside a turned picture.

    Either two opposite corners touch the two long sides (a picture long enough that the short sides do not matter),
    or all four sides are touched. Derived by maximising width * height under
    ``w |cos| + h |sin| <= W`` and ``w |sin| + h |cos| <= H``.

    >>> inscribed_rectangle((100, 200), 90.0)
    (200.0, 100.0)
    """
    height, width = size
    cosine, sine = (abs(part) for part in cos_sin(degrees))
    long, short = max(height, width), min(height, width)
    if short <= 2.0 * sine * cosine * long or abs(sine - cosine) < 1e-8:  # at 45 degrees a square has both answers
        half = short / 2.0
        along, across = (half / sine, half / cosine)
        return (across, along) if width >= height else (along, across)
    spread = cosine * cosine - sine * sine
    return ((height * cosine - width * sine) / spread, (width * cosine - height * sine) / spread)


def inscribed_scale(size: tuple[float, float], degrees: float) -> float:
    """Return how much smaller than the picture the largest upright rectangle of its aspect inside it turned is."""
    height, width = size
    cosine, sine = (abs(part) for part in cos_sin(degrees))
    return min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))
