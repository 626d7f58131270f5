"""COCO: pictures beside JSON that says where their objects are.

Read is every JSON file below a folder, whatever it is called, that has COCO's ``images``, or one such file:

    annotations/instances_train2017.json    and train2017/, images/train2017/ or any other folder
    train/_annotations.coco.json            as Roboflow writes it
    labels.json and data/                   as FiftyOne writes it
    result.json and images/                 as Label Studio writes it
    annotations/instances_default.json      as CVAT writes it

Pictures are found by their names wherever they lie. Files about the same pictures are put together by the ids of their
annotations: objects, keypoints, captions, stuff. Segments of panoptic files become objects with masks. Several files
are several splits, as their names say. Categories keep ids and order. A class is what an entry of ``images`` names as
its ``label``, which other tools ignore, or what annotations without geometry say.

Written are pictures in ``[split/][class/]name`` and objects in ``annotations/instances[_split].json``, a file a split,
made from the records when all of them are there. What was passed through keeps its ids, copies get new ones above all
that there were; without ids of a COCO file images, annotations and categories are numbered from 1, in order.
pycocotools reads this format and writes none. Reference: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from augkit.core.arrays import JsonObject
from augkit.core.text_files import json_of
from augkit.datasets.coco.coco_categories import Categories, Counts, above, largest_id, require_finite
from augkit.datasets.coco.coco_content import captions, content
from augkit.datasets.coco.coco_entries import pictures_of
from augkit.datasets.coco.coco_panoptic import instances_of, is_panoptic
from augkit.datasets.coco.coco_pictures import Picture, keep_ids
from augkit.datasets.data_set import ATTRIBUTES, FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.json_heads import HEAD_BYTES, files_with, is_list_of_objects, outer_keys
from augkit.datasets.naming import SPLIT_NAMES, split_of_folder, split_of_path
from augkit.datasets.picture_finder import PictureFinder
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError, raise_outage
from augkit.storage.root import Root
from augkit.targets.columns import shown

FOLDER = "annotations"
ORPHAN, RING = "an object without a picture", "a ring of fewer than three points"
AGAIN = "an entry that repeats another"
_KEYS = ({"images"}, {"annotations", "categories"})
_IMAGES = re.compile(rb'"images"\s*:\s*\[')
_OTHERS = {"shapes", "imagePath", "imageData", "labels", "samples"}  # keys of other formats
_KIND = re.compile(r"^(instances|person_keypoints|captions|stuff|image_info)_?")


class CocoFormat(Reader, FileWriter):
    """Read boxes, polygons, run lengths, keypoints and facts, and write them."""

    name = "coco"
    summary = "COCO: its folder, or its JSON file; polygons may be run lengths"
    rank = 10
    suffixes = (".json",)
    reads = frozenset(("boxes", "polygons", "keypoints", "rotated boxes", ATTRIBUTES))
    holds = frozenset(("boxes", "polygons", "keypoints", ATTRIBUTES))

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is None:
            return any(_files(inventory))
        return inventory.file.lower().endswith(self.suffixes) and not _is_other(inventory, inventory.file)

    def read(self, inventory: Inventory) -> DataSet:
        with _uncollected():
            return self._read(inventory)

    def _read(self, inventory: Inventory) -> DataSet:
        root, paths = inventory.root, list(_files(inventory))
        if inventory.file is not None:
            paths = [inventory.file]
            outer, name = root.above()
            if name == FOLDER:
                root, paths = outer, [f"{name}/{inventory.file}"]
        categories, counts, about = Categories(), Counts(), _About()
        files: list[_File] = []
        for path, data in _contents(inventory, root, paths):
            if is_panoptic(data):
                if any(picture.is_searched for file in files for picture in file.pictures):
                    advice = "Its objects are in another file, too: leave it with --ignore '*panoptic*'."
                    inventory.unread("file", path, f"{root}/{path}", advice)
                    continue
                data = instances_of(data, path, inventory)
            split = split_of_path(path)
            about.add(data, split, f"{root}/{path}")
            try:
                files.append(_File(path, split, pictures_of(data, path, categories, counts)))
            except FileError as fault:
                raise_outage(fault)
                raise FileError(fault.message, f"{root}/{fault.where}") from None
            del data  # a large file need not be held while its pictures are made
        if not files:
            return DataSet.of(self.name, root, [], inventory.left_out)
        root, sources = _sources(inventory, root, files, counts)
        for file in files:
            if file.path.rpartition("/")[0].rpartition("/")[2] != FOLDER:  # where COCO's own lie
                inventory.note(f"{file.path} is read as COCO.")
        _tell(inventory, counts, categories)
        data_set = DataSet.of(self.name, root, sources, inventory.left_out, categories.names)
        points, pairs = tuple(categories.keypoints.items()), tuple(categories.skeletons.items())
        facts = {"coco": about.described(categories, counts)}
        return replace(data_set, keypoint_names=points, skeletons=pairs, about=facts)

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        for split in whole.splits:
            end = ".json" if split is None else f"_{split}.json"
            yield f"{FOLDER}/instances{end}", content(whole, split)
            if whole.about.get("coco", {}).get("captions"):
                yield f"{FOLDER}/captions{end}", captions(whole, split)


# ---- the files that are read


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make millions of small objects without the search for cycles, of which there are none: it takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _files(inventory: Inventory) -> Iterator[str]:
    """Yield the files of COCO below a folder, by their content."""
    return files_with(inventory, _KEYS, _IMAGES, _OTHERS)


def _is_other(inventory: Inventory, path: str) -> bool:
    """Return whether a file is clearly another's: a list of objects, or an object with other keys."""
    keys = outer_keys(inventory, path)
    if any(some <= keys for some in _KEYS):
        return False
    if is_list_of_objects(inventory, path) or keys & _OTHERS:
        return True
    if not keys or "\ufffd" in "".join(keys):
        return False
    return inventory.sizes[path] <= HEAD_BYTES or not _IMAGES.search(inventory.root.read(path))


def _contents(inventory: Inventory, root: Root, paths: list[str]) -> Iterator[tuple[str, JsonObject]]:
    """Yield what files hold, panoptic ones at last: where others have their objects, they have them twice."""
    panoptic = []
    for path in paths:
        inventory.use(path)
        data = _read(root, path)
        if is_panoptic(data):
            panoptic.append((path, data))
        else:
            yield path, data
        del data
    yield from panoptic


def _read(root: Root, path: str) -> JsonObject:
    where = f"{root}/{path}"
    data = json_of(root.read(path), where)
    if not isinstance(data, dict) or "images" not in data:
        raise FileError("must be COCO's JSON with images, annotations and categories.", where)
    return data


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
    beside = [f"{folder}/images", f"{folder}/data"] if folder else ["data"]
    return list(dict.fromkeys([*usual, "images", folder, *beside, ""]))


# ---- pictures and what belongs to them


@dataclass
class _File:
    """A file: its path below the root, its split, and its pictures."""

    path: str
    split: Split | None
    pictures: list[Picture]

    def may_have(self, path: str) -> bool:
        """Return whether a picture that lies somewhere else may be one of this file: not one of another split."""
        return self.split is None or {split_of_folder(part) for part in path.split("/")[:-1]} <= {None, self.split}


@dataclass
class _About:
    """Facts of whole files by split; that of none is an empty text."""

    info: JsonObject = field(default_factory=dict)
    licenses: JsonObject = field(default_factory=dict)

    def add(self, data: JsonObject, split: Split | None, where: str) -> None:
        """Note those of a file; the first of a split is kept, and the licences of all.

        Raises:
            FileError: they are malformed.
        """
        for name, kind in (("info", dict), ("licenses", list)):
            if not isinstance(data.get(name) or kind(), kind):
                raise FileError(f"must be of type {kind.__name__}, got {shown(data[name])}.", f"{where}.{name}")
            require_finite(data.get(name) or (), f"{where}.{name}")
        if data.get("info"):
            self.info.setdefault(split or "", data["info"])
        for entry in data.get("licenses") or ():
            known = self.licenses.setdefault(split or "", [])
            if entry not in known:
                known.append(entry)

    def described(self, categories: Categories, counts: Counts) -> JsonObject:
        """Return what `coco_content` makes files of."""
        found = {
            "info": self.info,
            "licenses": self.licenses,
            "categories": categories.entries,
            "next_ids": [above(largest_id(counts.image_ids)), above(largest_id(counts.object_ids))],
            "object_keys": sorted(counts.object_keys),
            "captions": counts.captions,
        }
        return {name: value for name, value in found.items() if value}


def _sources(inventory: Inventory, root: Root, files: list[_File], counts: Counts) -> tuple[Root, list[Source]]:
    """Return the pictures, each once, with what all files say of them, and the root below which they lie.

    Raises:
        FileError: no picture is there, or one is in two splits.
    """
    root, sizes, paths = _located(inventory, root, files)
    found = dict[str, tuple[Split | None, Picture]]()
    for file, some in zip(files, paths, strict=True):
        _put(inventory, file, some, found)
    for split in {split for split, _ in found.values()}:
        keep_ids((picture for other, picture in found.values() if other == split), len(files) > 1)
    is_upright = any(picture.objects for _, picture in found.values())
    is_turned = any(picture.turned for _, picture in found.values())
    sources = []
    for path, (split, picture) in found.items():
        annotations = None
        if picture.is_searched and not picture.fault:
            annotations = Annotations(picture.targets(is_upright or not is_turned), size=picture.size)
            picture.objects = []  # of a large file they need not be held twice
        if picture.captions:
            counts.captions = True
            picture.facts["captions"] = [text for _, text in picture.captions]
            if all(id is not None for id, _ in picture.captions):
                picture.facts["caption_ids"] = [id for id, _ in picture.captions]
        label = picture.label
        if picture.classes and label is None:
            label = picture.classes[0] if len(picture.classes) == 1 else list(picture.classes)
        facts = picture.facts or None
        size = sizes.get(path, 0)
        sources.append(Source(path, size, label, split, annotations=annotations, fault=picture.fault, attributes=facts))
    return root, sources


def _located(
    inventory: Inventory, root: Root, files: list[_File]
) -> tuple[Root, dict[str, int], list[list[str | FileError]]]:
    """Return the root below which pictures lie, all files there, and where those of every file lie.

    Raises:
        FileError: none is there.
    """
    total = sum(len(file.pictures) for file in files)
    for place, sizes, inner in _places(inventory, root, files):
        finder = PictureFinder(sizes)
        paths = [_paths(finder, replace(file, path=f"{inner}{file.path}")) for file in files]
        if not total or any(isinstance(path, str) for some in paths for path in some):
            return place, sizes, paths
    raise FileError(f"must have its pictures beside it, got none of {total:,}. Keep them in one folder.", str(root))


def _places(inventory: Inventory, root: Root, files: list[_File]) -> Iterator[tuple[Root, dict[str, int], str]]:
    """Yield where pictures may lie: the root, the files there, and the folder that annotations then lie in.

    A file that is read by itself does not make all that lies around it its own: only likely folders are looked into.
    """
    if inventory.file is None:
        yield root, inventory.sizes, ""
        return
    (file,) = files
    outer, name = root.above()
    for place, folders, inner in (
        (root, _folders(file.path), ""),
        (outer, _folders(f"{name}/{file.path}"), f"{name}/"),
    ):
        sizes: dict[str, int] = {}
        names = [picture.name for picture in file.pictures]
        for folder in folders:
            if (inner and folder in ("", name)) or not place.is_folder(folder):
                continue
            sizes |= dict(place.walk(Counter(), folder))
            if all((f"{folder}/{one}" if folder else one) in sizes for one in names):
                break
        yield place, sizes, inner


def _paths(finder: PictureFinder, file: _File) -> list[str | FileError]:
    """Return where the pictures of a file lie, or why it cannot be said."""
    folder = finder.folder([picture.name for picture in file.pictures], _folders(file.path)) or ""
    found: list[str | FileError] = []
    for picture in file.pictures:
        try:
            found.append(finder.find(picture.name, folder, file.may_have))
        except FileError as fault:
            raise_outage(fault)
            found.append(fault)
    return found


def _put(
    inventory: Inventory,
    file: _File,
    paths: list[str | FileError],
    found: dict[str, tuple[Split | None, Picture]],
) -> None:
    """Add the pictures of a file by their paths; what is missing is at fault, unless it is to be ignored.

    Raises:
        FileError: a picture is in two splits.
    """
    for path, picture in zip(paths, file.pictures, strict=True):
        if isinstance(path, FileError):
            if inventory.ignores(picture.name, "file"):
                continue
            picture.blame(str(path.at(f"{picture.where}.file_name")))
            path = _inner(picture.name, picture.where)
        split, known = found.get(path, (file.split, picture))
        if known is not picture:
            known.join(picture)
        if None not in (split, file.split) and split != file.split:
            what = f"must be in one split, got {path!r} in {split} and {file.split}. Delete one."
            raise FileError(what, f"{inventory.root}/{file.path}")
        found[path] = split or file.split, known


def _inner(name: str, where: str) -> str:
    """Return the id of a missing picture, whatever its name."""
    parts = [part for part in name.replace("\\", "/").replace("\0", "").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or where


def _tell(inventory: Inventory, counts: Counts, categories: Categories) -> None:
    """Tell the inventory what was left out, what is not understood, and what the user should know."""
    for key, where in counts.unread.items():
        inventory.unread("key", key, f"{inventory.root}/{where}")
    inventory.left_out += Counter({FLAT: counts.flat, RING: counts.rings, ORPHAN: counts.orphans, AGAIN: counts.again})
    if counts.unboxed:
        inventory.note(f"Objects with keypoints and no box got the box around their points: {counts.unboxed:,}.")
    if counts.widened:
        inventory.note(f"Objects with keypoints and a box without area got a box of one pixel: {counts.widened:,}.")
    if categories.renumbered:
        inventory.note(f"The categories of {categories.renumbered} have other ids than those of the files before it.")


FORMATS.add("coco", CocoFormat())
