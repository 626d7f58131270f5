"""Parquet with the pictures' bytes in it, as `augkit expand` writes it and as Hugging Face's `datasets` does.

    image    a struct of bytes and path, or binary; the one such column may be called otherwise
    label    its class, as text, or as a number that the file's metadata names; label_json, any JSON value, comes first
    split    train, val or test; without such a column the file's name may mention it, or its folder's
    group    what must stay in one split;  mask: a struct or binary, as image
    boxes, box_labels, polygons, keypoints ...    as `augkit.datasets.fields` says, as JSON or as lists

A picture that is not compressed a second time is a place within its file, found once, like a member of a tar. Others
are cells, and to read one its row group is read. No file tells the sizes of its pictures, so all of it is read once, a
few rows at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from augkit.datasets import arrow, json_file
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.fields import FIELDS, annotations_of
from augkit.datasets.form import Reader
from augkit.datasets.naming import SPLIT_NAMES, classes_of, is_picture, split_in
from augkit.datasets.places import KEPT_BYTES, Cell, Member, Place
from augkit.errors import AugkitError, FileError, closest
from augkit.storage.root import Found, Root, inside

__all__ = ["ParquetReader"]

SUFFIX = ".parquet"
FOLDERS = ("data", *SPLIT_NAMES)
ROWS = 64  # held at once, with their pictures
PREFIX_BYTES = 64  # of a picture, that are looked for
NO_PICTURE, NO_PARQUET = "a row without a picture's bytes", "no Parquet file by its name"
TEXTS = ("label_json", "label", "class", "split", "group", *FIELDS)


class ParquetReader(Reader):
    """Read Parquet files; one pass over them."""

    name = "parquet"

    def recognises(self, root: Root) -> bool:
        if root.is_file():
            return str(root).lower().endswith(SUFFIX)
        if not root.is_folder():
            return False
        names = root.names()
        inner = [
            name for folder in names if folder in FOLDERS and root.is_folder(folder) for name in root.names(folder)
        ]
        is_any = any(name.lower().endswith(SUFFIX) for name in (*names, *inner))
        return is_any and not any(map(is_picture, (*names, *inner)))

    def read(self, root: Root) -> DataSet:
        left_out: Counter[str] = Counter()
        if root.is_file():
            root, name = root.above()
            found = [Found(name, 0)]
        else:
            found = sorted(root.walk(left_out))
        sources: list[Source] = []
        named: dict[str, None] = {}  # by the files' metadata, in their order
        for path, _ in found:
            if not path.lower().endswith(SUFFIX):
                left_out[NO_PARQUET] += 1
                continue
            try:
                with root.open(path) as file:
                    table = _File(root, path, file, left_out)
                    sources += table.sources()
                    named |= dict.fromkeys(table.classes)
            except AugkitError:
                raise
            except Exception as fault:  # pyarrow raises anything on damaged files
                what = f"must be a whole Parquet file, got a fault: {fault}. Copy it again from where it came."
                raise FileError(what, f"{root}/{path}") from None
        labels = {source.label for source in sources if isinstance(source.label, str)}
        classes = tuple(named) if labels <= named.keys() else classes_of(labels)
        return DataSet.of(self.name, root, sources, left_out, classes)


class _File:
    """One file: which of its columns mean what, and its rows."""

    def __init__(self, root: Root, path: str, raw: BinaryIO, left_out: Counter[str]) -> None:
        self.path, self.where, self.raw, self.left_out = path, f"{root}/{path}", raw, left_out
        self.file = arrow.opened(raw)
        schema = self.file.schema_arrow
        columns = {name: str(schema.field(name).type) for name in schema.names}
        self.image = _image_column(columns, self.where)
        self.mask = "mask" if _holds_bytes(columns.get("mask", "")) else None
        self.texts = [name for name in TEXTS if name in columns]
        self.classes = _class_names(schema.metadata or {}, "label" if "label" in columns else "class", self.where)

    def sources(self) -> list[Source]:
        """Return the rows that hold a picture; their ids are the paths they tell, or else their numbers."""
        made = list(self._rows())
        paths = [path for path, _ in made]
        if "" in paths or len(set(paths)) < len(paths):
            digits = len(str(self.file.metadata.num_rows))
            paths = [f"{number:0{digits}d}" for number in range(len(made))]
        return [Source(f"{self.path}/{path}", *facts) for path, (_, facts) in zip(paths, made, strict=True)]

    def _rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield the path that each row tells, and what a source is told beside its id."""
        columns = [self.image, *([] if self.mask is None else [self.mask]), *self.texts]
        for group in range(self.file.metadata.num_row_groups):
            finders = {name: _Finder(self, name, group) for name in columns[: 1 + (self.mask is not None)]}
            row = 0
            for batch in arrow.batches(self.file, columns, group, ROWS):
                for entry in batch.to_pylist():
                    image, path = _picture(entry[self.image])
                    mask, _ = _picture(entry[self.mask]) if self.mask else (b"", "")
                    place = finders[self.image].place(image, row)
                    mask_place = finders[self.mask].place(mask, row) if self.mask and mask else None
                    if image:
                        yield path, (len(image), *self._facts(entry, place, mask_place, f"{self.where} row {row}"))
                    else:
                        self.left_out[NO_PICTURE] += 1
                    row += 1

    def _facts(self, entry: Mapping[str, Any], place: Place, mask: Place | None, where: str) -> tuple[Any, ...]:
        label = self._label(entry, where)
        fields = {
            name: json_file.parse(value.encode(), f"{where} {name}") if isinstance(value, str) else value
            for name in FIELDS
            if (value := entry.get(name)) is not None
        }
        group = entry.get("group")
        return (
            label, self._split(entry, where), None if group is None else str(group), place,
            annotations_of(fields, label, mask, where, self.left_out),
        )  # fmt: skip

    def _label(self, entry: Mapping[str, Any], where: str) -> Any:
        if entry.get("label_json") is not None:
            return json_file.parse(entry["label_json"].encode(), f"{where} label_json")
        label = entry.get("label", entry.get("class"))
        if not self.classes or not isinstance(label, int):
            return label
        if label == -1:  # how `datasets` writes that it is not known
            return None
        if not 0 <= label < len(self.classes):
            raise FileError(f"must be the number of one of {len(self.classes)} classes, got {label}.", f"{where} label")
        return self.classes[label]

    def _split(self, entry: Mapping[str, Any], where: str) -> Split | None:
        if "split" not in self.texts:
            folder, _, name = self.path.rpartition("/")
            return split_in(name) or split_in(folder.rpartition("/")[2])
        value = entry["split"]
        if value is None:
            return None
        if not isinstance(value, str) or value.lower() not in SPLIT_NAMES:
            near = closest(str(value), SPLIT_NAMES)
            raise FileError(f"must be train, val or test, got {value!r:.60}.{near}", f"{where} split")
        return SPLIT_NAMES[value.lower()]


class _Finder:
    """Where the cells of one column of a row group begin in the file.

    A picture that pyarrow decoded is looked for in the column's bytes as they lie in the file, from the end of the one
    before on, its length before it. What is found there is the picture, whatever else the format may allow.
    """

    def __init__(self, table: _File, column: str, group: int) -> None:
        self.path, self.column, self.group, self.at = table.path, column, group, 0
        chunks = [chunk for chunk in arrow.chunks_of(table.file, column, group) if chunk.physical_type == "BYTE_ARRAY"]
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
    """Say whether cells of a type hold the bytes of a file, by the name that pyarrow gives the type."""
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


def _picture(cell: Any) -> tuple[bytes, str]:
    """Return the bytes that a cell holds, and the path that it tells, or "" if that is none below a folder."""
    data, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, None)
    try:
        return data or b"", inside(path) if isinstance(path, str) else ""
    except FileError:
        return data or b"", ""


def _class_names(metadata: Mapping[bytes, bytes], column: str, where: str) -> tuple[str, ...]:
    """Return the names of the numbers of a column of classes, as `datasets` writes them down."""
    told = json_file.parse(metadata.get(b"huggingface", b"{}"), f"{where} metadata")
    for key in ("info", "features", column, "names"):
        told = told.get(key) if isinstance(told, dict) else None
    return tuple(told) if isinstance(told, list) and all(isinstance(name, str) for name in told) else ()
