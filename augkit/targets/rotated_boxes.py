"""Rotated boxes: an upright box turned about its middle, counter-clockwise as seen.

One moves by its outline, through the whole map; then a rectangle is laid around that again, along the line that joins
the middles of its left and right side. Turns, scalings, shifts and mirrors keep it exact; under shear, perspective and
warps it is the smallest in that direction that holds all of the moved outline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Labels, Points, Reals, Rows
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets.columns import Columns, numbers
from augkit.targets.coordinates import rows_of
from augkit.targets.outlines import EDGE_POINTS, OUTLINE, area_inside
from augkit.targets.rows import ROUNDING, Kept, joined_labels, labels_of, numbered, reals, rounded
from augkit.targets.target import Canvas, Given, PointTarget, Thin, target

_RIGHT, _LEFT = 2 * EDGE_POINTS + 1, 2 * EDGE_POINTS + 3  # middles of sides, among the points of `OUTLINE`
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@target
class RotatedBoxes(PointTarget):
    """Rotated boxes (n, 5) of middle x, middle y, width, height, degrees, with their labels.

    They are dropped by their area, but stay whole.
    """

    kind = "rotated boxes"
    rank = 50
    labelled = "rotated_box_labels"
    columns = ("rotated_boxes", "rotated_box_labels")

    rotated_boxes: Rows
    rotated_box_labels: Labels | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        values = given.get("rotated_boxes", ())
        boxes = rows_of(values, 5, "Sample.rotated_boxes", "middle x, middle y, width, height, degrees")
        if not (boxes[:, 2:4] > 0.0).all():
            found = boxes.tolist()[:1]
            raise SampleError(f"must have a width and a height above 0, got {found}.", "Sample.rotated_boxes")
        labels = labels_of(given.get("rotated_box_labels"), "rotated_box_labels", len(boxes))
        return cls(boxes, labels) if "rotated_boxes" in given else None

    def __len__(self) -> int:
        return len(self.rotated_boxes)

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

    def fine(self) -> Self:
        return self

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        corners = corners_of(self.rotated_boxes)
        pairs = zip(self.rotated_boxes, corners, strict=True)
        kept = np.flatnonzero([_is_shown(box, outline, size, min_visible) for box, outline in pairs])
        return self.chosen(kept), kept

    def mirrored(self, policy: SamplingOptions) -> Self:
        return self.changed(rotated_box_labels=policy.in_mirror(self.rotated_box_labels))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        boxes = np.concatenate([part.rotated_boxes for part in parts])
        return cls(boxes, joined_labels([part.rotated_box_labels for part in parts]))

    def tensors(self) -> dict[str, object]:
        return {"rotated_boxes": reals(self.rotated_boxes)} | numbered("rotated_box_labels", self.rotated_box_labels)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for corners in corners_of(self.rotated_boxes):
            canvas.line(np.concatenate([corners, corners[:1]]))

    def written(self, size: Size, thin: Thin) -> Self:
        return self.changed(rotated_boxes=rounded(self.rotated_boxes))

    def rows(self) -> list[JsonObject]:
        return []

    def record(self) -> JsonObject:
        both = zip(self.names(), self.rotated_boxes.tolist(), strict=True)
        return {"rotated_boxes": [{"label": label, "numbers": tuple(box)} for label, box in both]}

    @classmethod
    def of_record(cls, record: JsonObject, rows: list[JsonObject] | None) -> Self | None:
        found = record.get("rotated_boxes")
        return None if found is None else cls.of_numbers([one["numbers"] for one in found], [o["label"] for o in found])

    @classmethod
    def of_numbers(cls, boxes: Sequence[Sequence[float]], labels: list[str]) -> Self:
        """Return rotated boxes of numbers that were checked."""
        return cls(np.array(boxes, np.float64).reshape(-1, 5), labels)

    def fields(self) -> dict[str, list[Json]]:
        return {"rotated_boxes": self.rotated_boxes.tolist(), "rotated_box_labels": self.names()}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        values = columns.listed("rotated_boxes")
        if values is None:
            return None
        found = [_read(value, columns.place("rotated_boxes", place)) for place, value in enumerate(values)]
        return cls.of_numbers(found, columns.names("rotated_box_labels", len(values)))


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


def _read(value: Json, where: str) -> tuple[float, ...]:
    box = numbers(value, where, 5)
    if not (box[2] > 0.0 and box[3] > 0.0):
        raise FileError(f"must have a width and a height above 0, got {list(box)}.", where)
    return box
