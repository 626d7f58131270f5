"""Formats of data sets: descriptions, recognition and reading (`Reader`), writing (`Writer`), and all that are known.

A format is one file in `augkit.datasets.formats`, or a module of another package that the entry point group
``augkit.formats`` names. It subclasses `Reader`, `Writer` or both, and adds itself to `FORMATS`.
"""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from io import BytesIO
from typing import BinaryIO, ClassVar

from augkit.datasets.data_set import ATTRIBUTES, KINDS, DataSet, Kind, Source, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import is_picture
from augkit.datasets.places import Linked, Place
from augkit.datasets.writing import Add, Part, Record, Sink, Whole
from augkit.errors import ArgumentError, FileError, closest, listed
from augkit.registers import Register
from augkit.storage.archives import SUFFIXES
from augkit.storage.root import Archive, Folder, Root
from augkit.storage.trust import Trust, require_within


class Format(ABC):
    """A format of data set; subclass `Reader`, `Writer` or both.

    Class attributes:
        name: as ``--format`` takes it.
        summary: a few words for help and tables: what lies there.
        rank: the lowest of those that recognise a place reads it; augkit's own have 10 to 50, and class folders, which
            any folder may be, 1000.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    rank: ClassVar[int] = 100


class Reader(Format):
    """A format that is recognised and read.

    Class attributes:
        suffixes: of the files that are a data set by themselves, lower case with the dot.
        reads: the kinds of labels that it finds beside the class.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[frozenset[Kind]] = frozenset()

    @abstractmethod
    def recognises(self, inventory: Inventory) -> bool:
        """Return whether a data set is of this format, by its names and the beginnings of files, at little cost.

        Raises:
            FileError: a file cannot be read.
        """

    @abstractmethod
    def read(self, inventory: Inventory) -> DataSet:
        """List the pictures of a data set, and what is known of each; no picture is decoded.

        What is wrong with one picture's labels is that `Source`'s fault. Files that were read are noted as used, and
        what looks like an annotation and has no meaning here as unread.

        Raises:
            FileError: something is missing, unreadable or malformed; the sentence names the file, and the line if any.
        """


class Writer(Format):
    """A format that is written. It gets the same records as every other: pictures, encoded already, and their labels.

    Class attributes:
        holds: the kinds of labels that it has a place for beside the class.
        is_packed: many pictures lie in one file.
        packages: those that decide the bytes of what it writes, beside augkit.
        holds_labels: it has a place for the label of a picture, whatever JSON that is, beside all it holds.
        names_masks: it holds the names and colours of the masks' classes, beside their numbers.
        follows: it is written unasked where the sources are of it.
        unheld: a pattern that finds what names of classes may not have in them.
    """

    holds_labels: ClassVar[bool] = False
    unheld: ClassVar[re.Pattern[str] | None] = None
    names_masks: ClassVar[bool] = False
    follows: ClassVar[bool] = True
    holds: ClassVar[frozenset[Kind]] = frozenset()
    is_packed: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()

    @property
    def is_for_objects(self) -> bool:
        """True where pictures without objects have no place in it."""
        return bool(self.holds) and not self.holds_labels

    @abstractmethod
    def place(self, part: Part, record_name: str) -> str:
        """Return the path below the output where a picture will lie; in a packed format, where within which file."""

    @abstractmethod
    def writing(self, sink: Sink, part: Part) -> AbstractContextManager[Add]:
        """Give a function that writes one record after the other; all is in `sink` when the block ends well.

        Raises:
            MissingExtra: the format needs a package that is not installed.
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


class Preparing(ABC):
    """Part of a writer that has to see the whole data set before it writes."""

    @abstractmethod
    def prepared(self, data: DataSet, splits: Collection[Split | None]) -> DataSet:
        """Return a data set that was read as it is written: with what records need in `about`, and further notes.

        Args:
            data: of kinds that the format holds.
            splits: that its pictures will be in.

        Raises:
            ArgumentError: it has what the format cannot hold; the sentence says what to do.
        """


class FileWriter(Writer):
    """A format with a file a picture, and perhaps files beside it."""

    def place(self, part: Part, record_name: str) -> str:
        return self.folder(part.split) + record_name

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        def add(record: Record, data: bytes, mask: bytes | None) -> None:
            sink.write(self.place(part, record.name), data)
            for path, content in self.beside(part, record, mask):
                sink.write(path, content)

        yield add

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        return read(id)

    @abstractmethod
    def folder(self, split: Split | None) -> str:
        """Return where a split's pictures lie below the output: nothing, or a path that ends with a slash."""

    @abstractmethod
    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        """Yield the files that go with one picture, whose mask is PNG: the path below the output, and the content."""


class Packed(Reader, Writer):
    """A format with many pictures in a file, recognised by the files' suffix; a shard is one file.

    Class attributes:
        refused: suffixes of files that are recognised too, for a sentence to say what to do with them.
        folders: the names of folders that are looked into.
    """

    reads = holds = frozenset((*KINDS, ATTRIBUTES))
    is_packed = holds_labels = True
    refused: ClassVar[tuple[str, ...]] = ()
    folders: ClassVar[Collection[str]] = ()

    def recognises(self, inventory: Inventory) -> bool:
        suffixes = (*self.suffixes, *self.refused)
        if inventory.file is not None:
            return inventory.file.lower().endswith(suffixes)
        names = inventory.names()
        for folder in [name for name in names if name.lower() in self.folders]:
            names += inventory.names(folder)
        return any(name.lower().endswith(suffixes) for name in names) and not any(map(is_picture, names))

    def packs(self, inventory: Inventory) -> list[str]:
        """Return the packs, refused ones too: all of them, or the one that is meant."""
        if inventory.file is not None:
            return [inventory.file]
        found = [path for path in sorted(inventory.sizes) if path.lower().endswith((*self.suffixes, *self.refused))]
        inventory.use(*found)
        return found

    def place(self, part: Part, record_name: str) -> str:
        return f"{self.file(part)}/{self.member(record_name)}"

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        suffix = self.suffixes[0]
        name, _, member = id.partition(f"{suffix}/")
        with BytesIO(read(name + suffix)) as file:
            found = self.found(file, member)
        if found is None:
            raise FileError(f"must be in {name}{suffix}, got none of that name.", id)
        return found

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()

    @abstractmethod
    def file(self, part: Part) -> str:
        """Return the path of a shard's file below the output."""

    @abstractmethod
    def member(self, record_name: str) -> str:
        """Return the name that a picture has within its file."""

    @abstractmethod
    def found(self, file: BinaryIO, member: str) -> bytes | None:
        """Return a picture of a file that was written, or None if it is not there."""


ANY_FOLDER = 1000  # the rank of class folders, which any folder may be
FORMATS: Register[Format] = Register("format", "augkit.datasets.formats", "augkit.formats")


def readers() -> list[Reader]:
    """Return the formats that are read, by rank: the first that recognises a place reads it."""
    found = (format for format in FORMATS.values() if isinstance(format, Reader))
    return sorted(found, key=lambda reader: (reader.rank, reader.name))


def writers() -> dict[str, Writer]:
    """Return the formats that are written, by name: those of pictures alone first, those for objects alone last."""
    found = [format for format in FORMATS.values() if isinstance(format, Writer)]
    found.sort(key=lambda one: (one.is_for_objects, bool(one.holds), not one.is_packed, one.rank, one.name))
    return {writer.name: writer for writer in found}


def read(
    where: str | os.PathLike[str],
    *,
    ignore: str | Sequence[str] = (),
    columns: str | Iterable[str] = (),
    pictures_only: bool = False,
    out: str | None = None,
    allow_urls: bool = False,
    allow_links: bool = False,
) -> DataSet:
    """Read the data set that lies somewhere, in whichever format it is; no picture is decoded.

    Whatever there looks like an annotation and is not read is an error.

    Args:
        where: a folder, a file (as `file_suffixes` lists them) or the URL of one.
        ignore: patterns of files, columns and keys that may be left, such as ``*.xml`` or ``annotations.score``.
        columns: of a table, that are wanted as text in `DataSet.columns`.
        pictures_only: labels do not matter: what is not read is no error.
        out: a folder beside the file that is the data set, whose pictures are none of it.
        allow_urls: pictures that a table names by http and https URLs are read from there.
        allow_links: links may lead out of the data set.

    Raises:
        FileError: it is missing or malformed, holds no picture, or what is not read, or a link leads out of it; the
            sentence says what to do.
        MissingExtra: a URL needs fsspec, or Parquet pyarrow, which is not installed.
    """
    root = Root.at(where, Trust(allow_links, allow_urls))
    left, wanted = ((part,) if isinstance(part, str) else tuple(part) for part in (ignore, columns))
    inventory, found = _recognised(root, left, wanted, out)
    if found is None and inventory.file is not None:
        files = listed(dict.fromkeys((*file_suffixes(), *SUFFIXES)))
        raise FileError(f"must be a folder of pictures, or a {files} that names them, got another file.", str(root))
    data = (found or readers()[-1]).read(inventory)
    if not pictures_only:
        inventory.require_all_read(_paths(data.sources))
    if isinstance(data.root, Folder) and inventory.links[str(data.root)]:  # now, not for each of them when it is read
        for path in _paths(data.sources):
            require_within(str(data.root.path), path, data.root.trust)
    counts = tuple(sorted((what, count) for what, count in inventory.left_out.items() if count))
    if not data.sources:
        others = " and ".join(f"{count:,} x {what}" for what, count in counts) or "none"
        raise FileError(f"must hold pictures, got {others}.", str(root))
    ignored = tuple(sorted((pattern, count) for pattern, count in inventory.ignored.items() if count))
    held = {path: data.root.stamp(path) for path in _packs(data.sources) - inventory.stamps.keys()}
    notes, stamps = (*data.notes, *inventory.notes), inventory.stamps | held
    return replace(data, left_out=counts, ignored=ignored, notes=notes, stamps=stamps)


def _recognised(
    root: Root, ignore: Sequence[str] = (), columns: Iterable[str] = (), out: str | None = None
) -> tuple[Inventory, Reader | None]:
    """Return what lies at a root, and who reads it.

    An archive is a data set by itself, as a tar of samples is, unless it holds one that says more than its folders do.
    """
    inventory = Inventory(root, ignore, columns, out)
    found = next((reader for reader in readers() if reader.recognises(inventory)), None)
    if isinstance(root, Archive) and (found is None or found.rank >= ANY_FOLDER):
        alone = Inventory(root.file, ignore, columns)
        by_itself = next((reader for reader in readers() if reader.recognises(alone)), None)
        if by_itself is not None and str(root).lower().endswith(by_itself.suffixes):
            return alone, by_itself
    return inventory, found


def _places(sources: Iterable[Source]) -> Iterator[Place]:
    """Yield where sources and their masks lie."""
    for source in sources:
        mask = None if source.annotations is None else source.annotations.mask
        yield source.id if source.place is None else source.place
        if mask is not None:
            yield mask


def _paths(sources: Iterable[Source]) -> Iterator[str]:
    """Yield the paths of the files that sources and their masks lie in."""
    for place in _places(sources):
        yield place if isinstance(place, str) else place.path


def _packs(sources: Iterable[Source]) -> set[str]:
    """Return the paths of the files that hold pictures beside something else."""
    return {place.path for place in _places(sources) if not isinstance(place, str | Linked)}


def is_data_set(where: str | os.PathLike[str]) -> bool:
    """Return whether a data set lies there, and not a single picture, nothing, or something else."""
    root = Root.at(where)
    return (root.is_file() or root.is_folder()) and _recognised(root)[1] is not None


def writer(name: str) -> Writer:
    """Return the format of that name, which is written.

    Raises:
        ArgumentError: there is none.
    """
    known = writers()
    if name not in known:
        raise ArgumentError(f"must be one of {', '.join(known)}, got {name!r}.{closest(name, known)}", "format")
    return known[name]


def file_suffixes() -> list[str]:
    """Return the suffixes of files that are data sets by themselves."""
    return [suffix for reader in readers() for suffix in reader.suffixes]


def kinds_text(kinds: Iterable[Kind]) -> str:
    """Return the kinds of labels as tables list them.

    >>> kinds_text({"polygons", "boxes"}), kinds_text((*KINDS, "attributes")), kinds_text(())
    ('boxes, polygons', 'all', 'nothing')
    """
    found = [kind for kind in (*KINDS, ATTRIBUTES) if kind in set(kinds)]
    return "all" if len(found) > len(KINDS) else ", ".join(found) or "nothing"


def format_table() -> list[tuple[str, str, str, str]]:
    """Return the table of formats: name, labels read, labels written, and what lies there; a heading first."""
    rows = [("format", "read, beside the class", "written", "what it is")]
    written = writers()
    known: list[Format] = [*written.values(), *(reader for reader in readers() if reader.name not in written)]
    for format in known:
        read = kinds_text(format.reads) if isinstance(format, Reader) else "no"
        holds = kinds_text(format.holds) if isinstance(format, Writer) else "no"
        rows.append((format.name, read, holds, format.summary))
    return rows
