"""Outputs as formats write them: a picture's record, a shard, the whole, and where files go."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, Self

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.datasets.data_set import ATTRIBUTES, Kind, Split
from augkit.targets import records
from augkit.targets.carried import Carried
from augkit.targets.records import Instance, instances_of


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of an output, as every format writes it.

    Args:
        name: ``[class/]<stem>-<digits>-c<copy>.<ext>``, safe on every file system.
        split: where it belongs, or None where there are no splits.
        label: its class, or any JSON value.
        size: (height, width) in pixels.
        targets: what it carries, moved with it and clipped to it, by kind.
        has_mask: a mask goes with it.
        attributes: facts of the picture that do not move, by name.
        copy: which copy of its source it is, or None for the source itself, passed through untouched.
    """

    name: str
    split: Split | None
    label: Label
    size: Size
    targets: Carried = field(default_factory=dict)
    has_mask: bool = False
    attributes: JsonObject = field(default_factory=dict)
    copy: int | None = None

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Its objects."""
        return instances_of(self.targets) or ()

    def described(self) -> JsonObject:
        """Return its part of a line of the lineage, without class and split; `of_line` reads it again."""
        facts = records.record(self.targets)
        first: JsonObject = {name: facts.pop(name) for name in ("instances", "keypoints") if name in facts}
        mask: JsonObject = {"has_mask": True} if self.has_mask else {}
        more: JsonObject = {ATTRIBUTES: self.attributes} if self.attributes else {}
        return {"name": self.name, "size": self.size, **first, **mask, **facts, **more}

    @classmethod
    def of_line(cls, entry: Mapping[str, Json]) -> Self:
        """Return the record of an output's line in the lineage."""
        facts = entry["record"]
        height, width = facts["size"]
        targets = records.of_record(facts)
        has_mask, attributes = "has_mask" in facts, facts.get(ATTRIBUTES, {})
        size, copy = (height, width), entry.get("copy")
        return cls(facts["name"], entry["split"], entry["class"], size, targets, has_mask, attributes, copy)


class Sink(Protocol):
    """Destination of a format's files; each is named by its posix path below the output, in the end."""

    def write(self, id: str, data: bytes) -> None:
        """Add a whole file."""

    def open(self, id: str) -> AbstractContextManager[BinaryIO]:
        """Add a file piece by piece, front to back, without seeking."""


@dataclass(frozen=True)
class Part:
    """A shard: what is written together; all its records belong to one split.

    Args:
        index: the shard's number.
        split: of all its records.
        classes: of the whole output, in order.
        kinds: of the labels that the whole output has beside the class.
        about: facts of the whole data set, as `DataSet` has them.
        keypoint_names: likewise.
    """

    index: int
    split: Split | None
    classes: tuple[str, ...]
    kinds: frozenset[Kind] = frozenset()
    about: JsonObject = field(default_factory=dict)
    keypoint_names: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_attribute
    def numbers(self) -> dict[str, int]:
        """The number of each class, from 0."""
        return {label: number for number, label in enumerate(self.classes)}


@dataclass(frozen=True)
class Whole:
    """A finished output, for the files that a format writes about all of it.

    Args:
        splits: those that hold pictures, in the order train, val, test; (None,) where there are none.
        classes: in order.
        keypoint_names, skeletons: as `DataSet` has them.
        records: gives every record again, in order, with its path below the output; may be called more than once.
        kinds: of the labels that it has beside the class.
        about: facts of the whole data set, as `DataSet` has them.
    """

    splits: tuple[Split | None, ...]
    classes: tuple[str, ...]
    keypoint_names: tuple[tuple[str, tuple[str, ...]], ...]
    skeletons: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    records: Callable[[], Iterator[tuple[str, Record]]]
    kinds: frozenset[Kind] = frozenset()
    about: JsonObject = field(default_factory=dict)


Add = Callable[[Record, bytes, bytes | None], None]  # a record, its picture file, its mask as PNG
