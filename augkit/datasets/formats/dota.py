"""DOTA: rotated boxes in text files, ``labelTxt/a.txt`` for ``images/a.png``, with ``train``, ``val`` above or not.

`augkit.datasets.yolo.dota_lines` says what a line is. Label files are known by their lines, whatever their folder is
called (``labelTxt-v1.5``, ``labelTxt-v1.0/labelTxt``); their pictures are those of the same name. Corners of no
rectangle give the smallest one around them, as those who train on DOTA take it, which is told. Where data.yaml lies
beside (Roboflow's YOLOv5 OBB) it orders the classes.

Written are ``[<split>/]images/[class/]name``, and ``[<split>/]labelTxt/[class/]name.txt``. A category has no blanks
there: they become hyphens, as DOTA itself has them. ``gsd`` is written of pictures that are passed through, since a
copy may be zoomed.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from augkit.core.arrays import JsonObject
from augkit.core.text_files import text_of
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Preparing, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, splits_by_folders
from augkit.datasets.writing import Part, Record, Whole
from augkit.datasets.yolo.dota_lines import facts_of, likely, quad_of
from augkit.datasets.yolo.yolo_layout import folders_of, note_second_folder
from augkit.datasets.yolo.yolo_settings import NAMES, settings_of
from augkit.errors import ArgumentError, FileError, raise_outage
from augkit.targets.records import says
from augkit.targets.rectangles import rectangle_of
from augkit.targets.rotated_boxes import RotatedBoxes, corners_of

TRIED = 50  # label files that are looked into before a folder is none of ours
BARE = "a picture without a label file: it shows no object"


class DotaFormat(Reader, FileWriter, Preparing):
    """Read rotated boxes; write them."""

    name = "dota"
    summary = "DOTA: `images/` and text files of corners in `labelTxt/`"
    rank = 18
    reads = holds = frozenset(("rotated boxes", "attributes"))
    unheld = re.compile(r"[\ud800-\udfff]|\A\s*\Z")

    def recognises(self, inventory: Inventory) -> bool:
        return inventory.is_whole and any(True for _ in islice(_label_files(inventory), 1))

    def read(self, inventory: Inventory) -> DataSet:
        reading = _Reading(inventory)
        splits = splits_by_folders(reading.pictures, inventory)
        sources = [replace(reading.source(path), split=split) for path, split in splits.items()]
        reading.tell()
        classes = reading.classes(sources)
        return DataSet.of(self.name, inventory.root, sources, inventory.left_out, classes)

    def prepared(self, data: DataSet, splits: Collection[Split | None]) -> DataSet:
        labels = {label for source in data.sources for label in source.object_labels}
        if len({_category(label) for label in labels}) < len(labels):
            what = "must have classes that differ in more than blanks, as DOTA writes hyphens for them."
            raise ArgumentError(what, "format")
        for source in data.sources:
            targets = source.annotations.targets if source.annotations is not None else {}
            target = targets.get(RotatedBoxes.name)
            facts = (target.rotated_box_attributes if isinstance(target, RotatedBoxes) else None) or ()
            odd = [name for one in facts for name in one if name != "difficult" and says({name: one[name]})]
            odd += [name for name, value in (source.attributes or {}).items() if says({name: value})]
            if odd:
                what = f"must have no attributes but difficult, got {odd[0]!r} of {source.id}. Use webdataset,"
                raise ArgumentError(f"{what} or pass --drop attributes.", "format")
        if any(label != _category(label) for label in labels):
            data = replace(data, notes=(*data.notes, "DOTA: blanks in the names of classes are written as hyphens."))
        return data

    def folder(self, split: Split | None) -> str:
        return f"{split}/images/" if split else "images/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        above = f"{part.split}/" if part.split else ""
        yield f"{above}labelTxt/{record.name.rpartition('.')[0]}.txt", "".join(_lines(record)).encode()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


def _category(label: str) -> str:
    return "-".join(label.split())


def _lines(record: Record) -> Iterator[str]:
    facts = record.attributes
    if "imagesource" in facts:
        yield f"imagesource:{facts['imagesource']}\n"
    if "source_gsd" in facts and record.copy is None:
        yield f"gsd:{facts['source_gsd']}\n"
    target = record.targets.get(RotatedBoxes.name)
    if not isinstance(target, RotatedBoxes):
        return
    attributes = target.rotated_box_attributes or [{}] * len(target)
    corners = corners_of(target.rotated_boxes)
    for label, points, known in zip(target.names(), corners.tolist(), attributes, strict=True):
        numbers = " ".join(f"{value:.3f}" for point in points for value in point)
        yield f"{numbers} {_category(label)} {int(known.get('difficult') or 0)}\n"


# ---- reading


def _label_files(inventory: Inventory) -> Iterator[str]:
    """Yield the label files: text files in folders where one of the first that say anything has DOTA's lines."""
    folders: dict[str, list[str]] = {}
    for path in sorted(inventory.sizes):
        if path.lower().endswith(".txt"):
            folders.setdefault(posixpath.dirname(path), []).append(path)
    for paths in folders.values():
        filled = [path for path in paths if inventory.sizes[path]][:TRIED]
        if any(likely(inventory.head(path)) for path in filled):
            yield from (
                path for path in paths if not inventory.sizes[path] or likely(inventory.head(path)) or _is_own(path)
            )


def _is_own(path: str) -> bool:
    """Return whether a file lies where DOTA has labels: it is one even if it is empty, or its first line damaged."""
    return posixpath.basename(posixpath.dirname(path)).lower().startswith("labeltxt")


class _Reading:
    """The label files of a data set, and their pictures."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory, self.labels, self.enclosed = inventory, dict[str, str](), 0
        named = NamedPictures(inventory)
        for path in _label_files(inventory):
            picture = named.of_label_file(path)
            where = f"{inventory.root}/{path}"
            if picture is None:
                inventory.unread("file", path, where, "No picture has its name.")
            elif picture in self.labels:
                advice = f"The labels of {picture} are in {self.labels[picture]}, too: ignore one of them."
                inventory.unread("file", path, where, advice)
            else:
                self.labels[picture] = path
        homes = folders_of(self.labels)
        self.pictures = [
            path for path in inventory.pictures if posixpath.dirname(path) in homes or "/images/" in f"/{path}"
        ]
        others = sorted(inventory.pictures.keys() - set(self.pictures))
        note_second_folder(inventory, self.pictures, others)

    def source(self, path: str) -> Source:
        """Return a picture with its labels."""
        label, size = self.labels.get(path), self.inventory.sizes[path]
        if label is None:
            self.inventory.left_out[BARE] += 1
            return Source(path, size, annotations=_annotations([], [], []))
        self.inventory.use(label)
        data, facts = self.inventory.read(label) if self.inventory.sizes[label] else b"", JsonObject()
        boxes: list[tuple[float, ...]] = []
        names: list[str] = []
        known: list[JsonObject] = []
        try:
            for number, line in enumerate(text_of(data, label).splitlines(), 1):
                if not line.strip():
                    continue
                if (told := facts_of(line)) is not None:
                    facts |= told
                    continue
                quad = quad_of(line, f"{label}:{number}")
                box, is_exact = rectangle_of(quad.corners)
                if box is None:
                    self.inventory.left_out[FLAT] += 1
                    continue
                self.enclosed += not is_exact
                boxes.append(box)
                names.append(quad.label)
                known.append({"difficult": quad.difficult} if quad.difficult else {})
        except FileError as fault:
            raise_outage(fault)
            return Source(path, size, annotations=_annotations([], [], []), fault=str(fault))
        return Source(path, size, annotations=_annotations(boxes, names, known), attributes=facts or None)

    def tell(self) -> None:
        """Tell what was made of corners."""
        if self.enclosed:
            self.inventory.note(f"DOTA: {self.enclosed:,} outlines of no right corners: each is the smallest around.")

    def classes(self, sources: Iterable[Source]) -> list[str]:
        """Return the names of the classes, in the order of data.yaml if one lies beside."""
        found = sorted({label for source in sources for label in source.object_labels})
        file = next((name for name in NAMES if name in self.inventory.sizes), None)
        if file is None:
            return found
        known = settings_of(self.inventory, file).classes or ()
        return [*known, *(label for label in found if label not in known)]


def _annotations(boxes: list[tuple[float, ...]], names: list[str], known: list[JsonObject]) -> Annotations:
    rows = np.array(boxes, np.float64).reshape(-1, 5)
    return Annotations({RotatedBoxes.name: RotatedBoxes(rows, names, known if any(known) else None)})


FORMATS.add("dota", DotaFormat())
