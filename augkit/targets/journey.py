"""Journeys: labels on their way through a plan, each by its outline, which every map moves and no step lays anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import Flags, Points, Rows
from augkit.core.ops import Spatial
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, chosen, clipped, moved, with_outlines
from augkit.targets.keypoints import Keypoints
from augkit.targets.outlines import CORNERS, LONGEST_EDGE_PX, Landing, Outlines, outlines_of
from augkit.targets.rows import Kept
from augkit.targets.target import PointTarget
from augkit.targets.traced import Traced


class _Path(NamedTuple):
    """An outline as the maps bring it: whole, and without what finished pictures on the way did not show."""

    whole: Outlines
    left: Outlines


@dataclass(frozen=True)
class Journey:
    """What a sample carries in points, between its source and what comes out.

    Outlines are cut where a picture that was shown moves on, by its frame: what it did not show does not come back.
    So nothing is cut before the first map, and at the end once.

    Args:
        targets: as they set out, but for those without outlines, which are where they are now.
        options: of the plan.
        frame: (height, width) of the picture that they lie in now.
        paths: of kinds that have outlines, by name; none before the first map.
        has_moved: whether any map was done.
    """

    targets: Carried
    options: SamplingOptions
    frame: Size
    paths: Mapping[str, _Path]
    has_moved: bool = False

    @classmethod
    def begun(cls, targets: Carried, options: SamplingOptions, size: Size) -> Journey:
        """Return the journey of what lies in a picture of `size`, (height, width)."""
        return cls(targets, options, size, {}) if targets else _EMPTY

    def moved(self, ops: Sequence[Spatial], size: Size) -> Journey:
        """Return it after a map into a frame of `size`."""
        if not self.targets:
            return self
        now = self._under_way()
        done: dict[int, Outlines] = {}  # boxes and their polygons may have one outline
        for outlines in (outlines for path in now.paths.values() for outlines in path):
            if id(outlines) not in done:
                done[id(outlines)] = outlines.moved(ops)
        paths = {name: _Path(*(done[id(outlines)] for outlines in path)) for name, path in now.paths.items()}
        others = {name: target for name, target in now.targets.items() if name not in paths}
        return Journey({**now.targets, **moved(others, ops)}, self.options, size, paths, has_moved=True)

    def _under_way(self) -> Journey:
        """Return it with outlines, cut by the frame of the last map."""
        if not self.has_moved:
            return replace(self, paths=self._traced())
        cut = self._cut()
        paths = {name: _Path(path.whole, cut[name]) for name, path in self.paths.items()}
        others = {name: target for name, target in self.targets.items() if name not in paths}
        return replace(self, paths=paths, targets={**self.targets, **self._clipped(others)})

    def _cut(self) -> dict[str, Outlines]:
        """Return what the frame shows of all outlines."""
        done = {id(path.left): path.left for path in self.paths.values()}
        cut = {key: left.inside(self.frame) for key, left in done.items()}
        return {name: cut[id(path.left)] for name, path in self.paths.items()}

    def _clipped(self, targets: Carried) -> Carried:
        return clipped(targets, self.frame, self.options.min_visible)

    def _traced(self) -> dict[str, _Path]:
        found: dict[str, Outlines] = {}
        for name, target in sorted(self.targets.items(), key=lambda item: not item[1].follows):
            if isinstance(target, Traced):
                found[name] = target.traced(found, self.frame, self.options)
        return {name: _Path(outlines, outlines) for name, outlines in found.items()}

    def landed(self, fine: bool = False, onward: bool = True) -> Journey:
        """Return the journey of what the picture now shows, and where, in arrays of its own.

        Args:
            fine: lines and polygons come with the points that follow a bend, not with their own alone.
            onward: it goes on from here; else it has no paths.
        """
        if not self.targets:
            return self
        if not self.has_moved:
            started = Journey(self._clipped(self.targets), self.options, self.frame, {})
            return replace(started, has_moved=True, paths=started._traced()) if onward else started
        shown, how = self._cut(), Landing(self.options.min_visible, fine)
        landed = dict[str, tuple[PointTarget, Kept | None]]()
        for name, path in self.paths.items():
            target = self.targets[name]
            if isinstance(target, Traced):
                landed[name] = target.landed(path.whole, path.left, shown[name], how)
        others = self._clipped({name: target for name, target in self.targets.items() if name not in landed})
        kept = {name: np.asarray(rows, np.int64) for name, (_, rows) in landed.items() if rows is not None}
        targets, paths = dict[str, PointTarget](), dict[str, _Path]()
        for name, before in self.targets.items():
            target, rows = landed[name][0] if name in landed else others[name], kept.get(name)
            if before.follows in kept:
                rows = kept[before.follows]
                target = target.chosen(rows)
            targets[name] = target
            if onward and name in self.paths:
                whole, left = self.paths[name].whole, shown[name]
                paths[name] = _Path(whole, left) if rows is None else _Path(whole.chosen(rows), left.chosen(rows))
        return Journey(targets, self.options, self.frame, paths, has_moved=True)

    def points(self, bends: bool) -> tuple[Journey, Points]:
        """Return all points (n, 2) that decide where it lies, keypoints aside, for another library to move.

        Args:
            bends: outlines come with points enough for any bend, and the journey with these.
        """
        now = self
        if bends:
            fine = {id(part): part.split(LONGEST_EDGE_PX) for path in self.paths.values() for part in path}
            paths = {name: _Path(*(fine[id(part)] for part in path)) for name, path in self.paths.items()}
            now = replace(self, paths=paths)
        found = [part.points for part in now._parts().values()]
        found += [outline.reshape(-1, 2) for target in now._others().values() for outline in target.outlines()]
        return now, np.concatenate(found or [np.zeros((0, 2))])

    def _parts(self) -> dict[int, Outlines]:
        return {id(part): part for path in self.paths.values() for part in path}

    def _others(self) -> dict[str, PointTarget]:
        return {name: target for name, target in self.targets.items() if name not in (*self.paths, Keypoints.name)}

    def at(self, points: Points, size: Size) -> Journey:
        """Return it with all its `points` elsewhere, in a frame of `size`."""
        start, done = 0, dict[int, Outlines]()
        for key, part in self._parts().items():
            done[key], start = part.at(points[start : start + len(part.points)]), start + len(part.points)
        others = with_outlines(self._others(), points[start:])
        paths = {name: _Path(*(done[id(part)] for part in path)) for name, path in self.paths.items()}
        return replace(self, targets={**self.targets, **others}, frame=size, paths=paths)

    def only(self, names: Sequence[str]) -> Journey:
        """Return the journey of some kinds alone, by name."""
        targets = {name: self.targets[name] for name in names}
        return replace(
            self, targets=targets, paths={name: path for name, path in self.paths.items() if name in targets}
        )

    def replaced(self, target: PointTarget) -> Journey:
        """Return it with another target of a kind that has no outlines."""
        return replace(self, targets={**self.targets, target.name: target})

    def chosen(self, kept: Sequence[int]) -> Journey:
        """Return it with some of its boxes, and of what follows them."""
        rows, paths = np.asarray(kept, np.int64), dict(self.paths)
        for name, path in self.paths.items():
            if Boxes.name in (name, self.targets[name].follows):
                paths[name] = _Path(path.whole.chosen(rows), path.left.chosen(rows))
        return replace(self, targets=chosen(self.targets, kept), paths=paths)

    def set_out_with(self, boxes: Rows, kept: Sequence[int]) -> Journey:
        """Return it, before the first map, with some of its boxes alone, which lie at `boxes` (n, 4)."""
        targets = chosen(self._clipped(self.targets), kept)
        return replace(self, targets={**targets, Boxes.name: targets[Boxes.name].changed(boxes=boxes)})

    def are_upright(self) -> Flags:
        """Return which boxes (n,) have outlines that are upright rectangles still."""
        left = self.paths[Boxes.name].left
        boxes, found = left.boxes(), np.zeros(left.count, bool)
        for owner, ring in left.rings():
            low, high = boxes[owner, :2], boxes[owner, 2:]
            found[owner] = len(ring) == len(CORNERS) and bool(((ring == low) | (ring == high)).all())
        return found

    def with_boxes(self, boxes: Rows, flags: Flags, size: Size) -> Journey:
        """Return it in a frame of `size`, with those of its boxes (n, 4) as whole rectangles that flags (n,) name."""
        corners = list(outlines_of(boxes, CORNERS))
        target, path = self.targets[Boxes.name], self.paths[Boxes.name]
        whole, left = (
            Outlines.of(
                [[ring] if is_new else row for row, ring, is_new in zip(part.rows(), corners, flags, strict=True)]
            )
            for part in path
        )
        targets = {**self.targets, Boxes.name: target.changed(boxes=boxes)}
        return replace(self, targets=targets, frame=size, paths={**self.paths, Boxes.name: _Path(whole, left)})

    def within(self, boxes: Rows) -> Journey:
        """Return it with the outlines of boxes cut by upright boxes (n, 4), one each."""
        path = self.paths[Boxes.name]
        cut = path.left.within(boxes)
        return replace(self, paths={**self.paths, Boxes.name: _Path(path.whole, cut)})


_EMPTY = Journey({}, SamplingOptions(), (1, 1), {})  # of no labels, whose frame does not matter
