"""Image folders of Hugging Face `datasets`: pictures, and ``metadata.csv``, ``.jsonl`` or ``.parquet`` beside them.

    train/metadata.jsonl    {"file_name": "0.png", "label": "cat"}
    train/0.png             {"file_name": "1.png", "objects": {"bbox": [[302, 109, 73, 52]], "categories": ["cat"]}}

The reference is https://huggingface.co/docs/datasets/image_dataset. A row names its picture by ``file_name``, relative
to the file; ``objects`` is an object of lists or a list of objects, whose ``bbox`` is COCO's left, top, width, height;
``mask_file_name`` is its mask; ``text`` and the like are facts of it. Other columns mean what they mean in a table: see
`augkit.datasets.tables.table_columns`. A metadata file lies in the root, or in the folder of a split. Where no column
says what a picture shows, its folder does, if there are several.

Written is a ``metadata.jsonl`` in the folder of each split: ``file_name``, ``label`` (and ``label_json``, where some
are no texts), ``mask_file_name``, ``objects`` with ``bbox``, ``category``, and where there are such ``iscrowd`` and
``attributes``; texts such as captions in columns of their names, and ``attributes`` of the picture; these as JSON,
since columns must have one type. ``load_dataset("imagefolder", data_dir=OUT)`` reads it. It takes the type of a column
from what it holds, in each split by itself: where a split has nothing in some column, such as boxes,
``metadata.parquet`` is written, which tells types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from augkit.core.arrays import Json, JsonObject
from augkit.datasets import parquet_files
from augkit.datasets.data_set import ATTRIBUTES, DataSet, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.parquet_files import look
from augkit.datasets.tables.table_columns import LABEL_JSON, PICTURE_FACTS
from augkit.datasets.tables.table_files import Row, Table, plain_name
from augkit.datasets.tables.table_sets import read_tables, tables_in
from augkit.datasets.tables.tables import TableReader
from augkit.datasets.tables.typed_cells import features_of, named
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import MissingExtra
from augkit.targets.box_forms import described

if TYPE_CHECKING:
    import pyarrow

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
METADATA = "metadata.jsonl"


class ImageFolderFormat(Reader, FileWriter):
    """Read and write folders of pictures with a metadata file."""

    name = "imagefolder"
    summary = "Hugging Face image folders: pictures and `metadata.csv`, `.jsonl` or `.parquet`"
    rank = 25
    reads = frozenset(("boxes", "polygons", "masks", ATTRIBUTES))
    holds = frozenset(("boxes", "masks", ATTRIBUTES))
    holds_labels = True

    def recognises(self, inventory: Inventory) -> bool:
        return inventory.is_whole and bool(inventory.pictures) and bool(_metadata(inventory))

    def read(self, inventory: Inventory) -> DataSet:
        return read_tables(self.name, inventory, _metadata(inventory), _table)

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        if mask is not None:
            yield self.folder(part.split) + _mask_name(record), mask

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        columns = _Columns(whole)
        packed = {split: _packed(columns, whole, split) for split in whole.splits} if columns.has_gap(whole) else {}
        for split in whole.splits:
            if packed.get(split):
                yield self.folder(split) + NAMES[2], [packed[split]]
            else:
                yield self.folder(split) + METADATA, _lines(columns, whole, split)


def _metadata(inventory: Inventory) -> list[str]:
    texts = tables_in(inventory, NAMES, NAMES[:2])
    packed = [path for path in inventory.sizes if path.rpartition("/")[2].lower() == NAMES[2]]
    return [*texts, *sorted(packed)]


def _table(reader: TableReader, path: str) -> Table:
    if not path.lower().endswith(NAMES[2]):
        return reader.table(path)
    where = f"{reader.inventory.root}/{path}"
    with reader.inventory.root.open(path) as file:
        kinds, metadata, _ = look(where, parquet_files.heading, file)
        entries = look(where, parquet_files.entries, file, list(kinds), "")
    features, table = features_of(metadata, where), Table(path, list(kinds), is_typed=True, mark=" row ")
    for number, entry in enumerate(entries):
        cells = {name: named(cell, features.get(name), f"{where} row {number}") for name, cell in entry.items()}
        table.rows.append(Row(number, {name: cell for name, cell in cells.items() if cell is not None}))
    return table


def _mask_name(record: Record) -> str:
    return f"masks/{record.name.rpartition('.')[0]}.png"


class _Columns:
    """The columns that a data set needs: the same in every row, as `datasets` takes their types from the first."""

    def __init__(self, whole: Whole) -> None:
        self.kinds = whole.kinds
        self.has_labels = self.has_crowds = self.has_facts = self.has_other_labels = False
        texts: dict[str, bool] = {}
        for _, record in whole.records():
            self.has_labels |= record.label is not None
            self.has_other_labels |= not isinstance(record.label, str | None)
            self.has_crowds |= any(one.is_crowd for one in record.instances)
            for name, value in record.attributes.items():
                texts[name] = texts.get(name, plain_name(name) in PICTURE_FACTS) and isinstance(value, str)
        self.texts = [name for name, is_text in texts.items() if is_text]
        self.has_facts = len(self.texts) < len(texts)

    def row(self, record: Record) -> JsonObject:
        """Return the line of a picture."""
        row: JsonObject = {"file_name": record.name}
        if self.has_labels:
            label = record.label
            row["label"] = label if isinstance(label, str) or label is None else json.dumps(label)
            if self.has_other_labels:  # as JSON: only so can "3" and 3 be told apart
                row[LABEL_JSON] = None if isinstance(label, str) else json.dumps(label)
        if "masks" in self.kinds:
            row["mask_file_name"] = _mask_name(record) if record.has_mask else None
        if "boxes" in self.kinds:
            row["objects"] = self._objects(record)
        row |= {name: record.attributes.get(name) for name in self.texts}
        if self.has_facts:
            facts = {name: value for name, value in record.attributes.items() if name not in self.texts}
            row[ATTRIBUTES] = json.dumps(facts)
        return row

    def has_gap(self, whole: Whole) -> bool:
        """Return whether a split has nothing in some column."""
        seen: dict[Split | None, set[str]] = {split: set() for split in whole.splits}
        wanted: set[str] = set()
        for _, record in whole.records():
            row = self.row(record)
            wanted.update(row)
            says = {name for name, value in row.items() if (value["bbox"] if name == "objects" else value is not None)}
            seen[record.split] |= says
        return any(names < wanted for names in seen.values())

    def schema(self) -> pyarrow.Schema:
        """Return the types of the columns."""
        import pyarrow

        text, names = pyarrow.string(), ["file_name"]
        names += ["label"] * self.has_labels + [LABEL_JSON] * self.has_other_labels
        names += ["mask_file_name"] * ("masks" in self.kinds)
        columns: dict[str, pyarrow.DataType] = dict.fromkeys(names, text)
        if "boxes" in self.kinds:
            parts = [("bbox", pyarrow.list_(pyarrow.list_(pyarrow.float64()))), ("category", pyarrow.list_(text))]
            parts += [("iscrowd", pyarrow.list_(pyarrow.int64()))] * self.has_crowds
            parts += [(ATTRIBUTES, pyarrow.list_(text))] * (ATTRIBUTES in self.kinds)
            columns["objects"] = pyarrow.struct(parts)
        return pyarrow.schema({**columns, **dict.fromkeys([*self.texts, *[ATTRIBUTES] * self.has_facts], text)})

    def _objects(self, record: Record) -> JsonObject:
        instances = record.instances
        found: dict[str, list[Json]] = {
            "bbox": [[round(value, 3) for value in described("coco", one.box)] for one in instances],
            "category": [one.label for one in instances],
        }
        if self.has_crowds:
            found["iscrowd"] = [int(one.is_crowd) for one in instances]
        if ATTRIBUTES in self.kinds:
            found[ATTRIBUTES] = [json.dumps(one.attributes or {}) for one in instances]
        return dict(found)


def _lines(columns: _Columns, whole: Whole, split: Split | None) -> Iterator[bytes]:
    for _, record in whole.records():
        if record.split == split:
            text = json.dumps(columns.row(record), ensure_ascii=False, allow_nan=False)
            yield text.encode("utf-8", "backslashreplace") + b"\n"


def _in_utf8(value: Json) -> Json:
    """Return JSON as Parquet can hold it: escapes stand for what is no UTF-8 in names."""
    if isinstance(value, dict):
        return {name: _in_utf8(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_in_utf8(part) for part in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _packed(columns: _Columns, whole: Whole, split: Split | None) -> bytes:
    """Return a split's metadata as Parquet; nothing where pyarrow is not installed, which `datasets` needs, too."""
    try:
        module = parquet_files.parquet()
    except MissingExtra:
        return b""
    rows = [_in_utf8(json.loads(line)) for line in _lines(columns, whole, split)]
    schema, file = columns.schema(), BytesIO()
    module.write_table(schema.empty_table().from_pylist(rows, schema=schema), file)
    return file.getvalue()


FORMATS.add("imagefolder", ImageFolderFormat())
