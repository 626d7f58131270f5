"""A folder of this machine as a store: a final name never stands for half a file, whenever the power goes.

Everything is written under a temporary name on the same file system, synced, renamed, and the folders are synced.
One sync of the file system for all files of a shard costs a tenth of a sync for each of them.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from augkit.errors import JobError, require_answer
from augkit.storage import durable
from augkit.storage.sealed_json import FileFacts, Tally, sha256_of
from augkit.storage.stamps import Stamp, stamp_of
from augkit.storage.store import BOOKS, Staging, Store
from augkit.storage.trust import inside

TEMPORARY = f"{BOOKS}/tmp"
_UNFINISHED = "new-"  # begins the name of a file of the books that is being written


class Disk(Store):
    """A folder; it is made when it is locked."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def __str__(self) -> str:
        return self.root

    @property
    def lasting(self) -> str:
        return self.root

    def _path(self, id: str) -> str:
        return f"{self.root}{os.sep}{inside(id)}"

    def read(self, id: str) -> bytes:
        return b"" if self._is_endless(id) else require_answer(Path(self._path(id)).read_bytes())

    def read_all(self, ids: Iterable[str]) -> Iterator[bytes | None]:
        for id in ids:
            try:
                yield self.read(id)
            except FileNotFoundError:
                yield None

    def lines(self, id: str) -> Iterator[bytes]:
        if not self._is_endless(id):
            with Path(self._path(id)).open("rb") as file:
                yield from file

    def _is_endless(self, id: str) -> bool:
        """Return whether a pipe or a device stands in the place of a file: it holds nothing, and may never end."""
        mode = os.stat(self._path(id)).st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))

    def size(self, id: str) -> int | None:
        status = os.lstat(self._path(id))
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def stamps(self) -> Callable[[str], Stamp | None]:
        def stamp(id: str) -> Stamp | None:
            try:
                status = os.lstat(self._path(id))
            except (FileNotFoundError, NotADirectoryError):
                return None
            return stamp_of(status) if stat.S_ISREG(status.st_mode) else None

        return stamp

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

    def replace(self, id: str, pieces: Iterable[bytes]) -> FileFacts:
        path, tally = self._path(id), Tally()
        folders = {os.path.dirname(path), self._path(BOOKS)}
        _require_own(folders, self.root)
        durable.make_folders(folders)
        durable.replace(path, tally.passing(pieces), self._path(f"{BOOKS}/{_UNFINISHED}{token_hex(4)}"))
        durable.sync_all(self.root, [], durable.with_holders(folders, self.root))
        return tally.facts

    @contextmanager
    def staging(self, name: str) -> Iterator[Staging]:
        # A worker of a killed run may still be at the same shard for a moment: none may write into another's folder.
        folder = self._path(f"{TEMPORARY}/{name}-{token_hex(4)}")
        durable.make_folders([folder])
        try:
            yield _DiskStaging(self.root, folder)
        finally:
            durable.remove_tree(folder)

    def settle(self, folders: Iterable[str]) -> None:
        places = [self.root, *map(self._path, folders)]
        durable.sync_all(self.root, [], [place for place in places if os.path.isdir(place)])

    def remove(self, ids: Iterable[str]) -> None:
        paths = list(map(self._path, ids))
        folders = set(map(os.path.dirname, paths))
        _require_own(folders, self.root)
        for path in paths:
            durable.unlink(path)
        for folder in sorted(durable.with_holders(folders, self.root) - {self.root}, key=len, reverse=True):
            durable.remove_folder(folder)
        durable.sync_all(self.root, [], [folder for folder in [*folders, self.root] if os.path.isdir(folder)])

    def sweep(self) -> None:
        durable.remove_tree(self._path(TEMPORARY))
        for name in os.listdir(self._path(BOOKS)):
            if name.startswith(_UNFINISHED):
                durable.unlink(self._path(f"{BOOKS}/{name}"))

    @contextmanager
    def lock(self, is_shared: bool) -> Iterator[str]:
        if os.path.islink(self._path(BOOKS)):  # before anything behind it is swept away
            what = f"must be a folder with books of its own, got a link in the place of {BOOKS}/"
            raise JobError(f"{what}. Remove it, or choose another folder.", self.root)
        durable.make_root(self._path(BOOKS))
        with ExitStack() as held:
            try:
                told = held.enter_context(durable.held(self._path(BOOKS), is_shared, is_patient=False))
            except BlockingIOError:
                advice = "Wait until it has ended, or write elsewhere."
                raise JobError(f"must be written by one run at a time, got a second one. {advice}", self.root) from None
            yield told

    def closing(self, folder: str) -> AbstractContextManager[str]:
        return durable.held(self._path(folder), is_shared=False, is_patient=True)


class _DiskStaging(Staging):
    def __init__(self, root: str, folder: str) -> None:
        self.files: dict[str, FileFacts] = {}
        self._root, self._folder = root, folder
        self._staged: list[str] = []

    def write(self, id: str, data: bytes) -> None:
        durable.write(self._next(id), [data])
        self.files[id] = FileFacts(len(data), sha256_of(data))

    @contextmanager
    def open(self, id: str) -> Iterator[BinaryIO]:
        tally = Tally()
        with durable.opened(self._next(id)) as descriptor, durable.in_pieces(descriptor, tally) as file:
            yield file
        self.files[id] = tally.facts

    def _next(self, id: str) -> str:
        inside(id)
        self._staged.append(id)
        return f"{self._folder}{os.sep}{len(self._staged) - 1}"

    def publish(self, marker: str, content: bytes, gone: Iterable[str] = ()) -> None:
        """Publish; the marker's own name is safe when the next shard is synced, or when the job's books are closed."""
        durable.write(self._next(marker), [content])
        places = [f"{self._folder}{os.sep}{number}" for number in range(len(self._staged))]
        paths = [f"{self._root}{os.sep}{id}" for id in self._staged]
        durable.sync_all(self._root, places, [])
        folders = {os.path.dirname(path) for path in paths}
        gone = [f"{self._root}{os.sep}{inside(id)}" for id in gone]
        _require_own(folders.union(map(os.path.dirname, gone)), self._root)
        durable.make_folders(folders)
        for path in gone:
            durable.unlink(path)
        for place, path in zip(places[:-1], paths[:-1], strict=True):
            durable.rename(place, path)
        durable.sync_all(self._root, [], durable.with_holders(folders, self._root))
        durable.rename(places[-1], paths[-1])


def _require_own(folders: set[str], root: str) -> None:
    """Refuse to change what a link below the root leads to: who put it there would choose what is lost elsewhere.

    Raises:
        OSError: a folder is a link.
    """
    for folder in sorted(durable.with_holders(folders, root) - {root}):
        if os.path.islink(folder):
            raise OSError(errno.ELOOP, "a link in the place of a folder", folder)
