"""Places of pictures' bytes: a file, a part of one, text in JSON, or a cell of a Parquet file, in small pieces."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from augkit.core.arrays import Json
from augkit.errors import ArgumentError, AugkitError, FileError, MissingExtra
from augkit.storage.root import Root

if TYPE_CHECKING:
    from pyarrow import BinaryScalar, ChunkedArray, RecordBatch, StructScalar
    from pyarrow.parquet import ColumnChunkMetaData, ParquetFile

BUFFER_BYTES = 1 << 20  # read ahead of a column; without it pyarrow reads all of a row group's
KEPT_BYTES = 64 << 20  # of a row group's column, as it lies in the file: one that is larger is streamed every time
STREAMED_ROWS = 8


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


Place = str | Member | Cell | Embedded  # a posix path below the root, or what lies within such a file


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
    raise ArgumentError(f"must be a path, or a part of a file, got {jsonable!r:.60}.", "place")


def read_place(root: Root, place: Place) -> bytes:
    """Return the bytes that lie at a place."""
    if isinstance(place, str):
        return root.read(place)
    if isinstance(place, Member):
        return root.read(place.path, place.offset, place.size)
    if isinstance(place, Embedded):
        return _unpacked(root.read(place.path, place.offset, place.size), f"{root}/{place.path}")
    try:
        return _cell_bytes(root, place)
    except AugkitError:
        raise
    except Exception as fault:  # pyarrow raises anything on damaged files
        where = f"{root}/{place.path}"
        raise FileError(f"must be a whole Parquet file, got a fault: {fault}.", where) from None


def parquet() -> ModuleType:
    """Return the module `pyarrow.parquet`.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        what = "must be installed for Parquet. Run: pip install 'augkit[parquet]'"
        raise MissingExtra(what, "pyarrow") from None
    module: ModuleType = pyarrow.parquet
    return module


def opened(file: BinaryIO) -> ParquetFile:
    """Return a Parquet file of which the footer alone is read."""
    return parquet().ParquetFile(file, buffer_size=BUFFER_BYTES)


def batches(file: ParquetFile, columns: Sequence[str], group: int, rows: int) -> Iterator[RecordBatch]:
    """Yield some columns of a row group, a few rows at a time, on this thread."""
    yield from file.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False)


def chunks_of(file: ParquetFile, column: str, group: int) -> list[ColumnChunkMetaData]:
    """Return the footer's entries for a column in a row group, one for every leaf of it."""
    described = file.metadata.row_group(group)
    chunks = map(described.column, range(described.num_columns))
    return [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] == column]


def _unpacked(text: bytes, where: str) -> bytes:
    """Return what base64 holds, as JSON may escape it."""
    try:
        return b64decode(text.replace(b"\\/", b"/").replace(b"\\n", b"").replace(b"\\r", b""), validate=True)
    except ValueError as fault:
        raise FileError(f"must hold a picture in base64, got a fault: {fault}.", where) from None


def _cell_bytes(root: Root, cell: Cell) -> bytes:
    kept = _kept_column(root, cell.path, cell.column, cell.group)
    if kept is not None:
        return _bytes_in(kept[cell.row])
    before = 0
    with root.open(cell.path) as file:
        for batch in batches(opened(file), [cell.column], cell.group, STREAMED_ROWS):
            if cell.row < before + len(batch):
                return _bytes_in(batch.column(0)[cell.row - before])
            before += len(batch)
    raise FileError(f"must have a row {cell.row} in row group {cell.group}, got {before} rows.", f"{root}/{cell.path}")


def _bytes_in(value: BinaryScalar | StructScalar) -> bytes:
    """Return the bytes of a cell, empty where there are none; of a struct its field ``bytes``."""
    held = value.as_py()
    return (held.get("bytes") if isinstance(held, dict) else held) or b""


@lru_cache(maxsize=2)  # a picture and its mask
def _kept_column(root: Root, path: str, column: str, group: int) -> ChunkedArray | None:
    """Return a column of a row group, or None where that is too much to hold: what is read next often lies in it."""
    with root.open(path) as file:
        table = opened(file)
        if sum(chunk.total_uncompressed_size for chunk in chunks_of(table, column, group)) > KEPT_BYTES:
            return None
        return table.read_row_group(group, columns=[column], use_threads=False).column(0)
