"""A list of pictures, one a row: ``.csv`` with a line of names first, or ``.jsonl`` with an object a line.

    image        the picture's path below the manifest's folder; also called file, file_name, filename or path
    label        its class; also called class; in JSON anything
    id           what it is known by; the path unless there is such a column
    split        train, val or test;  group: what must stay in one split;  mask: the path of its mask
    boxes, box_labels, polygons, keypoints ...    as `augkit.datasets.fields` says; in a cell of CSV as JSON

Other columns are kept as text in `DataSet.columns`. An empty cell says nothing.
"""

import csv
import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from io import BytesIO, StringIO

from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import json_of, text_of
from augkit.datasets.data_set import ATTRIBUTES, KINDS, DataSet, Source
from augkit.datasets.fields import FIELDS, annotations_of
from augkit.datasets.format import FORMATS, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import path_below, split_named
from augkit.errors import FileError, closest

IMAGE_NAMES = ("image", "file", "file_name", "filename", "path")
LABEL_NAMES = ("label", "class")
MISSING, NO_MASK = "a picture that is missing", "a picture whose mask is missing"


class ManifestFormat(Reader):
    """Read a manifest; its pictures lie in its folder or below."""

    name = "manifest"
    summary = "manifest, CSV or JSONL: `image`, `label`, `split`, `group`, `mask`, `boxes`, `keypoints`, ..."
    rank = 30
    suffixes = (".csv", ".jsonl")
    reads = frozenset((*KINDS, ATTRIBUTES))

    def recognises(self, inventory: Inventory) -> bool:
        return inventory.file is not None and inventory.file.lower().endswith(self.suffixes)

    def read(self, inventory: Inventory) -> DataSet:
        root, name = inventory.root, str(inventory.file)
        where = f"{root}/{name}"
        rows = (_csv_rows if name.lower().endswith(".csv") else _json_rows)(root.read(name), where)
        left_out, sizes = inventory.left_out, inventory.sizes
        sources: dict[str, Source] = {}
        columns: dict[str, dict[str, str]] = {}
        for line, row in rows:
            source = _source(row, sizes, f"{where}:{line}", left_out)
            if source is None:
                continue
            if source.id in sources:
                raise FileError(f"must have an id of its own, got {source.id!r} again.", f"{where}:{line}")
            sources[source.id] = source
            for column, value in row.items():  # what is left of it
                columns.setdefault(column, {})[source.id] = _text(value)
        ids = sorted(sources)
        more = {column: tuple(texts.get(id, "") for id in ids) for column, texts in sorted(columns.items())}
        return replace(DataSet.of(self.name, root, sources.values(), left_out), columns=more)


def _image_column(names: Collection[str], where: str) -> str:
    """Return which of the columns names the picture."""
    for name in IMAGE_NAMES:
        if name in names:
            return name
    near = next((guess for name in names if (guess := closest(name, IMAGE_NAMES))), "")
    raise FileError(f"must have a column image, got {', '.join(names)[:80] or 'none'}.{near}", where)


def _csv_rows(data: bytes, where: str) -> Iterator[tuple[int, JsonObject]]:
    """Yield the rows with their last lines; empty cells are left out, and those of FIELDS read as JSON."""
    reader = csv.reader(StringIO(text_of(data, where), newline=""), strict=True)
    try:
        names = next(reader, [])
        if len(set(names)) != len(names):
            raise FileError(f"must name every column once, got {', '.join(names)[:80]}.", f"{where}:1")
        _image_column(names, f"{where}:1")
        for cells in reader:
            here = f"{where}:{reader.line_num}"
            if not cells:
                continue
            if len(cells) != len(names):
                raise FileError(f"must have {len(names)} cells, got {len(cells)}. Quote commas.", here)
            row: JsonObject = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
            for name in row.keys() & set(FIELDS):
                row[name] = json_of(row[name], where, reader.line_num)
            yield reader.line_num, row
    except csv.Error as fault:
        what = f"must be valid CSV, got a fault: {fault}. Quote what holds commas; put long outlines into .jsonl."
        raise FileError(what, f"{where}:{reader.line_num}") from None


def _json_rows(data: bytes, where: str) -> Iterator[tuple[int, JsonObject]]:
    for number, line in enumerate(BytesIO(data), 1):
        if line.strip():
            row = json_of(line, where, number)
            if not isinstance(row, dict):
                raise FileError("must be an object.", f"{where}:{number}")
            yield number, {key: value for key, value in row.items() if value is not None}


def _source(row: JsonObject, sizes: dict[str, int], where: str, left_out: Counter[str]) -> Source | None:
    """Return a row's picture, or None if it is missing; what has a meaning here is taken out of the row."""
    column = _image_column(row, where)
    path, mask = _path(row.pop(column), f"{where} {column}"), row.pop("mask", None)
    if mask is not None:
        mask = _path(mask, f"{where} mask")
    if path not in sizes or (mask is not None and mask not in sizes):
        left_out[NO_MASK if path in sizes else MISSING] += 1
        return None
    id = row.pop("id", path)
    if not isinstance(id, str | int) or "\0" in str(id):
        raise FileError(f"must be text, got {id!r:.60}.", f"{where} id")
    label = next((row.pop(name) for name in LABEL_NAMES if name in row), None)
    split, group = split_named(row.pop("split", None), where), row.pop("group", None)
    annotations = annotations_of({name: row.pop(name, None) for name in FIELDS}, label, mask, where, left_out)
    group = None if group is None else _text(group)
    return Source(str(id), sizes[path], label, split, group, None if str(id) == path else path, annotations)


def _path(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise FileError(f"must be the path of a file, got {value!r:.60}.", where)
    return path_below(value, where)


def _text(value: Json) -> str:
    """Return a value as the text of a column."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


FORMATS.add("manifest", ManifestFormat())
