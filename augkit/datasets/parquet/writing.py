"""Parquet, written: a file a shard, a row a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, get_args

from augkit.datasets import arrow
from augkit.datasets.data_set import Kind
from augkit.datasets.fields import FIELDS, fields_of
from augkit.datasets.form import Add, Part, Record, Sink, Whole, Writer
from augkit.errors import FileError

__all__ = ["ParquetWriter"]

MOST_ROWS, MOST_BYTES = 64, 16 << 20  # of a row group: what is held in memory


class ParquetWriter(Writer):
    """Files ``data/train-00000.parquet``; columns image, label, label_json, split, mask, and `FIELDS` as JSON.

    A label that is no text is JSON in both columns of labels: only so can "3" and 3 be told apart.

    `pyarrow` writes neither a time nor a host; its version is in the file, and so in the job.
    """

    name = "parquet"
    holds = frozenset(get_args(Kind))
    is_packed = True
    packages = ("pyarrow",)

    def place(self, part: Part, record_name: str) -> str:
        return f"{_file(part)}/{record_name}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        parquet, schema = _pyarrow()
        with sink.open(_file(part)) as file:
            rows: list[dict[str, Any]] = []
            # Pictures are compressed already, and the least and the greatest of them would be held several times over.
            plain: dict[str, Any] = {"compression": "none", "use_dictionary": False}
            writer = parquet.ParquetWriter(file, schema, write_statistics=["label", "split"], **plain)

            def flush() -> None:
                if rows:
                    writer.write_table(schema.empty_table().from_pylist(rows, schema=schema), len(rows))
                    rows.clear()

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                rows.append(_row(record, data, mask))
                if len(rows) >= MOST_ROWS or sum(len(row["image"]["bytes"]) for row in rows) > MOST_BYTES:
                    flush()

            yield add
            flush()
            writer.close()

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        parquet, _ = _pyarrow()
        place, _, name = id.partition(".parquet/")
        with BytesIO(read(f"{place}.parquet")) as file:
            for row in parquet.read_table(file, columns=["image"]).column("image").to_pylist():
                if row["path"] == name:
                    return bytes(row["bytes"])
        raise FileError(f"must be in {place}.parquet, got none of that name.", id)

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


def _file(part: Part) -> str:
    return f"data/{part.split or 'train'}-{part.index:05d}.parquet"


def _row(record: Record, data: bytes, mask: bytes | None) -> dict[str, Any]:
    fields = fields_of(record)
    label = record.label
    other = None if label is None or isinstance(label, str) else json.dumps(label)
    return {
        "image": {"bytes": data, "path": record.name},
        "label": _text(label) if isinstance(label, str) else other,
        "label_json": other,
        "split": record.split,
        "mask": None if mask is None else {"bytes": mask, "path": f"{record.name}.mask.png"},
        **{name: json.dumps(fields[name]) if name in fields else None for name in FIELDS},
    }


def _text(name: str) -> str:
    """Return a name with escapes for what is no UTF-8, which Parquet cannot hold."""
    return name.encode("utf-8", "backslashreplace").decode()


def _pyarrow() -> tuple[Any, Any]:
    """Return pyarrow's parquet and the schema, whose metadata makes `datasets` show image and mask as pictures."""
    parquet = arrow.parquet()
    import pyarrow

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    texts = ("label", "label_json", "split", *FIELDS)
    columns = [("image", picture), *((name, pyarrow.string()) for name in texts[:3]), ("mask", picture)]
    columns += [(name, pyarrow.string()) for name in FIELDS]
    features = {"image": {"_type": "Image"}, "mask": {"_type": "Image"}}
    features |= {name: {"dtype": "string", "_type": "Value"} for name in texts}
    ordered = {name: features[name] for name, _ in columns}
    metadata = {"huggingface": json.dumps({"info": {"features": ordered}})}
    return parquet, pyarrow.schema(columns, metadata=metadata)
