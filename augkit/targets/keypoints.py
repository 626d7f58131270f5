"""Keypoints: points that keep their number and their order, and tell which of them are seen."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from augkit.core.arrays import Array, Json, JsonObject, Points
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.columns import Columns, numbers
from augkit.targets.rows import ROUNDING, Kept, refuse, rounded, rows_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import Given, PointTarget, Thin, target


@target
class Keypoints(PointTarget):
    """Keypoints (k, 2), which of them are seen (k,), and how many belong to each object, in order.

    They are never dropped: one that leaves the picture is seen no more. In a data set the last count is that of the
    picture as a whole, those before it are of its boxes, and visibilities may be any number.
    """

    kind = "keypoints"
    rank = 30
    row_columns = ("box_keypoints",)
    columns = ("keypoints",)
    grouped = "keypoint_counts"

    keypoints: Points
    keypoint_visible: Array
    keypoint_counts: Sequence[int] | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        values, visible, counts = (given.get(name) for name in cls.keywords)
        advice = " Put visibility in keypoint_visible."
        points = rows_of(() if values is None else values, 2, "Sample.keypoints", "x, y", advice)
        flags = np.ones(len(points), bool) if visible is None else _flags(visible)
        if visible is not None and values is None:
            refuse("keypoint_visible", "must come with keypoints", "none")
        if flags.shape != (len(points),) or flags.dtype.kind not in "biu":
            refuse("keypoint_visible", f"must be {len(points)} booleans or whole numbers", f"{flags!r:.60}")
        if counts is not None:
            groups = counts if isinstance(counts, list | tuple) else [-1]
            if not all(type(count) is int and count >= 0 for count in groups) or sum(groups) != len(points):
                rule = f"must be a list of whole numbers that add up to the keypoints ({len(points)})"
                refuse("keypoint_counts", rule, f"{counts!r:.60}")
        return None if values is None else cls.of({**given, "keypoints": points, "keypoint_visible": flags})

    def outlines(self) -> list[Points]:
        return [self.keypoints]

    def at(self, outlines: list[Points]) -> Self:
        return self.changed(keypoints=outlines[0])

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        limits = np.array([size[1], size[0]], dtype=np.float64)
        inside = np.all((self.keypoints >= -ROUNDING) & (self.keypoints <= limits + ROUNDING), axis=1)
        points = np.nan_to_num(self.keypoints, posinf=-1.0)  # beyond a horizon: outside, but finite
        return self.changed(keypoints=points).seen(inside), None

    def seen(self, flags: Array) -> Self:
        """Return the keypoints with only those seen that are so far and by flags (k,)."""
        visible = np.where(flags, self.keypoint_visible, np.zeros_like(self.keypoint_visible))
        return self.changed(keypoint_visible=visible)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        """Draw the points that are seen, those of objects with the numbers that pairs know them by."""
        numbers: list[int | None] = [number for count in self.keypoint_counts or () for number in range(count)]
        numbers += [None] * (len(self) - len(numbers))
        for point, number, is_seen in zip(self.keypoints, numbers, self.keypoint_visible.tolist(), strict=True):
            if is_seen:
                canvas.dot(point, number)

    def written(self, size: Size, thin: Thin) -> Self:
        """Return them rounded; those that are not labelled lie at 0, 0, as COCO writes them."""
        points = np.where(self.keypoint_visible[:, None] > 0, self.keypoints, 0.0)
        return self.changed(keypoints=rounded(points), keypoint_visible=rounded(self.keypoint_visible))

    def groups(self) -> list[list[list[float]]]:
        """Return [x, y, visibility] of the keypoints of each object, and at last of the picture's own."""
        triples = np.column_stack([self.keypoints, self.keypoint_visible]).tolist()
        ends = np.cumsum([0, *(self.keypoint_counts or [len(self)])])
        return [triples[start:end] for start, end in pairwise(ends)]

    def of_objects(self, kept: Kept) -> Self | None:
        """Return those of some objects, and the picture's own; None where they are none."""
        groups = self.groups()
        return self.of_groups([*(groups[place] for place in kept), groups[-1]])

    @classmethod
    def of_groups(cls, groups: Sequence[Sequence[Sequence[float]]]) -> Self | None:
        """Return what `groups` gives; None where there is no point."""
        rows = np.array([point for group in groups for point in group], np.float64).reshape(-1, 3)
        return cls(rows[:, :2], rows[:, 2], [len(group) for group in groups]) if len(rows) else None

    def record(self) -> JsonObject:
        *objects, own = ([number for point in group for number in point] for group in self.groups())
        found: JsonObject = {"instances": [{"keypoints": tuple(flat)} for flat in objects]}
        return found | ({"keypoints": tuple(own)} if own else {})

    @classmethod
    def of_record(cls, record: JsonObject) -> Self | None:
        flat = [*(row["keypoints"] for row in record.get("instances") or ()), record.get("keypoints") or ()]
        if not any(flat):
            return None
        return cls.of_groups([[points[place : place + 3] for place in range(0, len(points), 3)] for points in flat])

    def fields(self) -> dict[str, list[Json]]:
        *objects, own = self.groups()
        return {name: found for name, found in (("box_keypoints", objects), ("keypoints", own)) if any(found)}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        count = columns.count or 0
        groups = columns.listed("box_keypoints", count) if columns.count is not None else None
        objects = [_read(group, columns.place("box_keypoints", place)) for place, group in enumerate(groups or ())]
        own = _read(columns.values.get("keypoints"), columns.place("keypoints"))
        return cls.of_groups([*(objects or [[]] * count), own])


def _flags(values: object) -> Array:
    """Return visibilities as an array; an empty list has no dtype of its own."""
    try:
        flags = np.asarray(values)
    except ValueError:  # ragged
        return np.array(None)
    return flags.astype(bool) if flags.size == 0 else flags


def _read(value: Json, where: str) -> list[tuple[float, ...]]:
    """Return points as x, y, visibility; one that comes without is visible."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise FileError(f"must be a list of points, got {value!r:.60}.", where)
    found = []
    for place, point in enumerate(value):
        if not isinstance(point, list) or len(point) not in (2, 3):
            raise FileError(f"must be [x, y] or [x, y, visibility], got {point!r:.60}.", f"{where}[{place}]")
        found.append((*numbers(point, f"{where}[{place}]"), 2.0)[:3])
    return found
