"""Polylines: open lines, such as lanes and cracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Labels, Points
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.columns import Columns, numbers
from augkit.targets.coordinates import lines_of
from augkit.targets.outlines import fine_lines, length_inside
from augkit.targets.rows import ROUNDING, Kept, flat_of, joined_labels, labels_of, numbered, pairs_of, reals, rounded
from augkit.targets.target import Canvas, Given, PointTarget, Thin, target


@target
class Polylines(PointTarget):
    """Open lines, each (m, 2), with their labels; moved by their points, dropped by their length, never cut."""

    kind = "polylines"
    rank = 60
    labelled = "polyline_labels"
    columns = ("polylines", "polyline_labels")

    polylines: Sequence[Points]
    polyline_labels: Labels | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        lines = lines_of(given.get("polylines", ()), "Sample.polylines")
        labels = labels_of(given.get("polyline_labels"), "polyline_labels", len(lines))
        return cls(lines, labels) if "polylines" in given else None

    def __len__(self) -> int:
        return len(self.polylines)

    def outlines(self) -> list[Points]:
        return list(self.polylines)

    def at(self, outlines: list[Points]) -> Self:
        return self.changed(polylines=outlines)

    def fine(self) -> Self:
        return self.at(fine_lines(self.polylines, "polylines"))

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        kept = np.flatnonzero([_is_shown(line, size, min_visible) for line in self.polylines])
        left = self.chosen(kept)
        return left.at([line.copy() for line in left.polylines]), kept

    def mirrored(self, policy: SamplingOptions) -> Self:
        return self.changed(polyline_labels=policy.in_mirror(self.polyline_labels))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        lines = [line for part in parts for line in part.polylines]
        return cls(lines, joined_labels([part.polyline_labels for part in parts]))

    def tensors(self) -> dict[str, object]:
        lines = [reals(line) for line in self.polylines]
        return {"polylines": lines} | numbered("polyline_labels", self.polyline_labels)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for line in self.polylines:
            canvas.line(line)

    def written(self, size: Size, thin: Thin) -> Self:
        return self.at([rounded(thin(line, False)) for line in self.polylines])

    def rows(self) -> list[JsonObject]:
        return []

    def record(self) -> JsonObject:
        both = zip(self.names(), self.polylines, strict=True)
        return {"polylines": [{"label": label, "numbers": flat_of(line)} for label, line in both]}

    @classmethod
    def of_record(cls, record: JsonObject, rows: list[JsonObject] | None) -> Self | None:
        found = record.get("polylines")
        return None if found is None else cls.of_numbers([one["numbers"] for one in found], [o["label"] for o in found])

    @classmethod
    def of_numbers(cls, lines: Sequence[Sequence[float]], labels: list[str]) -> Self:
        """Return lines of numbers x, y, x, y, ... that were checked."""
        return cls([pairs_of(line) for line in lines], labels)

    def fields(self) -> dict[str, list[Json]]:
        return {"polylines": [list(flat_of(line)) for line in self.polylines], "polyline_labels": self.names()}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        values = columns.listed("polylines")
        if values is None:
            return None
        found = [_read(value, columns.place("polylines", place)) for place, value in enumerate(values)]
        return cls.of_numbers(found, columns.names("polyline_labels", len(values)))


def _is_shown(line: Points, size: Size, min_visible: float) -> bool:
    if not np.isfinite(line).all():
        return False
    whole = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if whole == 0.0:  # a point, which has no length to lose
        return bool(((line >= 0.0) & (line <= (size[1], size[0]))).all())
    inside = length_inside(line, size)
    return inside > 0.0 and inside >= min_visible * whole * (1.0 - ROUNDING)


def _read(value: Json, where: str) -> tuple[float, ...]:
    flat = isinstance(value, list) and bool(value) and not isinstance(value[0], list)
    points = [value[place : place + 2] for place in range(0, len(value), 2)] if flat else value
    if not isinstance(points, list) or not points:
        raise FileError(f"must be a list of points, got {value!r:.60}.", where)
    return tuple(number for place, point in enumerate(points) for number in numbers(point, f"{where}[{place}]", 2))
