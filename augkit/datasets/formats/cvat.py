"""CVAT for images 1.1: ``annotations.xml``, with pictures in ``images/``.

Read are dumps of tasks, jobs and projects. Coordinates are pixels from the outer corner of the first one.

    box                 a box; with ``rotation`` a rotated box (clockwise there, counter-clockwise here)
    polygon, polyline   outlines and open lines         ellipse   an outline that lies within 0.05 px of it
    mask                run lengths                     tag       the class of the picture, or several
    points              keypoints of the picture        skeleton  an object of keypoints, in the order of its label

``occluded``, ``z_order``, ``source`` and the label's own attributes are facts of the shape. Shapes of one ``group_id``
belong together as `augkit.targets.shapes` says. A ``subset`` is a split. Labels with their colours and attributes
(``meta``) are kept. Cuboids and tracks (CVAT for video) are refused by name.

Written is ``images/[class/]name``, and one ``annotations.xml``. Reference: CVAT's documentation, XML annotation format.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from augkit.core.arrays import JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.core.xml_files import UNHELD, Node, xml_of, xml_text, xml_value
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.drawing.cvat_shapes import REFUSED, element, elements_of, facts_of, label_of, shapes_in
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, refuse_twins, splits_by_folders
from augkit.datasets.naming import SPLIT_NAMES
from augkit.datasets.voc.voc_annotations import is_voc
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError, raise_outage
from augkit.targets.records import says
from augkit.targets.shapes import KEYPOINTS, Shape, are_for_objects, joined_names, shapes_of, targets_of

PICTURES, FILE = "images", "annotations.xml"
LABELS = "cvat_labels"  # of the data set's facts
OWN = "augkit"  # of an image: JSON of a label that no tag can hold, and of other facts, which others pass over
LOOKED_AT = 50
MOST_NAMED = 3
_MARK = re.compile(rb"<annotations[\s>/]")
_IMAGE = {"id", "name", "width", "height", "subset", "task_id", "deleted", OWN}


class CvatFormat(Reader, FileWriter):
    """Read and write boxes, outlines, rotated boxes, lines, keypoints, masks of objects and tags."""

    name = "cvat"
    summary = "CVAT for images 1.1: its folder, or `annotations.xml`"
    rank = 5
    holds_labels = True
    suffixes = (".xml",)
    reads = frozenset(("boxes", "polygons", "keypoints", "rotated boxes", "polylines", "attributes"))
    holds = reads
    unheld = re.compile(rf"{UNHELD.pattern}|\A\Z")

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(".xml") and not is_voc(inventory.head(inventory.file))
        return any(_is_cvat(inventory, path) for path in _files(inventory)[:LOOKED_AT])

    def read(self, inventory: Inventory) -> DataSet:
        named, root = NamedPictures(inventory), inventory.root
        labels: dict[str, JsonObject] = {}
        known: dict[str, list[str]] = {}
        entries: list[_Entry] = []
        for path in _files(inventory):
            if inventory.file is not None or _is_cvat(inventory, path):
                entries += _entries(inventory, named, path, labels, known)
        _require_pictures(entries, str(root))
        names = joined_names((entry.shapes for entry in entries), known)
        splits = _splits(entries, inventory)
        is_said = any(entry.label is not None for entry in entries)
        for_objects = are_for_objects((entry.shapes for entry in entries), is_said)
        sources = [_source(inventory, entry, names, splits.get(entry.id), for_objects) for entry in entries]
        found = {name for entry in entries for name in _names(entry)}
        first = [name for name, label in labels.items() if "parent" not in label and label.get("type") != "tag"]
        refuse_twins((entry.id for entry in entries), inventory)
        data = DataSet.of(self.name, root, sources, inventory.left_out, [*first, *sorted(found - set(first))])
        about = {LABELS: list(labels.values())} if any(len(label) > 1 for label in labels.values()) else {}
        return replace(data, keypoint_names=tuple(names.items()), about=about)

    def folder(self, split: Split | None) -> str:
        return f"{PICTURES}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        yield FILE, _content(whole)


# ---- read


@dataclass
class _Entry:
    """What is said of one picture."""

    id: str
    size: int | None  # in bytes; None where it is missing
    subset: str = ""
    shapes: list[Shape] = field(default_factory=list)
    claimed: Size | None = None
    label: Label = None
    attributes: JsonObject = field(default_factory=dict)
    fault: str = ""


def _files(inventory: Inventory) -> list[str]:
    if inventory.file is not None:
        return [inventory.file]
    return sorted(path for path in inventory.sizes if path.lower().endswith(".xml"))


def _is_cvat(inventory: Inventory, path: str) -> bool:
    return _MARK.search(inventory.head(path).replace(b"\0", b"")) is not None


def _entries(
    inventory: Inventory, named: NamedPictures, path: str, labels: dict[str, JsonObject], known: dict[str, list[str]]
) -> Iterator[_Entry]:
    where = f"{inventory.root}/{path}"
    root = xml_of(inventory.read(path), where)
    if root.tag != "annotations":
        raise FileError(f"must be <annotations> of CVAT, got <{root.tag}>.", f"{where}:{root.line}")
    for node in root.children:
        if node.tag == "meta":
            _read_labels(node, labels, known)
        elif node.tag == "image":
            yield _entry(inventory, named, node, path)
        elif node.tag not in ("version", "meta"):
            inventory.unread("key", node.tag, f"{where}:{node.line}", REFUSED.get(node.tag, ""))


def _read_labels(meta: Node, labels: dict[str, JsonObject], known: dict[str, list[str]]) -> None:
    """Take the labels that a dump of a task, job or project declares."""
    for place in meta.children:
        held = place.first("labels")
        for node in held.all("label") if held is not None else ():
            name = node.value("name")
            facts: JsonObject = {one.tag: one.text for one in node.children if one.text and not one.children}
            attributes = node.first("attributes")
            said = [
                {one.tag: one.text for one in attribute.children if one.text}
                for attribute in (attributes.children if attributes is not None else ())
            ]
            facts |= {"attributes": said} if said else {}
            parent = node.value("parent")
            if parent:
                names = known.setdefault(parent, [])
                names += [name] if name not in names else []
            labels.setdefault(f"{parent}/{name}" if parent else name, facts)


def _entry(inventory: Inventory, named: NamedPictures, node: Node, path: str) -> _Entry:
    where, folder = f"{inventory.root}/{path}", path.rpartition("/")[0]
    name, subset = node.attributes.get("name", "").replace("\\", "/"), node.attributes.get("subset", "")
    if not name:
        raise FileError("must have the name of a picture, got none.", f"{where}:{node.line} image")
    places = (PICTURES, "", f"{PICTURES}/{subset}", subset)
    picture = named.at(*(posixpath.join(folder, place, name) for place in places), name)
    picture = picture or named.called(name.rpartition("/")[2], posixpath.join(folder, posixpath.dirname(name)))
    entry = _Entry(picture or name.lstrip("/"), inventory.sizes[picture] if picture else None, subset)
    try:
        for key in node.attributes:
            if key not in _IMAGE:
                inventory.unread("key", f"image.{key}", f"{where}:{node.line}")
        entry.claimed = _size(node, f"{where}:{node.line} image")
        entry.shapes = list(shapes_in(node, entry.claimed, where, partial(inventory.unread, "key")))
        _read_tags(node, entry, where)
    except FileError as wrong:
        raise_outage(wrong)
        entry.fault = str(wrong)
    if picture is None:
        entry.fault = f"{where}:{node.line} image: must be there as a file, got none called {name!r:.200}."
    return entry


def _size(node: Node, where: str) -> Size | None:
    sides = []
    for name in ("height", "width"):
        text = node.attributes.get(name) or "0"
        if not (text.isascii() and text.isdigit()):
            raise FileError(f"must be a whole number of pixels, got {text!r:.40}.", f"{where}.{name}")
        sides.append(int(text))
    return (sides[0], sides[1]) if all(sides) else None


def _read_tags(node: Node, entry: _Entry, where: str) -> None:
    """Take the class, or classes, of a picture, and what its tags say beside it."""
    names: list[str] = []
    for tag in node.all("tag"):
        here = f"{where}:{tag.line} tag"
        facts = facts_of(tag, here)
        names.append(label_of(tag, here))
        if facts:
            entry.attributes.setdefault("tags", {})[names[-1]] = facts
    entry.label = names[0] if len(names) == 1 else names or None
    own = json_of(node.attributes.get(OWN, "{}"), where, node.line)
    if not isinstance(own, dict) or not isinstance(own.get("attributes", {}), dict):
        raise FileError("must be an object with label and attributes.", f"{where}:{node.line} image.{OWN}")
    entry.label = own.get("label", entry.label)
    entry.attributes |= own.get("attributes", {})


def _require_pictures(entries: list[_Entry], where: str) -> None:
    missing = [entry.id for entry in entries if entry.size is None]
    if entries and len(missing) == len(entries):
        names = ", ".join(map(repr, missing[:MOST_NAMED]))
        what = f"must have its pictures beside it, in {PICTURES}, got none of {len(missing):,} ({names})."
        raise FileError(f"{what} Export them with the annotations.", where)


def _splits(entries: list[_Entry], inventory: Inventory) -> dict[str, Split | None]:
    """Return the splits that subsets name; other subsets become facts of their pictures."""
    subsets = dict.fromkeys(entry.subset for entry in entries)
    if set(subsets) <= {"", "default"}:
        return splits_by_folders((entry.id for entry in entries), inventory) if inventory.is_whole else {}
    if all(subset.lower() in SPLIT_NAMES for subset in subsets):
        return {entry.id: SPLIT_NAMES[entry.subset.lower()] for entry in entries}
    odd = next(subset for subset in subsets if subset.lower() not in SPLIT_NAMES)
    inventory.note(f"There are no splits: a subset is called {odd!r}. Subsets are attributes of their pictures.")
    for entry in entries:
        entry.attributes |= {"subset": entry.subset} if entry.subset else {}
    return {}


def _names(entry: _Entry) -> Iterator[str]:
    yield from (shape.label for shape in entry.shapes if shape.kind != "points" or shape.names)
    yield from [entry.label] if isinstance(entry.label, str) else []


def _source(
    inventory: Inventory, entry: _Entry, names: dict[str, tuple[str, ...]], split: Split | None, for_objects: bool
) -> Source:
    size = entry.size or 0
    if entry.fault:
        return Source(entry.id, size, None, split, fault=entry.fault)
    targets, own, flat = targets_of(entry.shapes, names, for_objects)
    inventory.left_out[FLAT] += flat
    annotations = Annotations(targets, None, entry.claimed)
    return Source(
        entry.id, size, entry.label, split, annotations=annotations, attributes={**entry.attributes, **own} or None
    )


# ---- written


def _content(whole: Whole) -> Iterator[bytes]:
    names = dict(whole.keypoint_names)
    splits = [split for split in whole.splits if split]
    kind = "project" if splits else "task"  # a dump of a task has no subsets
    tasks = "".join(f"        <task><subset>{split}</subset></task>\n" for split in splits)
    held = f"      <tasks>\n{tasks}      </tasks>\n" if splits else ""
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n'
    yield f"    <{kind}>\n{held}{''.join(_labels(whole, names))}    </{kind}>\n  </meta>\n".encode("utf-8", "replace")
    for number, (id, record) in enumerate(whole.records()):
        height, width = record.size
        subset = f" subset={xml_value(record.split)}" if record.split else ""
        name = xml_value(id.removeprefix(f"{PICTURES}/"))
        lines = [f'  <image id="{number}" name={name}{subset} width="{width}" height="{height}"{_own(record)}>\n']
        shapes = list(shapes_of(record.targets, record.size, names, record.attributes, skeletons=True))
        lines += elements_of(shapes, record.size)
        lines += _tags(record)
        lines.append("  </image>\n")
        yield "".join(lines).encode("utf-8", "replace")
    yield b"</annotations>\n"


def _labels(whole: Whole, names: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the labels, as they were declared or plain."""
    declared: list[JsonObject] = whole.about.get(LABELS) or []
    known = {str(label.get("name")) for label in declared if "parent" not in label}
    plain: list[JsonObject] = [{"name": name} for name in whole.classes if name not in known]
    for label in plain:
        if label["name"] in names:
            label["type"] = "skeleton"
            plain = [
                *plain,
                *({"name": point, "type": "points", "parent": label["name"]} for point in names[label["name"]]),
            ]
    yield "      <labels>\n"
    for label in (*declared, *plain):
        yield "        <label>\n"
        for key, value in label.items():
            if key != "attributes":
                yield f"          <{key}>{xml_text(str(value))}</{key}>\n"
        yield "          <attributes>\n"
        for attribute in label.get("attributes") or ():
            inner = "".join(f"<{key}>{xml_text(str(value))}</{key}>" for key, value in attribute.items())
            yield f"            <attribute>{inner}</attribute>\n"
        yield "          </attributes>\n        </label>\n"
    yield "      </labels>\n"


def _tags(record: Record) -> Iterator[str]:
    facts = record.attributes.get("tags")
    for name in _names_of(record.label):
        yield from element("tag", name, {}, facts.get(name, {}) if isinstance(facts, dict) else {})


def _names_of(label: Label) -> list[str]:
    """Return the tags that say a label; none where it is no name, nor several."""
    several = [label] if isinstance(label, str) else label if isinstance(label, list) and len(label) > 1 else []
    return several if all(isinstance(name, str) and name for name in several) else []


def _own(record: Record) -> str:
    """Return the attribute of an image that holds what CVAT has no place for; empty where there is nothing."""
    names = _names_of(record.label)
    own: JsonObject = {"label": record.label} if record.label is not None and not names else {}
    passed = {KEYPOINTS, "tags"} if names else {KEYPOINTS}
    left = {name: value for name, value in record.attributes.items() if name not in passed}
    own |= {"attributes": left} if says(left) else {}
    return f" {OWN}={xml_value(json.dumps(own, ensure_ascii=False))}" if own else ""


FORMATS.add("cvat", CvatFormat())
