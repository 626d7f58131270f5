"""A list of pictures, one a row: CSV with a line of names first, or JSON with an object a line.

    image        the picture, below the table's folder or the data set's; also called file_name, path ..., or by content
    label        its class; also called class, category ...; in JSON anything; columns of 0 and 1 are classes, too
    id           what it is known by; the path unless there is such a column
    split        train, val or test;  group: what must stay in one split;  mask: the path of its mask
    xmin, ymin, xmax, ymax; x, y, width, height; bbox ...     a row a box, of which the label is the class
    boxes, box_labels, polygons, keypoints ...    as `augkit.datasets.fields` says; in a cell of CSV as JSON
    attributes   facts of the picture, an object

Read are the tables of TensorFlow's object detection API, RetinaNet, Open Images, the VGG Image Annotator, Roboflow, and
whatever else says the same; `augkit.datasets.tables.table_columns` has the names. Other columns are an error, unless
they are to be ignored, or are asked for: then they are kept as text in `DataSet.columns`. An empty cell says nothing.

A folder is read by its table where it holds one, or one a split. Written is ``manifest.jsonl`` beside the pictures.
"""

import json
from collections.abc import Iterable

from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import ATTRIBUTES, KINDS, DataSet, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.tables.table_files import CSV_SUFFIXES, JSON_SUFFIXES
from augkit.datasets.tables.table_sets import read_tables, tables_in
from augkit.datasets.writing import Part, Record, Whole
from augkit.targets import records

MORE = (".json", ".txt")  # that may be tables, too: a list of objects; a path and a class a line
NAME, MASKS, PICTURES = "manifest.jsonl", "masks", "images"


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
            lower = inventory.file.lower()
            return lower.endswith(self.suffixes) or (lower.endswith(MORE) and bool(tables_in(inventory, MORE, [lower])))
        return bool(inventory.pictures or inventory.root.trust.urls) and bool(
            tables_in(inventory, (*self.suffixes, *MORE))
        )

    def read(self, inventory: Inventory) -> DataSet:
        paths = [inventory.file] if inventory.file is not None else tables_in(inventory, (*self.suffixes, *MORE))
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
