"""Polylines: open lines, such as lanes and cracks."""

from collections.abc import Mapping, Sequence
from typing import Self

from augkit.core.arrays import Json, JsonObject, Labels, Points
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.columns import numbers
from augkit.targets.outlines import Landing, Outlines
from augkit.targets.rows import Kept, lines_of, pairs_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import RowTarget, target
from augkit.targets.traced import Traced


@target
class Polylines(RowTarget, Traced):
    """Open lines, each (m, 2); moved by their points, dropped by their length, never cut."""

    kind = "polylines"
    rank = 60

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
        whole = self._outlines()
        return self.landed(whole, whole, whole.inside(size), Landing(min_visible))

    def traced(self, beside: Mapping[str, Outlines], size: Size, options: SamplingOptions) -> Outlines:
        return self._outlines()

    def _outlines(self) -> Outlines:
        return Outlines.of([[line] for line in self.polylines], is_closed=False)

    def landed(self, whole: Outlines, left: Outlines, shown: Outlines, how: Landing) -> tuple[Self, Kept | None]:
        kept, lines = shown.shown(whole, how.min_visible), whole.rows(how.fine)
        found = self.chosen(kept)
        return found.at([lines[place][0].copy() for place in kept.tolist()]), kept

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for line in self.polylines:
            canvas.line(line)
