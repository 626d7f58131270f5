"""Targets: the frame of what moves with a picture, whichever kind it is of.

A kind is one class in one file of this package, a frozen value whose fields are the keywords that `Sample` takes for
it. It subclasses `PointTarget` (coordinates) or `PixelTarget` (arrays that lie on the picture, pixel on pixel), and
`target` adds it to the register; everything else, from a pipeline to a Parquet file, asks the register.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import ClassVar, Protocol, Self, TypeVar, dataclass_transform

from augkit.core.arrays import Image, Json, JsonObject, Mask, Points, Reals
from augkit.core.chain import push
from augkit.core.ops import Spatial
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.registers import Register
from augkit.targets.columns import Columns
from augkit.targets.rows import Kept, chosen

Given = Mapping[str, object]  # keywords of a `Sample`, by name; those that are None are left out
Place = tuple[str, str]  # of an array beside a picture: the keyword, and its name where that holds several
# Points (n, 2) without those that say nothing; of a closed ring that has no area, none.
Thin = Callable[[Points, bool], Points]


class Canvas(Protocol):
    """A surface that targets are drawn on, in the picture's own pixels. A name gives a colour; without, it is one."""

    def tint(self, classes: Mask) -> None:
        """Lay a colour over every class of a mask but 0."""

    def line(self, points: Points, name: str | None = None) -> None:
        """Draw a line through points (n, 2)."""

    def box(self, box: Reals, name: str | None = None) -> None:
        """Draw a rectangle: left, top, right, bottom."""

    def dot(self, point: Points) -> None:
        """Draw a point (2,), over all lines."""

    def tag(self, corner: Points, name: str) -> None:
        """Write a name at a point (2,), over all else."""


class Target(ABC):
    """One kind of label of a sample; its fields are keywords of `Sample`.

    Class attributes:
        name: of the kind, in code: the first of its keywords.
        kind: its name in sentences and in what formats hold; empty for what belongs to another kind.
        keywords: the names of its fields.
        shown_by: those of which one is given wherever there is such a target: the first.
        rank: its place among kinds in what is written; further kinds come last.
        is_detail: of boxes: a format that has no place for it leaves it out, where others are refused.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    keywords: ClassVar[tuple[str, ...]]
    shown_by: ClassVar[tuple[str, ...]] = ()
    rank: ClassVar[int] = 100
    is_detail: ClassVar[bool] = False

    @classmethod
    def of(cls, parts: Given) -> Self:
        """Return the target of keywords that were checked."""
        made = object.__new__(cls)  # a third of the time of naming them
        vars(made).update({name: parts.get(name) for name in cls.keywords})
        return made

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
    """Arrays of the picture's size.

    Class attributes:
        is_picture: sampled as the picture is; else by the nearest pixel, and filled with `mask_fill`.
    """

    is_picture: ClassVar[bool]

    @abstractmethod
    def planes(self) -> dict[Place, Image]:
        """Return its arrays (H, W) or (H, W, C)."""

    @abstractmethod
    def with_planes(self, planes: Mapping[Place, Image]) -> Self:
        """Return it with other arrays, which `planes` holds among those of other targets."""


class PointTarget(Target):
    """Coordinates in the picture's frame, in rows: a box, a line, a keypoint is one.

    Class attributes:
        follows: the kind whose rows its own belong to, one each, and are dropped with; or an empty text.
        labelled: the keyword of one label a row, or an empty text.
        is_coloured: labels of it have colours of their own in a preview.
        row_columns, columns: the names under which files hold it: one entry a box, and others.
        row_defaults: what the record of an object says where there is no target of the kind.
    """

    follows: ClassVar[str] = ""
    labelled: ClassVar[str] = ""
    is_coloured: ClassVar[bool] = False
    row_columns: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()
    row_defaults: ClassVar[Mapping[str, Json]] = {}

    # ---- in a picture that moves

    def moved(self, ops: Sequence[Spatial]) -> Self:
        """Return it where the operations bring it, nothing clipped."""
        return self.at([push(ops, outline) for outline in self.outlines()]) if ops else self

    def chosen(self, kept: Kept) -> Self:
        """Return some of its rows."""
        return self.changed(**{name: chosen(value, kept) for name, value in vars(self).items()})

    @property
    def is_labelled(self) -> bool:
        """Whether its rows have labels."""
        return bool(self.labelled) and vars(self)[self.labelled] is not None

    def names(self) -> list[str]:
        """Return its labels as text; none where it has none."""
        return [str(label) for label in vars(self)[self.labelled]] if self.is_labelled else []

    @abstractmethod
    def __len__(self) -> int:
        """Return how many rows it has."""

    @abstractmethod
    def outlines(self) -> list[Points]:
        """Return arrays of points (..., 2) that decide where it lies."""

    @abstractmethod
    def at(self, outlines: list[Points]) -> Self:
        """Return it where its outlines lie now; those that reach beyond a horizon are infinite there."""

    @abstractmethod
    def fine(self) -> Self:
        """Return it with so many points that a warp may bend it, where it has edges that are straight.

        Raises:
            SampleError: its lines are longer than any picture's: they would fill the memory.
        """

    @abstractmethod
    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        """Return what a frame of `size` still shows, in arrays of its own, and which rows those are; None for all.

        Args:
            size: (height, width).
            min_visible: rows of which less than this share is left are dropped, 0 to 1.
        """

    @abstractmethod
    def mirrored(self, policy: SamplingOptions) -> Self:
        """Return it with what changes places in a mirror exchanged, and nothing moved.

        Raises:
            SampleError: what is to be exchanged is not there.
        """

    @classmethod
    @abstractmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of several in one, in order."""

    @abstractmethod
    def tensors(self) -> dict[str, object]:
        """Return what a batch holds of it, by key: arrays (coordinates float32), or lists, also nested, of arrays."""

    # ---- in a data set

    @abstractmethod
    def written(self, size: Size, thin: Thin) -> Self:
        """Return it as it is written: within a frame of `size`, rounded as `rows.rounded` does."""

    @abstractmethod
    def rows(self) -> list[JsonObject]:
        """Return what the record of each object says of it, one object a box; nothing if it is not about objects."""

    @abstractmethod
    def record(self) -> JsonObject:
        """Return what the record of a picture says of it beside its objects."""

    @classmethod
    @abstractmethod
    def of_record(cls, record: JsonObject, rows: list[JsonObject] | None) -> Self | None:
        """Return what a record holds, as `record` and `rows` gave it; None if it says nothing."""

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


T = TypeVar("T", bound=Target)
TARGETS: Register[type[Target]] = Register("kind of target", "augkit.targets")


@dataclass_transform(frozen_default=True, eq_default=False)
def target(cls: type[T]) -> type[T]:
    """Make a kind of its class: a frozen value, added to the register."""
    made = dataclass(frozen=True, eq=False)(cls)
    made.keywords = tuple(field.name for field in fields(made))  # type: ignore[arg-type]
    made.name, made.shown_by = made.keywords[0], made.shown_by or made.keywords[:1]
    TARGETS.add(made.name, made)
    return made


@cache
def kinds() -> tuple[type[Target], ...]:
    """Return all kinds, in the order in which they are written."""
    return tuple(sorted(TARGETS.values(), key=lambda kind: kind.rank))


@cache
def carriers() -> dict[str, type[Target]]:
    """Return the kind of every keyword that shows one."""
    return {keyword: kind for kind in kinds() for keyword in kind.shown_by}


@cache
def owners() -> dict[str, type[Target]]:
    """Return the kind of every keyword."""
    return {keyword: kind for kind in kinds() for keyword in kind.keywords}
