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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import json_of
from augkit.datasets import parquet_files, places
from augkit.datasets.data_set import ATTRIBUTES, DataSet, Kind, Source, Split
from augkit.datasets.fields import FIELDS
from augkit.datasets.folders.mask_places import about_masks_of
from augkit.datasets.format import FORMATS, Packed
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES, splits_of
from augkit.datasets.parquet_files import look
from augkit.datasets.places import Cell, Member, Place
from augkit.datasets.tables.table_columns import IMAGES, LABEL_JSON, LABELS, MASKS, Roles
from augkit.datasets.tables.table_files import Row, Table, plain_name
from augkit.datasets.tables.table_regions import OBJECT_LABELS
from augkit.datasets.tables.table_rows import Described, Rows
from augkit.datasets.tables.tables import TableReader
from augkit.datasets.tables.typed_cells import class_names, features_of, named
from augkit.datasets.writing import Add, Part, Record, Sink
from augkit.errors import FileError, raise_outage
from augkit.targets import records

if TYPE_CHECKING:
    import pyarrow

MOST_ROWS, MOST_BYTES = 64, 16 << 20  # of a row group that is written: what is held in memory


class ParquetFormat(Packed):
    """Read files of rows in one pass over them; write image, label, label_json, split, mask, and `FIELDS` as JSON."""

    name = "parquet"
    summary = "Parquet with the pictures' bytes, as Hugging Face `datasets` reads it"
    rank = 50
    suffixes = (".parquet",)
    refused = (".arrow",)
    packages = ("pyarrow",)
    folders = ("data", *SPLIT_NAMES)

    def read(self, inventory: Inventory) -> DataSet:
        root, paths, left_out = inventory.root, self.packs(inventory), inventory.left_out
        for path in paths:
            if path.lower().endswith(self.refused):
                what = "must be Parquet, got an Arrow file, as save_to_disk of datasets writes it. Write Parquet"
                raise FileError(f'{what}: load_from_disk(...).to_parquet("train.parquet").', f"{root}/{path}")
        splits = splits_of(paths, inventory.note, str(root))
        reader, files = TableReader(inventory), list[_File]()
        sources: list[Source] = []
        for path in paths:
            inventory.stamp(path)
            with root.open(path) as file:
                files.append(_File(reader, path, file))
                sources += files[-1].sources(splits[path])
        named = dict.fromkeys(name for file in files for name in file.classes)  # by the files' metadata, in their order
        labels = {source.label for source in sources if isinstance(source.label, str)}
        labels |= {label for source in sources for label in source.box_labels}
        found = DataSet.of(self.name, root, sources, left_out, named if labels and labels <= named.keys() else None)
        return replace(found, columns=reader.left_columns(sources), about=about_masks_of(inventory, sources))

    def file(self, part: Part) -> str:
        return f"data/{part.split or 'train'}-{part.index:05d}.parquet"

    def member(self, record_name: str) -> str:
        return record_name

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        module, schema = parquet_files.parquet(), _schema(part.kinds)
        with sink.open(self.file(part)) as file:
            # Pictures are compressed already, and the least and the greatest of them would be held several times over.
            writer = module.ParquetWriter(
                file, schema, compression="none", use_dictionary=False, write_statistics=["label", "split"]
            )
            group = _RowGroup(schema, part.kinds)

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                group.add(record, data, mask)
                if group.count >= MOST_ROWS or group.bytes > MOST_BYTES:
                    writer.write_table(group.taken(), MOST_ROWS)

            yield add
            if group.count:
                writer.write_table(group.taken(), MOST_ROWS)
            writer.close()

    def found(self, file: BinaryIO, member: str) -> bytes | None:
        return look(member, parquet_files.named_bytes, file, member)


class _File:
    """One file: which of its columns mean what, and its rows."""

    def __init__(self, reader: TableReader, path: str, raw: BinaryIO) -> None:
        self.reader, self.path, self.where, self.raw = reader, path, f"{reader.inventory.root}/{path}", raw
        kinds, metadata, self.count = look(self.where, parquet_files.heading, raw)
        self.features = features_of(metadata, self.where)
        ignored = {name for name in kinds if reader.inventory.ignores(name, "column")}
        held = [name for name, kind in kinds.items() if _holds_bytes(kind) and name not in ignored]
        self.image = _image_column(held, list(kinds), self.where)
        self.mask = _mask_column([name for name in held if name != self.image])
        for name in held:
            if name not in (self.image, self.mask):
                reader.inventory.unread("column", name, self.where, f"The picture is {self.image}.")
        self.others = [name for name in kinds if name not in held and name not in ignored]
        self.classes: tuple[str, ...] = ()

    def sources(self, split: Split | None) -> list[Source]:
        """Return the rows; their ids are the paths they tell, or else their numbers."""
        table = self._table()
        rows = self.reader.rows(table, self.image)
        self.classes = self._classes(rows.roles)
        found = list(self._pictures())
        if len(found) != len(table.rows):
            what = f"must have as many rows in all columns, got {len(found):,} pictures and {len(table.rows):,} rows"
            raise FileError(f"{what}. It is damaged: copy it again.", self.where)
        ids = [picture.named for picture in found]
        if "" in ids or len(set(ids)) < len(ids):
            digits = len(str(self.count))
            ids = [f"{number:0{digits}d}" for number in range(len(found))]
        for id, picture, row in zip(ids, found, table.rows, strict=True):
            picture.id = f"{self.path}/{id}"
            if picture.bytes == 0:
                self._without_bytes(rows, picture)
            else:
                picture.path = picture.id
            rows.fill(picture, row, f"{self.reader.inventory.root}/{table.place(row.line)}")
        return self.reader.made(rows, found, None if rows.roles.split else split)

    def _without_bytes(self, rows: Rows, picture: Described) -> None:
        """Find the file that a row names instead of holding a picture."""
        picture.path = rows.files.picture(picture.named)
        picture.place = picture.bytes = None
        if picture.path is None:
            picture.blame(f"{picture.where}: must hold the bytes of a picture, got none.")

    def _table(self) -> Table:
        """Return all columns but those of pictures, with the names of classes."""
        table = Table(self.path, [name for name in self.others if name != LABEL_JSON], is_typed=True, mark=" row ")
        if not self.others:
            table.rows = [Row(number, {}) for number in range(self.count)]
            return table
        found = look(self.where, parquet_files.entries, self.raw, self.others, LABEL_JSON)
        table.rows = [self._row(number, entry) for number, entry in enumerate(found)]
        return table

    def _row(self, number: int, entry: JsonObject) -> Row:
        cells: JsonObject = {}
        row = Row(number, cells)
        other = entry.pop(LABEL_JSON, None)
        for name, cell in entry.items():
            try:
                value = named(cell, self.features.get(name), name)
            except FileError as fault:
                raise_outage(fault)
                row.fault = row.fault or f"{name}: {fault.message}"
                continue
            if value is not None:
                cells[name] = value
        if other is not None:
            if not isinstance(other, str | bytes):
                raise FileError("must hold JSON as text.", f"{self.where} row {number} {LABEL_JSON}")
            cells["label"] = json_of(other, f"{self.where} row {number} {LABEL_JSON}")
        return row

    def _classes(self, roles: Roles) -> tuple[str, ...]:
        if roles.label is not None and (names := class_names(self.features.get(roles.label))):
            return names
        inner = self.features.get(roles.objects) if roles.objects else None
        while (isinstance(inner, list) and inner) or (isinstance(inner, dict) and "feature" in inner):
            inner = inner[0] if isinstance(inner, list) else inner["feature"]
        found = (class_names(inner.get(key)) for key in OBJECT_LABELS) if isinstance(inner, dict) else iter(())
        return next((names for names in found if names), ())

    def _pictures(self) -> Iterator[Described]:
        """Yield the pictures, without what the other columns say of them."""
        columns = [self.image, *([] if self.mask is None else [self.mask])]
        found = look(self.where, parquet_files.pictures, self.raw, columns, places.KEPT_BYTES)
        for number, (path, (image, *masks)) in enumerate(found):
            place = self._place(image, self.image)
            described = Described(self.path, f"{self.path} row {number}", path, place, image.size)
            if self.mask is not None and masks[0].size:
                described.mask = self._place(masks[0], self.mask)
            yield described

    def _place(self, part: parquet_files.Part, column: str) -> Place:
        if part.offset is None:
            return Cell(self.path, column, part.group, part.row)
        return Member(self.path, part.offset, part.size)


def _holds_bytes(kind: str) -> bool:
    """Return whether cells of a type hold the bytes of a file, by the name that pyarrow gives the type."""
    return kind in ("binary", "large_binary") or (kind.startswith("struct<") and "bytes: " in kind)


def _image_column(held: Sequence[str], names: Sequence[str], where: str) -> str:
    """Return which of the columns that hold bytes is the picture.

    Raises:
        FileError: none is, or several could be.
    """
    called = [name for one in IMAGES for name in held if plain_name(name) == one]
    others = [name for name in held if _mask_column([name]) is None]
    found = called[:1] or (others if len(others) == 1 else held if len(held) == 1 else [])
    if not found:
        what = f"must have a column image of bytes, got {', '.join(names)[:80] or 'none'}."
        raise FileError(f"{what} Rename the one that is meant.", where)
    return found[0]


def _mask_column(held: Sequence[str]) -> str | None:
    """Return which of the further columns that hold bytes is the mask: by its name, or as the label."""
    known = {plain_name(name): name for name in held}
    called = [name for plain, name in known.items() if "mask" in plain or "segmentation" in plain]
    return next((known[one] for one in (*MASKS, *LABELS) if one in known), called[0] if len(called) == 1 else None)


class _RowGroup:
    """Rows that are written together, column by column."""

    def __init__(self, schema: pyarrow.Schema, kinds: frozenset[Kind]) -> None:
        self.schema, self.kinds, self.fields = schema, kinds, _columns(kinds)
        self._begin()

    def _begin(self) -> None:
        self.count, self.bytes = 0, 0
        self.columns: dict[str, list[Json]] = {name: [] for name in self.schema.names}

    def add(self, record: Record, data: bytes, mask: bytes | None) -> None:
        """Add a row."""
        fields, label = records.fields(record.targets, record.size), record.label
        # Parquet cannot hold a name that is no UTF-8: escapes stand for what is none, and JSON holds it.
        plain = label.encode("utf-8", "backslashreplace").decode() if isinstance(label, str) else None
        other = None if label == plain else json.dumps(label)
        row: JsonObject = {
            "image": {"bytes": data, "path": record.name},
            "label": other if plain is None else plain,
            "label_json": other,
            "split": record.split,
            "mask": None if mask is None else {"bytes": mask, "path": f"{record.name}.mask.png"},
            **{name: json.dumps(fields[name]) if name in fields else None for name in self.fields},
        }
        if ATTRIBUTES in self.kinds:
            row[ATTRIBUTES] = json.dumps(record.attributes) if record.attributes else None
        for name, column in self.columns.items():
            column.append(row[name])
        self.count += 1
        self.bytes += len(data)

    def taken(self) -> pyarrow.Table:
        """Return the rows as a table, and begin anew."""
        import pyarrow

        arrays = [pyarrow.array(column, self.schema.field(name).type) for name, column in self.columns.items()]
        self._begin()
        return pyarrow.Table.from_arrays(arrays, schema=self.schema)


def _columns(kinds: frozenset[Kind]) -> list[str]:
    """Return those of `FIELDS` that are written: facts that do not move only where there are any."""
    return [name for name in FIELDS if not name.endswith(ATTRIBUTES) or ATTRIBUTES in kinds]


def _schema(kinds: frozenset[Kind]) -> pyarrow.Schema:
    """Return the columns; metadata makes `datasets` show image and mask as pictures."""
    import pyarrow

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    columns = {name: pyarrow.string() for name in ("image", "label", "label_json", "split", "mask", *_columns(kinds))}
    columns |= {"image": picture, "mask": picture, **({ATTRIBUTES: pyarrow.string()} if ATTRIBUTES in kinds else {})}
    text = {"dtype": "string", "_type": "Value"}
    features = {name: {"_type": "Image"} if kind is picture else text for name, kind in columns.items()}
    return pyarrow.schema(columns.items(), metadata={"huggingface": json.dumps({"info": {"features": features}})})


FORMATS.add("parquet", ParquetFormat())
