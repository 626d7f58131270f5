"""Write files so that a final name never stands for half a file, whenever the power goes.

Everything is written under a temporary name on the same file system, synced, renamed, and the folders are synced.
One sync of the file system for all files of a shard costs a tenth of a sync for each of them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from augkit.expand.layout import below

__all__ = ["Staging", "make_folders", "replace_with", "sync_folders"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Staging:
    """Hold files back below `temporary` until `publish` gives all of them their final names below `out`.

    Leaving the block without `publish`, by an exception or not, leaves nothing.
    """

    def __init__(self, out: Path, temporary: Path) -> None:
        self.out = out
        self.temporary = temporary
        self._names: list[str] = []

    def __enter__(self) -> Self:
        shutil.rmtree(self.temporary, ignore_errors=True)  # a killed run's
        self.temporary.mkdir(parents=True)
        self._prefix = f"{self.temporary}{os.sep}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.temporary, ignore_errors=True)

    def add(self, id: str, data: bytes) -> None:
        """Write a file that will be `id` below `out`."""
        _write(f"{self._prefix}{len(self._names)}", data)
        self._names.append(id)

    def publish(self) -> None:
        """Give what was added its names; the last one, the marker, gets its own when the others would survive.

        The marker's own name is safe when the next shard is synced, or when the job's books are closed.
        """
        paths = [below(self.out, id) for id in self._names]
        staged = [f"{self._prefix}{number}" for number in range(len(paths))]
        _sync_all(self.out, staged)
        folders = {path.parent for path in paths[:-1]}
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for place, path in zip(staged[:-1], paths[:-1], strict=True):
            os.replace(place, path)  # noqa: PTH105 - ten times a Path's speed, and there are many
        _sync_all(self.out, _with_holders(folders, self.out) if sys.platform != "win32" else ())
        os.replace(staged[-1], paths[-1])  # noqa: PTH105 - as above


def replace_with(path: Path, data: bytes, temporary: Path | None = None) -> None:
    """Make `path` hold `data`, durably and all at once.

    Args:
        path: the final name.
        data: what it is to hold.
        temporary: a folder on the same file system; without it that of `path`.
    """
    place = (temporary or path.parent) / f".{path.name[:80]}.{os.getpid()}.tmp"
    try:
        _write(str(place), data)
        _sync(place)
        place.replace(path)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    sync_folders([path.parent])


def make_folders(folders: Iterable[Path], root: Path) -> None:
    """Make folders below `root` so that they survive a loss of power."""
    made = set(folders)
    for folder in made:
        folder.mkdir(parents=True, exist_ok=True)
    sync_folders(_with_holders(made, root))


def _with_holders(folders: set[Path], root: Path) -> set[Path]:
    """Return folders and those up to `root` that hold them.

    All of them are to be synced, whoever made them: another process may have, a moment ago, and not synced yet.
    """
    return folders | {path for folder in folders for path in folder.parents if path == root or root in path.parents}


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the names in folders survive a loss of power."""
    if sys.platform != "win32":  # which cannot open folders, and needs not
        for folder in folders:
            _sync(folder)


def _write(path: str, data: bytes) -> None:
    # os.open and os.write take half the time of open(); a full disk may take a part of the bytes before it complains.
    descriptor = os.open(path, _NEW, 0o666)
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, data[written:])
    finally:
        os.close(descriptor)


def _sync(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(folder: Path, paths: Iterable[str | Path]) -> None:
    """Make files and folders survive a loss of power: by one syncfs of where they lie on Linux, else one by one."""
    syncfs = _syncfs()
    if syncfs is not None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if syncfs(descriptor) == 0:
                return
        finally:
            os.close(descriptor)
    for path in paths:  # raises what syncfs only counts
        _sync(path)


@cache
def _syncfs() -> Callable[[int], int] | None:
    """Return the C library's syncfs, which Python does not offer, if there is one."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).syncfs
    except (AttributeError, OSError, TypeError):  # not Linux
        return None
    return found
