"""Parquet with the pictures' bytes in it, as `augkit expand` writes it and as Hugging Face's `datasets` does.

    image    a struct of bytes and path, or binary; the one such column may be called otherwise
    label    its class, as text, or as a number that the file's metadata names; label_json, any JSON value, comes first
    split    train, val or test; without such a column the file's name may end with it, or its folder be it
    group    what must stay in one split;  mask: a struct or binary, as image
    boxes, box_labels, polygons, keypoints ...    as `augkit.datasets.fields` says, as JSON or as lists

A picture that is not compressed a second time is a place within its file, found once, like a member of a tar. Others
are cells, and to read one its row group is read. No file tells the sizes of its pictures, so all of it is read once, a
few rows at a time.

Written is a file a shard, ``data/train-00000.parquet``, a row a picture. A label that is no text is JSON in both
columns of labels: only so can "3" and 3 be told apart. `pyarrow` writes neither a time nor a host; its version is in
the file, and so in the job.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.text_files import json_of
from augkit.datasets import places
from augkit.datasets.data_set import ATTRIBUTES, DataSet, Kind, Source, Split
from augkit.datasets.fields import FIELDS, annotations_of
from augkit.datasets.format import FORMATS, Packed
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES, split_named, splits_of
from augkit.datasets.places import KEPT_BYTES, Cell, Member, Place
from augkit.datasets.writing import Add, Part, Record, Sink
from augkit.errors import AugkitError, FileError
from augkit.storage.root import Root, inside
from augkit.targets import records

if TYPE_CHECKING:
    import pyarrow

ROWS = 64  # held at once, with their pictures
PREFIX_BYTES = 64  # of a picture, that are looked for
NO_PICTURE = "a row without a picture's bytes"
TEXTS = ("label_json", "label", "class", "split", "group", *FIELDS)
MOST_ROWS, MOST_BYTES = 64, 16 << 20  # of a row group that is written: what is held in memory


class ParquetFormat(Packed):
    """Read files of rows in one pass over them; write image, label, label_json, split, mask, and `FIELDS` as JSON."""

    name = "parquet"
    summary = "Parquet with the pictures' bytes, as Hugging Face `datasets` reads it"
    rank = 50
    suffixes = (".parquet",)
    packages = ("pyarrow",)
    folders = ("data", *SPLIT_NAMES)

    def read(self, inventory: Inventory) -> DataSet:
        root, paths, left_out = inventory.root, self.packs(inventory), inventory.left_out
        splits = splits_of(paths, inventory.note, str(root))
        sources: list[Source] = []
        named: dict[str, None] = {}  # by the files' metadata, in their order
        for path in paths:
            try:
                with root.open(path) as file:
                    table = _File(root, path, file, splits[path], left_out)
                    sources += table.sources()
                    named |= dict.fromkeys(table.classes)
            except AugkitError:
                raise
            except Exception as fault:  # pyarrow raises anything on damaged files
                what = f"must be a whole Parquet file, got a fault: {fault}. Copy it again from where it came."
                raise FileError(what, f"{root}/{path}") from None
        labels = {source.label for source in sources if isinstance(source.label, str)}
        return DataSet.of(self.name, root, sources, left_out, named if labels <= named.keys() else None)

    def file(self, part: Part) -> str:
        return f"data/{part.split or 'train'}-{part.index:05d}.parquet"

    def member(self, record_name: str) -> str:
        return record_name

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        module, schema = places.parquet(), _schema(part.kinds)
        with sink.open(self.file(part)) as file:
            rows: list[JsonObject] = []
            # Pictures are compressed already, and the least and the greatest of them would be held several times over.
            writer = module.ParquetWriter(
                file, schema, compression="none", use_dictionary=False, write_statistics=["label", "split"]
            )

            def flush() -> None:
                if rows:
                    writer.write_table(schema.empty_table().from_pylist(rows, schema=schema), len(rows))
                    rows.clear()

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                rows.append(_row(record, data, mask, part.kinds))
                if len(rows) >= MOST_ROWS or sum(len(row["image"]["bytes"]) for row in rows) > MOST_BYTES:
                    flush()

            yield add
            flush()
            writer.close()

    def found(self, file: BinaryIO, member: str) -> bytes | None:
        cells: list[JsonObject] = places.parquet().read_table(file, columns=["image"]).column("image").to_pylist()
        return next((bytes(cell["bytes"]) for cell in cells if cell["path"] == member), None)


class _File:
    """One file: which of its columns mean what, and its rows."""

    def __init__(self, root: Root, path: str, raw: BinaryIO, split: Split | None, left_out: Counter[str]) -> None:
        self.path, self.where, self.raw, self.split, self.left_out = path, f"{root}/{path}", raw, split, left_out
        self.file = places.opened(raw)
        schema = self.file.schema_arrow
        columns = {name: str(schema.field(name).type) for name in schema.names}
        self.image = _image_column(columns, self.where)
        self.mask = "mask" if _holds_bytes(columns.get("mask", "")) else None
        self.texts = [name for name in TEXTS if name in columns]
        self.classes = _class_names(schema.metadata or {}, "label" if "label" in columns else "class", self.where)

    def sources(self) -> list[Source]:
        """Return the rows that hold a picture; their ids are the paths they tell, or else their numbers."""
        made = list(self._rows())
        ids = [source.id for source in made]
        if "" in ids or len(set(ids)) < len(ids):
            digits = len(str(self.file.metadata.num_rows))
            ids = [f"{number:0{digits}d}" for number in range(len(made))]
        return [replace(source, id=f"{self.path}/{id}") for id, source in zip(ids, made, strict=True)]

    def _rows(self) -> Iterator[Source]:
        """Yield a source a row; its id is the path that the row tells."""
        columns = [self.image, *([] if self.mask is None else [self.mask]), *self.texts]
        for group in range(self.file.metadata.num_row_groups):
            finders = {name: _Finder(self, name, group) for name in columns[: 1 + (self.mask is not None)]}
            batches = places.batches(self.file, columns, group, ROWS)
            for row, entry in enumerate(entry for batch in batches for entry in batch.to_pylist()):
                image, path = _picture(entry[self.image])
                mask, _ = _picture(entry[self.mask]) if self.mask else (b"", "")
                place = finders[self.image].place(image, row)
                mask_place = finders[self.mask].place(mask, row) if self.mask and mask else None
                if image:
                    yield self._source(path, len(image), entry, place, mask_place, f"{self.where} row {row}")
                else:
                    self.left_out[NO_PICTURE] += 1

    def _source(self, path: str, size: int, entry: JsonObject, place: Place, mask: Place | None, where: str) -> Source:
        label, group = self._label(entry, where), entry.get("group")
        split = split_named(entry["split"], where) if "split" in self.texts else self.split
        fields = {
            name: json_of(value, f"{where} {name}") if isinstance(value, str) else value
            for name in FIELDS
            if (value := entry.get(name)) is not None
        }
        annotations = annotations_of(fields, label, mask, where, self.left_out)
        return Source(path, size, label, split, None if group is None else str(group), place, annotations)

    def _label(self, entry: JsonObject, where: str) -> Label:
        if entry.get("label_json") is not None:
            return json_of(entry["label_json"], f"{where} label_json")
        label = entry.get("label", entry.get("class"))
        if not self.classes or not isinstance(label, int):
            return label
        if label == -1:  # how `datasets` writes that it is not known
            return None
        if not 0 <= label < len(self.classes):
            raise FileError(f"must be the number of one of {len(self.classes)} classes, got {label}.", f"{where} label")
        return self.classes[label]


class _Finder:
    """Places of the cells of one column of a row group in the file.

    A picture that pyarrow decoded is looked for in the column's bytes as they lie in the file, from the end of the one
    before on, its length before it. What is found there is the picture, whatever else the format may allow.
    """

    def __init__(self, table: _File, column: str, group: int) -> None:
        self.path, self.column, self.group, self.at = table.path, column, group, 0
        chunks = [chunk for chunk in places.chunks_of(table.file, column, group) if chunk.physical_type == "BYTE_ARRAY"]
        chunk = max(chunks, key=lambda chunk: chunk.total_compressed_size)  # paths lie in one of their own
        self.start, self.raw = chunk.data_page_offset, b""
        if chunk.compression == "UNCOMPRESSED" and chunk.total_compressed_size <= KEPT_BYTES:
            before = table.raw.tell()
            table.raw.seek(self.start)
            self.raw = table.raw.read(chunk.total_compressed_size)
            table.raw.seek(before)

    def place(self, data: bytes, row: int) -> Place:
        """Return where a cell lies that holds `data`."""
        start = self.raw.find(len(data).to_bytes(4, "little") + data[:PREFIX_BYTES], self.at) + 4
        if not data or start < 4 or self.raw[start : start + len(data)] != data:
            return Cell(self.path, self.column, self.group, row)
        self.at = start + len(data)
        return Member(self.path, self.start + start, len(data))


def _holds_bytes(kind: str) -> bool:
    """Return whether cells of a type hold the bytes of a file, by the name that pyarrow gives the type."""
    return kind in ("binary", "large_binary") or (kind.startswith("struct<") and "bytes: " in kind)


def _image_column(columns: Mapping[str, str], where: str) -> str:
    held = [name for name, kind in columns.items() if _holds_bytes(kind)]
    if "image" in held:
        return "image"
    others = [name for name in held if name != "mask"]
    if len(others) == 1:
        return others[0]
    what = f"must have a column image of bytes, got {', '.join(columns)[:80] or 'none'}."
    raise FileError(f"{what} Rename the one that is meant.", where)


def _picture(cell: Json) -> tuple[bytes, str]:
    """Return the bytes that a cell holds, and the path that it tells, or "" if that is none below a folder."""
    data, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    try:
        return data or b"", inside(path) if isinstance(path, str) else ""
    except FileError:
        return data or b"", ""


def _class_names(metadata: Mapping[bytes, bytes], column: str, where: str) -> tuple[str, ...]:
    """Return the names of the numbers of a column of classes, as `datasets` writes them down."""
    found = json_of(metadata.get(b"huggingface", b"{}"), f"{where} metadata")
    for key in ("info", "features", column, "names"):
        found = found.get(key) if isinstance(found, dict) else None
    return tuple(found) if isinstance(found, list) and all(isinstance(name, str) for name in found) else ()


def _row(record: Record, data: bytes, mask: bytes | None, kinds: frozenset[Kind]) -> JsonObject:
    fields = records.fields(record.targets, record.size)
    label = record.label
    other = None if label is None or isinstance(label, str) else json.dumps(label)
    return {
        "image": {"bytes": data, "path": record.name},
        # Parquet cannot hold a name that is no UTF-8: escapes stand for what is none.
        "label": label.encode("utf-8", "backslashreplace").decode() if isinstance(label, str) else other,
        "label_json": other,
        "split": record.split,
        "mask": None if mask is None else {"bytes": mask, "path": f"{record.name}.mask.png"},
        **{name: json.dumps(fields[name]) if name in fields else None for name in _columns(kinds)},
    }


def _columns(kinds: frozenset[Kind]) -> list[str]:
    """Return those of `FIELDS` that are written: facts that do not move only where there are any."""
    return [name for name in FIELDS if not name.endswith(ATTRIBUTES) or ATTRIBUTES in kinds]


def _schema(kinds: frozenset[Kind]) -> pyarrow.Schema:
    """Return the columns; metadata makes `datasets` show image and mask as pictures."""
    import pyarrow

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    columns = {name: pyarrow.string() for name in ("image", "label", "label_json", "split", "mask", *_columns(kinds))}
    columns |= {"image": picture, "mask": picture}
    text = {"dtype": "string", "_type": "Value"}
    features = {name: {"_type": "Image"} if kind is picture else text for name, kind in columns.items()}
    return pyarrow.schema(columns.items(), metadata={"huggingface": json.dumps({"info": {"features": features}})})


FORMATS.add("parquet", ParquetFormat())
