"""Outlines: the points that stand for edges while they move, how much a frame shows of them, and what is around."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from augkit import compiled
from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Flags, Indices, Points, Reals, Rows
from augkit.core.ops import Spatial, Warp
from augkit.core.spatial import Size
from augkit.core.warp import push, straightness
from augkit.errors import SampleError
from augkit.targets.clipping import (
    area_inside as area_inside,
    length_inside as length_inside,
    lines_inside,
    pieces_inside,
    pieces_within,
    quads_inside,
)
from augkit.targets.rows import ROUNDING

EDGE_POINTS = 16  # of an edge of a box, for what is asked before a plan is done
_STEPS = np.linspace(0.0, 1.0, EDGE_POINTS + 1)[:-1]
OUTLINE = np.concatenate([[[t, 0.0], [1.0, t], [1.0 - t, 1.0], [0.0, 1.0 - t]] for t in _STEPS])  # of the unit square
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])  # of the unit square, clockwise as seen

BENT_PX = 0.1  # of what is warped: so far an edge may lie beside its true place
ROUND_PX = 0.01  # of an ellipse: its chords lie so far within it
LONGEST_EDGE_PX = 4.0  # of what another library bends, who tells nothing of how much
MOST_POINTS = 4_000_000  # of a picture's outlines


def outlines_of(boxes: Rows, outline: Points = OUTLINE) -> Points:
    """Return the points (n, points, 2) along the edges of upright boxes (n, 4)."""
    return boxes[:, None, :2] + outline * (boxes[:, None, 2:] - boxes[:, None, :2])


def ellipses_of(boxes: Rows) -> Points:
    """Return the points (n, points, 2) along the ellipses inscribed in upright boxes (n, 4), within `ROUND_PX`."""
    radius = float(np.max(boxes[:, 2:] - boxes[:, :2], initial=1.0)) / 2.0
    count = 4 * max(8, math.ceil(math.pi * math.sqrt(min(radius, 1e6) / (2.0 * ROUND_PX)) / 4.0))
    turns = np.arange(count) * (2.0 * np.pi / count)
    around = np.round(np.column_stack([np.cos(turns), np.sin(turns)]), 15)  # it touches the box exactly
    return outlines_of(boxes, 0.5 + 0.5 * around)


def boxes_around(outlines: Points) -> Rows:
    """Return the upright boxes (n, 4) around outlines (n, points, 2)."""
    return np.concatenate([outlines.min(axis=1), outlines.max(axis=1)], axis=1)


class Landing(NamedTuple):
    """How targets arrive where their outlines lie.

    Args:
        min_visible: the share of an outline that is left at least of what is not dropped, 0 to 1.
        fine: lines and polygons come with the points that follow a bend, not with their own alone.
    """

    min_visible: float
    fine: bool = False


@dataclass(frozen=True, eq=False)
class Outlines:
    """The outlines of rows of a kind: each row has rings, or open lines, as many as it lies in pieces.

    Args:
        points: (n, 2), of all rings, one after the other.
        ends: (r,) where each ring ends among them; none is empty.
        owners: (r,) the row that each ring belongs to, ascending.
        count: of rows.
        is_closed: they are rings, not lines.
        own: (n,) which of the points are not between others because a map bends what lies there; None for all.
    """

    points: Points
    ends: Indices
    owners: Indices
    count: int
    is_closed: bool = True
    own: Flags | None = None

    @classmethod
    def of(cls, rows: Sequence[Sequence[Points]], is_closed: bool = True) -> Outlines:
        """Return the outlines of rows, each given in its pieces (m, 2)."""
        rings = [(ring, row) for row, pieces in enumerate(rows) for ring in pieces if len(ring)]
        return cls._of([ring for ring, _ in rings], [row for _, row in rings], len(rows), is_closed)

    @classmethod
    def _of(cls, rings: Sequence[Points], owners: Sequence[int], count: int, is_closed: bool) -> Outlines:
        points = np.concatenate(rings) if rings else np.zeros((0, 2))
        ends = np.cumsum([len(ring) for ring in rings], dtype=np.int64)
        return cls(points, ends, np.array(owners, np.int64), count, is_closed)

    @classmethod
    def even(cls, points: Points) -> Outlines:
        """Return the outlines (n, k, 2) of rows that have a ring of `k` points each."""
        count, each = points.shape[:2]
        return cls(points.reshape(-1, 2), np.arange(1, count + 1) * each, np.arange(count), count)

    @cached_attribute
    def starts(self) -> Indices:
        """(r,) where each ring begins among the points."""
        return np.concatenate([[0], self.ends[:-1]]) if len(self.ends) else self.ends

    @cached_attribute
    def quads(self) -> Points | None:
        """The rings as (r, 4, 2) where all of them have four points, else None."""
        return self.points.reshape(-1, 4, 2) if self.is_closed and self._has_fours else None

    @cached_attribute
    def _is_one_each(self) -> bool:
        return len(self.owners) == self.count and bool((self.owners == np.arange(self.count)).all())

    @cached_attribute
    def _has_fours(self) -> bool:
        return len(self.points) == 4 * len(self.ends) and bool((self.ends - self.starts == 4).all())

    def rings(self) -> Iterator[tuple[int, Points]]:
        """Yield the rings, each (m, 2), and the row of each."""
        for owner, start, end in zip(self.owners.tolist(), self.starts.tolist(), self.ends.tolist(), strict=True):
            yield owner, self.points[start:end]

    def rows(self, fine: bool = True) -> list[list[Points]]:
        """Return the rings of every row, with all their points, or with their own alone."""
        found: list[list[Points]] = [[] for _ in range(self.count)]
        for (owner, ring), start, end in zip(self.rings(), self.starts.tolist(), self.ends.tolist(), strict=True):
            found[owner].append(ring if fine or self.own is None else ring[self.own[start:end]])
        return found

    def chosen(self, kept: Indices) -> Outlines:
        """Return those of some rows."""
        if len(kept) == self.count:
            return self
        places = np.full(self.count, -1)
        places[kept] = np.arange(len(kept))
        return replace(self._with_rings(places[self.owners] >= 0, places), count=len(kept))

    def _with_rings(self, flags: Flags, places: Indices | None = None) -> Outlines:
        sizes = self.ends - self.starts
        owners = self.owners[flags] if places is None else places[self.owners[flags]]
        of_points = np.repeat(flags, sizes)
        own = None if self.own is None else self.own[of_points]
        return replace(self, points=self.points[of_points], ends=np.cumsum(sizes[flags]), owners=owners, own=own)

    def at(self, points: Points) -> Outlines:
        """Return them with their points elsewhere."""
        made = object.__new__(Outlines)  # what is known of their ends holds on
        made.__dict__.update(self.__dict__, points=points)
        for name in ("quads", "_measures"):
            made.__dict__.pop(name, None)
        return made

    def moved(self, ops: Sequence[Spatial]) -> Outlines:
        """Return them where the operations bring them, with so many points that no warp leaves them straighter."""
        now = self
        for op in ops:
            now = now._bent(op) if isinstance(op, Warp) else now.at(push((op,), now.points))
        return now

    def _bent(self, warp: Warp) -> Outlines:
        longest = straightness(warp, BENT_PX)
        coarse = self.split(longest)
        moved = coarse.at(push((warp,), coarse.points))
        away = moved._bends(coarse)
        if not len(away) or not away.max() > BENT_PX:
            return moved
        # The rest of an edge that bends so much is as far from its chord as the square of its length.
        pieces = np.clip(np.ceil(np.sqrt(away / BENT_PX)), 1.0, 64.0).astype(np.int64)
        finer = coarse._cut_up(pieces)
        return finer.at(push((warp,), finer.points))

    def _bends(self, before: Outlines) -> Reals:
        """Return how far each edge now lies from its chord, about, where it was straight `before`: see `split`."""
        after, first = self._after, np.zeros(len(self.points), np.int64)
        first[after] = np.arange(len(after))
        with np.errstate(invalid="ignore"):
            turns = self.points[first] - 2.0 * self.points + self.points[after]
            still = before.points[first] - 2.0 * before.points + before.points[after]
            away = np.hypot(*turns.T) / 8.0
            away = np.where(
                (np.hypot(*still.T) < 1e-6 * (1.0 + np.hypot(*before.points.T))) & np.isfinite(away), away, 0.0
            )
        return np.maximum(away, away[after])

    @cached_attribute
    def _after(self) -> Indices:
        """(n,) the point that follows each; after the last of a ring comes its first, and so after that of a line."""
        after = np.arange(1, len(self.points) + 1)
        after[self.ends - 1] = self.starts
        return after

    def split(self, longest: float) -> Outlines:
        """Return them with points between their own, so that no edge is longer than `longest` pixels.

        Raises:
            SampleError: they are longer than any picture's: they would fill the memory.
        """
        with np.errstate(invalid="ignore"):
            lengths = np.hypot(*(self.points[self._after] - self.points).T)
        pieces = np.ceil(np.nan_to_num(lengths, posinf=0.0) / longest - 1e-9)  # a last bit makes no piece more
        return self._cut_up(np.maximum(1, pieces))

    def _cut_up(self, pieces: Reals | Indices) -> Outlines:
        if not self.is_closed and len(pieces):
            pieces = pieces.copy()
            pieces[self.ends - 1] = 1  # no edge leads from a line's end to its start
        total = float(pieces.sum())
        if not total <= MOST_POINTS:
            raise SampleError(
                f"must need at most {MOST_POINTS:,} points where they bend, got {total:,.0f}.", "outlines"
            )
        if total == len(self.points):
            return self
        counts = pieces.astype(np.int64)
        firsts = np.cumsum(counts) - counts
        shares = (np.arange(int(total)) - np.repeat(firsts, counts)) / np.repeat(counts, counts)
        ways = self.points[self._after] - self.points
        points = np.repeat(self.points, counts, axis=0) + shares[:, None] * np.repeat(ways, counts, axis=0)
        own = np.zeros(len(points), bool)
        own[firsts if self.own is None else firsts[self.own]] = True
        ends = np.cumsum(counts)[self.ends - 1] if len(self.ends) else self.ends
        return replace(self, points=points, ends=ends, own=own)

    @cached_attribute
    def _measures(self) -> Reals:
        """(5, r): the least x and y of every ring, the greatest, and its area, or the length of a line.

        They are NaN or infinite beyond a horizon.
        """
        if compiled.library is not None:
            facts = np.empty((5, len(self.ends)))
            compiled.library.measured(np.ascontiguousarray(self.points), self.ends, self.is_closed, facts)
            return facts
        with np.errstate(invalid="ignore", over="ignore"):
            low, high = np.minimum.reduceat(self.points, self.starts), np.maximum.reduceat(self.points, self.starts)
            amounts = self._areas() if self.is_closed else self._lengths()
        return np.vstack([low.T, high.T, amounts])

    def _areas(self) -> Reals:
        # From a point of its own: far from the origin, products lose what is small.
        rings = np.repeat(np.arange(len(self.ends)), self.ends - self.starts)
        x, y = (self.points - self.points[self.starts[rings]]).T
        return np.abs(np.bincount(rings, x * y[self._after] - x[self._after] * y, len(self.ends))) / 2.0

    def _lengths(self) -> Reals:
        rings = np.repeat(np.arange(len(self.ends)), self.ends - self.starts)
        x, y = (self.points[self._after] - self.points).T
        steps = np.sqrt(x * x + y * y)
        steps[self.ends - 1] = 0.0
        return np.asarray(np.bincount(rings, steps, len(self.ends)), np.float64)

    def _spans(self) -> tuple[Rows, Rows]:
        """Return the lowest and the highest x and y of every ring, (r, 2)."""
        return self._measures[:2].T, self._measures[2:4].T

    def boxes(self) -> Rows:
        """Return the upright boxes (count, 4) around all rings of each row; those of no ring are 0."""
        if self._is_one_each:
            return self._measures[:4].T.copy()
        found = np.zeros((self.count, 4))
        if len(self.ends):
            low, high = self._spans()
            firsts = np.flatnonzero(np.concatenate([[True], self.owners[1:] != self.owners[:-1]]))
            ends = np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts)
            found[self.owners[firsts]] = np.concatenate(ends, axis=1)
        return found

    def amounts(self) -> Reals:
        """Return the area of every row (count,), or the length of lines; NaN or infinite beyond a horizon."""
        each = self._measures[4]
        return each if self._is_one_each else np.bincount(self.owners, each, self.count).astype(np.float64)

    def inside(self, size: Size) -> Outlines:
        """Return what a frame of `size` shows of them; rings that reach beyond a horizon go."""
        if not len(self.ends):
            return self
        limits = np.array([size[1], size[0]], np.float64)
        low, high = self._spans()
        with np.errstate(invalid="ignore"):
            fits = _all_of((low >= 0.0) & (high <= limits))
            if fits.all():
                return self
            overlap = (high > 0.0) & (low < limits) if self.is_closed else (high >= 0.0) & (low <= limits)
        meets = _all_of(overlap & np.isfinite(low + high))
        if self.quads is None:
            return self._pieces(size, fits, meets & ~fits)
        kept = self._with_rings(meets)
        quads, low, high = kept.points.reshape(-1, 4, 2), low[meets, None], high[meets, None]
        are_upright = ((quads == low) | (quads == high)).all(axis=(1, 2))
        if are_upright.all():
            return kept.at(np.clip(quads, 0.0, limits).reshape(-1, 2))
        parts = quads_inside(quads, size)
        if parts is None:
            return self._pieces(size, fits, meets & ~fits)
        points, counts = parts
        found = Outlines(points, np.cumsum(counts), kept.owners, self.count)
        return found._with_rings(counts > 2) if (counts < 3).any() else found

    def _pieces(self, size: Size, fits: Flags, cut: Flags) -> Outlines:
        parts, owners = list[Points](), list[int]()
        divide = pieces_inside if self.is_closed else lines_inside
        for (owner, ring), is_whole, is_cut in zip(self.rings(), fits.tolist(), cut.tolist(), strict=True):
            found = [ring] if is_whole else divide(ring, size) if is_cut else []
            parts += found
            owners += [owner] * len(found)
        return self._of(parts, owners, self.count, self.is_closed)

    def within(self, boxes: Rows) -> Outlines:
        """Return them cut by upright boxes (count, 4), one a row."""
        rows: list[list[Points]] = [[] for _ in range(self.count)]
        for owner, ring in self.rings():
            rows[owner] += pieces_within(ring, boxes[owner].tolist())
        return Outlines.of(rows, self.is_closed)

    def shown(self, whole: Outlines, min_visible: float) -> Indices:
        """Return the rows of which these are what is left of `whole`, and at least the share `min_visible` of it."""
        before, left = whole.amounts(), self.amounts()
        held = np.zeros(self.count, bool)
        held[self.owners] = True
        with np.errstate(invalid="ignore"):
            enough = left >= min_visible * before * (1.0 - ROUNDING)
            held &= (left > 0.0) | (before == 0.0 if not self.is_closed else False)
        return np.flatnonzero(held & enough)


def _all_of(flags: Flags) -> Flags:
    """Return which rows (n,) of flags (n, 2) are all true."""
    return flags[:, 0] & flags[:, 1]
