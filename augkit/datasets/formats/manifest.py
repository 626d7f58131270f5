"""A list of pictures, one a row: CSV with a line of names first, or JSON with an object a line.

    image        the picture, below the table's folder or the data set's; also called file_name, path ..., or by content
    label        its class; also called class, category ...; in JSON anything; columns of 0 and 1 are classes, too
    id           what it is known by; the path unless there is such a column
    split        train, val or test;  group: what must stay in one split;  mask: the path of its mask
    xmin, ymin, xmax, ymax; x, y, width, height; bbox ...     a row a box, of which the label is the class
    boxes, box_labels, polygons, keypoints ...    as `augkit.datasets.fields` says; in a cell of CSV as JSON
    attributes   facts of the picture, an object

Read are the tables of TensorFlow's object detection API, RetinaNet, Open Images, the VGG Image Annotator, Roboflow,
and whatever else says the same; `augkit.datasets.table_columns` has the names. Other columns are an error, unless they
are to be ignored, or are asked for: then they are kept as text in `DataSet.columns`. An empty cell says nothing.

A folder is read by its table where it holds one, or one a split. Written is ``manifest.jsonl`` beside the pictures.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import ATTRIBUTES, KINDS, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import split_in, split_of_path
from augkit.datasets.table_files import CSV_SUFFIXES, JSON_SUFFIXES
from augkit.datasets.tables import TableReader
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError
from augkit.targets import records

NAME, MASKS, PICTURES = "manifest.jsonl", "masks", "images"
HEAD_BYTES = 1 << 16
SPLIT_TABLES = "Splits are those that the names of the tables say: {}."


class ManifestFormat(Reader, FileWriter):
    """Read tables of pictures that lie in their folder or below; write an object a line."""

    name = "manifest"
    summary = "a table, CSV or JSONL: `image`, `label`, `split`, `mask`, `boxes`, `xmin`, ..., in any usual spelling"
    rank = 30
    holds_labels, follows = True, False
    suffixes = (*CSV_SUFFIXES, *JSON_SUFFIXES)
    reads = holds = frozenset((*KINDS, ATTRIBUTES))

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(self.suffixes)
        return bool(inventory.pictures) and bool(tables_in(inventory, self.suffixes))

    def read(self, inventory: Inventory) -> DataSet:
        paths = [inventory.file] if inventory.file is not None else tables_in(inventory, self.suffixes)
        return read_tables(self.name, inventory, paths)

    def folder(self, split: Split | None) -> str:
        return f"{PICTURES}/{split}/" if split else f"{PICTURES}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        if mask is not None:
            yield mask_path(self.place(part, record.name)), mask

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        yield NAME, (_line(path, record) for path, record in whole.records())


def mask_path(path: str) -> str:
    """Return where the mask of a written picture lies.

    >>> mask_path("images/train/cat/a.jpg")
    'masks/train/cat/a.png'
    """
    return f"{MASKS}/{path.partition('/')[2].rpartition('.')[0]}.png"


def tables_in(inventory: Inventory, suffixes: tuple[str, ...], names: Sequence[str] = ()) -> list[str]:
    """Return the tables of a data set that name pictures.

    Args:
        inventory: of it.
        suffixes: of the files that may be such.
        names: of the files; any, if there are none.
    """
    found: list[str] = []
    reader = TableReader(inventory)
    for path in sorted(inventory.sizes):
        name = path.rpartition("/")[2].lower()
        if not name.endswith(suffixes) or (names and name not in names):
            continue
        try:
            data = inventory.head(path, HEAD_BYTES)
            if inventory.sizes[path] > len(data):  # whole lines
                data = data[: data.rfind(b"\n") + 1]
            table = reader.table(path, data)
            if table.names and reader.names_pictures(table):
                found.append(path)
        except FileError:
            continue  # not a table; whoever reads the data set says so if it is in the way
    return found


def read_tables(form: str, inventory: Inventory, paths: Sequence[str]) -> DataSet:
    """Return the data set of one table, or of several that are splits or about different pictures.

    Raises:
        FileError: a table is malformed, or two are about one picture.
    """
    reader = TableReader(inventory)
    inventory.use(*paths)
    splits = [split_of_path(path) for path in paths]
    is_split = len(paths) > 1 and None not in splits and len(set(splits)) == len(paths)
    if is_split:
        inventory.note(SPLIT_TABLES.format(", ".join(paths)))
    sources: dict[str, Source] = {}
    first: dict[str, str] = {}
    for path, split in zip(paths, splits, strict=True):
        for source in reader.sources(reader.table(path), split if is_split else None):
            if source.id in sources:
                what = f"must name every picture once, got {source.id!r} in {first[source.id]} and in {path}"
                raise FileError(f"{what}. Name the table that is meant.", str(inventory.root))
            sources[source.id], first[source.id] = source, path
    if inventory.is_whole:
        _judge_namesakes(inventory, sources.values())
    found = DataSet.of(form, inventory.root, sources.values(), inventory.left_out, reader.classes)
    return replace(found, columns=reader.left_columns(sources.values()))


def _judge_namesakes(inventory: Inventory, sources: Iterable[Source]) -> None:
    """Note pictures of no table that have the name of one that is in a table: masks, most likely."""
    known = {source.id if source.place is None else str(source.place) for source in sources}
    stems = {_stem(path): path for path in known}
    for path in inventory.pictures.keys() - known - inventory.used:
        other, folder = stems.get(_stem(path)), path.rpartition("/")[0]
        if other is not None and other.rpartition("/")[0] != folder and split_in(folder) is None:
            advice = f"It has the name of {other}. If it is its mask, name it in a column mask."
            inventory.unread("file", path, f"{inventory.root}/{path}", advice)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _line(path: str, record: Record) -> bytes:
    facts: JsonObject = {"image": path}
    facts |= {} if record.label is None else {"label": record.label}
    facts |= {"split": record.split} if record.split else {}
    facts |= {"mask": mask_path(path)} if record.has_mask else {}
    facts |= records.fields(record.targets, record.size)
    facts |= {ATTRIBUTES: record.attributes} if record.attributes else {}
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


FORMATS.add("manifest", ManifestFormat())
