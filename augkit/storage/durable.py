"""Change files and folders of this machine so that what was done survives a loss of power.

Every call of the expander that changes a file system goes through `os` in this file, and every checkpoint does.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BufferedWriter, RawIOBase
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, cast

from augkit.storage.sealed_json import Tally, sha256_of

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
UNFINISHED = ".augkit"  # ends the name of a file that is being written beside the place that it will take
_BUFFER = 1 << 20  # bytes, of a file that is written piece by piece
# What a file system answers that has no such thing: network disks without locks, folders that cannot be synced.
_LACKING = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY}
_WITHOUT_LOCKS = {*_LACKING, errno.ENOLCK}


class _Raw(RawIOBase):
    def __init__(self, descriptor: int, tally: Tally) -> None:
        self._descriptor, self._tally = descriptor, tally

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = os.write(self._descriptor, data)
        self._tally.add(memoryview(data)[:written])
        return written


@contextmanager
def opened(path: str, flags: int = _NEW) -> Iterator[int]:
    """Open a file, or a folder that is to be read or synced; a new file, if flags do not say otherwise."""
    descriptor = os.open(path, flags, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def in_pieces(descriptor: int, tally: Tally) -> Iterator[BinaryIO]:
    """Give a file to write front to back, counted by `tally`.

    A buffer that is not empty when the block fails is never written, to this file or to the next one opened.
    """
    raw = _Raw(descriptor, tally)
    try:
        buffered = BufferedWriter(raw, _BUFFER)
        yield cast(BinaryIO, buffered)
        buffered.flush()
        buffered.detach()
    finally:
        raw.close()


def write(path: str, pieces: Iterable[bytes], is_synced: bool = False) -> None:
    """Write a new file."""
    # os.open and os.write take half the time of open(); a full disk may take a part of the bytes before it complains.
    descriptor = os.open(path, _NEW, 0o666)  # not by a with: of these there are as many as pictures
    try:
        for piece in pieces:
            written = os.write(descriptor, piece)
            while written < len(piece):
                written += os.write(descriptor, piece[written:])
        if is_synced:
            _flush(descriptor)
    finally:
        os.close(descriptor)


def replace(path: str, pieces: Iterable[bytes], place: str) -> None:
    """Make a file hold something else, all at once; its folder is to be synced yet. It is written to `place` first."""
    try:
        write(place, pieces, is_synced=True)
        rename(place, path)
    except BaseException:
        with suppress(OSError):
            unlink(place)
        raise


def replace_with(path: Path, data: bytes) -> None:
    """Make a file that belongs to no store hold `data`, durably and all at once."""
    replace(os.fspath(path), [data], os.fspath(path.with_name(f".{token_hex(4)}{UNFINISHED}")))
    sync_folder(os.path.dirname(os.path.abspath(path)))


def rename(place: str, path: str) -> None:
    """Give a file its name; one that had the name is gone.

    A folder below the output may lie on another file system, and some file systems give no name that is taken.
    """
    try:
        os.replace(place, path)
    except OSError as fault:
        if fault.errno == errno.EXDEV:
            _bring(place, path)
        elif fault.errno == errno.EEXIST:
            os.unlink(path)
            os.replace(place, path)
        else:
            raise


def _bring(place: str, path: str) -> None:
    """Write a file again in the folder where it belongs, and give it its name there."""
    folder, name = os.path.split(path)
    near = os.path.join(folder, f".{sha256_of(os.fsencode(name))[:8]}{UNFINISHED}")  # the same after a kill
    unlink(near)
    try:
        with Path(place).open("rb") as file:
            write(near, iter(lambda: file.read(_BUFFER), b""), is_synced=True)
        rename(near, path)
    except BaseException:
        with suppress(OSError):
            unlink(near)
        raise
    unlink(place)


def unlink(path: str) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_folder(folder: str) -> None:
    """Remove a folder, if it is empty."""
    with suppress(OSError):
        os.rmdir(folder)


def remove_tree(folder: str) -> None:
    """Remove a folder with all it holds, if it is there; of a link, the link and not what it leads to."""
    if os.path.islink(folder):
        unlink(folder)
        return
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                unlink(entry.path)
    with suppress(FileNotFoundError):
        os.rmdir(folder)


def make_folders(folders: Iterable[str]) -> None:
    """Make folders and those that hold them; they are synced with what is put in them."""
    for folder in folders:
        os.makedirs(folder, exist_ok=True)


def make_root(root: str) -> None:
    """Make a folder and those above it, durably: all that can be written to, as who made them is not known."""
    os.makedirs(root, exist_ok=True)
    above = map(str, Path(root).parents)
    sync_all(root, [], [folder for folder in above if os.access(folder, os.R_OK | os.W_OK)])


@contextmanager
def held(folder: str, is_shared: bool = False, is_patient: bool = False) -> Iterator[str]:
    """Hold a folder's lock; one that others hold is waited for, or raises BlockingIOError.

    Yields:
        A sentence where the file system has no locks, which is no reason not to write there; else nothing.
    """
    if sys.platform == "win32":  # which has no locks on folders
        yield ""
        return
    import fcntl

    how = (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | (0 if is_patient else fcntl.LOCK_NB)
    with opened(folder, os.O_RDONLY) as descriptor:
        told = ""
        try:
            fcntl.flock(descriptor, how)
        except OSError as fault:
            if fault.errno not in _WITHOUT_LOCKS:
                raise
            told = f"The file system has no locks ({fault.strerror}): let nothing else write there at the same time."
        yield told


def with_holders(folders: set[str], root: str) -> set[str]:
    """Return folders and those up to `root` that hold them.

    All of them are to be synced, whoever made them: another process may have, a moment ago, and not synced yet.
    """
    above = (place for folder in folders for place in (folder, *map(str, Path(folder).parents)))
    return {root, *(place for place in above if len(place) > len(root))}


def sync_all(root: str, files: Iterable[str], folders: Iterable[str]) -> None:
    """Make files and folders survive a loss of power: by one syncfs of where `root` lies on Linux, else one by one."""
    syncfs = _syncfs()
    if syncfs is not None:
        with opened(root, os.O_RDONLY) as descriptor:
            if syncfs(descriptor) == 0:
                return
    for path in files:  # raises what syncfs only counts
        _sync(path)
    for folder in folders:
        sync_folder(folder)


def sync_folder(folder: str) -> None:
    """Make what was done to a folder survive a loss of power."""
    if sys.platform != "win32":  # which cannot open folders, and needs not
        _sync(folder)


def _sync(path: str) -> None:
    with opened(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR) as descriptor:
        _flush(descriptor)


def _flush(descriptor: int) -> None:
    """Have a file or folder survive a loss of power, as far as its file system knows of that at all."""
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in _LACKING:
            raise


@cache
def _syncfs() -> Callable[[int], int] | None:
    """Return the C library's syncfs, which Python does not offer, if there is one."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).syncfs
    except (AttributeError, OSError, TypeError):  # not Linux
        return None
    return found
