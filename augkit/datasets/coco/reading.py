"""Data sets in COCO's form: pictures beside JSON that says where their objects are.

Read are a JSON file, or a folder with

    annotations/instances_train2017.json    and train2017/ or images/train2017/ (person_keypoints_*.json where there is
                                            no instances_*.json)
    train/_annotations.coco.json            as Roboflow writes it

The pictures are looked for in the folders that are usual (`_folders`); the first one that has them all is theirs, or
else the one that has most of them.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from augkit.datasets.coco.entries import Categories, Entries, Picture
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.form import Reader
from augkit.datasets.naming import SPLIT_NAMES, is_picture, split_in
from augkit.errors import FileError
from augkit.storage.root import Root

__all__ = ["CocoReader"]

FOLDER, ROBOFLOW = "annotations", "_annotations.coco.json"
MISSING, UNNAMED = "a picture that is missing", "a picture without an entry"
_KIND = re.compile(r"^(instances|person_keypoints)_?")
_NOT_OBJECTS = ("captions", "image_info", "panoptic", "stuff")


class CocoReader(Reader):
    """Read COCO: boxes, polygons, run lengths and keypoints.

    Several files are several splits, as their names say. Categories keep their order. A class is what an entry of
    ``images`` names as its ``label``, which other tools ignore.
    """

    name = "coco"

    def recognises(self, root: Root) -> bool:
        return str(root).lower().endswith(".json") if root.is_file() else bool(_annotation_files(root))

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
        found = [Entries.read(root, path, categories) for path in paths]
        pictures = _Pictures(root)
        sources = [source for entries in found for source in pictures.sources(entries)]
        if (
            not sources and len(paths) == 1 and "/" not in paths[0]
        ):  # the pictures may lie in a folder beside the file's
            above, name = root.above()
            pictures = _Pictures(above, but_not="")
            found[0].path = f"{name}/{paths[0]}"
            sources = pictures.sources(found[0])
        left_out = sum((entries.left_out for entries in found), pictures.left_out(sources))
        return DataSet.of(
            self.name, pictures.root, sources, left_out, categories.names,
            keypoint_names=tuple(categories.keypoints.items()), skeletons=tuple(categories.skeletons.items()),
        )  # fmt: skip


def _annotation_files(root: Root) -> list[str]:
    """Return the files with objects below a folder, one a split."""
    if root.is_folder(FOLDER) and (names := [name for name in root.names(FOLDER) if name.lower().endswith(".json")]):
        for kind in ("instances", "person_keypoints", ""):
            chosen = [name for name in names if name.startswith(kind) and not name.startswith(_NOT_OBJECTS)]
            if chosen:
                return [f"{FOLDER}/{name}" for name in chosen]
    folders = [f"{name}/" for name in SPLIT_NAMES] + [""]
    return [folder + ROBOFLOW for folder in folders if root.is_file(folder + ROBOFLOW)]


def _split(path: str) -> Split | None:
    folder, _, name = path.rpartition("/")
    return split_in(name) or split_in(folder.rpartition("/")[2])


def _folders(path: str) -> list[str]:
    """Return the folders below the root where the pictures of an annotation file may lie, the likeliest first.

    >>> _folders("annotations/instances_val2017.json")[:3]
    ['val2017', 'images/val2017', 'val2017/images']
    """
    folder, _, name = path.rpartition("/")
    tag = _KIND.sub("", name[: -len(".json")])
    split = _split(path)
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
        return list(self._made(best, entries.pictures, _split(entries.path)))

    def _made(self, folder: str, pictures: list[Picture], split: Split | None) -> Iterator[Source]:
        sizes = self.seen[folder][0]
        for picture in pictures:
            id = posixpath.join(folder, picture.file_name)
            if id in sizes:
                yield Source(id, sizes[id], picture.label, split, annotations=picture.annotations)

    def _sizes(self, folder: str) -> dict[str, int]:
        if folder not in self.seen:
            others: Counter[str] = Counter()
            self.seen[folder] = dict(self.root.walk(others, folder)), others
        return self.seen[folder][0]

    def left_out(self, sources: list[Source]) -> Counter[str]:
        """Count what lies in the folders that were used, and what should."""
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
