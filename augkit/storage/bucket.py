"""A bucket, or whatever else `fsspec` reaches by a URL, as a store.

A bucket cannot rename, and shows a file whole or not at all: so files are put where they belong as they come, and the
marker that says that all are there is put last. A run that was killed between leaves files without a marker, which the
next one puts again, the same bytes under the same names. There are no locks; two runs at once cost time and no more.

An answer takes tens of milliseconds, and a store takes many requests at once: those that do not depend on each other
are made together.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import BytesIO
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, BinaryIO, TypeVar

from augkit.addresses import shown_address
from augkit.errors import AugkitError
from augkit.storage.durable import in_pieces
from augkit.storage.remote_files import files_at
from augkit.storage.sealed_json import FileFacts, Tally, sha256_of
from augkit.storage.stamps import Stamp, stamp_in_store
from augkit.storage.store import Staging, Store
from augkit.storage.trust import inside

T = TypeVar("T")
_PIECE = 1 << 22  # bytes of a file that is read or put piece by piece
_AT_ONCE = 16  # requests
_HELD = 1 << 24  # bytes of files that are put together
_REMOVED_AT_ONCE = 10_000
_MAGIC = frozenset("*?[")  # fsspec takes names with these for patterns


class Bucket(Store):
    """A folder of a bucket, named by its URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # What others put a moment ago must be seen, so no listing is kept.
        self._files, self._root = files_at(self.url, use_listings_cache=False)

    def __str__(self) -> str:
        return shown_address(self.url)

    @property
    def lasting(self) -> str:
        return self.url

    def _path(self, id: str) -> str:
        return f"{self._root}/{inside(id)}"

    def read(self, id: str) -> bytes:
        with _as_os_errors(id):
            return bytes(self._files.cat_file(self._path(id)))

    def read_all(self, ids: Iterable[str]) -> Iterator[bytes | None]:
        def content(id: str) -> bytes | None:
            with suppress(FileNotFoundError):
                return self.read(id)
            return None

        rest, ahead = iter(ids), deque[Future[bytes | None]]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                ahead.extend(pool.submit(content, id) for id in islice(rest, _AT_ONCE))
                while ahead:
                    found = ahead.popleft().result()
                    ahead.extend(pool.submit(content, id) for id in islice(rest, 1))
                    yield found
            finally:
                for future in ahead:
                    future.cancel()

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
            self.put(id, spool)
        return tally.facts

    def put(self, id: str, spool: IO[bytes]) -> None:
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
        rest = iter(ids)
        for id in islice(rest, 1):
            self._remove_one(id)
        while some := list(islice(rest, _REMOVED_AT_ONCE)):
            self.remove_together(some)

    def remove_together(self, ids: Sequence[str]) -> None:
        """Remove files that may be there, in no order, and in as few requests as the store takes."""
        plain = [self._path(id) for id in ids if _MAGIC.isdisjoint(self._path(id))]
        single = [id for id in ids if not _MAGIC.isdisjoint(self._path(id))]
        try:
            with _as_os_errors(str(self)):
                self._files.rm(plain) if plain else None
        except FileNotFoundError:  # of a store that takes one after the other, and complains of what is not there
            single = list(ids)
        _together(self._remove_one, single)

    def _remove_one(self, id: str) -> None:
        with suppress(FileNotFoundError), _as_os_errors(id):
            self._files.rm_file(self._path(id))

    def sweep(self) -> None:
        pass  # nothing is kept back

    def lock(self, is_shared: bool) -> AbstractContextManager[str]:
        return nullcontext("")  # see above

    def closing(self, folder: str) -> AbstractContextManager[str]:
        return nullcontext("")  # two that close put the same files


class _BucketStaging(Staging):
    """Files that are held until some of them can be put together; large ones are put as they come."""

    def __init__(self, bucket: Bucket) -> None:
        self.files: dict[str, FileFacts] = {}
        self._bucket = bucket
        self._held: list[tuple[str, bytes]] = []
        self._size = 0

    def write(self, id: str, data: bytes) -> None:
        self.files[id] = FileFacts(len(data), sha256_of(data))
        self._hold(id, data)

    @contextmanager
    def open(self, id: str) -> Iterator[BinaryIO]:
        tally = Tally()
        with TemporaryFile() as spool:
            with in_pieces(spool.fileno(), tally) as file:
                yield file
            if tally.size > _PIECE:
                self._bucket.put(id, spool)
            else:
                spool.seek(0)
                self._hold(id, spool.read())
        self.files[id] = tally.facts

    def _hold(self, id: str, data: bytes) -> None:
        self._held.append((id, data))
        self._size += len(data)
        if self._size > _HELD:
            self._put_held()

    def _put_held(self) -> None:
        _together(lambda one: self._bucket.put(one[0], BytesIO(one[1])), self._held)
        self._held, self._size = [], 0

    def publish(self, marker: str, content: bytes, gone: Iterable[str] = ()) -> None:
        if unwanted := list(gone):
            self._bucket.remove_together(unwanted)
        self._put_held()
        self._bucket.replace(marker, [content])


def _together(do: Callable[[T], None], all_of: Sequence[T]) -> None:
    """Do something with each of several things, some at once."""
    if len(all_of) == 1:  # which needs no threads
        do(all_of[0])
    elif all_of:
        with ThreadPoolExecutor(min(_AT_ONCE, len(all_of))) as pool:
            deque(pool.map(do, all_of), maxlen=0)


@contextmanager
def _as_os_errors(id: str) -> Iterator[None]:
    """Turn the errors of every store into OSError, as `Store` promises."""
    try:
        yield
    except (OSError, AugkitError):
        raise
    except Exception as fault:
        raise OSError(f"{id}: {type(fault).__name__}: {fault}") from fault
