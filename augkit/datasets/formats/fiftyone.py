"""FiftyOne: pictures in ``data`` beside one JSON file that says their classes, or their boxes.

    data/0001.jpg
    labels.json         {"classes": ["cat", "dog"], "labels": {"0001": 1}}
                        {"classes": ["cat", "dog"], "labels": {"0001": [{"label": 0, "bounding_box": [x, y, w, h]}]}}

Such a file may have any name and lie anywhere; several are several splits, as their folders say, or tell more of the
same pictures. A key is the name of a picture below ``data`` with or without its suffix. A target is a class, several, a
dictionary with ``label``, ``confidence`` and ``attributes``, or null; classes are places in ``classes``, or names where
there is no such list. Boxes are left, top, width, height in fractions of the picture's sides.

Written are pictures in ``[split/]data/[class/]name`` and ``[split/]labels.json``; where pictures with boxes have labels
or attributes of their own, these are in ``[split/]classes.json`` in the same way. A label that is no text is under
``value``. FiftyOne's COCO and YOLO exports are COCO and YOLO, its trees of classes are folders.

Reference: https://docs.voxel51.com/user_guide/export_datasets.html, FiftyOneImageClassificationDataset and
FiftyOneImageDetectionDataset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import ATTRIBUTES, FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.json_heads import files_with, outer_keys
from augkit.datasets.named_pictures import NamedPictures
from augkit.datasets.naming import is_picture, splits_of
from augkit.datasets.tables.table_regions import size_at
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError, raise_outage
from augkit.targets.boxes import Boxes
from augkit.targets.columns import numbers, shown
from augkit.targets.polygons import box_of
from augkit.targets.records import BOOKKEEPING, Instance, of_instances

FOLDER, LABELS, CLASSES = "data", "labels.json", "classes.json"
DIGITS = 9  # of a fraction, written: a thousandth of a pixel in any picture
_LABELS = re.compile(rb'"labels"\s*:\s*\{')
_KEYS = ({"labels"},)
_OTHERS = {"images", "annotations", "shapes", "samples", "version"}
_TARGET = frozenset(("label", "confidence", "attributes", "value"))

_Target = Callable[[Record, dict[str, int]], Json]


class FiftyOneFormat(Reader, FileWriter):
    """Read classes and boxes of FiftyOne's own JSON, and write them."""

    name = "fiftyone"
    summary = "FiftyOne: `data/` beside a `labels.json` of classes or boxes"
    rank = 12
    reads = holds = frozenset(("boxes", ATTRIBUTES))
    holds_labels = True

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is None:
            return any(_is_one(inventory, path) for path in files_with(inventory, _KEYS, _LABELS, _OTHERS))
        return inventory.file.lower().endswith(".json") and _is_one(inventory, inventory.file)

    def read(self, inventory: Inventory) -> DataSet:
        paths = [path for path in files_with(inventory, _KEYS, _LABELS, _OTHERS) if _is_one(inventory, path)]
        paths = paths if inventory.file is None else [inventory.file]
        splits, names = splits_of(paths, inventory.note, str(inventory.root)), _Names(inventory)
        found: dict[str, _Picture] = {}
        classes: dict[str, None] = {}
        for path in paths:
            content = _read(inventory, path)
            classes |= dict.fromkeys(content.classes)
            for key, target in content.labels.items():
                _put(inventory, names, content, key, target, splits[path], found)
        if found and all(picture.fault and picture.is_missing for picture in found.values()):
            what = f"must have its pictures in {FOLDER} beside it, got none of {len(found):,}."
            raise FileError(what, f"{inventory.root}/{paths[0]}")
        sources = [picture.source(path, inventory.sizes.get(path, 0)) for path, picture in found.items()]
        known = classes or dict.fromkeys(sorted({name for one in sources for name in _names(one)}))
        return DataSet.of(self.name, inventory.root, sources, inventory.left_out, known)

    def folder(self, split: Split | None) -> str:
        return f"{split}/{FOLDER}/" if split else f"{FOLDER}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        box_names, names, are_labelled = _survey(whole)
        for split in whole.splits:
            place = f"{split}/" if split else ""
            if Boxes.kind in whole.kinds:
                yield place + LABELS, _content(whole, split, box_names, _boxes)
            if Boxes.kind not in whole.kinds or are_labelled:
                yield place + (CLASSES if Boxes.kind in whole.kinds else LABELS), _content(whole, split, names, _class)


# ---- read


@dataclass
class _Picture:
    """What all files say of a picture."""

    split: Split | None
    label: Label = None
    objects: list[Instance] | None = None
    facts: JsonObject = field(default_factory=dict)
    size: Size | None = None
    fault: str = ""
    is_missing: bool = False

    def source(self, path: str, size: int) -> Source:
        """Return it as a source at a path, `size` bytes large."""
        annotations = None if self.objects is None else Annotations(of_instances(self.objects), size=self.size)
        facts, annotations = self.facts or None, None if self.fault else annotations
        return Source(path, size, self.label, self.split, None, None, annotations, self.fault, facts)


@dataclass(frozen=True)
class _Content:
    """What a file holds: the names of classes, if it has them, targets by the names of pictures."""

    path: str
    classes: list[str]
    labels: JsonObject
    is_of_boxes: bool

    def name(self, target: Json, where: str) -> str:
        """Return the name of a class.

        Raises:
            FileError: it is none.
        """
        if type(target) is int and 0 <= target < len(self.classes):
            return self.classes[target]
        if isinstance(target, str) and (not self.classes or target in self.classes):
            return target
        wanted = f"a class from 0 to {len(self.classes) - 1}" if self.classes else "the name of a class"
        raise FileError(f"must be {wanted}, got {shown(target)}.", where)


def _is_one(inventory: Inventory, path: str) -> bool:
    """Return whether a file is FiftyOne's: its labels are an object, and no other format's keys are there."""
    keys = outer_keys(inventory, path)
    if keys & _OTHERS or not keys & {"labels", "classes"}:
        return False
    return bool(_LABELS.search(inventory.root.read(path)))


def _read(inventory: Inventory, path: str) -> _Content:
    where = f"{inventory.root}/{path}"
    data = json_of(inventory.read(path), where)
    labels, classes = (data.get(name) for name in ("labels", "classes")) if isinstance(data, dict) else (None, None)
    if not isinstance(labels, dict):
        raise FileError(f"must be an object, a target by the name of each picture, got {shown(labels)}.", where)
    if not (isinstance(classes, list | None) and all(isinstance(name, str) for name in classes or ())):
        raise FileError(f"must be a list of names, got {shown(classes)}.", f"{where}.classes")
    if len(set(classes or ())) < len(classes or ()):
        raise FileError("must name each class once.", f"{where}.classes")
    for key in data.keys() - {"labels", "classes"}:
        inventory.unread("key", key, where)
    lists = [target for target in labels.values() if isinstance(target, list)]
    boxed = [one for target in lists for one in target if isinstance(one, dict) and "bounding_box" in one]
    plain = any(not isinstance(target, list | None) for target in labels.values())
    return _Content(path, classes or [], labels, bool(boxed) or (not plain and not any(lists) and bool(lists)))


def _put(
    inventory: Inventory,
    names: _Names,
    content: _Content,
    key: str,
    target: Json,
    split: Split | None,
    found: dict[str, _Picture],
) -> None:
    """Add what a file says of a picture; what is wrong with it is the picture's fault."""
    where = f"{content.path} labels[{key!r:.80}]"
    path = names.of_key(key, content)
    if path is None and inventory.ignores(key, "file"):
        return
    parts = [part for part in re.split(r"[/\\\0]", key) if part not in ("", ".", "..")]
    picture = found.setdefault(path or "/".join([FOLDER, *parts]), _Picture(split))
    try:
        if picture.split != split:
            raise FileError(f"must be in one split, got {picture.split} and {split}.", where)
        if path is None:
            picture.is_missing = True
            raise FileError(f"must name a picture that is there, got {key!r:.80}.", where)
        if not content.is_of_boxes:
            _classify(inventory, picture, content, target, where)
        elif target is not None:
            picture.size = picture.size or size_at(inventory, path)
            picture.objects = _objects(inventory, picture, content, target, where)
    except FileError as fault:
        raise_outage(fault)
        picture.fault = picture.fault or str(fault)


class _Names:
    """The pictures of an inventory, by paths with and without suffix, and by names."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory, self.pictures = inventory, NamedPictures(inventory)

    @cached_attribute
    def by_stem(self) -> dict[str, list[str]]:
        """The paths of pictures by what they are without their suffixes."""
        found: dict[str, list[str]] = {}
        for path in self.inventory.pictures:
            found.setdefault(path.rpartition(".")[0], []).append(path)
        return found

    def of_key(self, key: str, content: _Content) -> str | None:
        """Return the picture that a key names, which lies in ``data`` beside the file, or at least below it."""
        folder, plain = content.path.rpartition("/")[0], key.replace("\\", "/")
        near, last = f"{folder}/{FOLDER}" if folder else FOLDER, plain.rpartition("/")[2]
        places = [f"{near}/{plain}", f"{folder}/{plain}" if folder else plain]
        for place in places:
            if place in self.inventory.pictures:
                return place
            if len(found := self.by_stem.get(place, [])) == 1:
                return found[0]
        at, anywhere = self.pictures.at(*places, plain), self.pictures
        return at or (anywhere.called(last, near) if is_picture(last) else anywhere.of_stem(last, near))


def _classify(inventory: Inventory, picture: _Picture, content: _Content, target: Json, where: str) -> None:
    """Give a picture its class, or several."""
    several = target if isinstance(target, list) else [target]
    names: list[str] = []
    for one in several:
        if isinstance(one, dict):
            _note_keys(inventory, one, _TARGET, content)
            facts = _facts(one, where)
            if "value" in one:
                picture.label = one["value"]
            elif "confidence" in one and one.get("label") is None:
                raise FileError("must have a label, got none.", f"{where}.label")
            if facts:
                picture.facts |= facts if len(several) == 1 else {"class_attributes": facts}
            one = one.get("label")
        if one is not None:
            names.append(content.name(one, where))
    if isinstance(target, list):
        picture.label = names
    elif names:
        picture.label = names[0]


def _objects(inventory: Inventory, picture: _Picture, content: _Content, target: Json, where: str) -> list[Instance]:
    if not isinstance(target, list):
        raise FileError(f"must be a list of boxes, got {shown(target)}.", where)
    if picture.size is None:
        raise FileError("must have fractions of a picture that can be read, got another file.", where)
    height, width = picture.size
    found = []
    for place, entry in enumerate(target):
        here = f"{where}[{place}]"
        if not isinstance(entry, dict):
            raise FileError(f"must be an object, got {shown(entry)}.", here)
        _note_keys(inventory, entry, _TARGET | {"bounding_box"}, content)
        x, y, w, h = numbers(entry.get("bounding_box"), f"{here}.bounding_box", 4)
        if w < 0.0 or h < 0.0 or max(abs(x), abs(y), w, h) > 10.0:
            what = f"must be left, top, width, height in fractions of the picture, got {shown(entry['bounding_box'])}."
            raise FileError(what, f"{here}.bounding_box")
        box = box_of(x * width, y * height, (x + w) * width, (y + h) * height)
        label, facts = content.name(entry.get("label"), f"{here}.label"), _facts(entry, here)
        is_crowd = facts.pop("iscrowd", 0) in (1, True)
        if box is None:
            inventory.left_out[FLAT] += 1
        else:
            found.append(Instance(label, box, is_crowd=is_crowd, attributes=facts or None))
    return found


def _facts(entry: JsonObject, where: str) -> JsonObject:
    """Return the confidence and the attributes of a class or a box."""
    facts = entry.get("attributes") or {}
    if not isinstance(facts, dict):
        raise FileError(f"must be an object, got {shown(facts)}.", f"{where}.attributes")
    facts = {**facts, **({} if entry.get("confidence") is None else {"confidence": entry["confidence"]})}
    try:
        json.dumps(facts, allow_nan=False)
    except ValueError:  # 1e999 is read as infinity
        raise FileError("must hold numbers that can be held, got infinity.", where) from None
    return facts


def _note_keys(inventory: Inventory, entry: JsonObject, known: frozenset[str], content: _Content) -> None:
    for key in entry.keys() - known:
        if entry[key] not in (None, "", [], {}):
            inventory.unread("key", f"labels.{key}", f"{inventory.root}/{content.path}")


def _names(source: Source) -> list[str]:
    """Return all names of classes that a source has."""
    labels = source.label if isinstance(source.label, list) else [source.label]
    return [*source.box_labels, *(label for label in labels if isinstance(label, str))]


# ---- written


def _survey(whole: Whole) -> tuple[list[str], list[str], bool]:
    """Return the classes of boxes and those of pictures, and whether pictures have labels or facts of their own."""
    boxes: set[str] = set()
    labels: set[str] = set()
    are_labelled = False
    for _, record in whole.records():
        boxes |= {instance.label for instance in record.instances}
        labels |= {label for label in _listed(record.label) if isinstance(label, str)}
        are_labelled |= record.label is not None or bool(_told(record.attributes))
    return _ordered(boxes, whole.classes), _ordered(labels, whole.classes), are_labelled


def _ordered(names: set[str], classes: tuple[str, ...]) -> list[str]:
    """Return names in the order of the data set's classes: all of these where no other name is needed."""
    known = [name for name in classes if name in names]
    return list(classes) if len(known) == len(names) else [*known, *sorted(names - set(known))]


def _told(facts: JsonObject | None) -> JsonObject:
    """Return facts without ids and the like, which FiftyOne gives by itself."""
    return {name: value for name, value in (facts or {}).items() if name not in BOOKKEEPING}


def _listed(label: Label) -> list[Label]:
    return label if isinstance(label, list) else [label]


def _content(whole: Whole, split: Split | None, names: list[str], target: _Target) -> Iterator[bytes]:
    numbers = {name: number for number, name in enumerate(names)}
    yield b'{\n"classes": ' + _json(names) + b',\n"labels": {'
    records = (record for _, record in whole.records() if record.split == split)
    for place, record in enumerate(records):
        key = record.name.rpartition(".")[0]
        yield (b",\n" if place else b"\n") + _json(key) + b": " + _json(target(record, numbers))
    yield b"\n}\n}\n"


def _class(record: Record, numbers: dict[str, int]) -> Json:
    """Return the class of a picture, or several, and its facts."""
    label, facts = record.label, _told(record.attributes)
    is_plain = label is None or all(isinstance(one, str) for one in _listed(label))
    if is_plain and not facts:
        found = [numbers[one] for one in _listed(label) if isinstance(one, str)]
        return found if isinstance(label, list) else found[0] if found else None
    told: JsonObject = (
        {"label": numbers[label]} if isinstance(label, str) else {} if label is None else {"value": label}
    )
    return told | ({"attributes": facts} if facts else {})


def _boxes(record: Record, numbers: dict[str, int]) -> Json:
    """Return the boxes of a picture; null where objects were not looked for."""
    if Boxes.name not in record.targets:
        return None
    height, width = record.size
    found = []
    for instance in record.instances:
        left, top, right, bottom = instance.box
        fractions = left / width, top / height, (right - left) / width, (bottom - top) / height
        entry: JsonObject = {
            "label": numbers[instance.label],
            "bounding_box": [round(one, DIGITS) for one in fractions],
        }
        facts = _told(instance.attributes)
        if "confidence" in facts:
            entry["confidence"] = facts.pop("confidence")
        if instance.is_crowd:
            facts["iscrowd"] = 1
        found.append(entry | ({"attributes": facts} if facts else {}))
    return found


def _json(value: Json) -> bytes:
    return json.dumps(value, separators=(", ", ": "), allow_nan=False).encode()


FORMATS.add("fiftyone", FiftyOneFormat())
