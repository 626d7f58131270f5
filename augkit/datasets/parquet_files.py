"""Parquet files as `pyarrow` reads them, in a process of its own: its C++ aborts on some damaged ones.

A footer may ask for any amount of memory, and a page decode to any count of rows. So whatever is looked at in one runs
within limits, in a helper process, which the file is lent to; see `augkit.apart`. What comes back is plain data.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, Concatenate, NamedTuple, ParamSpec, TypeVar

from augkit.apart import Limits, run_apart
from augkit.core.arrays import Json, JsonObject
from augkit.datasets.tables.typed_cells import jsonable
from augkit.errors import AugkitError, FileError, MissingExtra, raise_outage
from augkit.storage.trust import inside

if TYPE_CHECKING:
    from pyarrow import BinaryScalar, ChunkedArray, RecordBatch, StructScalar
    from pyarrow.parquet import ColumnChunkMetaData, ParquetFile

BUFFER_BYTES = 1 << 20  # read ahead of a column; without it pyarrow reads all of a row group's
TABLE_ROWS = 1024  # held at once, without pictures
PICTURE_ROWS = 64  # held at once, with their pictures
STREAMED_ROWS = 8
PREFIX_BYTES = 64  # of a picture, that are looked for
FEW_ROWS = 10_000  # that a file of any size may have: equal ones take few bytes
LEAST_CPU_S, BYTES_A_SECOND = 60.0, 5 << 20  # that a file may be computed over, beside its size
LEAST_BYTES, TIMES_ITS_SIZE = 1 << 30, 8  # of memory, likewise

P = ParamSpec("P")
T = TypeVar("T")


class Heading(NamedTuple):
    """A file's footer.

    Args:
        kinds: the names of the columns' types by their own, in order.
        metadata: that Hugging Face `datasets` wrote, as JSON.
        rows: their count.
    """

    kinds: dict[str, str]
    metadata: bytes
    rows: int


class Part(NamedTuple):
    """A picture that a cell holds: where its bytes lie in the file, or else in which cell, and their count."""

    group: int
    row: int
    offset: int | None
    size: int


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


def look(
    where: str, function: Callable[Concatenate[BinaryIO, P], T], file: BinaryIO, *args: P.args, **kw: P.kwargs
) -> T:
    """Return what a function of this module makes of an open file, in a helper process.

    Args:
        where: the file's name, for messages.
        function: gets the file and what follows.
        file: it.
        args: of the function.
        kw: likewise.

    Raises:
        FileError: it is no whole Parquet file, or asks for too much time or memory.
        Unreachable, OutOfMemory: the file is not at fault.
    """
    parquet()  # what is missing is told before a process is started
    size = file.seek(0, os.SEEK_END)
    limits = Limits(LEAST_CPU_S + size / BYTES_A_SECOND, LEAST_BYTES + TIMES_ITS_SIZE * size)
    file.seek(0)
    try:
        return run_apart(where, limits, function, file, *args, **kw)
    except AugkitError:
        raise
    except Exception as fault:  # pyarrow raises anything on damaged files
        raise_outage(fault, where)
        what = f"must be a whole Parquet file, got a fault: {fault}. Copy it again from where it came."
        raise FileError(what, where) from None


def heading(file: BinaryIO) -> Heading:
    """Return what a file's footer says."""
    table = _opened(file)
    schema = table.schema_arrow
    metadata = (schema.metadata or {}).get(b"huggingface", b"{}")
    return Heading({name: str(schema.field(name).type) for name in schema.names}, metadata, table.metadata.num_rows)


def entries(file: BinaryIO, columns: Sequence[str], raw: str) -> list[JsonObject]:
    """Return the rows of some columns as JSON; text and bytes of the column `raw` as they are."""
    table, found = _opened(file), list[JsonObject]()
    for group in range(table.metadata.num_row_groups) if columns else ():
        for batch in _batches(table, columns, group, TABLE_ROWS):
            found += [{name: _cell(cell, name == raw) for name, cell in row.items()} for row in batch.to_pylist()]
    return found


def pictures(file: BinaryIO, columns: Sequence[str], kept_bytes: int) -> list[tuple[str, tuple[Part, ...]]]:
    """Return a row's path, as its first column tells it, and where the pictures of these columns lie."""
    table, found = _opened(file), list[tuple[str, tuple[Part, ...]]]()
    for group in range(table.metadata.num_row_groups):
        finders = [_Finder(file, table, name, group, kept_bytes) for name in columns]
        rows = (row for batch in _batches(table, columns, group, PICTURE_ROWS) for row in batch.to_pylist())
        for number, row in enumerate(rows):
            cells = [_picture(row[name]) for name in columns]
            parts = (finder.part(data, number) for finder, (data, _) in zip(finders, cells, strict=True))
            found.append((cells[0][1], tuple(parts)))
    return found


def cell_bytes(file: BinaryIO, key: tuple[object, ...], column: str, group: int, row: int, kept_bytes: int) -> bytes:
    """Return the bytes that a cell holds.

    Args:
        file: it.
        key: tells the file's content from any other's: what is read next often lies in the same row group.
        column: the cell's.
        group: likewise.
        row: likewise.
        kept_bytes: of a column that is kept, at most; a larger one is streamed every time.
    """
    kept = _kept_column(_Same(key, file), column, group, kept_bytes)
    if kept is not None:
        return _bytes_in(kept[row])
    before = 0
    for batch in _batches(_opened(file), [column], group, STREAMED_ROWS):
        if row < before + len(batch):
            return _bytes_in(batch.column(0)[row - before])
        before += len(batch)
    raise ValueError(f"row group {group} has {before} rows, and not a row {row}")


def named_bytes(file: BinaryIO, path: str) -> bytes | None:
    """Return the picture of the column image that is called so, or None."""
    table = _opened(file)
    for group in range(table.metadata.num_row_groups):
        for batch in _batches(table, ["image"], group, PICTURE_ROWS):
            for row in batch.to_pylist():
                if row["image"]["path"] == path:
                    return bytes(row["image"]["bytes"])
    return None


class _Same:
    """An open file, equal to every other of the same content."""

    def __init__(self, key: tuple[object, ...], file: BinaryIO) -> None:
        self.key, self.file = key, file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class _Finder:
    """Places of the cells of one column of a row group in the file.

    A picture that pyarrow decoded is looked for in the column's bytes as they lie in the file, from the end of the one
    before on, its length before it. What is found there is the picture, whatever else the format may allow.
    """

    def __init__(self, file: BinaryIO, table: ParquetFile, column: str, group: int, kept_bytes: int) -> None:
        self.group, self.at = group, 0
        chunks = [chunk for chunk in _chunks_of(table, column, group) if chunk.physical_type == "BYTE_ARRAY"]
        chunk = max(chunks, key=lambda chunk: chunk.total_compressed_size)  # paths lie in one of their own
        self.start, self.raw = chunk.data_page_offset, b""
        if chunk.compression == "UNCOMPRESSED" and chunk.total_compressed_size <= kept_bytes:
            before = file.tell()
            file.seek(self.start)
            self.raw = file.read(chunk.total_compressed_size)
            file.seek(before)

    def part(self, data: bytes, row: int) -> Part:
        """Return where a cell lies that holds `data`."""
        start = self.raw.find(len(data).to_bytes(4, "little") + data[:PREFIX_BYTES], self.at) + 4
        if not data or start < 4 or self.raw[start : start + len(data)] != data:
            return Part(self.group, row, None, len(data))
        self.at = start + len(data)
        return Part(self.group, row, self.start + start, len(data))


def _opened(file: BinaryIO) -> ParquetFile:
    """Return a Parquet file of which the footer alone is read.

    Raises:
        ValueError: it claims more rows than it has bytes: no picture, and no label, is that small.
    """
    found: ParquetFile = parquet().ParquetFile(file, buffer_size=BUFFER_BYTES)
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(place)
    rows = found.metadata.num_rows
    if not 0 <= rows <= max(size, FEW_ROWS):
        raise ValueError(f"{rows:,} rows in {size:,} bytes")
    return found


def _batches(file: ParquetFile, columns: Sequence[str], group: int, rows: int) -> Iterator[RecordBatch]:
    """Yield some columns of a row group, a few rows at a time, on this thread."""
    yield from file.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False)


def _chunks_of(file: ParquetFile, column: str, group: int) -> list[ColumnChunkMetaData]:
    """Return the footer's entries for a column in a row group, one for every leaf of it."""
    described = file.metadata.row_group(group)
    chunks = map(described.column, range(described.num_columns))
    return [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] == column]


def _cell(value: object, is_raw: bool) -> Json:
    return value if is_raw and isinstance(value, str | bytes) else jsonable(value)


def _picture(cell: Json) -> tuple[bytes, str]:
    """Return the bytes that a cell holds, and the path that it tells, or "" if that is none below a folder."""
    data, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    try:
        return data or b"", inside(path) if isinstance(path, str) else ""
    except FileError:
        return data or b"", ""


def _bytes_in(value: BinaryScalar | StructScalar) -> bytes:
    """Return the bytes of a cell, empty where there are none; of a struct its field ``bytes``."""
    held = value.as_py()
    return (held.get("bytes") if isinstance(held, dict) else held) or b""


@lru_cache(maxsize=2)  # a picture and its mask
def _kept_column(same: _Same, column: str, group: int, kept_bytes: int) -> ChunkedArray | None:
    """Return a column of a row group, or None where that is too much to hold."""
    table = _opened(same.file)
    if sum(chunk.total_uncompressed_size for chunk in _chunks_of(table, column, group)) > kept_bytes:
        return None
    return table.read_row_group(group, columns=[column], use_threads=False).column(0)
