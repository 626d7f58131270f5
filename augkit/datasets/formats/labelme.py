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
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NoReturn

import numpy as np

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, splits_by_folders
from augkit.datasets.places import Embedded
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import AugkitError, DecodeError, FileError
from augkit.images import decode_mask, encode_mask, upright_size
from augkit.targets.columns import numbers, shown
from augkit.targets.rectangles import rectangles_of
from augkit.targets.shapes import (
    KEYPOINTS,
    Shape,
    are_for_objects,
    circle,
    joined_names,
    mask_of,
    run_lengths_of,
    shapes_of,
    targets_of,
)

LOOKED_AT = 50  # JSON files, to recognise
LISTS = ("labels.txt", "flags.txt")
NO_CLASSES = ("__ignore__", "_background_")
VERSION = "5.5.0"
HEADER_BYTES = 65_536
_ABOUT = {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
_ABOUT |= {"lineColor", "fillColor", "label", "attributes", "checked"}
_SHAPE = {"label", "points", "group_id", "shape_type", "flags", "mask", "line_color", "fill_color", "attributes"}
_SHAPE |= {"visible", KEYPOINTS, "direction"}
_FACTS = ("description", "difficult", "score", "text")  # of a shape, that do not move
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
        data = DataSet.of(self.name, root, sources, inventory.left_out, _in_order(found, inventory))
        return replace(data, keypoint_names=tuple(names.items()))

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        text = json.dumps(_written(record, dict(part.keypoint_names)), ensure_ascii=False, indent=2, allow_nan=False)
        yield f"{self.folder(part.split)}{record.name.rpartition('.')[0]}.json", text.encode("utf-8", "replace")

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
            _refuse("must be an object", content, where)
    except FileError as wrong:
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
    flags = _object(content, "flags", where)
    set_flags = [name for name, value in flags.items() if value]
    entry.label = content.get("label", set_flags[0] if len(set_flags) == 1 else set_flags or None)
    entry.attributes = dict(_object(content, "attributes", where))
    shapes = content.get("shapes", [])
    if not isinstance(shapes, list):
        _refuse("must be a list", shapes, f"{where} shapes")
    found: list[Shape] = []
    for place, shape in enumerate(shapes):
        here = f"{where} shapes[{place}]"
        if not isinstance(shape, dict):
            _refuse("must be an object", shape, here)
        for key, value in shape.items():
            if key not in _SHAPE and key not in _FACTS and value not in ("", None, [], {}):
                unread(f"shapes.{key}")
        one = _shape(inventory, shape, entry, here)
        if one is not None:
            found.append(one)
    entry.shapes = found


def _object(held: JsonObject, key: str, where: str) -> JsonObject:
    value = held.get(key)
    if value is not None and not isinstance(value, dict):
        _refuse("must be an object", value, f"{where} {key}")
    return value or {}


def _shape(inventory: Inventory, shape: JsonObject, entry: _Entry, where: str) -> Shape | None:
    """Return a shape, or None of a kind that is not known, which is told."""
    label, group, kind = shape.get("label"), shape.get("group_id"), shape.get("shape_type") or "polygon"
    if not isinstance(label, str | int) or isinstance(label, bool):
        _refuse("must be the name of a class", label, f"{where}.label")
    if not (group is None or isinstance(group, str | int)):
        _refuse("must be a number or null", group, f"{where}.group_id")
    points = shape.get("points")
    if not isinstance(points, list):
        _refuse("must be a list of points", points, f"{where}.points")
    flat = tuple(n for place, point in enumerate(points) for n in numbers(point, f"{where}.points[{place}]", 2))
    made = Shape("polygon", str(label), flat, group, attributes=_facts(shape, where))
    if isinstance(listed := shape.get(KEYPOINTS), list):
        entry.names.setdefault(made.label, []).extend(map(str, listed))
    match kind, made.count:
        case (("polygon" | "quadrilateral"), _):
            return made
        case "rectangle", count if count >= 2:
            return _rectangle(made)
        case "circle", 2:
            return replace(made, numbers=circle(*flat))
        case "line" | "linestrip", count if count >= 2:
            return replace(made, kind="line")
        case "point" | "points", count if count >= 1:
            return replace(made, kind="points", visible=_visible(shape, count, where))
        case "mask", 2:
            return _mask(inventory, shape, made, entry, where)
        case "rotation", 4:
            (row,), _ = rectangles_of(np.array(flat).reshape(1, 4, 2))
            if not (row[2] > 0 and row[3] > 0):
                _refuse("must have an area", points, f"{where}.points")
            return replace(made, kind="rotated", numbers=tuple(map(float, row)))
    if kind in ("rectangle", "circle", "line", "linestrip", "point", "points", "mask", "rotation"):
        raise FileError(f"must have the points of a {kind}, got {made.count}.", f"{where}.points")
    inventory.unread("key", f"shapes.{kind}", where, "It is a shape_type.")
    return None


def _rectangle(made: Shape) -> Shape:
    """Return a box of two corners, or of four; of four that are no upright rectangle, an outline."""
    xs, ys = made.numbers[::2], made.numbers[1::2]
    edges = (min(xs), min(ys), max(xs), max(ys))
    is_upright = set(xs) <= {edges[0], edges[2]} and set(ys) <= {edges[1], edges[3]}
    return replace(made, kind="box", numbers=edges) if made.count == 2 or is_upright else made


def _facts(shape: JsonObject, where: str) -> JsonObject:
    found: JsonObject = {name: shape[name] for name in _FACTS if shape.get(name) not in (None, "", False, [], {})}
    flags = {name: value for name, value in _object(shape, "flags", where).items() if value}
    found |= {"flags": flags} if flags else {}
    return found | _object(shape, "attributes", where)


def _visible(shape: JsonObject, count: int, where: str) -> tuple[float, ...]:
    given = shape.get("visible")
    if given is not None:
        return numbers(given, f"{where}.visible", count)
    return ()


def _mask(inventory: Inventory, shape: JsonObject, made: Shape, entry: _Entry, where: str) -> Shape:
    text = shape.get("mask")
    if not isinstance(text, str):
        _refuse("must be a PNG in base64", text, f"{where}.mask")
    try:
        part = decode_mask(b64decode(text)) != 0
    except (DecodeError, Error, ValueError) as fault:
        raise FileError(f"must be a PNG in base64, got a fault: {fault}", f"{where}.mask") from None
    if entry.size is None:
        entry.size = _size_of(inventory, entry, where)
    left, top = round(made.numbers[0]), round(made.numbers[1])
    rows, columns = part.shape
    whole = np.zeros(entry.size, bool)
    if left < 0 or top < 0 or whole[top : top + rows, left : left + columns].shape != part.shape:
        what = f"must lie within the picture {entry.size}, got {part.shape} at row {top}, column {left}."
        raise FileError(what, f"{where}.mask")
    whole[top : top + rows, left : left + columns] = part
    box = tuple(map(float, (left, top, left + columns, top + rows)))
    return replace(made, kind="mask", numbers=box, rle=run_lengths_of(whole))


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


def _refuse(rule: str, value: Json, where: str) -> NoReturn:
    raise FileError(f"{rule}, got {shown(value)}.", where)


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
            for one in _entries(shape, record.size)
        ],
        "imagePath": record.name.rpartition("/")[2],
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    if record.label is not None and not isinstance(record.label, str):
        content["label"] = record.label
    return content | ({"attributes": attributes} if attributes else {})


def _entries(shape: Shape, size: Size) -> Iterator[JsonObject]:
    """Yield the entries of a shape: one, but of an object's keypoints one each."""
    points = [list(shape.numbers[place : place + 2]) for place in range(0, len(shape.numbers), 2)]
    if shape.kind == "points" and shape.names:
        for (x, y, seen), name in zip(shape.triples, shape.names, strict=True):
            if seen > 0:
                yield _plain(replace(shape, label=name), "point", [[x, y]]) | _seen((seen,))
    elif shape.kind == "points":
        kind = "point" if len(points) == 1 else "points"
        yield _plain(shape, kind, points) | _seen(shape.visible)
    elif shape.kind == "mask":
        left, top, right, bottom = map(int, shape.numbers)
        part = mask_of(shape.rle, size)[top:bottom, left:right]
        entry = _plain(shape, "mask", [[left, top], [right - 1, bottom - 1]])
        yield entry | {"mask": b64encode(encode_mask(part * 255)).decode()}
    elif shape.kind == "line":
        yield _plain(shape, "line" if len(points) == 2 else "linestrip", points)
    else:
        yield _plain(shape, "rectangle" if shape.kind == "box" else "polygon", points)


def _seen(visible: Sequence[float]) -> JsonObject:
    return {"visible": list(visible)} if any(one != 2.0 for one in visible) else {}


def _plain(shape: Shape, kind: str, points: list[list[float]]) -> JsonObject:
    facts = dict(shape.attributes)
    flags, text = facts.pop("flags", {}), facts.pop("description", "")
    if not isinstance(flags, dict):
        facts["flags"], flags = flags, {}
    if not isinstance(text, str):
        facts["description"], text = text, ""
    entry: JsonObject = {
        "label": shape.label,
        "points": points,
        "group_id": shape.group,
        "description": text,
        "shape_type": kind,
        "flags": flags,
        "mask": None,
    }
    return entry | ({"attributes": facts} if facts else {})


FORMATS.add("labelme", LabelmeFormat())
