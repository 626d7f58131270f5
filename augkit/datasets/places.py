"""Places of pictures' bytes: a file, a part of one, text in JSON, or a cell of a Parquet file, in small pieces."""

from __future__ import annotations

from base64 import b64decode
from typing import NamedTuple

from augkit.core.arrays import Json
from augkit.datasets import parquet_files
from augkit.errors import ArgumentError, FileError
from augkit.storage.root import Root
from augkit.storage.web_files import fetched, is_url, without_rights

KEPT_BYTES = 64 << 20  # of a row group's column, as it lies in the file: one that is larger is streamed every time


class Member(NamedTuple):
    """Bytes that lie within a file: a member of an uncompressed tar, or a picture that Parquet has not compressed."""

    path: str
    offset: int
    size: int


class Cell(NamedTuple):
    """A picture that lies in a Parquet file and cannot be read without decompressing its neighbours.

    Args:
        path: the file.
        column: its name; of binary, or of structs whose field ``bytes`` is.
        group: the row group.
        row: within the row group.
    """

    path: str
    column: str
    group: int
    row: int


class Embedded(NamedTuple):
    """A picture that lies in a JSON file as text, in base64.

    Args:
        path: the file.
        offset: of the text, without its quotes, in bytes.
        size: likewise.
        coding: base64.
    """

    path: str
    offset: int
    size: int
    coding: str = "base64"


class Linked(NamedTuple):
    """A picture that lies in the web.

    Args:
        path: its URL.
    """

    path: str


Place = str | Member | Cell | Embedded | Linked  # a posix path below the root, or what lies within such a file


def in_books(place: Place) -> Place:
    """Return a place as books may hold it: a URL without what gives rights."""
    return Linked(without_rights(place.path)) if isinstance(place, Linked) else place


def place_of(jsonable: Json) -> Place:
    """Return a place that was written as JSON.

    Raises:
        ArgumentError: it is none.

    >>> place_of(["a.tar", 512, 2048])
    Member(path='a.tar', offset=512, size=2048)
    """
    match jsonable:
        case str() as path:
            return path
        case [str() as path, int() as offset, int() as size] if offset >= 0 and size >= 0:
            return Member(path, offset, size)
        case [str() as path, int() as offset, int() as size, "base64"] if offset >= 0 and size >= 0:
            return Embedded(path, offset, size)
        case [str() as path, str() as column, int() as group, int() as row] if group >= 0 and row >= 0:
            return Cell(path, column, group, row)
        case [str() as path] if is_url(path):
            return Linked(path)
    raise ArgumentError(f"must be a path, or a part of a file, got {jsonable!r:.60}.", "place")


def read_place(root: Root, place: Place) -> bytes:
    """Return the bytes that lie at a place."""
    if isinstance(place, str):
        return root.read(place)
    if isinstance(place, Linked):
        if not root.trust.urls:
            what = "must lie in the data set, got a URL. Pass --allow-urls if you trust who made it."
            raise FileError(what, without_rights(place.path))
        return fetched(place.path)
    if isinstance(place, Member):
        return root.read(place.path, place.offset, place.size)
    if isinstance(place, Embedded):
        return _unpacked(root.read(place.path, place.offset, place.size), f"{root}/{place.path}")
    where = f"{root}/{place.path}"
    key = (where, *root.stamp(place.path))  # before it is opened: the key of an older file is never asked for again
    with root.open(place.path) as file:
        return parquet_files.look(
            where, parquet_files.cell_bytes, file, key, place.column, place.group, place.row, KEPT_BYTES
        )


def _unpacked(text: bytes, where: str) -> bytes:
    """Return what base64 holds, as JSON may escape it."""
    try:
        return b64decode(text.replace(b"\\/", b"/").replace(b"\\n", b"").replace(b"\\r", b""), validate=True)
    except ValueError as fault:
        raise FileError(f"must hold a picture in base64, got a fault: {fault}.", where) from None
