"""Settings of a YOLO data set: ``data.yaml`` as Ultralytics has it, or ``obj.data`` as darknet and CVAT have it.

References: https://docs.ultralytics.com/datasets and https://docs.cvat.ai/docs/manual/advanced/formats/format-yolo.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from augkit import yaml_file
from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import text_of
from augkit.datasets.data_set import Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES
from augkit.errors import FileError
from augkit.yaml_file import Document

NAMES = ("data.yaml", "data.yml", "dataset.yaml")
TASKS = ("detect", "segment", "pose", "obb")
DIMENSIONS = (2, 3)  # of a keypoint: x and y, and perhaps its visibility
UNNUMBERED = "The classes have no names: they are called by their numbers."

# Facts that say nothing of labels: where the set comes from, how it is fetched or trained on.
_HARMLESS_TEXT = """path names nc channels task download roboflow minival author date version license licence licenses
    description url source homepage docs title project workspace contributor year stride imgsz batch"""
_HARMLESS = frozenset(_HARMLESS_TEXT.split())
KEPT = ("channels", "roboflow")
_TEXTS = frozenset(("names", "kpt_names"))
_HAS_CLASSES = re.compile(rb"(?m)^(names|nc)[ \t]*:")
_HAS_PLACES = re.compile(rb"(?m)^(train|val|valid|validation|test)[ \t]*:")
_IS_DARKNET = re.compile(rb"(?m)^[ \t]*(classes|names|train|valid)[ \t]*=")
_DARKNET: dict[str, Split] = {"train": "train", "valid": "val", "test": "test"}
_DARKNET_HARMLESS = frozenset(("classes", "names", "backup", "eval", "results", "top", "difficult", "map"))
_LISTS: dict[str, Split] = {f"{name}.txt": split for name, split in SPLIT_NAMES.items()}


@dataclass(frozen=True)
class Settings:
    """The settings of a data set, checked.

    Args:
        where: the file, for messages.
        classes: in order, or None where they are known by their numbers alone.
        line: names the line of a key, for messages.
        folder: that the file lies in, below the root.
        path: written before the places.
        places: of pictures, by split: folders and lists, as they are written.
        task: what the labels are for, or an empty text where it is not said.
        points: (how many, 2 or 3 numbers each) of the keypoints of every object; (0, 0) where there are none.
        keypoint_names: (class, names of its points).
        about: facts of the whole set.
        is_darknet: labels lie where darknet looks for them.
        masks: the folder of masks of classes, if there are such.
    """

    where: str
    classes: tuple[str, ...] | None
    line: Callable[[str], str]
    folder: str = ""
    path: str = ""
    places: Mapping[Split, tuple[str, ...]] = field(default_factory=dict)
    task: str = ""
    points: tuple[int, int] = (0, 0)
    keypoint_names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    about: JsonObject = field(default_factory=dict)
    is_darknet: bool = False
    masks: str = ""


def settings_file(inventory: Inventory) -> str | None:
    """Return the file of settings of a place: the one that is meant, or lies at the top, or alone further down.

    Raises:
        FileError: several could be meant.
    """
    if inventory.file is not None:
        return inventory.file if inventory.file.lower().endswith((".yaml", ".yml", ".data")) else None
    top = inventory.names()
    if found := next((name for name in NAMES if name in inventory.sizes), None):
        return found
    for is_one, suffixes in ((_is_yaml, (".yaml", ".yml")), (_is_darknet, (".data",))):
        for paths in ([name for name in top if name in inventory.sizes], sorted(inventory.sizes)):
            named = [path for path in paths if path.lower().endswith(suffixes) and is_one(inventory.head(path, 65_536))]
            if len(named) > 1:
                what = f"must hold the settings of one data set, got {named[0]} and {named[1]}. Pass the one you mean."
                raise FileError(what, str(inventory.root))
            if named:
                return named[0]
    return None


def _is_yaml(head: bytes) -> bool:
    return bool(_HAS_CLASSES.search(head) and _HAS_PLACES.search(head))


def _is_darknet(head: bytes) -> bool:
    return bool(_IS_DARKNET.search(head))


def settings_of(inventory: Inventory, file: str) -> Settings:
    """Return what a file of settings says.

    Raises:
        FileError: it is malformed; the sentence names the line.
    """
    where = f"{inventory.root}/{file}"
    text = text_of(inventory.read(file), where)
    if file.lower().endswith(".data"):
        return _of_darknet(inventory, file, text, where)
    return _OfYaml(inventory, file, yaml_file.parse(text, where, _TEXTS)).settings()


# ---- data.yaml


class _OfYaml:
    """The content of ``data.yaml``, key by key."""

    def __init__(self, inventory: Inventory, file: str, document: Document) -> None:
        self.inventory, self.file, self.document = inventory, file, document
        if not isinstance(document.data, dict) or ("names" not in document.data and "nc" not in document.data):
            raise FileError("must name the classes, as names: [cat, dog].", document.where())
        self.data: JsonObject = document.data

    def where(self, key: str) -> str:
        return self.document.where((key,))

    def settings(self) -> Settings:
        classes, points = self._classes(), self._points()
        path, task = self.data.get("path") or "", self.data.get("task") or ""
        if not isinstance(path, str):
            raise FileError(f"must be a folder, got {path!r}.", self.where("path"))
        if task and task not in TASKS:
            raise FileError(f"must be one of {', '.join(TASKS)}, got {task!r}.", self.where("task"))
        if task == "pose" and not points[0]:
            raise FileError("must come with kpt_shape for pose, as kpt_shape: [17, 3].", self.where("task"))
        places: dict[Split, tuple[str, ...]] = {}
        for key, split in SPLIT_NAMES.items():
            if self.data.get(key):
                places[split] = (*places.get(split, ()), *self._places(key, self.data[key]))
        if not places:
            raise FileError("must say where pictures lie, as train: images/train.", self.document.where())
        about: JsonObject = {key: self.data[key] for key in KEPT if self.data.get(key) is not None}
        if points[0]:
            about |= {"kpt_shape": list(points), **self._flips(points[0])}
        names = self._keypoint_names(classes, points[0])
        known = _HARMLESS | SPLIT_NAMES.keys() | {"kpt_shape", "flip_idx", "kpt_names", "masks_dir"}
        for key in [key for key in self.data if key not in known]:
            self.inventory.unread("key", key, self.where(key))
        masks = self.data.get("masks_dir") or "masks"
        if not isinstance(masks, str):
            raise FileError(f"must be a folder, got {masks!r:.60}.", self.where("masks_dir"))
        folder, masks = posixpath.dirname(self.file), posixpath.normpath(masks)
        return Settings(
            self.document.name, classes, self.where, folder, path, places, task, points, names, about, masks=masks
        )

    def _classes(self) -> tuple[str, ...] | None:
        names, count = self.data.get("names"), self.data.get("nc")
        if names is not None and not isinstance(names, list | dict):
            raise FileError(f"must be a list of names, got {names!r:.60}.", self.where("names"))
        if isinstance(names, dict):
            missing = next((str(number) for number in range(len(names)) if str(number) not in names), None)
            if missing is not None:
                what = f"must number the classes from 0 without a gap, got none of number {missing}."
                raise FileError(what, self.where("names"))
            names = [names[str(number)] for number in range(len(names))]
        if count is not None and not _is_whole(count):
            raise FileError(f"must be a whole number, got {count!r:.60}.", self.where("nc"))
        if names is None:
            if not (count and 0 < float(count) <= 1_000_000):
                raise FileError("must name the classes, as names: [cat, dog].", self.where("nc"))
            self.inventory.note(UNNUMBERED)
            return tuple(str(number) for number in range(int(float(count))))
        if not (names and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)):
            raise FileError("must be a list of names, each one once.", self.where("names"))
        if count is not None and float(count) != len(names):
            raise FileError(f"must be the number of names, {len(names)}, got {count}.", self.where("nc"))
        return tuple(names)

    def _places(self, key: str, value: Json) -> list[str]:
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(place, str) for place in found):
            raise FileError(f"must be a folder, a text file or a list of them, got {value!r:.60}.", self.where(key))
        return found

    def _points(self) -> tuple[int, int]:
        shape = self.data.get("kpt_shape")
        match shape:
            case None:
                return 0, 0
            case [int() as count, int() as dimensions] if 0 < count < 10_000 and dimensions in DIMENSIONS:
                return int(count), int(dimensions)
        what = f"must be how many keypoints an object has, and 2 or 3 numbers each, as [17, 3], got {shape!r:.60}."
        raise FileError(what, self.where("kpt_shape"))

    def _flips(self, count: int) -> JsonObject:
        flips = self.data.get("flip_idx")
        if flips is None or flips == []:
            return {}
        if not (isinstance(flips, list) and all(type(place) is int for place in flips)):
            raise FileError(f"must be a list of numbers, got {flips!r:.60}.", self.where("flip_idx"))
        if sorted(flips) != list(range(count)) or any(flips[flips[place]] != place for place in range(count)):
            what = f"must say for each of {count} keypoints which it becomes in a mirror, and back, got {flips!r:.60}."
            raise FileError(what, self.where("flip_idx"))
        return {"flip_idx": flips}

    def _keypoint_names(self, classes: tuple[str, ...] | None, count: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        given, known = self.data.get("kpt_names"), classes or ()
        if not given or not count:
            return ()
        named = given if isinstance(given, dict) else {str(number): given for number in range(len(known))}
        found = []
        for key, names in named.items():
            label = known[int(key)] if key.isdecimal() and len(key) < 9 and int(key) < len(known) else key
            is_fit = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
            if label not in known or not is_fit:
                raise FileError(f"must be {count} names for every class, as kpt_shape says.", self.where("kpt_names"))
            found.append((label, tuple(names)))
        return tuple(found)


def _is_whole(value: Json) -> bool:
    try:
        return not isinstance(value, bool) and float(value).is_integer()
    except (TypeError, ValueError, OverflowError):
        return False


# ---- obj.data


def _of_darknet(inventory: Inventory, file: str, text: str, where: str) -> Settings:
    """Return the settings of ``key = value`` lines; lists that are not named are train.txt and the like beside it."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith(("#", ";")):
            key, _, value = (part.strip() for part in bare.partition("="))
            values[key], lines[key] = value, number
    folder = posixpath.dirname(file)

    def line_of(key: str) -> str:
        return f"{where}:{lines.get(key, 1)} {key}"

    for key in values:
        if key not in _DARKNET and key not in _DARKNET_HARMLESS:
            inventory.unread("key", key, line_of(key))
    beside = set(inventory.names(folder))
    places = {split: (values[key],) for key, split in _DARKNET.items() if values.get(key)}
    if not places:
        places = {split: (name,) for name, split in _LISTS.items() if name in beside}
    if not places:
        raise FileError("must name the list of pictures, as train = train.txt.", where)
    classes = _darknet_classes(inventory, folder, values.get("names", ""), line_of("names"))
    count = values.get("classes")
    if classes is not None and count is not None and count != str(len(classes)):
        raise FileError(f"must be the number of names, {len(classes)}, got {count!r:.20}.", line_of("classes"))
    return Settings(where, classes, line_of, folder, "", places, is_darknet=True)


def _darknet_classes(inventory: Inventory, folder: str, named: str, where: str) -> tuple[str, ...] | None:
    """Return the names of the file that is named, wherever it has come to lie, or of the one beside the settings."""
    parts = posixpath.normpath(named.replace("\\", "/") or "obj.names").split("/")
    bases = dict.fromkeys((folder, ""))
    for start in range(len(parts)):
        for base in bases:
            path = posixpath.join(base, *parts[start:])
            if path in inventory.sizes:
                return classes_of(inventory, path)
    if named:
        raise FileError(f"must be the file of the classes' names, got {named!r:.80}, which is not there.", where)
    return None


def classes_of(inventory: Inventory, path: str) -> tuple[str, ...]:
    """Return the names of a file with one a line.

    Raises:
        FileError: there is none, or one is there twice.
    """
    where = f"{inventory.root}/{path}"
    lines = [line.strip() for line in text_of(inventory.read(path), where).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if not lines or "" in lines or len(set(lines)) != len(lines):
        raise FileError("must hold the names of the classes, one a line, each one once.", where)
    return tuple(lines)
