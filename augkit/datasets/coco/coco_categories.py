"""Categories of COCO files, checked and put together, and what is counted while such files are read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite

from augkit.core.arrays import Json, JsonObject
from augkit.errors import FileError
from augkit.targets.columns import numbers, shown

Id = int | str


def named(words: str) -> frozenset[str]:
    """Return the keys that a text names."""
    return frozenset(words.split())


CATEGORY_FACTS = named(
    "id name supercategory supercategory_id keypoints skeleton keypoint_colors color colour isthing metadata "
    "synset synonyms def definition frequency image_count instance_count description creator attributes "
    "common_name image_dir_name specific_epithet kingdom phylum class order family genus count"
)


@dataclass
class Counts:
    """What is found on the way, over all files.

    Args:
        unread: keys that are not understood, by their path, and the entry that had it first.
        object_keys: facts of objects that stand beside their geometry, and not among ``attributes``.
        flat, rings, orphans: objects and rings without area, and objects without a picture.
        widened: boxes without area that got some, because their object has keypoints.
        unboxed: objects with keypoints and neither a box nor an outline.
        again: entries that repeat another.
        image_ids, object_ids: the largest ids of every file.
        captions: whether there are any.
    """

    unread: dict[str, str] = field(default_factory=dict)
    object_keys: set[str] = field(default_factory=set)
    flat: int = 0
    rings: int = 0
    orphans: int = 0
    widened: int = 0
    unboxed: int = 0
    again: int = 0
    image_ids: list[Id] = field(default_factory=list)
    object_ids: list[Id] = field(default_factory=list)
    captions: bool = False

    def note_keys(self, entry: JsonObject, known: frozenset[str] | set[str], kind: str, where: str) -> None:
        """Note the keys of an entry that say something and are not known."""
        for key in entry.keys() - known:
            if entry[key] not in (None, "", [], {}):
                self.unread.setdefault(f"{kind}.{key}" if kind else key, where)


@dataclass
class Categories:
    """The categories of all files: as they were written, with keypoints' names and the pairs to join, by class."""

    entries: list[JsonObject] = field(default_factory=list)
    keypoints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skeletons: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    renumbered: str = ""  # a file whose ids differ from those before it

    @property
    def names(self) -> list[str]:
        """The classes in order, each once."""
        return list(dict.fromkeys(entry["name"] for entry in self.entries))

    @property
    def twins(self) -> set[str]:
        """The names that several categories have."""
        counts = Counter(entry["name"] for entry in self.entries)
        return {name for name, count in counts.items() if count > 1}

    def add(self, entries: Json, where: str, counts: Counts) -> dict[Id, str]:
        """Return the names of one file's categories by their ids there.

        Raises:
            FileError: an entry is malformed, or two contradict each other.
        """
        by_id: dict[Id, JsonObject] = {}
        for place, entry in enumerate(listed(entries, f"{where}.categories")):
            here = f"{where} categories[{place}]"
            if not isinstance(entry, dict):
                raise FileError(f"must be an object, got {shown(entry)}.", here)
            id, name = id_of(entry.get("id"), f"{here}.id"), entry.get("name")
            if type(name) is int:
                name = str(name)
            if not isinstance(name, str):
                raise FileError(f"must be of type str, got {type(name).__name__}.", f"{here}.name")
            counts.note_keys(entry, CATEGORY_FACTS, "categories", here)
            require_finite(entry, here)
            facts = {**entry, "id": id, "name": name}
            if by_id.setdefault(id, facts) != facts:
                raise FileError(f"must have an id of its own, got {shown(id)} again. Rename one.", here)
            self._add_points(name, entry, here)
        self._merge(by_id, where)
        return {id: entry["name"] for id, entry in by_id.items()}

    def _merge(self, by_id: dict[Id, JsonObject], where: str) -> None:
        known = {entry["id"]: entry for entry in self.entries}
        names, is_first = {entry["name"] for entry in self.entries}, not self.entries
        for id, entry in by_id.items():
            if is_first or (id not in known and entry["name"] not in names):
                self.entries.append(entry)
            elif id in known and known[id]["name"] == entry["name"]:
                known[id].update({key: value for key, value in entry.items() if not known[id].get(key)})
            elif entry["name"] in names:
                self.renumbered = self.renumbered or where
            else:  # its number is another's
                self.renumbered = self.renumbered or where
                self.entries.append({**entry, "id": above(largest_id(entry["id"] for entry in self.entries))})

    def _add_points(self, name: str, entry: JsonObject, here: str) -> None:
        points, pairs = entry.get("keypoints") or [], entry.get("skeleton") or []
        if not (isinstance(points, list) and all(isinstance(point, str) for point in points)):
            raise FileError("must be a list of names.", f"{here}.keypoints")
        if not isinstance(pairs, list):
            raise FileError("must be a list of pairs.", f"{here}.skeleton")
        if not points:
            return
        if self.keypoints.setdefault(name, tuple(points)) != tuple(points):
            raise FileError("must name the same points in every file.", f"{here}.keypoints")
        found = []
        for pair in pairs:
            start, end = (int(value) for value in numbers(pair, f"{here}.skeleton", 2))
            if not (1 <= start <= len(points) and 1 <= end <= len(points)):
                raise FileError(f"must join points 1 to {len(points)}, got {pair}.", f"{here}.skeleton")
            found.append((start, end))
        if found:
            self.skeletons[name] = tuple(found)


def category_ids(about: JsonObject, names: Iterable[str]) -> tuple[Id, ...]:
    """Return the ids of classes in the files that a data set was read from; none if they are no COCO, or lack one.

    Args:
        about: facts of the data set, as `DataSet.about` has them.
        names: of the classes.
    """
    entries = about.get("coco", {}).get("categories", [])
    known: dict[str, Id] = {entry["name"]: entry["id"] for entry in reversed(entries)}
    found = [known.get(name) for name in names]
    return () if None in found else tuple(id for id in found if id is not None)


def largest_id(ids: Iterable[Id]) -> Id:
    """Return the largest id, 0 where there is none; as digits where one is a text.

    >>> largest_id([3, 41]), largest_id(["7", "b"]), largest_id([-2])
    (41, '7', 0)
    """
    known = list(ids)
    largest = max((int(id) for id in known if isinstance(id, int) or (id.isascii() and id.isdigit())), default=0)
    largest = max(largest, 0)
    return str(largest) if any(isinstance(id, str) for id in known) else largest


def above(id: Id, count: int = 1) -> Id:
    """Return the id that comes so many after another, of its type."""
    return str(int(id) + count) if isinstance(id, str) else id + count


def id_of(value: Json, where: str) -> Id:
    """Return an id: a whole number, or a text.

    Raises:
        FileError: it is something else.
    """
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int and type(value) is not str:
        raise FileError(f"must be an id, a whole number or a text, got {shown(value)}.", where)
    return value


def listed(value: Json, where: str) -> list[Json]:
    """Return what must be a list.

    Raises:
        FileError: it is something else.
    """
    if type(value) is not list:
        raise FileError(f"must be of type list, got {type(value).__name__}.", where)
    return value


def require_finite(facts: Json, where: str) -> None:
    """Refuse facts that JSON cannot hold: it is read as infinity where a number is too large.

    Raises:
        FileError: there is one.
    """
    for value in facts.values() if isinstance(facts, dict) else facts:
        if type(value) is float and not isfinite(value):
            raise FileError(f"must hold numbers that can be held, got {value}.", where)
        if type(value) in (dict, list):
            require_finite(value, where)
