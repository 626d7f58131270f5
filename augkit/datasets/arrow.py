"""Parquet files through pyarrow: opened and read in small pieces, on one thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from augkit.errors import MissingExtra

if TYPE_CHECKING:
    from pyarrow import BinaryScalar, RecordBatch, StructScalar
    from pyarrow.parquet import ColumnChunkMetaData, ParquetFile

BUFFER_BYTES = 1 << 20  # read ahead of a column; without it pyarrow reads all of a row group's


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
    """Return a file of which the footer alone is read."""
    return parquet().ParquetFile(file, buffer_size=BUFFER_BYTES)


def batches(file: ParquetFile, columns: Sequence[str], group: int, rows: int) -> Iterator[RecordBatch]:
    """Yield some columns of a row group, a few rows at a time."""
    yield from file.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False)


def bytes_in(value: BinaryScalar | StructScalar) -> bytes:
    """Return the bytes of a cell, empty where there are none; of a struct its field ``bytes``."""
    held = value.as_py()
    return (held.get("bytes") if isinstance(held, dict) else held) or b""


def chunks_of(file: ParquetFile, column: str, group: int) -> list[ColumnChunkMetaData]:
    """Return the footer's entries for a column in a row group, one for every leaf of it."""
    described = file.metadata.row_group(group)
    chunks = (described.column(leaf) for leaf in range(described.num_columns))
    return [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] == column]


def column_bytes(file: ParquetFile, column: str, group: int) -> int:
    """Return how many bytes a column of a row group takes when it is read."""
    return sum(chunk.total_uncompressed_size for chunk in chunks_of(file, column, group))
