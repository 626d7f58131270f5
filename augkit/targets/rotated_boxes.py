"""Rotated boxes: an upright box turned about its middle, counter-clockwise as seen.

One moves by its outline, through the whole map; then a rectangle is laid around that again, along the line that joins
the middles of its left and right side. Turns, scalings, shifts and mirrors keep it exact; under shear, perspective and
warps it is the smallest in that direction that holds all of the moved outline.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Labels, Points, Reals, Rows
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets.columns import numbers
from augkit.targets.outlines import EDGE_POINTS, OUTLINE, area_inside
from augkit.targets.rows import ROUNDING, Kept, rows_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import RowTarget, target

_RIGHT, _LEFT = 2 * EDGE_POINTS + 1, 2 * EDGE_POINTS + 3  # middles of sides, among the points of `OUTLINE`
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@target
class RotatedBoxes(RowTarget):
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
        return [_placed(self.rotated_boxes, OUTLINE)]

    def at(self, outlines: list[Points]) -> Self:
        (moved,) = outlines
        with np.errstate(invalid="ignore"):  # beyond a horizon
            along = moved[:, _RIGHT] - moved[:, _LEFT]
            radians = np.arctan2(-along[:, 1], along[:, 0])
            axes = _axes(radians)
            spans = moved @ axes.transpose(0, 2, 1)
            low, high = spans.min(axis=1), spans.max(axis=1)
            middles = ((low + high)[:, None, :] / 2.0 @ axes)[:, 0]
            boxes = np.concatenate([middles, high - low, np.degrees(radians)[:, None]], axis=1)
        return self.changed(rotated_boxes=boxes)

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        corners = corners_of(self.rotated_boxes)
        pairs = zip(self.rotated_boxes, corners, strict=True)
        kept = np.flatnonzero([_is_shown(box, outline, size, min_visible) for box, outline in pairs])
        return self.chosen(kept), kept

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for corners in corners_of(self.rotated_boxes):
            canvas.line(np.concatenate([corners, corners[:1]]))


def corners_of(boxes: Rows) -> Points:
    """Return the corners (n, 4, 2) of rotated boxes (n, 5): upper left, upper right, lower right, lower left."""
    return _placed(boxes, _CORNERS)


def _axes(radians: Reals) -> Points:
    """Return unit vectors (n, 2, 2) along the width and along the height."""
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.stack([np.stack([cosine, -sine], axis=-1), np.stack([sine, cosine], axis=-1)], axis=1)


def _placed(boxes: Rows, square: Points) -> Points:
    """Return points of the unit square where they lie in every box, (n, points, 2)."""
    return boxes[:, None, :2] + ((square - 0.5) * boxes[:, None, 2:4]) @ _axes(np.radians(boxes[:, 4]))


def _is_shown(box: Reals, corners: Points, size: Size, min_visible: float) -> bool:
    if not np.isfinite(box).all():  # it reaches beyond a horizon
        return False
    inside = area_inside(corners, size)
    return bool(inside > 0.0 and inside >= min_visible * box[2] * box[3] * (1.0 - ROUNDING))
