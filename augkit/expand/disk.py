"""A folder of this machine as a store: a final name never stands for half a file, whenever the power goes.

Everything is written under a temporary name on the same file system, synced, renamed, and the folders are synced.
One sync of the file system for all files of a shard costs a tenth of a sync for each of them. Every call that changes
the file system goes through `os`, in this file and nowhere else.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from io import BufferedWriter, RawIOBase
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, cast

from augkit.datasets.root import inside
from augkit.expand.layout import BOOKS, TEMPORARY, JobError
from augkit.expand.store import FileFacts, Staging, Store

__all__ = ["Disk", "replace_with"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_UNFINISHED = "new-"  # begins the name of a file of the books that is being written
_BUFFER = 1 << 20  # bytes, of a file that is written piece by piece


class Disk(Store):
    """A folder; it is made when it is locked."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def __str__(self) -> str:
        return self.root

    def _path(self, id: str) -> str:
        return f"{self.root}{os.sep}{inside(id)}"

    def read(self, id: str) -> bytes:
        return Path(self._path(id)).read_bytes()

    def lines(self, id: str) -> Iterator[bytes]:
        with Path(self._path(id)).open("rb") as file:
            yield from file

    def size(self, id: str) -> int | None:
        status = os.lstat(self._path(id))
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def files(self, below: str = "") -> Iterator[str]:
        folders = [f"{below}/" if below else ""]
        while folders:
            prefix = folders.pop()
            try:
                entries = os.scandir(self._path(prefix) if prefix else self.root)
            except FileNotFoundError:
                continue
            with entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{prefix}{entry.name}/")
                    else:
                        yield prefix + entry.name

    def replace(self, id: str, pieces: Iterable[bytes]) -> None:
        path = self._path(id)
        folders = {os.path.dirname(path), self._path(BOOKS)}
        _make_folders(folders)
        _replace(path, pieces, self._path(f"{BOOKS}/{_UNFINISHED}{token_hex(4)}"))
        _sync_all(self.root, [], _with_holders(folders, self.root))

    @contextmanager
    def staging(self, name: str) -> Iterator[Staging]:
        # A worker of a killed run may still be at the same shard for a moment: none may write into another's folder.
        folder = self._path(f"{TEMPORARY}/{name}-{token_hex(4)}")
        _make_folders([folder])
        try:
            yield _DiskStaging(self.root, folder)
        finally:
            _remove_tree(folder)

    def settle(self) -> None:
        folders = [self.root, *(self._path(f"{BOOKS}/{name}") for name in ("", "shards", "lineage"))]
        _sync_all(self.root, [], [folder for folder in folders if os.path.isdir(folder)])

    def remove(self, ids: Iterable[str]) -> None:
        folders = set()
        for id in ids:
            path = self._path(id)
            _unlink(path)
            folders.add(os.path.dirname(path))
        for folder in sorted(_with_holders(folders, self.root) - {self.root}, key=len, reverse=True):
            with suppress(OSError):  # it holds something else
                os.rmdir(folder)
        _sync_all(self.root, [], [folder for folder in [*folders, self.root] if os.path.isdir(folder)])

    def sweep(self) -> None:
        _remove_tree(self._path(TEMPORARY))
        for name in os.listdir(self._path(BOOKS)):
            if name.startswith(_UNFINISHED):
                _unlink(self._path(f"{BOOKS}/{name}"))

    @contextmanager
    def lock(self, is_shared: bool) -> Iterator[None]:
        _make_folders([self._path(BOOKS)])
        if sys.platform == "win32":  # which has no locks on folders
            yield
            return
        import fcntl

        descriptor = os.open(self._path(BOOKS), os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                advice = "Wait until it has ended, or write elsewhere."
                raise JobError(f"must be written by one run at a time, got a second one. {advice}", self.root) from None
            yield
        finally:
            os.close(descriptor)


class _DiskStaging(Staging):
    def __init__(self, root: str, folder: str) -> None:
        self.files: dict[str, FileFacts] = {}
        self._root, self._folder = root, folder
        self._staged: list[str] = []

    def write(self, id: str, data: bytes) -> None:
        path = self._next(id)
        _write(path, [data])
        self.files[id] = FileFacts(len(data), sha256(data).hexdigest())

    @contextmanager
    def open(self, id: str) -> Iterator[BinaryIO]:
        raw = _Pieces(os.open(self._next(id), _NEW, 0o666))
        try:
            buffered = BufferedWriter(cast(Any, raw), _BUFFER)
            yield cast(BinaryIO, buffered)
            buffered.flush()
            buffered.detach()
        finally:
            os.close(raw.descriptor)
        self.files[id] = FileFacts(raw.size, raw.digest.hexdigest())

    def _next(self, id: str) -> str:
        inside(id)
        self._staged.append(id)
        return f"{self._folder}{os.sep}{len(self._staged) - 1}"

    def publish(self, marker: str, content: bytes, gone: Iterable[str] = ()) -> None:
        """Publish; the marker's own name is safe when the next shard is synced, or when the job's books are closed."""
        _write(self._next(marker), [content])
        places = [f"{self._folder}{os.sep}{number}" for number in range(len(self._staged))]
        paths = [f"{self._root}{os.sep}{id}" for id in self._staged]
        _sync_all(self._root, places, [])
        folders = {os.path.dirname(path) for path in paths}
        _make_folders(folders)
        for id in gone:
            path = f"{self._root}{os.sep}{inside(id)}"
            _unlink(path)
        for place, path in zip(places[:-1], paths[:-1], strict=True):
            os.replace(place, path)
        _sync_all(self._root, [], _with_holders(folders, self._root))
        os.replace(places[-1], paths[-1])


class _Pieces(RawIOBase):
    """A new file, with the size and the hash of what was written to it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.size, self.digest = descriptor, 0, sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = os.write(self.descriptor, data)
        self.size += written
        self.digest.update(memoryview(data)[:written])
        return written


def replace_with(path: Path, data: bytes) -> None:
    """Make a file that belongs to no store hold `data`, durably and all at once."""
    _replace(os.fspath(path), [data], os.fspath(path.with_name(f".{token_hex(4)}.augkit")))
    _sync_folder(os.path.dirname(os.path.abspath(path)))


def _replace(path: str, pieces: Iterable[bytes], place: str) -> None:
    try:
        _write(place, pieces, is_synced=True)
        os.replace(place, path)
    except BaseException:
        with suppress(OSError):
            _unlink(place)
        raise


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _make_folders(folders: Iterable[str]) -> None:
    """Make folders and those that hold them; they are synced with what is put in them."""
    for folder in folders:
        os.makedirs(folder, exist_ok=True)


def _remove_tree(folder: str) -> None:
    """Remove a folder with all it holds, if it is there."""
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove_tree(entry.path)
            else:
                _unlink(entry.path)
    with suppress(FileNotFoundError):
        os.rmdir(folder)


def _with_holders(folders: set[str], root: str) -> set[str]:
    """Return folders and those up to `root` that hold them.

    All of them are to be synced, whoever made them: another process may have, a moment ago, and not synced yet.
    """
    found = set(folders) | {root}
    for folder in folders:
        while len(folder) > len(root):
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def _write(path: str, pieces: Iterable[bytes], is_synced: bool = False) -> None:
    # os.open and os.write take half the time of open(); a full disk may take a part of the bytes before it complains.
    descriptor = os.open(path, _NEW, 0o666)
    try:
        for piece in pieces:
            written = os.write(descriptor, piece)
            while written < len(piece):
                written += os.write(descriptor, piece[written:])
        if is_synced:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: str) -> None:
    if sys.platform != "win32":  # which cannot open folders, and needs not
        _sync(folder)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(root: str, files: Iterable[str], folders: Iterable[str]) -> None:
    """Make files and folders survive a loss of power: by one syncfs of where they lie on Linux, else one by one."""
    syncfs = _syncfs()
    if syncfs is not None:
        descriptor = os.open(root, os.O_RDONLY)
        try:
            if syncfs(descriptor) == 0:
                return
        finally:
            os.close(descriptor)
    for path in files:  # raises what syncfs only counts
        _sync(path)
    for folder in folders:
        _sync_folder(folder)


@cache
def _syncfs() -> Callable[[int], int] | None:
    """Return the C library's syncfs, which Python does not offer, if there is one."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).syncfs
    except (AttributeError, OSError, TypeError):  # not Linux
        return None
    return found
