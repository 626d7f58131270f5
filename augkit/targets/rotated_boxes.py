"""Rotated boxes: an upright box turned about its middle, counter-clockwise as seen.

One moves by its outline, through the whole map; then the smallest rectangle is laid around that again, and its width
stays the side that lies nearest to where the width came to lie. Turns, even scalings, shifts and mirrors keep it exact;
under shear, uneven scaling, perspective and warps no rectangle is the object any more, and this one is larger than it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Labels, Points, Reals, Rows
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets.columns import numbers
from augkit.targets.hulls import hull_of
from augkit.targets.outlines import CORNERS, Landing, Outlines
from augkit.targets.rows import Kept, rows_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import RowTarget, target
from augkit.targets.traced import Traced

DIGITS = 12  # of angles in radians, and of sines: at 10,000 pixels, 1e-8 of one


@target
class RotatedBoxes(RowTarget, Traced):
    """Rotated boxes (n, 5) of middle x, middle y, width, height, degrees; dropped by their area, but never cut."""

    kind = "rotated boxes"
    rank = 50

    rotated_boxes: Rows
    rotated_box_labels: Labels | None = None
    rotated_box_attributes: Sequence[JsonObject] | None = None

    @classmethod
    def valid(cls, values: object) -> Labels:
        boxes = rows_of(values, 5, "Sample.rotated_boxes", "middle x, middle y, width, height, degrees")
        if not (boxes[:, 2:4] > 0.0).all():
            found = boxes.tolist()[:1]
            raise SampleError(f"must have a width and a height above 0, got {found}.", "Sample.rotated_boxes")
        return boxes

    @classmethod
    def read(cls, value: Json, where: str) -> tuple[float, ...]:
        box = numbers(value, where, 5)
        if not (box[2] > 0.0 and box[3] > 0.0):
            raise FileError(f"must have a width and a height above 0, got {list(box)}.", where)
        return box

    @classmethod
    def of_numbers(cls, rows: Sequence[Sequence[float]]) -> Labels:
        return np.array(rows, np.float64).reshape(-1, 5)

    def outlines(self) -> list[Points]:
        return [corners_of(self.rotated_boxes)]

    def at(self, outlines: list[Points]) -> Self:
        (corners,) = outlines
        return self.changed(rotated_boxes=smallest_around(corners, _spines(corners)))

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        whole = Outlines.even(corners_of(self.rotated_boxes))
        kept = whole.inside(size).shown(whole, min_visible)
        return self.chosen(kept), kept

    def traced(self, beside: Mapping[str, Outlines], size: Size, options: SamplingOptions) -> Outlines:
        """Return of each the ring of its corners, and one without area that lies along its width."""
        corners = corners_of(self.rotated_boxes)
        spines = _spines(corners)[:, [0, 1, 1, 0]]
        rings = np.stack([corners, spines], axis=1).reshape(-1, 4, 2)
        return replace(Outlines.even(rings), owners=np.repeat(np.arange(len(self)), 2), count=len(self))

    def landed(self, whole: Outlines, left: Outlines, shown: Outlines, how: Landing) -> tuple[Self, Kept | None]:
        kept = shown.shown(whole, how.min_visible)
        found, quads = self.chosen(kept), whole.quads
        if quads is not None:
            return found.changed(rotated_boxes=smallest_around(quads[2 * kept], quads[2 * kept + 1, :2])), kept
        rings = whole.rows()
        around = [_rectangle_around(*rings[place]) for place in kept.tolist()]
        return found.changed(rotated_boxes=np.array(around, np.float64).reshape(-1, 5)), kept

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for corners in corners_of(self.rotated_boxes):
            canvas.line(np.concatenate([corners, corners[:1]]))


def _spines(corners: Points) -> Points:
    """Return the middles of the left and of the right sides (n, 2, 2) of corners (n, 4, 2)."""
    return (corners[:, [0, 1]] + corners[:, [3, 2]]) / 2.0


def smallest_around(quads: Points, spines: Points) -> Rows:
    """Return the smallest rotated boxes (n, 5) around moved corners (n, 4, 2), their widths along spines (n, 2, 2).

    Reference: the smallest lies along an edge, Freeman and Shapira 1975.
    """
    with np.errstate(invalid="ignore"):  # beyond a horizon
        edges = np.roll(quads, -1, axis=1) - quads
        return _along(quads, edges, spines[:, 1] - spines[:, 0])


def _rectangle_around(ring: Points, spine: Points) -> Reals:
    """Return the smallest rotated box (5,) around a bent outline (n, 2), its width along a spine, there and back."""
    hull = np.array(hull_of(ring.tolist()))[None]
    found: Reals = _along(hull, np.roll(hull, -1, axis=1) - hull, (spine[len(spine) // 2] - spine[0])[None])[0]
    return found


def _along(points: Points, edges: Points, widths: Points) -> Rows:
    """Return the smallest boxes (n, 5) around points (n, k, 2) along one of the edges (n, m, 2).

    Args:
        points: whose convex hull has those edges.
        edges: their directions.
        widths: (n, 2) directions, near which a box's width shall lie; of boxes of one area the nearest is taken.
    """
    wanted, turns = angles_of(widths), angles_of(edges)
    turns = turns + np.round((wanted[:, None] - turns) / (np.pi / 2.0)) * (np.pi / 2.0)
    axes = _axes(turns)  # (n, m, 2, 2)
    x, y = np.moveaxis(points[:, None, :, None], -1, 0)
    spans = x * axes[:, :, None, :, 0] + y * axes[:, :, None, :, 1]  # (n, m, k, 2)
    low, high = spans.min(axis=2), spans.max(axis=2)
    areas = (high - low).prod(axis=2)
    away = np.abs(turns - wanted[:, None])
    smallest = areas <= areas.min(axis=1, keepdims=True) * (1.0 + 1e-9)
    best = np.where(smallest, away, np.inf).argmin(axis=1)
    rows = np.arange(len(points))
    low, high, axes, turns = low[rows, best], high[rows, best], axes[rows, best], turns[rows, best]
    along, down = np.moveaxis((low + high) / 2.0, -1, 0)[..., None]
    middles = along * axes[:, 0] + down * axes[:, 1]
    degrees = (np.degrees(turns) + 180.0) % 360.0 - 180.0
    return np.column_stack([middles, high - low, degrees])


def angles_of(directions: Points) -> Reals:
    """Return the angles of directions (..., 2), in radians, rounded so that a processor's last bit does not show."""
    return _rounded(np.arctan2(-directions[..., 1], directions[..., 0]))


def turning(radians: Reals) -> tuple[Reals, Reals]:
    """Return cosines and sines, rounded so that a processor's last bit does not show."""
    return _rounded(np.cos(radians)), _rounded(np.sin(radians))


def _rounded(values: Reals) -> Reals:
    return np.asarray(np.round(values, DIGITS), np.float64)


def _axes(radians: Reals) -> Reals:
    """Return unit vectors (..., 2, 2) along the width and along the height."""
    cosine, sine = turning(radians)
    return np.stack([np.stack([cosine, -sine], axis=-1), np.stack([sine, cosine], axis=-1)], axis=-2)


def corners_of(boxes: Rows) -> Points:
    """Return the corners (n, 4, 2) of rotated boxes (n, 5): upper left, upper right, lower right, lower left."""
    axes = _axes(np.radians(boxes[:, 4]))
    along, down = np.moveaxis((CORNERS - 0.5) * boxes[:, None, 2:4], -1, 0)[..., None]
    return np.asarray(boxes[:, None, :2] + (along * axes[:, None, 0] + down * axes[:, None, 1]), np.float64)
