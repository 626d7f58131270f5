"""LabelMe: a JSON file a picture, with its shapes.

Read are files of versions 3 to 6, and of programs that write the same (AnyLabeling, X-AnyLabeling). Coordinates are
pixels from the outer corner of the first one. The picture is the file that ``imagePath`` names, from the JSON's folder
on, with slashes of either kind; or else the one of the JSON's own name; or else it lies in the JSON itself
(``imageData``), from where it is read in place. A shape is by its ``shape_type``:

    polygon, quadrilateral   an outline          rectangle   a box
    circle (middle, edge)    an outline that lies within 0.05 px of it
    line, linestrip          an open line        mask        run lengths; its points are pixels that belong to it
    point, points            keypoints           rotation    a rotated box (X-AnyLabeling)

Shapes of one ``group_id`` belong together as `augkit.targets.shapes` says. ``flags`` of a picture that are set are its
class. Splits are folders.

Written is ``[split/][class/]name`` with its JSON beside it. What LabelMe has no place for stands in keys of its own,
``attributes``, ``visible`` and ``keypoints``, which LabelMe keeps. Reference: labelme/label_file.py of LabelMe 5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.drawing.labelme_shapes import entries_of, object_of, refuse, shape_of
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, refuse_twins, splits_by_folders
from augkit.datasets.places import Embedded
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import AugkitError, DecodeError, FileError, raise_outage
from augkit.images import upright_size
from augkit.targets.shapes import KEYPOINTS, Shape, are_for_objects, joined_names, shapes_of, targets_of

LOOKED_AT = 50  # JSON files, to recognise
LISTS = ("labels.txt", "flags.txt")
NO_CLASSES = ("__ignore__", "_background_")
VERSION = "5.5.0"
HEADER_BYTES = 65_536
_ABOUT = {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
_ABOUT |= {"lineColor", "fillColor", "label", "attributes", "checked"}
_MARKS = (re.compile(rb'"shapes"\s*:\s*\['), re.compile(rb'"imageData"\s*:\s*("|null)'))
_DATA = re.compile(rb'"imageData"\s*:\s*"([^"]*)"')


class LabelmeFormat(Reader, FileWriter):
    """Read and write shapes: boxes, outlines, masks of objects, lines, keypoints."""

    name = "labelme"
    summary = "LabelMe: a JSON file beside each picture, or with it inside"
    rank = 6
    holds_labels = True
    reads = frozenset(("boxes", "polygons", "keypoints", "polylines", "rotated boxes", "attributes"))
    holds = frozenset(("boxes", "polygons", "keypoints", "polylines", "attributes"))

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(".json") and _is_labelme(inventory, inventory.file)
        found = [path for path in inventory.sizes if path.lower().endswith(".json")]
        return any(_is_labelme(inventory, path) for path in found[:LOOKED_AT])

    def read(self, inventory: Inventory) -> DataSet:
        named, root = NamedPictures(inventory), inventory.root
        paths = [inventory.file] if inventory.file else sorted(inventory.sizes)
        entries: dict[str, _Entry] = {}
        for path in paths:
            if path.lower().endswith(".json") and _is_labelme(inventory, path):
                entry = _entry(inventory, named, path)
                if entry is not None and entry.id in entries:
                    inventory.unread("file", path, f"{root}/{path}", f"{entry.id} has a JSON file already.")
                elif entry is not None:
                    entries[entry.id] = entry
        known: dict[str, list[str]] = {}
        for entry in entries.values():
            for label, listed in entry.names.items():
                known.setdefault(label, []).extend(name for name in listed if name not in known[label])
        names = joined_names((entry.shapes for entry in entries.values()), known)
        splits = splits_by_folders(entries, inventory) if inventory.is_whole else {}
        is_said = any(entry.label is not None for entry in entries.values())
        for_objects = are_for_objects((entry.shapes for entry in entries.values()), is_said)
        sources = [_source(inventory, entry, names, splits.get(entry.id), for_objects) for entry in entries.values()]
        found = {shape.label for entry in entries.values() for shape in entry.shapes if shape.kind != "points"}
        found |= {entry.label for entry in entries.values() if isinstance(entry.label, str)} | names.keys()
        refuse_twins(entries, inventory)
        data = DataSet.of(self.name, root, sources, inventory.left_out, _in_order(found, inventory))
        return replace(data, keypoint_names=tuple(names.items()))

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        text = json.dumps(_written(record, dict(part.keypoint_names)), ensure_ascii=False, indent=2, allow_nan=False)
        yield (
            f"{self.folder(part.split)}{record.name.rpartition('.')[0]}.json",
            text.encode("utf-8", "backslashreplace"),
        )

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


# ---- read


@dataclass
class _Entry:
    """What one file says of its picture."""

    id: str
    path: str
    place: Embedded | None = None
    shapes: Sequence[Shape] = ()
    names: dict[str, list[str]] = field(default_factory=dict)  # of keypoints, by class
    label: Label = None
    attributes: JsonObject = field(default_factory=dict)
    size: Size | None = None
    fault: str = ""


def _is_labelme(inventory: Inventory, path: str) -> bool:
    head = inventory.head(path)
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and any(mark.search(head) for mark in _MARKS)


def _in_order(names: Iterable[str], inventory: Inventory) -> list[str]:
    """Return classes in the order of ``labels.txt``, where there is one, then sorted."""
    listed: list[str] = []
    for name in LISTS if inventory.is_whole else ():
        if name in inventory.sizes:
            lines = inventory.read(name).decode("utf-8-sig", "replace").splitlines()
            listed = [line.strip() for line in lines if line.strip()] if name == LISTS[0] else listed
    first = [name for name in dict.fromkeys(listed) if name not in NO_CLASSES]
    return [*first, *sorted(set(names) - set(first))]


def _entry(inventory: Inventory, named: NamedPictures, path: str) -> _Entry | None:
    """Return what a file says; None where its picture is nowhere, which is told."""
    where, folder = f"{inventory.root}/{path}", path.rpartition("/")[0]
    data = inventory.read(path)
    content: Json = None
    fault = ""
    try:
        content = json_of(data, where)
        if not isinstance(content, dict):
            refuse("must be an object", content, where)
    except FileError as wrong:
        raise_outage(wrong)
        content, fault = {}, str(wrong)
    told = content.get("imagePath")
    told = told.replace("\\", "/") if isinstance(told, str) else ""
    picture = named.at(f"{folder}/{told}" if folder else told) if told else None
    picture = picture or named.of_label_file(path, told)
    if picture is not None:
        entry = _Entry(picture, path, fault=fault)
    elif (held := _embedded(data, path)) is not None:
        name = told.rpartition("/")[2] or f"{path.rpartition('/')[2].rpartition('.')[0]}.png"
        entry = _Entry(f"{folder}/{name}" if folder else name, path, held, fault=fault)
    else:
        advice = f"Its picture {told!r} is not there." if told else "There is no picture of its name."
        inventory.unread("file", path, where, advice)
        return None
    if not fault:
        try:
            _read(inventory, content, entry, where)
        except AugkitError as wrong:
            raise_outage(wrong)
            entry.fault = str(wrong)
    return entry


def _embedded(data: bytes, path: str) -> Embedded | None:
    found = list(_DATA.finditer(data))
    if not found or not found[-1][1]:
        return None
    return Embedded(path, found[-1].start(1), len(found[-1][1]))


def _read(inventory: Inventory, content: JsonObject, entry: _Entry, where: str) -> None:
    unread = partial(inventory.unread, "key", where=where)
    for key, value in content.items():
        if key not in _ABOUT and value not in ("", None, [], {}):
            unread(key)
    height, width = content.get("imageHeight"), content.get("imageWidth")
    if type(height) is int and type(width) is int and height > 0 and width > 0:
        entry.size = height, width
    flags = object_of(content, "flags", where)
    set_flags = [name for name, value in flags.items() if value]
    entry.label = content.get("label", set_flags[0] if len(set_flags) == 1 else set_flags or None)
    entry.attributes = dict(object_of(content, "attributes", where))
    shapes = content.get("shapes", [])
    if not isinstance(shapes, list):
        refuse("must be a list", shapes, f"{where} shapes")
    found: list[Shape] = []

    def size() -> Size:
        entry.size = entry.size or _size_of(inventory, entry, where)
        return entry.size

    for place, shape in enumerate(shapes):
        here = f"{where} shapes[{place}]"
        if not isinstance(shape, dict):
            refuse("must be an object", shape, here)
        if isinstance(listed := shape.get(KEYPOINTS), list):
            entry.names.setdefault(str(shape.get("label")), []).extend(map(str, listed))
        one = shape_of(shape, size, partial(inventory.unread, "key"), here)
        if one is not None:
            found.append(one)
    entry.shapes = found


def _size_of(inventory: Inventory, entry: _Entry, where: str) -> Size:
    if entry.place is not None:
        raise FileError("must tell imageHeight and imageWidth, which its masks need.", where)
    count = min(inventory.sizes[entry.id], HEADER_BYTES)
    try:
        return upright_size(inventory.root.read(entry.id, 0, count))
    except DecodeError:
        return upright_size(inventory.root.read(entry.id))


def _source(
    inventory: Inventory, entry: _Entry, names: dict[str, tuple[str, ...]], split: Split | None, for_objects: bool
) -> Source:
    size = inventory.sizes[entry.id] if entry.place is None else entry.place.size
    if entry.fault:
        return Source(entry.id, size, None, split, None, entry.place, fault=entry.fault)
    targets, own, flat = targets_of(entry.shapes, names, for_objects)
    inventory.left_out[FLAT] += flat
    attributes = {**entry.attributes, **own} or None
    annotations = Annotations(targets, None, entry.size)
    return Source(entry.id, size, entry.label, split, None, entry.place, annotations, attributes=attributes)


# ---- written


def _written(record: Record, names: dict[str, tuple[str, ...]]) -> JsonObject:
    height, width = record.size
    attributes = {name: value for name, value in record.attributes.items() if name != KEYPOINTS}
    made = list(shapes_of(record.targets, record.size, names, record.attributes))
    pointed = {shape.group: shape.names for shape in made if shape.names}
    content: JsonObject = {
        "version": VERSION,
        "flags": {record.label: True} if isinstance(record.label, str) else {},
        "shapes": [
            one | ({KEYPOINTS: list(pointed[shape.group])} if shape.kind != "points" and shape.group in pointed else {})
            for shape in made
            for one in entries_of(shape, record.size)
        ],
        "imagePath": record.name.rpartition("/")[2],
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    if record.label is not None and not isinstance(record.label, str):
        content["label"] = record.label
    return content | ({"attributes": attributes} if attributes else {})


FORMATS.add("labelme", LabelmeFormat())
