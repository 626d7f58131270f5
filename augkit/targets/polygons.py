"""Polygons: the outlines of objects, each in one piece or several."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, JsonObject, Points
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.clipping import pieces_inside
from augkit.targets.columns import Columns, numbers, shown
from augkit.targets.outlines import Landing, Outlines
from augkit.targets.rows import Kept, Polygon, flat_of, pairs_of, polygons_of, rounded
from augkit.targets.surfaces import Canvas
from augkit.targets.target import Given, PointTarget, Thin, target
from augkit.targets.traced import Traced

Box = tuple[float, float, float, float]
Ring = Sequence[float]  # x0, y0, x1, y1, ... in pixels


@target
class Polygons(PointTarget, Traced):
    """Polygons, one a box where there are boxes: each an array (m, 2), or a list of such where it lies in pieces.

    They go through a map by their points, and are dropped with their boxes. In a sample they keep what lies beyond the
    picture, but for what a step that needs finished pixels has cut off; files get the part within it.
    """

    kind = "polygons"
    rank = 20
    follows = "boxes"
    row_columns = ("polygons",)

    polygons: Sequence[Polygon]

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        return cls(polygons_of(given["polygons"], "Sample.polygons"))

    def outlines(self) -> list[Points]:
        return [ring for polygon in self.polygons for ring in _pieces(polygon)]

    def at(self, outlines: list[Points]) -> Self:
        rings: Iterator[Points] = (ring[np.isfinite(ring).all(axis=1)] for ring in outlines)  # others lie nowhere
        moved = [[next(rings) for _ in each] if isinstance(each, list) else next(rings) for each in self.polygons]
        return self.changed(polygons=moved)

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        return self.at([ring.copy() for ring in self.outlines()]), None

    def traced(self, beside: Mapping[str, Outlines], size: Size, options: SamplingOptions) -> Outlines:
        return Outlines.of([_pieces(polygon) for polygon in self.polygons])

    def landed(self, whole: Outlines, left: Outlines, shown: Outlines, how: Landing) -> tuple[Self, Kept | None]:
        found: list[Polygon] = []
        for before, rings in zip(self.polygons, left.rows(how.fine), strict=True):
            finite = [ring[np.isfinite(ring).all(axis=1)] for ring in rings]  # other points lie nowhere
            is_one = isinstance(before, np.ndarray) and len(finite) < 2
            found.append((finite[0] if finite else np.zeros((0, 2))) if is_one else finite)
        return self.changed(polygons=found), None

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for place, polygon in enumerate(self.polygons):
            for ring in _pieces(polygon):
                canvas.line(np.concatenate([ring, ring[:1]]), names[place] if names else None)

    def written(self, size: Size, thin: Thin) -> Self:
        return self.changed(polygons=[list(_written(_pieces(polygon), size, thin)) for polygon in self.polygons])

    def rings(self) -> list[list[tuple[float, ...]]]:
        """Return the pieces of every polygon as x, y, x, y, ..."""
        return [[flat_of(ring) for ring in _pieces(polygon)] for polygon in self.polygons]

    def record(self) -> JsonObject:
        return {"instances": [{"rings": tuple(rings)} for rings in self.rings()]}

    @classmethod
    def of_record(cls, record: JsonObject) -> Self | None:
        return cls.of_rings([row["rings"] for row in record.get("instances") or ()])

    @classmethod
    def of_rings(cls, outlines: Sequence[Sequence[Ring]]) -> Self | None:
        """Return polygons of rings x, y, x, y, ...; None where there is no ring."""
        return cls([[pairs_of(ring) for ring in rings] for rings in outlines]) if any(outlines) else None

    def fields(self) -> dict[str, list[Json]]:
        return {"polygons": [[list(ring) for ring in rings] for rings in self.rings()]} if self.outlines() else {}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        values = columns.listed("polygons", columns.count) or []
        found = [_nested(value, columns.place("polygons", place)) for place, value in enumerate(values)]
        return cls.of_rings(found)


def _pieces(polygon: Polygon) -> list[Points]:
    return polygon if isinstance(polygon, list) else [polygon]


def _written(rings: Sequence[Points], size: Size, thin: Thin) -> Iterator[Points]:
    """Yield outlines clipped to a frame, without those that lie outside, and without points that say nothing."""
    for ring in rings:
        for inside in pieces_inside(ring, size) if len(ring) else ():
            plain = thin(inside, True)
            if len(plain):
                yield rounded(plain)


def box_of(left: float, top: float, right: float, bottom: float) -> Box | None:
    """Return a box, or None if it has no area."""
    return (left, top, right, bottom) if right > left and bottom > top else None


def around(rings: Sequence[Ring]) -> Box | None:
    """Return the box around rings of x, y, ..., or None if it has no area.

    >>> around([(1.0, 1.0, 4.0, 1.0, 4.0, 3.0)])
    (1.0, 1.0, 4.0, 3.0)
    """
    xs = [x for ring in rings for x in ring[::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    return box_of(min(xs), min(ys), max(xs), max(ys)) if xs else None


def rings_of(value: Json, where: str) -> tuple[tuple[float, ...], ...]:
    """Return the polygons x, y, x, y, ... of an outline; those of fewer than three points enclose nothing and go.

    Raises:
        FileError: it is something else.
    """
    if not isinstance(value, list):
        raise FileError(f"must be a list of polygons x, y, x, y, ..., got {shown(value)}.", where)
    rings = tuple(numbers(ring, f"{where}[{place}]") for place, ring in enumerate(value))
    for place, ring in enumerate(rings):
        if len(ring) % 2:
            raise FileError(f"must be pairs of x and y, got {len(ring)} numbers.", f"{where}[{place}]")
    return tuple(ring for ring in rings if len(ring) >= 6)


def _nested(value: Json, where: str) -> tuple[tuple[float, ...], ...]:
    """Return the rings of one object, whichever way they are nested."""
    if isinstance(value, list) and value:
        if not isinstance(value[0], list):
            value = [value]
        elif _are_points(value):
            value = [[number for point in value for number in point]]
        else:
            value = [[number for point in ring for number in point] if _are_points(ring) else ring for ring in value]
    return rings_of(value, where)


def _are_points(ring: Json) -> bool:
    return isinstance(ring, list) and all(isinstance(point, list) and len(point) == 2 for point in ring)
