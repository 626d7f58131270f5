"""Entries of one of COCO's JSON files, checked: its pictures, their objects and the categories."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import FLAT, Annotations
from augkit.errors import FileError
from augkit.storage.root import Root, inside
from augkit.targets import run_lengths
from augkit.targets.box_forms import edges
from augkit.targets.columns import numbers
from augkit.targets.polygons import around, box_of, rings_of
from augkit.targets.records import Instance, of_instances

ORPHAN = "an object without a picture"
# All that is kept while a file is read: half of a large one is links, licences and areas.
_KEYS = {"annotations", "bbox", "categories", "category_id", "counts", "file_name", "height", "id", "image_id"}
_KEYS |= {"images", "iscrowd", "keypoints", "label", "name", "segmentation", "size", "skeleton", "width"}

T = TypeVar("T")


class Picture(NamedTuple):
    """An entry of ``images``."""

    file_name: str
    label: Label
    annotations: Annotations | None


@dataclass
class Entries:
    """One file: where it lies below the root, its pictures, and what was left out."""

    path: str
    pictures: list[Picture]
    left_out: Counter[str]


class _Object(NamedTuple):
    """An object whose run lengths have not met their picture yet."""

    instance: Instance
    where: str
    mask_size: Size | None


@dataclass
class Categories:
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


def read_entries(root: Root, path: str, categories: Categories) -> Entries:
    """Read a file and add what categories it has.

    Raises:
        FileError: it is malformed; the sentence names the entry.
    """
    where = f"{root}/{path}"
    data = json_of(root.read(path), where, keep=_kept)
    if not isinstance(data, dict) or "images" not in data:
        raise FileError("must be COCO's JSON with images, annotations and categories.", where)
    images, objects, kinds = (_of(data, key, list, where, []) for key in ("images", "annotations", "categories"))
    names, left_out = categories.add(kinds, where), Counter[str]()
    found = _by_picture(objects, names, categories, where, left_out)
    has_objects = bool(objects) or not all(isinstance(entry, dict) and "label" in entry for entry in images)
    pictures, seen = [], set()
    for place, entry in enumerate(images):
        here = f"{where} images[{place}]"
        id = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(id, int | str) or id in seen:
            raise FileError(f"must have an id of its own, got {id!r}.", here)
        seen.add(id)
        size, name = _size(entry), _path(entry, here)
        instances = tuple(_fitting(found.pop(id, []), size, here)) if has_objects else None
        annotations = None if instances is None else Annotations(of_instances(instances), size=size)
        pictures.append(Picture(name, entry.get("label"), annotations))
    left_out[ORPHAN] += sum(map(len, found.values()))
    return Entries(path, pictures, left_out)


def _kept(entry: JsonObject) -> JsonObject:
    return {key: value for key, value in entry.items() if key in _KEYS}


def _of(entry: Json, key: str, kind: type[T], where: str, default: T | None = None) -> T:
    """Return the value of an entry's key, which must be of one type exactly."""
    value = entry.get(key, default) if isinstance(entry, dict) else None
    if type(value) is not kind:
        raise FileError(f"must be of type {kind.__name__}, got {type(value).__name__}.", f"{where}.{key}")
    return value


def _path(entry: JsonObject, here: str) -> str:
    try:
        return posixpath.normpath(inside(_of(entry, "file_name", str, here)))
    except FileError as fault:
        raise fault if fault.where != "path" else FileError(fault.message, f"{here}.file_name") from None


def _size(entry: JsonObject) -> Size | None:
    height, width = entry.get("height"), entry.get("width")
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return height, width
    return None


def _by_picture(
    entries: list[Json], names: dict[int, str], categories: Categories, where: str, left_out: Counter[str]
) -> dict[int | str, list[_Object]]:
    found: defaultdict[int | str, list[_Object]] = defaultdict(list)
    for place, entry in enumerate(entries):
        here = f"{where} annotations[{place}]"
        if not isinstance(entry, dict):
            raise FileError("must be an object.", here)
        image, kind = entry.get("image_id"), entry.get("category_id")
        if not isinstance(image, int | str):
            raise FileError(f"must be the id of a picture, got {image!r}.", f"{here}.image_id")
        if not isinstance(kind, int) or kind not in names:
            raise FileError(f"must be the id of a category, got {kind!r}.", f"{here}.category_id")
        made = _object(entry, names[kind], len(categories.keypoints.get(names[kind], ())), here)
        if made is None:
            left_out[FLAT] += 1
        else:
            found[image].append(made)
        entries[place] = None  # a large file's objects need not be held twice
    return found


def _object(entry: JsonObject, label: str, points: int, here: str) -> _Object | None:
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
    return None if box is None else _Object(Instance(label, box, rings, keypoints, rle, is_crowd), here, size)


def _fitting(objects: list[_Object], size: Size | None, here: str) -> list[Instance]:
    """Return a picture's objects, whose masks must be of its size."""
    for _, where, mask_size in objects:
        if mask_size is not None and mask_size != size:
            raise FileError(f"must be of its picture's size, {size} at {here}, got {mask_size}.", where)
    return [instance for instance, _, _ in objects]
