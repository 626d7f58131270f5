"""Roots, which are read: a folder of this machine, an archive, or anything that `fsspec` reaches by a URL."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from augkit.addresses import shown_address
from augkit.errors import FileError, Unreachable, is_absence, outage_of, outages_told, raise_outage, reason_of
from augkit.images import read_bytes
from augkit.storage.archives import (
    HEAD_BYTES,
    HIDDEN,
    REFUSED,
    SUFFIXES,
    ArchiveKind,
    Contents,
    archive_kind,
    is_hidden,
)
from augkit.storage.folder_entries import SPECIAL, opened, require_utf8, size_of
from augkit.storage.remote_files import files_at, stamp_at
from augkit.storage.stamps import Stamp, stamp_of
from augkit.storage.trust import NOBODY, Trust, inside, require_within

FILE_LINK = "a link to a file"


class Found(NamedTuple):
    """A file below a root: its path, posix separators, and its size in bytes."""

    path: str
    size: int


class Root(ABC):
    """A place where a data set lies, as its readers see it; it is never written to.

    What leads out of the root, is missing or of another kind raises a FileError; what is there and cannot be read, or
    was there when it was listed, an Unreachable.
    """

    @staticmethod
    def at(where: str | os.PathLike[str], trust: Trust = NOBODY) -> Root:
        """Return the root at a path or a URL: what an archive holds, where it is one.

        Args:
            where: the path or URL.
            trust: in who made what lies there.

        Raises:
            FileError, MissingExtra: it is empty, or a URL needs fsspec, which is not installed.
        """
        text = os.fspath(where)
        if not text:
            raise FileError("must be the name of a data set, got no name.", "SRC")
        require_utf8(text)
        root: Root = Url(text.rstrip("/"), trust) if "://" in text else Folder(Path(text), trust)
        if isinstance(root, Url) and not str(root).lower().endswith((*SUFFIXES, *REFUSED)):
            return root  # asking a store takes time
        if not root.is_file():
            return root
        above, name = root.above()
        with outages_told(str(root)), above.open(name) as file:
            kind = archive_kind(str(root), file.read(HEAD_BYTES), str(root))
        return root if kind is None else Archive(root, kind)

    @property
    @abstractmethod
    def trust(self) -> Trust:
        """What may be followed out of it."""

    @property
    @abstractmethod
    def lasting(self) -> bytes:
        """An absolute path, which may hold any bytes, or a URL, with secrets: it is found by that from anywhere."""

    @abstractmethod
    def above(self) -> tuple[Root, str]:
        """Return the root one level up, and the name that this one has there."""

    @abstractmethod
    def names(self, path: str = "") -> list[str]:
        """Return the names of the files and folders right in a folder, sorted, without hidden ones."""

    @abstractmethod
    def walk(self, left_out: Counter[str], below: str = "") -> Iterator[Found]:
        """Yield every file below the root, unsorted.

        Args:
            left_out: counts what is no file, or hidden; and under `FILE_LINK` links, which are yielded.
            below: a folder of the root, if only its files are wanted.
        """

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Open a file to read it front to back, with leaps; close it after."""

    @abstractmethod
    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """Return what a file holds, or `size` bytes of it from `offset` on.

        Raises:
            Unreachable: the file is not at fault: it cannot be reached, or is gone, or was cut short on its way.
            FileError: it is no regular file, or has no such part.
        """

    @abstractmethod
    def stamp(self, path: str) -> Stamp:
        """Return what tells a file from another one that had its place before; of a member, its archive's.

        Raises:
            Unreachable: it cannot be told, or the file is gone.
        """

    @abstractmethod
    def is_folder(self, path: str = "") -> bool:
        """Say whether there is a folder."""

    @abstractmethod
    def is_file(self, path: str = "") -> bool:
        """Say whether there is a file."""


@dataclass(frozen=True)
class Folder(Root):
    """A folder of this machine. Links to files count as files; links to folders are not followed, so no loop is."""

    path: Path
    trust: Trust = NOBODY

    def __str__(self) -> str:
        return str(self.path)

    @property
    def lasting(self) -> bytes:
        return os.fsencode(self.path.resolve())

    def above(self) -> tuple[Root, str]:
        path = self.path if len(self.path.parts) > 1 else self.path.absolute()
        return Folder(path.parent, replace(self.trust, named=path.name)), path.name

    def names(self, path: str = "") -> list[str]:
        with self._reached(path) as place:
            return sorted(name for name in os.listdir(place) if not name.startswith("."))  # noqa: PTH208 - names only

    def walk(self, left_out: Counter[str], below: str = "") -> Iterator[Found]:
        with self._reached(below) as start:
            if not stat.S_ISDIR(start.stat().st_mode):
                raise FileError("must be a folder, got a file.", str(start))
            folders = [(os.fspath(start), below and f"{below}/")]
            while folders:
                folder, prefix = folders.pop()
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith("."):
                            left_out[HIDDEN] += 1
                        elif entry.is_dir(follow_symlinks=False):
                            folders.append((entry.path, f"{prefix}{entry.name}/"))
                        elif isinstance(size := size_of(entry), int):
                            left_out[FILE_LINK] += entry.is_symlink()
                            yield Found(prefix + entry.name, size)
                        else:
                            left_out[size] += 1

    def open(self, path: str) -> BinaryIO:
        with self._reached(path, is_listed=True) as place:
            return opened(place)

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        if size is not None:
            return self._part(path, offset, size)
        try:
            require_within(str(self.path), inside(path), self.trust)
            return read_bytes(self.path / path)
        except FileError as fault:
            if not self.is_folder():
                what = "must be a folder, got nothing of that name any more."
                raise Unreachable(what, str(self)) from fault
            raise_outage(fault)
            raise

    def _part(self, path: str, offset: int, size: int) -> bytes:
        with self._reached(path, is_listed=True) as place, opened(place) as file:
            held = os.fstat(file.fileno()).st_size
            if offset + size > held:  # else memory is taken for what a damaged file claims
                what = f"must have {size:,} bytes at {offset:,}, got {held:,} in all. Is it whole?"
                raise FileError(what, str(place))
            file.seek(offset)
            data = file.read(size) or b""  # nothing at all, of EAGAIN
        if len(data) < size:
            raise Unreachable(f"must give {size:,} bytes at {offset:,}, got {len(data):,}.", str(place))
        return data

    @contextmanager
    def _reached(self, path: str, is_listed: bool = False) -> Iterator[Path]:
        """Give the path of a file or folder, and say in a sentence what cannot be done with it.

        Args:
            path: below the root.
            is_listed: it was there a moment ago.
        """
        place = self.path / inside(path)
        if path:
            require_within(str(self.path), path, self.trust)
        try:
            yield place
        except (OSError, ValueError) as fault:  # ValueError: a NUL in the name
            where = os.fsdecode(getattr(fault, "filename", None) or place)
            # Nothing of that name, or a root that others keep for themselves, is what the user has named.
            is_misnamed = is_absence(fault) or (isinstance(fault, PermissionError) and where == str(self))
            outage = None if is_misnamed and not is_listed else outage_of(fault, where)
            raise outage or FileError(f"must be readable, got: {reason_of(fault)}.", where) from fault

    def stamp(self, path: str) -> Stamp:
        with self._reached(path, is_listed=True) as place:
            return stamp_of(place.stat())

    def is_folder(self, path: str = "") -> bool:
        return stat.S_ISDIR(self._mode(path))

    def is_file(self, path: str = "") -> bool:
        return stat.S_ISREG(self._mode(path))

    def _mode(self, path: str) -> int:
        """Return what is there, 0 of nothing; what cannot be told is Unreachable, and no other data set."""
        place = self.path / inside(path)
        try:
            return place.stat().st_mode
        except (OSError, ValueError) as fault:
            if not is_absence(fault):
                raise_outage(fault, str(place))
            return 0


@dataclass(frozen=True)
class Archive(Root):
    """What an archive holds, read in place; without the one folder that all of it may lie in.

    Args:
        file: where it lies.
        kind: of archive.
    """

    file: Root
    kind: ArchiveKind

    def __str__(self) -> str:
        return str(self.file)

    @property
    def trust(self) -> Trust:
        return self.file.trust

    @property
    def lasting(self) -> bytes:
        return self.file.lasting

    def above(self) -> tuple[Root, str]:
        return self.file.above()

    def names(self, path: str = "") -> list[str]:
        prefix = f"{inside(path)}/" if path else ""
        names = {entry[len(prefix) :].partition("/")[0] for entry in self._contents.entries if entry.startswith(prefix)}
        return sorted(name for name in names if not is_hidden(name))

    def walk(self, left_out: Counter[str], below: str = "") -> Iterator[Found]:
        contents, prefix = self._contents, f"{inside(below)}/" if below else ""
        left_out.update(contents.left_out)
        for path, entry in contents.entries.pairs():
            if is_hidden(path):
                left_out[HIDDEN] += 1
            elif path.startswith(prefix):
                yield Found(path, entry.size)

    def open(self, path: str) -> BinaryIO:
        with outages_told(f"{self}/{path}"):
            return self._contents.member(inside(path))

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        with outages_told(f"{self}/{path}"):
            return self._contents.read(inside(path), offset, size)

    def is_folder(self, path: str = "") -> bool:
        prefix = f"{inside(path)}/"
        return not path or any(entry.startswith(prefix) for entry in self._contents.entries)

    def is_file(self, path: str = "") -> bool:
        return inside(path) in self._contents.entries

    def stamp(self, path: str = "") -> Stamp:
        above, name = self.file.above()
        return above.stamp(name)

    @property
    def _contents(self) -> Contents:
        return _contents_of(self, self.stamp())


@lru_cache(maxsize=4)
def _contents_of(archive: Archive, stamp: Stamp) -> Contents:
    """Return what an archive holds; it is looked through once a process."""
    above, name = archive.file.above()
    return Contents(partial(above.open, name), str(archive), archive.kind)


@dataclass(frozen=True)
class Url(Root):
    """A folder, or what goes for one, in a store that `fsspec` reaches: ``s3://bucket/photos``."""

    url: str = field(repr=False)
    trust: Trust = NOBODY

    def __str__(self) -> str:
        return shown_address(self.url)

    @property
    def lasting(self) -> bytes:
        return os.fsencode(self.url)

    def above(self) -> tuple[Root, str]:
        path, question, query = self.url.partition("?")  # whose signature may have slashes
        url, _, name = path.rpartition("/")
        return Url(url, self.trust), name + question + query

    def names(self, path: str = "") -> list[str]:
        with self._reached(path) as (files, place):
            found = files.ls(place, detail=False)
        names = (str(place).rstrip("/").rpartition("/")[2] for place in found)
        return sorted(name for name in names if not name.startswith("."))

    def walk(self, left_out: Counter[str], below: str = "") -> Iterator[Found]:
        with self._reached(below) as (files, place):
            found = files.find(place, detail=True)
        if not found:
            raise FileError("must be a folder with files, got none.", self.url)
        for path, facts in found.items():
            name = path[len(files_at(self.url)[1]) + 1 :]
            if any(part.startswith(".") for part in name.split("/")):
                left_out[HIDDEN] += 1
            elif facts["type"] == "file":
                yield Found(name, facts["size"])
            else:
                left_out[SPECIAL] += 1

    def open(self, path: str) -> BinaryIO:
        with self._reached(path, is_listed=True) as (files, place):
            file: BinaryIO = files.open(place, "rb")
        return file

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        part = {} if size is None else {"start": offset, "end": offset + size}
        with self._reached(path, is_listed=True) as (files, place):
            data: bytes = files.cat_file(place, **part)
        if size is not None and len(data) < size:
            what = f"must have {size:,} bytes at {offset:,}, got {len(data):,}. Is it whole?"
            raise FileError(what, f"{self.url}/{path}")
        return data

    def stamp(self, path: str) -> Stamp:
        with self._reached(path, is_listed=True):
            return stamp_at(self.url, inside(path))

    def is_folder(self, path: str = "") -> bool:
        with self._reached(path) as (files, place):
            return bool(files.isdir(place))

    def is_file(self, path: str = "") -> bool:
        with self._reached(path) as (files, place):
            return bool(files.isfile(place))

    @contextmanager
    def _reached(self, path: str, is_listed: bool = False) -> Iterator[tuple[Any, str]]:
        """Give the file system, and a path as it knows it; every store has errors of its own, none of them of content.

        Args:
            path: below the root.
            is_listed: it was there a moment ago.
        """
        (files, root), below = files_at(self.url), f"/{inside(path)}" if path else ""
        where = f"{self.url}/{path}".rstrip("/")
        try:
            yield files, root + below
        except Exception as fault:
            if isinstance(fault, FileNotFoundError) and not is_listed:
                raise FileError(f"must be readable, got: {reason_of(fault)}.", where) from fault
            outage = outage_of(fault, where) or Unreachable(f"must be readable, got: {reason_of(fault)}.", where)
            raise outage from fault
