"""Boxes: upright rectangles around objects, and what a data set knows of these beside their outlines."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Image, Indices, Json, JsonObject, Labels, Points, Rows
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets import run_lengths
from augkit.targets.columns import Columns, numbers
from augkit.targets.outlines import CORNERS, MOST_POINTS, Landing, Outlines, boxes_around, ellipses_of, outlines_of
from augkit.targets.polygons import Polygons, around
from augkit.targets.rows import ROUNDING, Kept, facts_of, refuse, rounded, rows_of
from augkit.targets.surfaces import Canvas
from augkit.targets.target import Given, PointTarget, Thin, target
from augkit.targets.traced import Traced


@target
class Boxes(PointTarget, Traced):
    """Boxes (n, 4) of left, top, right, bottom; moved as what is around the rest of their outlines. More is one a box.

    The outline of a box is its polygon or its mask, and without these its corners, or the ellipse that it is around.
    Masks are COCO's run lengths over the whole picture, or an empty text, and move as the picture's own does. A number
    is the place that an object had in its data set. Attributes are facts that do not move; the key ``area`` goes when a
    box moves.
    """

    kind = "boxes"
    rank = 10
    labelled = "box_labels"
    is_coloured = True
    described = "box_attributes"
    texts = ("box_masks",)
    flags = ("crowds",)
    row_columns = ("boxes", "box_labels")

    boxes: Rows
    box_labels: Labels | None = None
    box_masks: Sequence[str] | None = None
    crowds: Sequence[bool] | None = None
    box_numbers: Sequence[int] | None = None
    box_attributes: Sequence[JsonObject] | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        values = given.get("boxes", ())
        boxes = rows_of(values, 4, "Sample.boxes", "left, top, right, bottom", " Put class numbers in box_labels.")
        ordered = (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])
        if not ordered.all():
            found = boxes[~ordered][0].tolist()
            raise SampleError(f"must have left < right and top < bottom, got {found}.", "Sample.boxes")
        for name in [name for name in given if name != "boxes"]:
            entries = given[name]
            if not isinstance(entries, Sequence | np.ndarray):
                refuse(name, "must be a list, one entry a box", f"{entries!r:.60}")
            if len(entries) != len(boxes):
                refuse(name, f"must have one entry a box ({len(boxes)})", len(entries))
            if name == "box_attributes":
                facts_of(entries, name, len(boxes))
        return cls.of({**given, "boxes": boxes}) if "boxes" in given else None

    def outlines(self) -> list[Points]:
        return [outlines_of(self.boxes)]

    def at(self, outlines: list[Points]) -> Self:
        return self._moved(boxes_around(outlines[0]))

    def _moved(self, boxes: Rows) -> Self:
        facts = self.box_attributes
        if facts is not None and any("area" in one for one in facts):
            facts = [{key: value for key, value in one.items() if key != "area"} for one in facts]
        return self.changed(boxes=boxes, box_attributes=facts)

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        ends = np.isfinite(self.boxes).all(axis=1, keepdims=True)  # others reach beyond a horizon: hidden
        boxes = np.where(ends, self.boxes, 0.0)
        whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        boxes = np.clip(boxes, 0.0, (size[1], size[0], size[1], size[0]))
        left = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        kept = np.flatnonzero((left > 0.0) & (left >= min_visible * whole * (1.0 - ROUNDING)))
        return self.changed(boxes=boxes).chosen(kept), kept

    def traced(self, beside: Mapping[str, Outlines], size: Size, options: SamplingOptions) -> Outlines:
        """Return its polygon or mask as the outline of each, or its corners, or the ellipse that it is around."""
        plain = Outlines.even(outlines_of(self.boxes, CORNERS))
        if options.box_rule == "ellipse":
            plain = Outlines.even(ellipses_of(self.boxes))
        known, masks = beside.get(Polygons.name), self.box_masks or ()
        if known is None and not any(masks):
            return plain
        areas = np.zeros(len(self)) if known is None else known.amounts()
        if known is not None and not any(masks) and (areas > 0.0).all():
            return known
        rows, rings = plain.rows(), [[]] * len(self) if known is None else known.rows()
        corners = 0
        for place, text in enumerate(masks or [""] * len(self)):
            if areas[place] > 0.0:
                rows[place] = rings[place]
            elif text:
                rows[place] = run_lengths.rectangles(text, size[0])
                corners += 4 * len(rows[place])
                if corners > MOST_POINTS:
                    what = f"must be outlined by at most {MOST_POINTS:,} points in all, got more"
                    raise SampleError(f"{what}. Shrink the picture, or take out what is ragged.", "box_masks")
        return Outlines.of(rows)

    def landed(self, whole: Outlines, left: Outlines, shown: Outlines, how: Landing) -> tuple[Self, Kept | None]:
        kept = shown.shown(whole, how.min_visible)
        return self._moved(shown.boxes()).chosen(kept), kept

    def with_masks(self, plane: Image) -> tuple[Self, Indices]:
        """Return them with their masks as `run_lengths.numbered` became `plane`, and the rows of which some is left.

        The box of a mask is the one around its pixels.
        """
        masks = self.box_masks or [""] * len(self)
        texts, rows = list[str](), self.boxes.copy()
        is_left = np.ones(len(self), bool)
        for place, (text, box) in enumerate(run_lengths.shown(masks, plane, self.boxes)):
            texts.append(text)
            if text:
                is_left[place], rows[place] = box[2] > box[0], box
        return self.changed(boxes=rows, box_masks=texts), np.flatnonzero(is_left)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for place, box in enumerate(self.boxes):
            canvas.box(box, names[place] if names else None)
        for box, name in zip(self.boxes, names, strict=False):
            canvas.tag(box[:2], name)

    def written(self, size: Size, thin: Thin) -> Self:
        return self.changed(boxes=rounded(self.boxes))

    def record(self) -> JsonObject:
        masks, crowds = self.box_masks or [""] * len(self), self.crowds or [False] * len(self)
        names = ("label", "box", "rle", "is_crowd")
        rows = zip(self.names(), map(tuple, self.boxes.tolist()), masks, crowds, strict=True)
        found: list[JsonObject] = [dict(zip(names, row, strict=True)) for row in rows]
        for row, facts in zip(found, self.box_attributes or (), strict=False):
            row["attributes"] = facts
        return {"instances": found}

    @classmethod
    def of_record(cls, record: JsonObject) -> Self | None:
        rows = record.get("instances")
        if rows is None:
            return None
        box, labels, masks, crowds = ([row[name] for row in rows] for name in ("box", "label", "rle", "is_crowd"))
        return cls._known(box, labels, masks, crowds, [row.get("attributes") or {} for row in rows])

    @classmethod
    def _known(
        cls,
        boxes: Sequence[Sequence[float]],
        labels: list[str],
        masks: list[str],
        crowds: list[bool],
        facts: list[JsonObject],
    ) -> Self:
        """Return boxes of what was checked."""
        rows = np.array(boxes, np.float64).reshape(-1, 4)
        known = facts if any(facts) else None
        return cls(rows, labels, masks if any(masks) else None, crowds if any(crowds) else None, box_attributes=known)

    def fields(self) -> dict[str, list[Json]]:
        found = {"boxes": self.boxes.tolist(), "box_labels": self.names()}
        more = (("box_masks", self.box_masks), ("crowds", self.crowds), ("box_attributes", self.box_attributes))
        return found | {name: list(entries) for name, entries in more if entries is not None and any(entries)}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        """Return the boxes of a row, or those around its polygons; some may have no area."""
        count = columns.count
        if count is None:
            return None
        values, found = columns.listed("boxes"), list[Sequence[float]]()
        if values is None:
            polygons = Polygons.of_columns(columns)
            rings = [()] * count if polygons is None else polygons.rings()
            found += [around(pieces) or (0.0,) * 4 for pieces in rings]
        else:
            found += [numbers(box, columns.place("boxes", place), 4) for place, box in enumerate(values)]
        labels = columns.names("box_labels", count)
        masks, crowds = (columns.listed(name, count) or [""] * count for name in ("box_masks", "crowds"))
        texts = [_mask(value, columns, place) if value else "" for place, value in enumerate(masks)]
        facts = columns.facts("box_attributes", count)
        return cls._known(found, labels, texts, list(map(bool, crowds)), facts or [])

    def with_area(self) -> Indices:
        """Return the places of the boxes that have an area."""
        return np.flatnonzero((self.boxes[:, :2] < self.boxes[:, 2:]).all(axis=1))


def _mask(value: Json, columns: Columns, place: int) -> str:
    where = columns.place("box_masks", place)
    if columns.size is None:
        raise FileError("must come with the field picture_size, got none.", where)
    return run_lengths.checked(value, columns.size, where)
