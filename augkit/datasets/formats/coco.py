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
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from augkit.core.arrays import Json, JsonObject
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Part, Reader, Record, Whole
from augkit.datasets.formats._coco_entries import Categories, Entries, read_entries
from augkit.datasets.naming import SPLIT_NAMES, is_picture, split_of_path
from augkit.errors import FileError
from augkit.storage.root import Root
from augkit.targets import run_lengths
from augkit.targets.box_forms import described
from augkit.targets.records import Instance

FOLDER, ROBOFLOW = "annotations", "_annotations.coco.json"
MISSING, UNNAMED = "a picture that is missing", "a picture without an entry"
DIGITS = 3  # of a pixel, written
_KIND = re.compile(r"^(instances|person_keypoints)_?")
_NOT_OBJECTS = ("captions", "image_info", "panoptic", "stuff")


class CocoFormat(Reader, FileWriter):
    """Read boxes, polygons, run lengths and keypoints, and write them."""

    name = "coco"
    summary = "COCO: its folder, or its JSON file; polygons may be run lengths"
    rank = 10
    suffixes = (".json",)
    reads = holds = frozenset(("boxes", "polygons", "keypoints"))

    def recognises(self, root: Root) -> bool:
        return str(root).lower().endswith(self.suffixes) if root.is_file() else bool(_annotation_files(root))

    def read(self, root: Root) -> DataSet:
        if root.is_file():
            root, path = root.above()
            above, name = root.above()
            if name == FOLDER:
                root, path = above, f"{name}/{path}"
            paths = [path]
        else:
            paths = _annotation_files(root)
        categories = Categories()
        found = [read_entries(root, path, categories) for path in paths]
        pictures = _Pictures(root)
        sources = [source for entries in found for source in pictures.sources(entries)]
        if not sources and len(paths) == 1 and "/" not in paths[0]:
            above, name = root.above()  # the pictures may lie in a folder beside the file's
            pictures = _Pictures(above, but_not="")
            found[0].path = f"{name}/{paths[0]}"
            sources = pictures.sources(found[0])
        left_out = sum((entries.left_out for entries in found), pictures.left_out(sources))
        data = DataSet.of(self.name, pictures.root, sources, left_out, categories.names)
        points, pairs = categories.keypoints.items(), categories.skeletons.items()
        return replace(data, keypoint_names=tuple(points), skeletons=tuple(pairs))

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record) -> Iterable[tuple[str, bytes]]:
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

    def sources(self, entries: Entries) -> list[Source]:
        """Return the pictures of one annotation file that are there."""
        names = [picture.file_name for picture in entries.pictures]
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
        return [
            Source(id, sizes[id], picture.label, split, annotations=picture.annotations)
            for picture in entries.pictures
            if (id := posixpath.join(best, picture.file_name)) in sizes
        ]

    def _sizes(self, folder: str) -> dict[str, int]:
        if folder not in self.seen:
            others: Counter[str] = Counter()
            self.seen[folder] = dict(self.root.walk(others, folder)), others
        return self.seen[folder][0]

    def left_out(self, sources: list[Source]) -> Counter[str]:
        """Count what lies in the folders that were used, and what should.

        Raises:
            FileError: there are entries, and none of their pictures.
        """
        counts: Counter[str] = Counter({MISSING: self.missing})
        if not sources:
            if self.missing:
                what = f"must have its pictures beside it, got none of {self.missing:,}. Keep them in one folder."
                raise FileError(what, str(self.root))
            return counts
        ids = {source.id for source in sources}
        outermost = [f for f in self.used if not any(f != g and (g == "" or f.startswith(f"{g}/")) for g in self.used)]
        for folder in outermost:
            sizes, others = self.seen[folder]
            counts += others
            counts[UNNAMED] += sum(is_picture(path) and path not in ids for path in sizes)
        return counts


# ---- written


def _content(whole: Whole, split: Split | None) -> Iterator[bytes]:
    """Yield a split's file in pieces; the records are gone through twice, so that none is held."""
    numbers = {label: number for number, label in enumerate(whole.classes, start=1)}
    yield b'{\n"categories": ' + _json([_category(whole, label, numbers[label]) for label in whole.classes])
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


def _category(whole: Whole, label: str, number: int) -> JsonObject:
    category: JsonObject = {"id": number, "name": label}
    names, skeletons = dict(whole.keypoint_names), dict(whole.skeletons)
    if label in names:
        category |= {"keypoints": names[label], "skeleton": skeletons.get(label, ())}
    return category


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
