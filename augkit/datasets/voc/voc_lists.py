"""Lists of Pascal VOC, ``ImageSets``: which pictures make a split, and which show a class."""

import posixpath
from collections import defaultdict
from dataclasses import replace

from augkit.core.arrays import Label
from augkit.core.text_files import text_of
from augkit.datasets.data_set import Source, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures
from augkit.datasets.naming import SPLIT_NAMES
from augkit.errors import FileError

PICTURES, LISTS = "JPEGImages", "ImageSets"
MISSING = "a picture that is missing"
ACTION = "a line of ImageSets/Action, as actions are read from XML"
TASKS = ("Main", "Segmentation", "Layout", "Action")  # the first that lists a picture decides


def lists_of(inventory: Inventory) -> list[str]:
    """Return the paths of all lists; none where a file alone is meant."""
    if not inventory.is_whole:
        return []
    return sorted(path for path in inventory.sizes if LISTS in path.split("/")[:-1] and path.lower().endswith(".txt"))


class VocLists:
    """What the lists of ``ImageSets`` say: splits, and classes of pictures."""

    def __init__(self, inventory: Inventory, named: NamedPictures) -> None:
        self.inventory, self.named, self.missing = inventory, named, 0
        self.pictures: dict[str, None] = {}
        self.positive: defaultdict[str, set[str]] = defaultdict(set)
        self.has_classes = False
        found: dict[str, dict[str, str]] = {}  # the split, and where it is said, of each picture, by task
        rest: dict[str, None] = {}
        paths = lists_of(inventory)
        for path in sorted(paths, key=lambda path: (_task(path), path)):
            name = posixpath.basename(path).rpartition(".")[0]
            pictures = self._lines(path, name)
            split = SPLIT_NAMES.get(name.lower())
            if split is None:
                rest |= dict.fromkeys(pictures) if name.lower() == "trainval" else {}
                continue
            task = found.setdefault(posixpath.dirname(path), {})
            for picture in pictures:
                if task.setdefault(picture, split) != split:
                    what = f"must be in one split, got {picture!r} in {task[picture]} and {split}. Take it out of one."
                    raise FileError(what, f"{inventory.root}/{path}")
        self.splits: dict[str, Split | None] = {}
        for task in found.values():
            self.splits |= {picture: SPLIT_NAMES[name] for picture, name in task.items() if picture not in self.splits}
        left = [picture for picture in rest if picture not in self.splits]
        if self.splits and left:
            self.inventory.note(f"{len(left):,} pictures of trainval.txt that are in no other list are for training.")
            self.splits |= dict.fromkeys(left, "train")

    def _lines(self, path: str, name: str) -> list[str]:
        """Return the pictures of a list, and note what it says of a class."""
        base = f"/{path}".partition(f"/{LISTS}/")[0][1:]
        where, found = f"{self.inventory.root}/{path}", list[str]()
        kind, _, ending = name.rpartition("_")
        is_class = bool(kind) and (ending.lower() in SPLIT_NAMES or ending.lower() == "trainval")
        is_action = is_class and TASKS[-1] in path.split("/")[:-1]  # a picture, the number of its object, 1 or -1
        for number, line in enumerate(text_of(self.inventory.read(path), where).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            id, flag = line.strip(), ""
            picture = None if is_class else self._picture(id, base)
            if picture is None and words[1:] and _is_flag(words[-1]):
                id, flag = id[: -len(words[-1])].strip(), words[-1]
                if is_action and words[2:] and _is_flag(words[-2]):
                    id = id[: -len(words[-2])].strip()
                picture = self._picture(id, base)
            if picture is None:
                self.missing += 1
                self.inventory.left_out[MISSING] += 1
                continue
            found.append(picture)
            self.pictures[picture] = None
            if is_action:
                self.inventory.left_out[ACTION] += 1
                continue
            if is_class and not flag:
                raise FileError(f"must say 1, 0 or -1 after each name, got {line[:60]!r}.", f"{where}:{number}")
            if is_class:
                self.has_classes = True
                self.positive[picture] |= {kind} if int(flag) >= 0 else set()
        return found

    def _picture(self, id: str, base: str) -> str | None:
        name = id.replace("\\", "/")
        stem = posixpath.join(base, PICTURES, name)
        pictures = self.named
        found = pictures.at(f"{stem}.jpg", stem, posixpath.join(base, name), name)
        last = posixpath.basename(name)
        near = posixpath.join(base, PICTURES, posixpath.dirname(name)).rstrip("/")
        return found or pictures.of_stem(last, near) or pictures.called(last, near)

    def labelled(self, sources: list[Source]) -> list[Source]:
        """Return sources with the classes that lists give them, where their objects do not say the same."""
        if not self.has_classes:
            return sources
        listed = [source for source in sources if source.id in self.positive]
        if all(self.positive[source.id] == set(source.box_labels) for source in listed):
            return sources
        self.inventory.note(f"Classes of pictures are those that {LISTS} lists.")
        many = any(len(self.positive[source.id]) != 1 for source in listed)
        labels: dict[str, Label] = {}
        for source in listed:
            names = sorted(self.positive[source.id])
            labels[source.id] = names if many else names[0]
        return [replace(source, label=labels.get(source.id, source.label)) for source in sources]


def _task(path: str) -> int:
    folder = posixpath.basename(posixpath.dirname(path))
    return TASKS.index(folder) if folder in TASKS else len(TASKS)


def _is_flag(word: str) -> bool:
    return word.lstrip("-").isdigit() and word.isascii()
