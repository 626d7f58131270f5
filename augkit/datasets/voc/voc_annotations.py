"""Annotations of Pascal VOC: the XML of one picture, read and written.

Elements are those of the development kit (``devkit_doc.pdf``, section 2): ``size``, ``segmented``, and for each
``object`` ``name``, ``pose``, ``truncated``, ``difficult``, ``bndbox``, ``part``, ``actions`` and ``point``; and what
others add: ``occluded`` and ``attributes`` (CVAT and Datumaro), ``polygon`` (Roboflow), ``robndbox`` (roLabelImg).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import degrees, isfinite

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.core.xml_files import Node, xml_of, xml_text
from augkit.datasets.tables.typed_texts import typed, written
from augkit.errors import FileError
from augkit.targets.polygons import around, box_of
from augkit.targets.records import Instance
from augkit.targets.shapes import CROWD

FLAGS = ("truncated", "difficult", "occluded")
PART, NUMBER = "part_of", "part_number"  # attributes that join a part to its object: the same number
_ABOUT = {"folder", "filename", "path", "source", "owner", "size", "segmented", "object", "attributes", "label"}
_ABOUT |= {"annotation", "database", "image", "verified", "version", "url"}
_OBJECT = {"name", "pose", "bndbox", "robndbox", "polygon", "part", "actions", "point", "attributes", "type", "rle"}
_OBJECT |= {*FLAGS, "id", "deleted", "verified"}
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_TRUE, _FALSE = ("1", "true", "yes"), ("", "0", "false", "no", "unspecified")

Unread = Callable[[str, str], None]  # takes the name of an element that has no meaning here, and where it stands


@dataclass(frozen=True)
class VocObject:
    """One object, in the file's own numbers.

    Args:
        label: its class.
        edges: xmin, ymin, xmax, ymax, or None where it is a rotated box.
        rotated: middle x, middle y, width, height, degrees counter-clockwise; or empty.
        rings: its outline.
        points: x, y, ... of VOC's ``point``.
        rle: its mask as run lengths.
        attributes: what else is said of it.
        parts: boxes of its parts.
    """

    label: str
    edges: tuple[float, float, float, float] | None
    rotated: tuple[float, ...] = ()
    rings: tuple[tuple[float, ...], ...] = ()
    points: tuple[float, ...] = ()
    rle: str = ""
    attributes: JsonObject = field(default_factory=dict)
    parts: tuple[VocObject, ...] = ()

    @property
    def least(self) -> float:
        """The least of its left and top edges, and of those of its parts."""
        own = [] if self.edges is None else list(self.edges[:2])
        return min([*own, *(part.least for part in self.parts)], default=1.0)


@dataclass(frozen=True)
class VocPicture:
    """What one file says.

    Args:
        named: the picture's file, as it says.
        size: (height, width), or None where it says none.
        objects: in order.
        label: class of the picture as a whole, which augkit alone writes.
        attributes: of the picture.
        first: the first pixel's number where that is known: 1 in the development kit's own files, 0 in those of
            LabelImg, CVAT and Datumaro, whose numbers are edges; None where the file does not tell who wrote it.
    """

    named: str
    size: Size | None
    objects: tuple[VocObject, ...]
    label: Json
    attributes: JsonObject
    first: int | None


def is_voc(head: bytes) -> bool:
    """Return whether the beginning of a file is that of such XML."""
    start = head.replace(b"\0", b"").partition(b"<annotation")
    return bool(start[1]) and start[2][:1] in (b">", b" ", b"\n", b"\r", b"\t", b"/")


# ---- read


def picture_of(data: bytes, where: str, unread: Unread) -> VocPicture:
    """Return what a file says.

    Raises:
        FileError: it is malformed; the sentence names the file and the line.
    """
    root = xml_of(data, where)
    if root.tag != "annotation":
        raise FileError(f"must be an <annotation>, got <{root.tag}>.", f"{where}:{root.line}")
    _require_known(root, _ABOUT, "", where, unread)
    objects = tuple(_object(node, where, unread) for node in root.all("object"))
    label = root.first("label")
    said = None if label is None else json_of(label.text, where, label.line)
    named = root.value("filename") or root.value("path")
    return VocPicture(named, _size(root, where), objects, said, _attributes(root, where), _first(root))


def _require_known(node: Node, known: set[str], prefix: str, where: str, unread: Unread) -> None:
    for child in node.children:
        if child.tag not in known:
            unread(f"{prefix}{child.tag}", f"{where}:{child.line}")


def _first(root: Node) -> int | None:
    database = root.value("source", "database").lower()
    if "voc" in database or "pascal" in database or database == "augkit":
        return 1
    if database != "unknown":
        return None
    told = [root.value("source", name).lower() for name in ("annotation", "image")]
    return 0 if told == ["unknown", "unknown"] or (root.value("path") and not any(told)) else None


def _size(root: Node, where: str) -> Size | None:
    size = root.first("size")
    if size is None:
        return None
    sides = []
    for name in ("height", "width"):
        node = size.first(name)
        side = 0.0 if node is None or not node.text else _number(node, where)
        if not side.is_integer() or side < 0:
            raise FileError(f"must be a whole number of pixels, got {side}.", _at(size, where, name))
        sides.append(int(side))
    return (sides[0], sides[1]) if all(sides) else None


def _object(node: Node, where: str, unread: Unread) -> VocObject:
    _require_known(node, _OBJECT, "object.", where, unread)
    name = _sole(node, "name", where)
    if name is None or not name.text:
        raise FileError("must have the name of its class, got none.", _at(node, where, "object"))
    box, rotated = _sole(node, "bndbox", where), _sole(node, "robndbox", where)
    if box is None and rotated is None:
        raise FileError(f"must have a bndbox, got none for {name.text!r:.60}.", _at(node, where, "object"))
    point = _sole(node, "point", where)
    return VocObject(
        name.text,
        None if box is None else _edges(box, where),
        () if rotated is None else _rotated(rotated, where),
        tuple(_ring(ring, where) for ring in node.all("polygon")),
        () if point is None else (_named(point, "x", where), _named(point, "y", where)),
        node.value("rle"),
        _facts(node, where) | _attributes(node, where),
        tuple(_part(part, where, unread) for part in node.all("part")),
    )


def _part(node: Node, where: str, unread: Unread) -> VocObject:
    _require_known(node, {"name", "bndbox"}, "part.", where, unread)
    box, name = _sole(node, "bndbox", where), node.value("name")
    if box is None or not name:
        raise FileError("must have a name and a bndbox, as its object.", _at(node, where, "part"))
    return VocObject(name, _edges(box, where))


def _facts(node: Node, where: str) -> JsonObject:
    found: JsonObject = {}
    pose = node.value("pose")
    if pose.lower() not in ("", "unspecified"):
        found["pose"] = pose
    for name in FLAGS:
        text = node.value(name).lower()
        if text not in (*_TRUE, *_FALSE):
            raise FileError(f"must be 0 or 1, got {text!r:.40}.", _at(node.first(name) or node, where, name))
        if text in _TRUE:
            found[name] = 1
    actions = node.first("actions")
    if actions is not None:
        found["actions"] = {one.tag: typed(one.text) for one in actions.children}
    for name in ("type", "id", "deleted", "verified"):
        if node.value(name) not in ("", "0", "bndbox", "robndbox"):
            found[name] = typed(node.value(name))
    return found


def _attributes(node: Node, where: str) -> JsonObject:
    """Return attributes as CVAT and Datumaro write them."""
    held = node.first("attributes")
    if held is None:
        return {}
    found: JsonObject = {}
    for one in held.children:
        name = one.value("name") or one.attributes.get("name", "")
        if one.tag != "attribute" or not name:
            raise FileError("must be attributes with name and value.", _at(one, where, "attributes"))
        found[name] = typed(one.value("value") or ("" if one.children else one.text))
    if held.text:
        found["attributes"] = held.text
    return found


def _edges(node: Node, where: str) -> tuple[float, float, float, float]:
    left, top, right, bottom = (_named(node, name, where) for name in _EDGES)
    return left, top, right, bottom


def _rotated(node: Node, where: str) -> tuple[float, ...]:
    x, y, width, height, angle = (_named(node, name, where) for name in ("cx", "cy", "w", "h", "angle"))
    if not (width > 0 and height > 0):
        raise FileError(f"must have a width and a height above 0, got {width}, {height}.", _at(node, where, "robndbox"))
    return x, y, width, height, -degrees(angle)  # radians, clockwise as seen


def _ring(node: Node, where: str) -> tuple[float, ...]:
    """Return an outline: x1, y1, x2, y2, ... (Roboflow), or a pt of x and y each (LabelMe's XML)."""
    corners = list(node.all("pt"))
    if corners:
        return tuple(_named(corner, name, where) for corner in corners for name in ("x", "y"))
    count = len(node.children) // 2
    names = [f"{axis}{number}" for number in range(1, count + 1) for axis in "xy"]
    if not names or {child.tag for child in node.children} != set(names):
        raise FileError("must be x1, y1, x2, y2, ..., got others.", _at(node, where, "polygon"))
    return tuple(_named(node, name, where) for name in names)


def _sole(node: Node, name: str, where: str) -> Node | None:
    """Return the child of a name: a second would be an object that is lost, or a number that is passed over."""
    found = list(node.all(name))
    if len(found) > 1:
        raise FileError(f"must have one {name}, got {len(found)}.", _at(found[1], where, node.tag))
    return found[0] if found else None


def _named(node: Node, name: str, where: str) -> float:
    child = _sole(node, name, where)
    if child is None:
        raise FileError(f"must have {name}, got none.", _at(node, where, node.tag))
    return _number(child, where)


def _number(node: Node, where: str) -> float:
    try:
        value = float(node.text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in node.text:
        raise FileError(f"must be a number, got {node.text!r:.40}.", _at(node, where, node.tag))
    return value


def _at(node: Node, where: str, name: str) -> str:
    return f"{where}:{node.line} {name}"


# ---- to objects and back


def instances_of(objects: Sequence[VocObject], first: int) -> Iterator[Instance | None]:
    """Yield objects in augkit's frame, each followed by its parts; None for those without area.

    Args:
        objects: of a picture.
        first: the number of the first pixel: 1, and edges are pixels within the box; or 0, and they are edges.
    """
    number = 0
    for one in objects:
        if one.edges is None:
            continue
        attributes = dict(one.attributes)
        if one.parts:
            number += 1
            attributes[NUMBER] = number
        yield _instance(one, attributes, first)
        for part in one.parts:
            yield _instance(part, {PART: number}, first)


def _instance(one: VocObject, attributes: JsonObject, first: int) -> Instance | None:
    if one.edges is None:
        return None
    left, top, right, bottom = one.edges
    box = box_of(left - first, top - first, right, bottom)
    shift = 0.5 if first else 0.0  # a pixel's number is that of its middle
    points = (one.points[0] - shift, one.points[1] - shift, 2.0) if one.points else ()
    rings = tuple(ring for ring in one.rings if len(ring) >= 6)
    if box is None and rings:
        box = around(rings)
    is_crowd = attributes.pop(CROWD, False) in (True, 1)
    return None if box is None else Instance(one.label, box, rings, points, one.rle, is_crowd, attributes or None)


def written_picture(
    name: str, size: Size, instances: Sequence[Instance], label: Json, attributes: JsonObject, is_segmented: bool
) -> bytes:
    """Return the XML of a picture: whole pixels from 1, or parts of them, where boxes have such."""
    height, width = size
    lines = ["<annotation>", " <folder>JPEGImages</folder>", f" <filename>{xml_text(name)}</filename>"]
    lines += [" <source>", "  <database>augkit</database>", " </source>", " <size>", f"  <width>{width}</width>"]
    lines += [f"  <height>{height}</height>", "  <depth>3</depth>", " </size>"]
    lines.append(f" <segmented>{int(is_segmented)}</segmented>")
    if label is not None:
        lines.append(f" <label>{xml_text(json.dumps(label, ensure_ascii=False))}</label>")
    lines += _written_attributes(attributes, " ")
    whole = {(one.attributes or {}).get(NUMBER) for one in instances} - {None}
    parts: dict[Json, list[Instance]] = {}
    for one in instances:
        owner = (one.attributes or {}).get(PART)
        if isinstance(owner, int) and owner in whole and not set(one.attributes or {}) - {PART}:
            parts.setdefault(owner, []).append(one)
    inside = {id(part) for several in parts.values() for part in several}
    for one in instances:
        if id(one) not in inside:
            known = dict(one.attributes or {})
            number = known.get(NUMBER)
            if isinstance(number, int) and number in parts:
                known.pop(NUMBER)
            lines += _written_object(replace(one, attributes=known), parts.pop(number, []) if number else [])
    return "\n".join([*lines, "</annotation>", ""]).encode()


def _written_object(one: Instance, parts: Sequence[Instance]) -> Iterator[str]:
    facts = dict(one.attributes or {}) | ({CROWD: True} if one.is_crowd else {})
    yield " <object>"
    yield f"  <name>{xml_text(one.label)}</name>"
    yield f"  <pose>{xml_text(str(facts.pop('pose', 'Unspecified')))}</pose>"
    for name in FLAGS:
        is_flag = facts.get(name) in (0, 1)
        yield f"  <{name}>{int(facts.pop(name)) if is_flag else 0}</{name}>"
    yield from _written_box(one, "  ")
    for ring in one.rings:
        yield "  <polygon>"
        for place in range(0, len(ring), 2):
            number = place // 2 + 1
            yield f"   <x{number}>{_short(ring[place])}</x{number}><y{number}>{_short(ring[place + 1])}</y{number}>"
        yield "  </polygon>"
    if one.rle:
        yield f"  <rle>{xml_text(one.rle)}</rle>"
    for part in parts:
        yield "  <part>"
        yield f"   <name>{xml_text(part.label)}</name>"
        yield from _written_box(part, "   ")
        yield "  </part>"
    yield from _written_attributes(facts, "  ")
    yield " </object>"


def _written_box(one: Instance, indent: str) -> Iterator[str]:
    left, top, right, bottom = one.box
    yield f"{indent}<bndbox>"
    for name, value in zip(_EDGES, (left + 1.0, top + 1.0, right, bottom), strict=True):
        yield f"{indent} <{name}>{_short(value)}</{name}>"
    yield f"{indent}</bndbox>"


def _written_attributes(attributes: JsonObject, indent: str) -> list[str]:
    if not attributes:
        return []
    lines = [
        f"{indent} <attribute><name>{xml_text(name)}</name><value>{xml_text(written(value))}</value></attribute>"
        for name, value in attributes.items()
    ]
    return [f"{indent}<attributes>", *lines, f"{indent}</attributes>"]


def _short(value: float) -> str:
    """Return a number without the zeros that say nothing; a thousandth of a pixel is the least."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
