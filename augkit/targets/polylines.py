"""Polylines: open lines, such as lanes and cracks."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Labels, Points
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.columns import numbers
from augkit.targets.outlines import length_inside
from augkit.targets.rows import ROUNDING, Kept, lines_of, pairs_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import RowTarget, target


@target
class Polylines(RowTarget):
    """Open lines, each (m, 2); moved by their points, dropped by their length, never cut."""

    kind = "polylines"
    rank = 60
    edges = "open"

    polylines: Sequence[Points]
    polyline_labels: Labels | None = None
    polyline_attributes: Sequence[JsonObject] | None = None

    @classmethod
    def valid(cls, values: object) -> Labels:
        return lines_of(values, "Sample.polylines")

    @classmethod
    def read(cls, value: Json, where: str) -> tuple[float, ...]:
        flat = isinstance(value, list) and bool(value) and not isinstance(value[0], list)
        points = [value[place : place + 2] for place in range(0, len(value), 2)] if flat else value
        if not isinstance(points, list) or not points:
            raise FileError(f"must be a list of points, got {value!r:.60}.", where)
        return tuple(number for place, point in enumerate(points) for number in numbers(point, f"{where}[{place}]", 2))

    @classmethod
    def of_numbers(cls, rows: Sequence[Sequence[float]]) -> Labels:
        return [pairs_of(row) for row in rows]

    def outlines(self) -> list[Points]:
        return list(self.polylines)

    def at(self, outlines: list[Points]) -> Self:
        return self.changed(polylines=outlines)

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        kept = np.flatnonzero([_is_shown(line, size, min_visible) for line in self.polylines])
        left = self.chosen(kept)
        return left.at([line.copy() for line in left.polylines]), kept

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for line in self.polylines:
            canvas.line(line)


def _is_shown(line: Points, size: Size, min_visible: float) -> bool:
    if not np.isfinite(line).all():
        return False
    whole = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if whole == 0.0:  # a point, which has no length to lose
        return bool(((line >= 0.0) & (line <= (size[1], size[0]))).all())
    inside = length_inside(line, size)
    return inside > 0.0 and inside >= min_visible * whole * (1.0 - ROUNDING)
