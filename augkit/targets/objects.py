"""Objects: what a data set knows of each box beside its place, its class and its outline."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Self

from augkit.core.arrays import Json, JsonObject, Points
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.columns import Columns
from augkit.targets.coordinates import listed
from augkit.targets.rows import Kept, refuse
from augkit.targets.run_lengths import checked
from augkit.targets.target import Canvas, Given, PointTarget, Thin, target


@target
class Objects(PointTarget):
    """Masks, crowds and numbers, one each a box: they are dropped with their boxes, and go into no batch.

    A mask is COCO's compressed run lengths over the whole picture, or an empty text. They stay as they are while a
    picture moves: what moves is the layer of the picture's own mask that each is decoded into. A number is the place
    that the object had in its data set.
    """

    name = "objects"
    kind = ""
    rank = 35
    follows = "boxes"
    row_columns = ("box_masks", "crowds")
    row_defaults = MappingProxyType({"rle": "", "is_crowd": False})

    box_masks: Sequence[str]
    crowds: Sequence[bool]
    box_numbers: Sequence[int]

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        lists = {name: listed(value, f"Sample.{name}", "a list, one entry a box") for name, value in given.items()}
        counts = [len(values) for values in lists.values()]
        if len(set(counts)) > 1:
            refuse(next(iter(lists)), f"must have one entry a box ({counts[1]})", counts[0])
        return cls.of(vars(cls.plain(counts[0])) | lists)

    @classmethod
    def plain(cls, count: int) -> Self:
        """Return objects of which nothing more is known."""
        return cls([""] * count, [False] * count, list(range(count)))

    def __len__(self) -> int:
        return len(self.box_masks)

    def outlines(self) -> list[Points]:
        return []

    def at(self, outlines: list[Points]) -> Self:
        return self

    def fine(self) -> Self:
        return self

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        return self, None

    def mirrored(self, policy: SamplingOptions) -> Self:
        return self

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        return cls(*([value for part in parts for value in vars(part)[name]] for name in cls.keywords))

    def tensors(self) -> dict[str, object]:
        return {}

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        pass

    def written(self, size: Size, thin: Thin) -> Self:
        return self

    def rows(self) -> list[JsonObject]:
        both = zip(self.box_masks, self.crowds, strict=True)
        return [{"rle": text, "is_crowd": is_crowd} for text, is_crowd in both]

    def record(self) -> JsonObject:
        return {}

    @classmethod
    def of_record(cls, record: JsonObject, rows: list[JsonObject] | None) -> Self | None:
        return cls.of_facts([row["rle"] for row in rows or ()], [row["is_crowd"] for row in rows or ()])

    @classmethod
    def of_facts(cls, masks: Sequence[str], crowds: Sequence[bool]) -> Self | None:
        """Return objects of run lengths that were checked; None where they say nothing."""
        return cls(masks, crowds, range(len(masks))) if any(masks) or any(crowds) else None

    def fields(self) -> dict[str, list[Json]]:
        return {name: list(vars(self)[name]) for name in self.row_columns if any(vars(self)[name])}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        if columns.count is None:
            return None
        masks, crowds = (columns.listed(name, columns.count) or [None] * columns.count for name in cls.row_columns)
        for place, value in enumerate(masks):
            if value and columns.size is None:
                where = columns.place("box_masks", place)
                raise FileError("must come with the field picture_size, got none.", where)
        texts = [
            checked(value, columns.size, columns.place("box_masks", place)) if value and columns.size else ""
            for place, value in enumerate(masks)
        ]
        return cls.of_facts(texts, list(map(bool, crowds)))
