"""Boxes: upright rectangles around objects, and the points that stand for their edges while they move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Indices, Json, JsonObject, Labels, Points, Rows
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import SampleError
from augkit.targets.columns import Columns, numbers
from augkit.targets.coordinates import rows_of
from augkit.targets.outlines import boxes_around, outlines_of
from augkit.targets.polygons import Polygons, around
from augkit.targets.rows import ROUNDING, Kept, chosen, joined_labels, numbered, reals, refuse, rounded
from augkit.targets.target import Canvas, Given, PointTarget, Thin, target


@target
class Boxes(PointTarget):
    """Boxes (n, 4) of left, top, right, bottom with their labels; moved as what is around their moved outlines."""

    kind = "boxes"
    rank = 10
    labelled = "box_labels"
    is_coloured = True
    row_columns = ("boxes", "box_labels")

    boxes: Rows
    box_labels: Labels | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        boxes, labels = given.get("boxes"), given.get("box_labels")
        rows = np.zeros((0, 4))
        if boxes is not None:
            rows = rows_of(boxes, 4, "Sample.boxes", "left, top, right, bottom", " Put class numbers in box_labels.")
            ordered = (rows[:, 0] < rows[:, 2]) & (rows[:, 1] < rows[:, 3])
            if not ordered.all():
                found = rows[~ordered][0].tolist()
                raise SampleError(f"must have left < right and top < bottom, got {found}.", "Sample.boxes")
        if labels is not None and not isinstance(labels, Sequence | np.ndarray):
            refuse("box_labels", "must be a list, one entry a box", f"{labels!r:.60}")
        if labels is not None and len(labels) != len(rows):
            refuse("box_labels", f"must have one entry a box ({len(rows)})", len(labels))
        return None if boxes is None else cls(rows, labels)

    def __len__(self) -> int:
        return len(self.boxes)

    def outlines(self) -> list[Points]:
        return [outlines_of(self.boxes)]

    def at(self, outlines: list[Points]) -> Self:
        return self.changed(boxes=boxes_around(outlines[0]))

    def fine(self) -> Self:
        return self

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        ends = np.isfinite(self.boxes).all(axis=1, keepdims=True)  # others reach beyond a horizon: hidden
        boxes = np.where(ends, self.boxes, 0.0)
        whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        boxes = np.clip(boxes, 0.0, (size[1], size[0], size[1], size[0]))
        left = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        kept = np.flatnonzero((left > 0.0) & (left >= min_visible * whole * (1.0 - ROUNDING)))
        return self.changed(boxes=boxes[kept], box_labels=chosen(self.box_labels, kept)), kept

    def mirrored(self, policy: SamplingOptions) -> Self:
        return self.changed(box_labels=policy.in_mirror(self.box_labels))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(np.concatenate([part.boxes for part in parts]), joined_labels([part.box_labels for part in parts]))

    def tensors(self) -> dict[str, object]:
        return {"boxes": reals(self.boxes)} | numbered("box_labels", self.box_labels)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for place, box in enumerate(self.boxes):
            canvas.box(box, names[place] if names else None)
        for box, name in zip(self.boxes, names, strict=False):
            canvas.tag(box[:2], name)

    def written(self, size: Size, thin: Thin) -> Self:
        return self.changed(boxes=rounded(self.boxes))

    def rows(self) -> list[JsonObject]:
        labels = self.names()
        return [{"label": labels[place], "box": tuple(box)} for place, box in enumerate(self.boxes.tolist())]

    def record(self) -> JsonObject:
        return {}

    @classmethod
    def of_record(cls, record: JsonObject, rows: list[JsonObject] | None) -> Self | None:
        if rows is None:
            return None
        return cls(np.array([row["box"] for row in rows], np.float64).reshape(-1, 4), [row["label"] for row in rows])

    def fields(self) -> dict[str, list[Json]]:
        return {"boxes": self.boxes.tolist(), "box_labels": self.names()}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        """Return the boxes of a row, or those around its polygons; some may have no area."""
        if columns.count is None:
            return None
        values = columns.listed("boxes")
        found: Sequence[Sequence[float]]
        if values is None:
            polygons = Polygons.of_columns(columns)
            rings = [()] * columns.count if polygons is None else polygons.rings()
            found = [around(pieces) or (0.0,) * 4 for pieces in rings]
        else:
            found = [numbers(box, columns.place("boxes", place), 4) for place, box in enumerate(values)]
        return cls(np.array(found, np.float64).reshape(-1, 4), columns.names("box_labels", columns.count))

    def with_area(self) -> Indices:
        """Return the places of the boxes that have an area."""
        return np.flatnonzero((self.boxes[:, :2] < self.boxes[:, 2:]).all(axis=1))
