"""Targets: the frame of what moves with a picture, whichever kind it is of.

A kind is one class in one file of this package, a frozen value whose fields are the keywords that `Sample` takes for
it. It subclasses `PointTarget` (coordinates) or `PixelTarget` (arrays that lie on the picture, pixel on pixel), and
`target` adds it to the register; everything else, from a pipeline to a Parquet file, asks the register.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import ClassVar, Self, TypeVar, dataclass_transform

import numpy as np

from augkit.core.arrays import Image, Json, JsonObject, Labels, Points
from augkit.core.ops import Spatial
from augkit.core.sampling import Pairs, SamplingOptions
from augkit.core.spatial import Size
from augkit.core.warp import push
from augkit.errors import ArgumentError
from augkit.registers import Register
from augkit.targets.columns import Columns
from augkit.targets.rows import (
    Kept,
    batched,
    chosen,
    exchanged,
    facts_of,
    flat_of,
    joined,
    labels_of,
    numbered,
    rounded,
)
from augkit.targets.surfaces import Canvas

Given = Mapping[str, object]  # keywords of a `Sample`, by name; those that are None are left out
Place = tuple[str, str]  # of an array beside a picture: the keyword, and its name where that holds several
# Points (n, 2) without those that say nothing; of a closed ring that has no area, none.
Thin = Callable[[Points, bool], Points]


class Target(ABC):
    """One kind of label of a sample; its fields are keywords of `Sample`.

    Class attributes:
        name: of the kind, in code: the first of its keywords.
        kind: its name in sentences and in what formats hold; empty for what belongs to another kind.
        keywords: the names of its fields.
        shown_by: those of which one is given wherever there is such a target: the first.
        follows: the kind whose rows its own belong to, one each, and are dropped with; or an empty text.
        rank: its place among kinds in what is written; further kinds come last.
    """

    name: ClassVar[str]
    kind: ClassVar[str] = ""
    keywords: ClassVar[tuple[str, ...]]
    shown_by: ClassVar[tuple[str, ...]] = ()
    follows: ClassVar[str] = ""
    rank: ClassVar[int] = 100

    @classmethod
    def of(cls, parts: Given) -> Self:
        """Return the target of keywords that were checked."""
        made = object.__new__(cls)  # a third of the time of naming them
        vars(made).update({name: parts.get(name) for name in cls.keywords})
        return made

    @property
    def values(self) -> Labels:
        """Its first field, which holds its rows where it has any."""
        first: Labels = vars(self)[self.keywords[0]]
        return first

    def __len__(self) -> int:
        return len(self.values)

    def changed(self, **parts: object) -> Self:
        """Return it with other parts, unchecked."""
        made = object.__new__(type(self))
        vars(made).update(vars(self), **parts)
        return made

    @classmethod
    @abstractmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        """Return the target that keywords of a sample say, or None if they say nothing after all.

        Args:
            given: those of its keywords that are not None, one at least.
            size: (height, width) of the picture.

        Raises:
            SampleError: one has the wrong shape, dtype or range; the sentence names it.
        """

    @abstractmethod
    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        """Draw it.

        Args:
            canvas: to draw on.
            names: of its rows, or of those of the kind that it follows; none where they have no labels.
        """


class PixelTarget(Target):
    """Arrays of the picture's size, each field one, or several by name.

    Class attributes:
        is_picture: sampled as the picture is; else by the nearest pixel, and filled with `mask_fill`.
    """

    is_picture: ClassVar[bool]

    def planes(self) -> dict[Place, Image]:
        """Return its arrays (H, W) or (H, W, C)."""
        found: dict[Place, Image] = {}
        for keyword, value in vars(self).items():
            named = value if isinstance(value, Mapping) else {} if value is None else {"": value}
            found |= {(keyword, name): array for name, array in named.items()}
        return found

    def with_planes(self, planes: Mapping[Place, Image]) -> Self:
        """Return it with other arrays, which `planes` holds among those of other targets."""
        return self.changed(
            **{
                keyword: {name: planes[keyword, name] for name in value}
                if isinstance(value, Mapping)
                else planes.get((keyword, ""))
                for keyword, value in vars(self).items()
            }
        )


class PointTarget(Target):
    """Coordinates in the picture's frame, in rows: a box, a line, a keypoint is one. Its first field holds them.

    Class attributes:
        labelled: the keyword of one label a row, or an empty text.
        grouped: the keyword of how many rows belong to each object, which keypoint pairs change places in; likewise.
        is_coloured: labels of it have colours of their own in a preview.
        described: the keyword of facts that do not move, a JSON object a row; or an empty text.
        texts: keywords of what no mosaic holds.
        flags: the keywords of one bool a row, or None where all are False.
        row_columns, columns: the names under which files hold it: one entry a box, and others.
    """

    labelled: ClassVar[str] = ""
    grouped: ClassVar[str] = ""
    is_coloured: ClassVar[bool] = False
    described: ClassVar[str] = ""
    texts: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ()
    row_columns: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def outlines(self) -> list[Points]:
        """Return arrays of points (..., 2) that decide where it lies."""

    @abstractmethod
    def at(self, outlines: list[Points]) -> Self:
        """Return it where its outlines lie now; those that reach beyond a horizon are infinite there."""

    @abstractmethod
    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        """Return what a frame of `size` still shows, in arrays of its own, and which rows those are; None for all.

        Args:
            size: (height, width).
            min_visible: rows of which less than this share is left are dropped, 0 to 1.
        """

    @abstractmethod
    def written(self, size: Size, thin: Thin) -> Self:
        """Return it as it is written: within a frame of `size`, rounded as `rows.rounded` does."""

    @abstractmethod
    def record(self) -> JsonObject:
        """Return what a picture's record says of it: of each object in ``instances``, or in an entry of its own."""

    @classmethod
    @abstractmethod
    def of_record(cls, record: JsonObject) -> Self | None:
        """Return what a record says of it; None if it says nothing."""

    @abstractmethod
    def fields(self) -> dict[str, list[Json]]:
        """Return its columns, without those that say nothing."""

    @classmethod
    @abstractmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        """Return what a row of a file says, or None if it says nothing.

        Raises:
            FileError: a column is malformed.
        """

    def moved(self, ops: Sequence[Spatial]) -> Self:
        """Return it where the operations bring it, nothing clipped."""
        return self.at([push(ops, outline) for outline in self.outlines()]) if ops else self

    def chosen(self, kept: Kept) -> Self:
        """Return some of its rows."""
        return self.changed(**{name: chosen(value, kept) for name, value in vars(self).items()})

    def mirrored(self, options: SamplingOptions) -> Self:
        """Return it with what changes places in a mirror exchanged, and nothing moved.

        Raises:
            SampleError: a point that is to be exchanged is not there.
        """
        if self.grouped and options.keypoint_pairs:
            return self.changed(**self._exchanged(options.keypoint_pairs))
        if self.labelled and options.mirrored_labels:
            return self.changed(**{self.labelled: options.in_mirror(vars(self)[self.labelled])})
        return self

    def _exchanged(self, pairs: Pairs[int]) -> dict[str, object]:
        """Return its parts with those rows of each group exchanged that pairs name."""
        counts = [len(self)] if vars(self)[self.grouped] is None else vars(self)[self.grouped]
        order = exchanged(pairs, counts, f"Sample.{self.grouped}")
        return {name: chosen(value, order) for name, value in vars(self).items() if name != self.grouped}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of several in one, in order."""
        made: dict[str, object] = {}
        for name in [name for name in cls.keywords if name not in cls.texts]:  # those are of one picture
            values = [vars(part)[name] for part in parts]
            if name == cls.grouped:
                values = [[len(part)] if value is None else value for part, value in zip(parts, values, strict=True)]
            if name in (cls.described, *cls.flags) and any(value is not None for value in values):
                values = [vars(part)[name] or [False if name in cls.flags else {}] * len(part) for part in parts]
            made[name] = joined(values)
        return cls.of(made)

    def tensors(self) -> dict[str, object]:
        """Return what a batch holds of it, by key: arrays (coordinates float32), or lists of arrays or labels."""
        found = {name: value for name, value in vars(self).items() if value is not None}
        whole = (self.labelled, self.grouped)
        return {
            name: numbered(value) if name in whole else np.array(value) if name in self.flags else batched(value)
            for name, value in found.items()
        }

    @property
    def is_labelled(self) -> bool:
        """Whether its rows have labels."""
        return bool(self.labelled) and vars(self)[self.labelled] is not None

    @property
    def facts(self) -> Sequence[JsonObject] | None:
        """Facts of its rows that do not move, or None."""
        return vars(self).get(self.described)

    def names(self) -> list[str]:
        """Return its labels as text; none where it has none."""
        return [str(label) for label in vars(self)[self.labelled]] if self.is_labelled else []


class RowTarget(PointTarget):
    """Labelled rows of numbers that stand for themselves: rotated boxes, lines.

    Its fields are the rows, their labels, and perhaps facts that do not move, a JSON object a row.
    """

    @classmethod
    @abstractmethod
    def valid(cls, values: object) -> Labels:
        """Return rows that a user gave.

        Raises:
            SampleError: they are something else; the sentence begins with the keyword.
        """

    @classmethod
    @abstractmethod
    def read(cls, value: Json, where: str) -> tuple[float, ...]:
        """Return the numbers of a row that a file holds.

        Raises:
            FileError: it is something else.
        """

    @classmethod
    @abstractmethod
    def of_numbers(cls, rows: Sequence[Sequence[float]]) -> Labels:
        """Return rows of numbers that were checked, as the first field holds them."""

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        values = cls.valid(given.get(cls.name, ()))
        labels = labels_of(given.get(cls.labelled), cls.labelled, len(values))
        facts = given.get(cls.described)
        known = {} if facts is None else {cls.described: facts_of(facts, cls.described, len(values))}
        return cls.of({cls.name: values, cls.labelled: labels, **known}) if cls.name in given else None

    def written(self, size: Size, thin: Thin) -> Self:
        rows = self.values
        made = rounded(rows) if isinstance(rows, np.ndarray) else [rounded(thin(row, False)) for row in rows]
        return self.changed(**{self.name: made})

    def record(self) -> JsonObject:
        both = zip(self.names(), self.values, strict=True)
        found: list[JsonObject] = [{"label": label, "numbers": flat_of(row)} for label, row in both]
        for row, facts in zip(found, self.facts or (), strict=False):
            row["attributes"] = facts
        return {self.name: found}

    @classmethod
    def of_record(cls, record: JsonObject) -> Self | None:
        found = record.get(cls.name)
        if found is None:
            return None
        facts = [one.get("attributes") or {} for one in found]
        return cls._of([one["numbers"] for one in found], [one["label"] for one in found], facts)

    @classmethod
    def _of(cls, rows: Sequence[Sequence[float]], labels: list[str], facts: list[JsonObject]) -> Self:
        known: dict[str, object] = {cls.described: facts} if any(facts) else {}
        return cls.of({cls.name: cls.of_numbers(rows), cls.labelled: labels, **known})

    def fields(self) -> dict[str, list[Json]]:
        known = {} if self.facts is None else {self.described: list(self.facts)}
        return {self.name: [list(flat_of(row)) for row in self.values], self.labelled: self.names(), **known}

    @classmethod
    def of_columns(cls, columns: Columns) -> Self | None:
        values = columns.listed(cls.name)
        if values is None:
            return None
        rows = [cls.read(value, columns.place(cls.name, place)) for place, value in enumerate(values)]
        facts = columns.facts(cls.described, len(values)) if cls.described else None
        return cls._of(rows, columns.names(cls.labelled, len(values)), facts or [])


T = TypeVar("T", bound=Target)
V = TypeVar("V")
TARGETS: Register[type[Target]] = Register("kind of target", "augkit.targets")
_OF_SAMPLE = dict.fromkeys(("image", "label", "id", "alpha", "targets", "changed", "self", "more"), "Sample itself")
_FORGET: list[Callable[[], None]] = []  # what `of_kinds` keeps


@dataclass_transform(frozen_default=True, eq_default=False)
def target(cls: type[T]) -> type[T]:
    """Make a kind of its class: a frozen value, added to the register.

    Raises:
        ArgumentError: one of its keywords is that of another kind, or what every sample has.
    """
    made = dataclass(frozen=True, eq=False)(cls)
    made.keywords = tuple(field.name for field in fields(made))  # type: ignore[arg-type]
    made.name, made.shown_by = made.keywords[0], made.shown_by or made.keywords[:1]
    if issubclass(made, RowTarget):
        made.columns = made.keywords
        made.labelled, made.described = made.keywords[1], "".join(made.keywords[2:3])
    _require_new_keywords(made)
    TARGETS.add(made.name, made)
    for forget in _FORGET:
        forget()
    return made


def _require_new_keywords(kind: type[Target]) -> None:
    """Refuse a kind with a keyword that means something else already."""
    if not kind.__module__.startswith("augkit."):
        TARGETS.load()
    others = [other for other in TARGETS.added() if other.name != kind.name]  # of that name, the register tells
    taken = {keyword: other.__name__ for other in others for keyword in other.keywords} | _OF_SAMPLE
    for keyword in sorted(taken.keys() & kind.keywords):
        raise ArgumentError(f"must be a new name, got that of {taken[keyword]}.", f"{kind.__name__}.{keyword}")


def of_kinds(function: Callable[[], V]) -> Callable[[], V]:
    """Keep what a function makes of all kinds, until another one is added."""
    made = cache(function)
    _FORGET.append(made.cache_clear)
    return made


@of_kinds
def kinds() -> tuple[type[Target], ...]:
    """Return all kinds, in the order in which they are written."""
    return tuple(sorted(TARGETS.values(), key=lambda kind: kind.rank))


@of_kinds
def carriers() -> dict[str, type[Target]]:
    """Return the kind of every keyword that shows one."""
    return {keyword: kind for kind in kinds() for keyword in kind.shown_by}


@of_kinds
def owners() -> dict[str, type[Target]]:
    """Return the kind of every keyword."""
    return {keyword: kind for kind in kinds() for keyword in kind.keywords}
