"""A bucket, or whatever else `fsspec` reaches by a URL, as a store.

A bucket cannot rename, and shows a file whole or not at all: so files are put where they belong as they come, and the
marker that says that all are there is put last. A run that was killed between leaves files without a marker, which the
next one puts again, the same bytes under the same names. There are no locks; two runs at once cost time and no more.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from augkit.addresses import shown_address
from augkit.errors import AugkitError
from augkit.storage.durable import in_pieces
from augkit.storage.remote_files import files_at
from augkit.storage.sealed_json import FileFacts, Tally
from augkit.storage.stamps import Stamp, stamp_in_store
from augkit.storage.store import Staging, Store
from augkit.storage.trust import inside

_PIECE = 1 << 22  # bytes of a file that is read or put piece by piece


class Bucket(Store):
    """A folder of a bucket, named by its URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # What others put a moment ago must be seen, so no listing is kept.
        self._files, self._root = files_at(self.url, use_listings_cache=False)

    def __str__(self) -> str:
        return shown_address(self.url)

    def _path(self, id: str) -> str:
        return f"{self._root}/{inside(id)}"

    def read(self, id: str) -> bytes:
        with _as_os_errors(id):
            return bytes(self._files.cat_file(self._path(id)))

    def lines(self, id: str) -> Iterator[bytes]:
        with _as_os_errors(id), self._files.open(self._path(id), "rb") as file:
            yield from file

    def size(self, id: str) -> int | None:
        with _as_os_errors(id):
            facts = self._files.info(self._path(id))
        return int(facts["size"]) if facts["type"] == "file" else None

    def stamps(self) -> Callable[[str], Stamp | None]:
        with _as_os_errors(""):
            found = self._files.find(self._root, detail=True)
        start = len(self._root.lstrip("/"))
        known = {
            path.lstrip("/")[start:].lstrip("/"): stamp_in_store(facts)
            for path, facts in found.items()
            if facts["type"] == "file"
        }
        return known.get

    def files(self, below: str = "") -> Iterator[str]:
        with _as_os_errors(below):
            found = self._files.find(self._path(below) if below else self._root)
        start = self._root.lstrip("/")
        for path in found:
            yield path.lstrip("/").removeprefix(start).lstrip("/")

    def replace(self, id: str, pieces: Iterable[bytes]) -> FileFacts:
        tally = Tally()
        with TemporaryFile() as spool:
            spool.writelines(tally.passing(pieces))
            self._put(id, spool)
        return tally.facts

    def _put(self, id: str, spool: IO[bytes]) -> None:
        """Put a file that lies in a temporary one: it is seen when all of it is there."""
        size = spool.seek(0, os.SEEK_END)
        spool.seek(0)
        with _as_os_errors(id):
            if size <= _PIECE:
                self._files.pipe_file(self._path(id), spool.read())
                return
            with self._files.open(self._path(id), "wb", block_size=2 * _PIECE) as file:
                while piece := spool.read(_PIECE):
                    file.write(piece)

    def staging(self, name: str) -> AbstractContextManager[Staging]:
        return nullcontext(_BucketStaging(self))

    def settle(self, folders: Iterable[str]) -> None:
        pass  # what is put stays

    def remove(self, ids: Iterable[str]) -> None:
        for id in ids:
            with suppress(FileNotFoundError), _as_os_errors(id):
                self._files.rm_file(self._path(id))

    def sweep(self) -> None:
        pass  # nothing is kept back

    def lock(self, is_shared: bool) -> AbstractContextManager[str]:
        return nullcontext("")  # see above

    def closing(self, folder: str) -> AbstractContextManager[str]:
        return nullcontext("")  # two that close put the same files


class _BucketStaging(Staging):
    def __init__(self, bucket: Bucket) -> None:
        self.files: dict[str, FileFacts] = {}
        self._bucket = bucket

    def write(self, id: str, data: bytes) -> None:
        self.files[id] = self._bucket.replace(id, [data])

    @contextmanager
    def open(self, id: str) -> Iterator[BinaryIO]:
        tally = Tally()
        with TemporaryFile() as spool:
            with in_pieces(spool.fileno(), tally) as file:
                yield file
            self._bucket._put(id, spool)
        self.files[id] = tally.facts

    def publish(self, marker: str, content: bytes, gone: Iterable[str] = ()) -> None:
        self._bucket.remove(gone)
        self._bucket.replace(marker, [content])


@contextmanager
def _as_os_errors(id: str) -> Iterator[None]:
    """Turn the errors of every store into OSError, as `Store` promises."""
    try:
        yield
    except (OSError, AugkitError):
        raise
    except Exception as fault:
        raise OSError(f"{id}: {type(fault).__name__}: {fault}") from fault
