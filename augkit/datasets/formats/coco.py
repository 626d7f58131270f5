"""COCO: pictures beside JSON that says where their objects are.

Read are a JSON file, or a folder with

    annotations/instances_train2017.json    and train2017/ or images/train2017/ (person_keypoints_*.json where there is
                                            no instances_*.json)
    train/_annotations.coco.json            as Roboflow writes it

The pictures are looked for in the folders that are usual (`_folders`); the first one that has them all is theirs, or
else the one that has most of them. Several files are several splits, as their names say. Categories keep their order. A
class is what an entry of ``images`` names as its ``label``, which other tools ignore.

Written are pictures in ``[split/][class/]name`` and objects in ``annotations/instances[_split].json``, a file a split,
made from the records when all of them are there. Images, annotations and categories are numbered from 1, in order.
pycocotools reads this format and writes none.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES, path_below, split_of_path
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError
from augkit.storage.root import Root
from augkit.targets import run_lengths
from augkit.targets.box_forms import described, edges
from augkit.targets.columns import numbers
from augkit.targets.polygons import around, box_of, rings_of
from augkit.targets.records import Instance, of_instances

FOLDER, ROBOFLOW = "annotations", "_annotations.coco.json"
MISSING = "a picture that is missing"
ORPHAN = "an object without a picture"
DIGITS = 3  # of a pixel, written
_KIND = re.compile(r"^(instances|person_keypoints)_?")
_NOT_OBJECTS = ("captions", "image_info", "panoptic", "stuff")
# All that is kept while a file is read: half of a large one is links, licences and areas.
_KEYS = {"annotations", "bbox", "categories", "category_id", "counts", "file_name", "height", "id", "image_id"}
_KEYS |= {"images", "iscrowd", "keypoints", "label", "name", "segmentation", "size", "skeleton", "width"}

T = TypeVar("T")
_Images = dict[int | str, tuple[str, JsonObject]]  # by id: an entry of ``images``, after its place for messages


class CocoFormat(Reader, FileWriter):
    """Read boxes, polygons, run lengths and keypoints, and write them."""

    name = "coco"
    summary = "COCO: its folder, or its JSON file; polygons may be run lengths"
    rank = 10
    suffixes = (".json",)
    reads = holds = frozenset(("boxes", "polygons", "keypoints"))

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(self.suffixes)
        return bool(_annotation_files(inventory.root))

    def read(self, inventory: Inventory) -> DataSet:
        root = inventory.root
        if inventory.file is not None:
            path = inventory.file
            above, name = root.above()
            if name == FOLDER:
                root, path = above, f"{name}/{path}"
            paths = [path]
        else:
            paths = _annotation_files(root)
        inventory.use(*paths)
        categories = _Categories()
        found = [_read_entries(root, path, categories) for path in paths]
        pictures = _Pictures(root)
        sources = [source for entries in found for source in pictures.sources(entries)]
        if not sources and len(paths) == 1 and "/" not in paths[0]:
            above, name = root.above()  # the pictures may lie in a folder beside the file's
            pictures = _Pictures(above, but_not="")
            sources = pictures.sources(found[0]._replace(path=f"{name}/{paths[0]}"))
        inventory.left_out += sum((entries.left_out for entries in found), pictures.left_out(sources))
        data = DataSet.of(self.name, pictures.root, sources, inventory.left_out, categories.names)
        points, pairs = categories.keypoints.items(), categories.skeletons.items()
        return replace(data, keypoint_names=tuple(points), skeletons=tuple(pairs))

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        for split in whole.splits:
            name = "instances.json" if split is None else f"instances_{split}.json"
            yield f"{FOLDER}/{name}", _content(whole, split)


# ---- the files that are read


def _annotation_files(root: Root) -> list[str]:
    """Return the files with objects below a folder, one a split."""
    if root.is_folder(FOLDER) and (names := [name for name in root.names(FOLDER) if name.lower().endswith(".json")]):
        for kind in ("instances", "person_keypoints", ""):
            chosen = [name for name in names if name.startswith(kind) and not name.startswith(_NOT_OBJECTS)]
            if chosen:
                return [f"{FOLDER}/{name}" for name in chosen]
    folders = [f"{name}/" for name in SPLIT_NAMES] + [""]
    return [folder + ROBOFLOW for folder in folders if root.is_file(folder + ROBOFLOW)]


def _folders(path: str) -> list[str]:
    """Return the folders below the root where the pictures of an annotation file may lie, the likeliest first.

    >>> _folders("annotations/instances_val2017.json")[:3]
    ['val2017', 'images/val2017', 'val2017/images']
    """
    folder, _, name = path.rpartition("/")
    tag = _KIND.sub("", name[: -len(".json")])
    split = split_of_path(path)
    words = dict.fromkeys([tag, *(word for word, means in SPLIT_NAMES.items() if means == split)])
    usual = [place for word in words if word for place in (word, f"images/{word}", f"{word}/images")]
    return list(dict.fromkeys([*usual, "images", folder, ""]))


@dataclass
class _Pictures:
    """The files below a root, each folder looked at when it is first asked for; `but_not` is one never to look at."""

    root: Root
    but_not: str | None = None
    seen: dict[str, tuple[dict[str, int], Counter[str]]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    missing: int = 0

    def sources(self, entries: _Entries) -> list[Source]:
        """Return the pictures of one annotation file that are there."""
        names = [picture.id for picture in entries.pictures]
        best, most = None, 0
        for folder in _folders(entries.path):
            if folder == self.but_not or not self.root.is_folder(folder):
                continue
            sizes = self._sizes(folder)
            hits = sum(posixpath.join(folder, name) in sizes for name in names)
            if hits > most:
                best, most = folder, hits
            if hits == len(names):
                break
        self.missing += len(names) - most
        if best is None:
            return []
        self.used.add(best)
        sizes, split = self._sizes(best), split_of_path(entries.path)
        found = ((posixpath.join(best, picture.id), picture) for picture in entries.pictures)
        return [replace(picture, id=id, size=sizes[id], split=split) for id, picture in found if id in sizes]

    def _sizes(self, folder: str) -> dict[str, int]:
        if folder not in self.seen:
            others: Counter[str] = Counter()
            self.seen[folder] = dict(self.root.walk(others, folder)), others
        return self.seen[folder][0]

    def left_out(self, sources: list[Source]) -> Counter[str]:
        """Count what lies in the folders that were used, and what should; refuse entries without any picture."""
        counts: Counter[str] = Counter({MISSING: self.missing})
        if not sources:
            if self.missing:
                what = f"must have its pictures beside it, got none of {self.missing:,}. Keep them in one folder."
                raise FileError(what, str(self.root))
            return counts
        return counts


# ---- the entries of one file, checked


class _Entries(NamedTuple):
    """One file: where it lies below the root, its pictures by their names there, and what was left out."""

    path: str
    pictures: list[Source]
    left_out: Counter[str]


@dataclass
class _Categories:
    """The categories of all files: names in order; their keypoints' names, and the pairs to join."""

    names: list[str] = field(default_factory=list)
    keypoints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skeletons: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def add(self, entries: list[Json], where: str) -> dict[int, str]:
        """Return the names of one file's categories by their ids there."""
        by_id: dict[int, str] = {}
        for place, entry in enumerate(entries):
            here = f"{where} categories[{place}]"
            name, id = _of(entry, "name", str, here), _of(entry, "id", int, here)
            if id in by_id or name in by_id.values():
                raise FileError(f"must have an id and a name of its own, got {id} {name!r} again. Rename one.", here)
            by_id[id] = name
            if name not in self.names:
                self.names.append(name)
            self._add_points(name, entry, here)
        return by_id

    def _add_points(self, name: str, entry: JsonObject, here: str) -> None:
        points, pairs = entry.get("keypoints") or [], entry.get("skeleton") or []
        if not points:
            return
        if not (isinstance(points, list) and all(isinstance(point, str) for point in points)):
            raise FileError("must be a list of names.", f"{here}.keypoints")
        if self.keypoints.setdefault(name, tuple(points)) != tuple(points):
            raise FileError("must name the same points in every file.", f"{here}.keypoints")
        if not isinstance(pairs, list):
            raise FileError("must be a list of pairs.", f"{here}.skeleton")
        found = []
        for pair in pairs:
            start, end = (int(value) for value in numbers(pair, f"{here}.skeleton", 2))
            if not (1 <= start <= len(points) and 1 <= end <= len(points)):
                raise FileError(f"must join points 1 to {len(points)}, got {pair}.", f"{here}.skeleton")
            found.append((start, end))
        if found:
            self.skeletons[name] = tuple(found)


def _read_entries(root: Root, path: str, categories: _Categories) -> _Entries:
    """Read a file and add what categories it has."""
    where = f"{root}/{path}"
    data = json_of(root.read(path), where, keep=_kept)
    if not isinstance(data, dict) or "images" not in data:
        raise FileError("must be COCO's JSON with images, annotations and categories.", where)
    entries, objects, named = (_of(data, key, list, where, []) for key in ("images", "annotations", "categories"))
    names, left_out = categories.add(named, where), Counter[str]()
    images: _Images = {}
    for place, entry in enumerate(entries):
        here = f"{where} images[{place}]"
        id = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(id, int | str) or id in images:
            raise FileError(f"must have an id of its own, got {id!r}.", here)
        images[id] = here, entry
    has_objects = bool(objects) or not all("label" in entry for entry in entries)
    kinds = {id: (name, len(categories.keypoints.get(name, ()))) for id, name in names.items()}
    found = _by_picture(objects, images, kinds, where, left_out)
    pictures = []
    for id, (here, entry) in images.items():
        annotations = Annotations(of_instances(found.pop(id, ())), size=_size(entry)) if has_objects else None
        name = path_below(_of(entry, "file_name", str, here), f"{here}.file_name")
        pictures.append(Source(name, 0, entry.get("label"), annotations=annotations))
    left_out[ORPHAN] += sum(map(len, found.values()))
    return _Entries(path, pictures, left_out)


def _kept(entry: JsonObject) -> JsonObject:
    return {key: value for key, value in entry.items() if key in _KEYS}


def _of(entry: Json, key: str, kind: type[T], where: str, default: T | None = None) -> T:
    """Return the value of an entry's key, which must be of one type exactly."""
    value = entry.get(key, default) if isinstance(entry, dict) else None
    if type(value) is not kind:
        raise FileError(f"must be of type {kind.__name__}, got {type(value).__name__}.", f"{where}.{key}")
    return value


def _size(entry: JsonObject) -> Size | None:
    height, width = entry.get("height"), entry.get("width")
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return height, width
    return None


def _by_picture(
    entries: list[Json], images: _Images, kinds: dict[int, tuple[str, int]], where: str, left_out: Counter[str]
) -> dict[int | str, list[Instance]]:
    """Return the objects of each picture; run lengths must be of its size."""
    found: defaultdict[int | str, list[Instance]] = defaultdict(list)
    for place, entry in enumerate(entries):
        here = f"{where} annotations[{place}]"
        if not isinstance(entry, dict):
            raise FileError("must be an object.", here)
        image, kind = entry.get("image_id"), entry.get("category_id")
        if not isinstance(image, int | str):
            raise FileError(f"must be the id of a picture, got {image!r}.", f"{here}.image_id")
        if not isinstance(kind, int) or kind not in kinds:
            raise FileError(f"must be the id of a category, got {kind!r}.", f"{here}.category_id")
        instance, size = _object(entry, *kinds[kind], here)
        entries[place] = None  # a large file's objects need not be held twice
        if instance is None:
            left_out[FLAT] += 1
            continue
        if size is not None and image in images and size != (wanted := _size(images[image][1])):
            raise FileError(f"must be of its picture's size, {wanted} at {images[image][0]}, got {size}.", here)
        found[image].append(instance)
    return found


def _object(entry: JsonObject, label: str, points: int, here: str) -> tuple[Instance | None, Size | None]:
    """Return an object, None if it has no area, and the size of the picture that its run lengths are of."""
    outline, rle, size = entry.get("segmentation"), "", None
    rings: tuple[tuple[float, ...], ...] = ()
    if isinstance(outline, dict):
        at = f"{here}.segmentation"
        height, width = (int(value) for value in numbers(outline.get("size"), f"{at}.size", 2))
        size = height, width
        rle = run_lengths.checked(outline.get("counts"), size, f"{at}.counts")
    elif outline:
        rings = rings_of(outline, f"{here}.segmentation")
    if entry.get("bbox") or not rings:
        left, top, width_px, height_px = numbers(entry.get("bbox"), f"{here}.bbox", 4)
        box = box_of(*edges("coco", (left, top, width_px, height_px)))
    else:
        box = around(rings)
    keypoints: tuple[float, ...] = ()
    if points and entry.get("keypoints"):
        keypoints = numbers(entry["keypoints"], f"{here}.keypoints", 3 * points)
        keypoints = keypoints if any(keypoints[2::3]) else ()
    is_crowd = entry.get("iscrowd") == 1
    return None if box is None else Instance(label, box, rings, keypoints, rle, is_crowd), size


# ---- written


def _content(whole: Whole, split: Split | None) -> Iterator[bytes]:
    """Yield a split's file in pieces; the records are gone through twice, so that none is held."""
    numbers = {label: number for number, label in enumerate(whole.classes, start=1)}
    names, skeletons = dict(whole.keypoint_names), dict(whole.skeletons)
    categories: list[JsonObject] = [{"id": number, "name": label} for label, number in numbers.items()]
    for category in categories:
        if (label := category["name"]) in names:
            category |= {"keypoints": names[label], "skeleton": skeletons.get(label, ())}
    yield b'{\n"categories": ' + _json(categories)
    yield b',\n"images": ['
    for number, record in _numbered(whole, split):
        height, width = record.size
        image: JsonObject = {"id": number, "file_name": record.name, "height": height, "width": width}
        if record.label is not None:
            image["label"] = record.label
        yield (b",\n" if number > 1 else b"\n") + _json(image)
    yield b'\n],\n"annotations": ['
    count = 0
    for number, record in _numbered(whole, split):
        for instance in record.instances:
            count += 1
            facts = {"id": count, "image_id": number, "category_id": numbers[instance.label]}
            yield (b",\n" if count > 1 else b"\n") + _json(facts | _annotation(instance, record))
    yield b"\n]\n}\n"


def _numbered(whole: Whole, split: Split | None) -> Iterator[tuple[int, Record]]:
    return enumerate((record for _, record in whole.records() if record.split == split), start=1)


def _annotation(instance: Instance, record: Record) -> JsonObject:
    box = [round(value, DIGITS) for value in described("coco", instance.box)]
    facts: JsonObject = {"bbox": box, "iscrowd": int(instance.is_crowd)}
    if instance.rle:
        facts["segmentation"] = {"size": record.size, "counts": instance.rle}
        facts["area"] = int(run_lengths.decode(instance.rle, record.size).sum())
    else:
        facts["segmentation"] = instance.rings
        facts["area"] = round(sum(map(_area, instance.rings)) if instance.rings else box[2] * box[3], DIGITS)
    if instance.keypoints:
        facts["keypoints"] = instance.keypoints
        facts["num_keypoints"] = sum(visibility > 0 for visibility in instance.keypoints[2::3])
    return facts


def _area(ring: tuple[float, ...]) -> float:
    """Return the area within a polygon (the shoelace formula)."""
    x, y = ring[0::2], ring[1::2]
    return abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2.0


def _json(value: Json) -> bytes:
    return json.dumps(value, separators=(", ", ": "), allow_nan=False).encode()


FORMATS.add("coco", CocoFormat())
