"""Stores: what is asked of the place that is written to, be it a folder of this machine or of a bucket."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from augkit.storage.sealed_json import FileFacts
from augkit.storage.stamps import Stamp

BOOKS = ".augkit"  # the folder of a store that holds its bookkeeping, its lock and what is not published yet


class Staging(ABC):
    """A transaction: files that are held back until `publish`.

    Used in a ``with`` block; leaving it without `publish`, by an exception or not, publishes nothing.

    Attributes:
        files: what was added so far, by its path.
    """

    files: dict[str, FileFacts]

    @abstractmethod
    def write(self, id: str, data: bytes) -> None:
        """Add a file that will be called `id`."""

    @abstractmethod
    def open(self, id: str) -> AbstractContextManager[BinaryIO]:
        """Add a file piece by piece; it is in `files` when the block has ended well."""

    @abstractmethod
    def publish(self, marker: str, content: bytes, gone: Iterable[str] = ()) -> None:
        """Give every file its name, durably, then write the marker; its name says that all others are there.

        Args:
            marker: where it will lie.
            content: of it.
            gone: files that must not be there, though an interrupted try may have published them.
        """


class Store(ABC):
    """A folder below which files are named by posix paths; every failure is an OSError.

    `str` of it is how messages name it.
    """

    @property
    @abstractmethod
    def lasting(self) -> str:
        """Its absolute path, or its URL, with secrets: it is found by that from anywhere."""

    @abstractmethod
    def read(self, id: str) -> bytes:
        """Return what a file holds."""

    @abstractmethod
    def read_all(self, ids: Iterable[str]) -> Iterator[bytes | None]:
        """Yield what each of several files holds, None of one that is not there; a bucket is asked for some at once."""

    @abstractmethod
    def lines(self, id: str) -> Iterator[bytes]:
        """Yield a file's lines, with their ends."""

    @abstractmethod
    def size(self, id: str) -> int | None:
        """Return a file's size in bytes, or None if it is no regular file; FileNotFoundError if nothing is there."""

    @abstractmethod
    def stamps(self) -> Callable[[str], Stamp | None]:
        """Return what tells how a file lies there, or None if it is no regular file or not there.

        A bucket's are listed once, when this is called: to ask for each takes as long as to read it.
        """

    @abstractmethod
    def files(self, below: str = "") -> Iterator[str]:
        """Yield everything below a folder that is no folder, unsorted; nothing if it is not there."""

    @abstractmethod
    def replace(self, id: str, pieces: Iterable[bytes]) -> FileFacts:
        """Make a file hold something else, durably and all at once."""

    @abstractmethod
    def staging(self, name: str) -> AbstractContextManager[Staging]:
        """Begin a transaction, in a place of its own."""

    @abstractmethod
    def settle(self, folders: Iterable[str]) -> None:
        """Make everything published so far in some folders survive a loss of power."""

    @abstractmethod
    def remove(self, ids: Iterable[str]) -> None:
        """Remove files that may be there, the first before all others, durably, then folders that are left empty."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove what runs that were killed left unpublished."""

    @abstractmethod
    def lock(self, is_shared: bool) -> AbstractContextManager[str]:
        """Hold the store, made if it is not there, so that other runs are refused, but for those that share it.

        The block is given a sentence where they are not, since the place has no locks, though others like it have.

        Raises:
            JobError: another run holds it.
        """

    @abstractmethod
    def closing(self, folder: str) -> AbstractContextManager[str]:
        """Wait until no other run holds a folder that is there, and keep others waiting."""
