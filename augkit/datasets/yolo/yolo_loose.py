"""YOLO without settings: label files that lie beside pictures or in ``labels/``, known by what they hold.

LabelImg, Label Studio, Roboflow's darknet and FiftyOne's YOLOv4 write such; the names of the classes lie in a file of
their own, or nowhere.
"""

import posixpath
from collections.abc import Iterable, Iterator

from augkit.core.text_files import json_of
from augkit.datasets.data_set import Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import splits_by_folders
from augkit.datasets.naming import split_of_folder
from augkit.datasets.yolo.yolo_layout import folders_of, label_of
from augkit.datasets.yolo.yolo_lines import likely
from augkit.datasets.yolo.yolo_settings import UNNUMBERED, Settings, classes_of
from augkit.errors import FileError

TRIED = 50  # label files that are looked into before a folder is none of ours
_NAMED = ("classes.txt", "obj.names", "classes.names", "_darknet.labels", "predefined_classes.txt")
_NOTES = "notes.json"  # of Label Studio
_LISTS = ("images.txt",)  # of FiftyOne: all pictures


def is_loose(inventory: Inventory) -> bool:
    """Return whether label files lie where YOLO looks for them, and hold its lines.

    Without a file of names it takes more than a stray text file: most pictures have one, and those without do not lie
    in folders of their own, as classes do.
    """
    if not any(path.lower().endswith(".txt") for path in inventory.sizes):
        return False
    labels = {path: label for path in inventory.pictures if (label := label_of(inventory, path, True)) is not None}
    filled = [path for path in labels.values() if inventory.sizes[path]][:TRIED]
    is_named = any(name_files(inventory, labels.values()))
    if not filled:
        return bool(labels) and is_named
    if not is_named:
        bare = folders_of(inventory.pictures) - folders_of(labels)
        if 2 * len(labels) < len(inventory.pictures) or not all(map(_is_bare, bare)):
            return False
    return any(likely(inventory.head(path)) for path in filled)


def _is_bare(folder: str) -> bool:
    """Return whether a folder without any label may be a part of a data set."""
    names = folder.lower().split("/")
    return "images" in names or any(map(split_of_folder, names))


def loose_settings(inventory: Inventory) -> tuple[Settings, dict[str, Split | None]]:
    """Return the settings of a folder without any, and the split of every picture.

    Raises:
        FileError: files of names differ, or only some pictures lie in splits.
    """
    where = str(inventory.root)
    labelled = {path: label for path in inventory.pictures if (label := label_of(inventory, path, True)) is not None}
    homes = folders_of(labelled)
    pictures = [path for path in inventory.pictures if posixpath.dirname(path) in homes or "/images/" in f"/{path}"]
    classes: tuple[str, ...] | None = None
    for path in name_files(inventory, labelled.values()):
        names = names_in(inventory, path)
        if classes is not None and names != classes:
            raise FileError("must name the classes as the other files of names do.", f"{inventory.root}/{path}")
        classes = names
    if classes is None:
        inventory.note(f"{UNNUMBERED} YOLO has their names in data.yaml, or in classes.txt.")
    inventory.use(*(path for path in _LISTS if path in inventory.sizes))
    return Settings(where, classes, lambda _: where, is_darknet=True), splits_by_folders(pictures, inventory)


def name_files(inventory: Inventory, labels: Iterable[str]) -> Iterator[str]:
    """Yield the files that may hold the names of the classes: at the top, and beside labels."""
    folders = folders_of(labels)
    for folder in sorted(folders | {"", *map(posixpath.dirname, folders)}):
        for name in inventory.names(folder):
            path = posixpath.join(folder, name)
            if path in inventory.sizes and (name in (*_NAMED, _NOTES) or name.endswith(".names")):
                yield path


def names_in(inventory: Inventory, path: str) -> tuple[str, ...]:
    """Return the names of the classes that a file holds.

    Raises:
        FileError: it is malformed.
    """
    return _notes_classes(inventory, path) if path.endswith(".json") else classes_of(inventory, path)


def _notes_classes(inventory: Inventory, path: str) -> tuple[str, ...]:
    """Return the names of the classes in Label Studio's notes: ``{"categories": [{"id": 0, "name": "cat"}]}``."""
    where = f"{inventory.root}/{path}"
    match json_of(inventory.read(path), where):
        case {"categories": [*categories]}:
            named = {one.get("id"): one.get("name") for one in categories if isinstance(one, dict)}
            names = [name for number in range(len(categories)) if isinstance(name := named.get(number), str)]
            if names and len(names) == len(set(names)) == len(categories):
                return tuple(names)
    raise FileError("must hold categories, numbered from 0, each name once, as Label Studio writes them.", where)
