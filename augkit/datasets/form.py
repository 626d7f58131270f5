"""What a form of data set is: how it is known and read (`Reader`), and written (`Writer`). One file a form.

A form that is written gets the same records whatever it is: pictures with their labels, encoded already. It decides
where each lies and what else is written beside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, Protocol

from augkit.core.spatial import Size
from augkit.datasets.data_set import DataSet, Instance, Kind, Shape, Split
from augkit.storage.root import Root

__all__ = ["Add", "Part", "Reader", "Record", "Sink", "Whole", "Writer"]


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of an output, as every form writes it.

    Args:
        name: ``[class/]<stem>-<digits>-c<copy>.<ext>``, safe on every file system.
        split: where it belongs, or None where there are no splits.
        label: its class, or any JSON value.
        size: (height, width) in pixels.
        instances: its objects, moved with it and clipped to it; None where none were looked for.
        keypoints: of the picture as a whole: x, y, visibility, ...
        has_mask: a mask goes with it.
        rotated_boxes, polylines: as `Annotations` has them, moved with it.
    """

    name: str
    split: Split | None
    label: Any
    size: Size
    instances: tuple[Instance, ...] | None = None
    keypoints: tuple[float, ...] = ()
    has_mask: bool = False
    rotated_boxes: tuple[Shape, ...] | None = None
    polylines: tuple[Shape, ...] | None = None


class Sink(Protocol):
    """Where a form's files go; a file is named by its posix path below the output and gets its name at the end."""

    def write(self, id: str, data: bytes) -> None:
        """Add a whole file."""

    def open(self, id: str) -> AbstractContextManager[BinaryIO]:
        """Add a file piece by piece, front to back, without seeking."""


@dataclass(frozen=True)
class Part:
    """What is written together: all records of a shard belong to one split.

    Args:
        index: the shard's number.
        split: of all its records.
        classes: of the whole output, in order; a class's number is its place here.
    """

    index: int
    split: Split | None
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """A finished output, for the files that a form writes about all of it.

    Args:
        splits: those that hold pictures, in the order train, val, test; (None,) where there are none.
        classes: in order.
        keypoint_names, skeletons: as `DataSet` has them.
        records: give every record again, in order, with its path below the output; may be called more than once.
    """

    splits: tuple[Split | None, ...]
    classes: tuple[str, ...]
    keypoint_names: tuple[tuple[str, tuple[str, ...]], ...]
    skeletons: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    records: Callable[[], Iterator[tuple[str, Record]]]


Add = Callable[[Record, bytes, bytes | None], None]  # a record, its picture file, its mask as PNG


class Reader(ABC):
    """How a form of data set is known and read."""

    name: ClassVar[str]

    @abstractmethod
    def recognises(self, root: Root) -> bool:
        """Say, from names alone, whether what lies at `root` is of this form."""

    @abstractmethod
    def read(self, root: Root) -> DataSet:
        """List the pictures that lie at `root`, and what is known of each; no picture is opened.

        Raises:
            FileError: something is missing, unreadable or malformed; the sentence names the file, and the line if any.
        """


class Writer(ABC):
    """How a form of data set is written.

    Class attributes:
        name: as ``--format`` takes it.
        holds: what it has a place for beside the class.
        is_packed: many pictures lie in one file.
        packages: those that decide the bytes of what it writes, beside augkit.
    """

    name: ClassVar[str]
    holds: ClassVar[frozenset[Kind]] = frozenset()
    is_packed: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def place(self, part: Part, record_name: str) -> str:
        """Return the path below the output where a picture will lie; in a packed form, where within which file."""

    @abstractmethod
    def writing(self, sink: Sink, part: Part) -> AbstractContextManager[Add]:
        """Give a function that writes one record after the other; all is in `sink` when the block ends well.

        Raises:
            MissingExtra: the form needs a package that is not installed.
        """

    @abstractmethod
    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        """Return the picture at `id` of a finished output, given what reads the output's files.

        Raises:
            FileError: it is not there.
        """

    @abstractmethod
    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        """Yield the files about all of a finished output: the path below it, and the content in pieces."""
