"""Shapes of CVAT: the elements of one picture in ``annotations.xml``, read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import isfinite

import numpy as np

from augkit.core.arrays import JsonObject
from augkit.core.spatial import Size
from augkit.core.xml_files import Node, xml_text, xml_value
from augkit.datasets.tables.typed_texts import typed, written
from augkit.errors import FileError
from augkit.targets import run_lengths
from augkit.targets.ellipses import ellipse
from augkit.targets.shapes import GROUP, Shape
from augkit.targets.whole_masks import require_held

POINTED = {"polygon": 3, "polyline": 1, "points": 1}  # elements of points, and how many they have at least
REFUSED = {"cuboid": "It has three dimensions.", "track": "It is of a film: export it as CVAT for images."}
VISIBLE = "point_visibility"  # of keypoints that are no skeleton's: an attribute of augkit's own
_PLACES: dict[str, tuple[str, ...]] = {
    "box": ("xtl", "ytl", "xbr", "ybr"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "mask": ("left", "top", "width", "height"),
}
_COMMON = {"label", "source", "occluded", "z_order", "group_id", "points", "rotation", "rle", "id", "keyframe"}
_OWN = {"occluded", "source", "z_order", GROUP, "attributes", "elements"}

Unread = Callable[[str, str, str], None]  # name, where, advice


# ---- read


def shapes_in(image: Node, size: Size | None, where: str, unread: Unread) -> Iterator[Shape]:
    """Yield the shapes of an ``image``; tags are none.

    Raises:
        FileError: one is malformed; the sentence names the file and the line.
    """
    for node in image.children:
        here = f"{where}:{node.line}"
        if node.tag == "tag":
            continue
        if node.tag in REFUSED or not (node.tag in _PLACES or node.tag in POINTED or node.tag == "skeleton"):
            unread(node.tag, here, REFUSED.get(node.tag, ""))
            continue
        for name in node.attributes:
            if name not in _COMMON and name not in _PLACES.get(node.tag, ()):
                unread(f"{node.tag}.{name}", here, "")
        yield _shape(node, size, f"{here} {node.tag}")


def _shape(node: Node, size: Size | None, where: str) -> Shape:
    label, facts = label_of(node, where), facts_of(node, where)
    group = _whole(node, "group_id", where) or None
    rotation = _number(node.attributes.get("rotation", "0"), f"{where}.rotation")
    if node.tag == "skeleton":
        return _skeleton(node, label, group, facts, where)
    if node.tag in POINTED:
        flat = _points(node, where)
        if len(flat) < 2 * POINTED[node.tag]:
            raise FileError(f"must have {POINTED[node.tag]} points or more, got {len(flat) // 2}.", where)
        seen = facts.pop(VISIBLE, None) if node.tag == "points" else None
        visible = tuple(map(float, seen)) if isinstance(seen, list) and len(seen) == len(flat) // 2 else ()
        kind = {"polygon": "polygon", "polyline": "line", "points": "points"}[node.tag]
        return Shape(kind, label, flat, group, visible=visible, attributes=facts)  # type: ignore[arg-type]  # a literal
    a, b, c, d = (_number(node.attributes.get(name), f"{where}.{name}") for name in _PLACES[node.tag])
    if node.tag == "mask":
        return _mask(node, (a, b, c, d), Shape("mask", label, (), group, attributes=facts), size, where)
    if node.tag == "ellipse":
        if c <= 0 or d <= 0:
            raise FileError(f"must have radii above 0, got {c}, {d}.", where)
        return Shape("polygon", label, ellipse(a, b, c, d, rotation), group, attributes=facts)
    if rotation % 360.0 == 0.0:
        return Shape("box", label, (a, b, c, d), group, attributes=facts)
    if not (c > a and d > b):
        raise FileError(f"must have an area, got {a}, {b}, {c}, {d}.", where)
    degrees = (180.0 - rotation) % 360.0 - 180.0  # CVAT turns clockwise
    turned = ((a + c) / 2.0, (b + d) / 2.0, c - a, d - b, degrees)
    return Shape("rotated", label, turned, group, attributes=facts)


def _skeleton(node: Node, label: str, group: int | None, facts: JsonObject, where: str) -> Shape:
    flat: list[float] = []
    names, visible, elements = list[str](), list[float](), JsonObject()
    for one in node.children:
        if one.tag == "attribute":
            continue
        if one.tag != "points":
            raise FileError(f"must be made of points, got <{one.tag}>.", where)
        name, point = label_of(one, where), _points(one, where)
        if len(point) != 2 or name in names:
            raise FileError(f"must have one point {name!r:.40}, got {len(point) // 2}, or another of that name.", where)
        own = facts_of(one, where)
        is_hidden, is_outside = own.pop("occluded", False), one.attributes.get("outside") == "1"
        elements |= {name: own} if own else {}
        names.append(name)
        visible.append(0.0 if is_outside else 1.0 if is_hidden else 2.0)
        flat += (0.0, 0.0) if is_outside else point
    if not names:
        raise FileError("must have points, got none.", where)
    facts |= {"elements": elements} if elements else {}
    return Shape("points", label, tuple(flat), group, "", tuple(names), tuple(visible), facts)


def _mask(node: Node, place: tuple[float, float, float, float], made: Shape, size: Size | None, where: str) -> Shape:
    left, top, width, height = (int(value) for value in place)
    if size is None:
        raise FileError("must lie in an image of which width and height are given.", where)
    require_held(size, where)
    rows, columns = size[0] - max(top, 0), size[1] - max(left, 0)  # that are left of the picture
    fits = min(left, top) >= 0 and min(width, height) > 0 and width <= columns and height <= rows
    if not fits:
        raise FileError(f"must lie within its picture {size}, got {width} x {height} at {left}, {top}.", where)
    try:
        counts = [int(run) for run in node.attributes.get("rle", "").split(",")]
    except ValueError:
        counts = []
    if sum(counts) != width * height or min(counts, default=-1) < 0:
        raise FileError(f"must have run lengths over its {width} x {height} pixels, got {sum(counts):,}.", where)
    part = np.repeat(np.arange(len(counts)) % 2, counts).reshape(height, width)
    whole = np.zeros(size, np.uint8)
    whole[top : top + height, left : left + width] = part
    edges = tuple(map(float, (left, top, left + width, top + height)))
    return Shape("mask", made.label, edges, made.group, run_lengths.encode(whole), attributes=made.attributes)


def label_of(node: Node, where: str) -> str:
    """Return the class of an element.

    Raises:
        FileError: it has none.
    """
    label = node.attributes.get("label", "")
    if not label:
        raise FileError("must have a label, got none.", where)
    return label


def facts_of(node: Node, where: str) -> JsonObject:
    """Return what an element says beside its shape, without what says nothing.

    Raises:
        FileError: a number is none.
    """
    found: JsonObject = {}
    occluded = node.attributes.get("occluded", "0")
    if occluded not in ("0", "1"):
        raise FileError(f"must be 0 or 1, got {occluded!r:.40}.", f"{where}.occluded")
    found |= {"occluded": True} if occluded == "1" else {}
    source = node.attributes.get("source", "manual")
    found |= {"source": source} if source not in ("manual", "") else {}
    z_order = _whole(node, "z_order", where)
    found |= {"z_order": z_order} if z_order else {}
    nested: JsonObject = {}
    for one in node.all("attribute"):
        name = one.attributes.get("name", "")
        if not name:
            raise FileError("must have a name, got none.", f"{where}.attribute")
        (nested if name in _OWN else found)[name] = typed(one.text)
    return found | ({"attributes": nested} if nested else {})


def _points(node: Node, where: str) -> tuple[float, ...]:
    flat: list[float] = []
    for pair in node.attributes.get("points", "").split(";"):
        values = pair.split(",")
        if len(values) != 2:
            raise FileError(f"must be points x,y;x,y;..., got {pair!r:.40}.", f"{where}.points")
        flat += [_number(value, f"{where}.points") for value in values]
    return tuple(flat)


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in (text or ""):
        raise FileError(f"must be a number, got {text!r:.40}.", where)
    return value


def _whole(node: Node, name: str, where: str) -> int:
    value = _number(node.attributes.get(name) or "0", f"{where}.{name}")
    if not value.is_integer():
        raise FileError(f"must be a whole number, got {value}.", f"{where}.{name}")
    return int(value)


# ---- written


def elements_of(shapes: list[Shape], size: Size) -> Iterator[str]:
    """Yield the elements of shapes, each a few lines."""
    groups = _numbered(shapes)
    for shape in shapes:
        group = groups.get(shape.group)
        if shape.kind == "points" and shape.names:
            yield from _written_skeleton(shape, group)
            continue
        tag, place = _placed(shape, size)
        extra = {VISIBLE: list(shape.visible)} if any(one != 2.0 for one in shape.visible) else {}
        yield from element(tag, shape.label, place, shape.attributes | extra, group)


def element(
    tag: str, label: str, place: Mapping[str, object], facts: JsonObject, group: int | None = None, inner: str = ""
) -> Iterator[str]:
    """Yield the lines of one element.

    Args:
        tag: of it.
        label: its class.
        place: attributes that say where it lies.
        facts: what else is said of it.
        group: of it, or None.
        inner: lines within it.
    """
    known = dict(facts)
    nested = known.pop("attributes", {})
    is_occluded, source = known.pop("occluded", False) in (True, 1), known.pop("source", "manual")
    values: dict[str, object] = {"label": label, "source": source}
    if tag != "tag":
        values["occluded"] = int(is_occluded)
    values |= place
    z_order = known.get("z_order", 0)
    if type(z_order) is int and tag != "tag":
        values["z_order"] = known.pop("z_order", 0)
    if group:
        values["group_id"] = group
    known |= nested if isinstance(nested, dict) else {"attributes": nested}
    yield f"    <{tag} {' '.join(f'{name}={xml_value(value)}' for name, value in values.items())}>\n{inner}"
    for name, value in known.items():
        yield f"      <attribute name={xml_value(name)}>{xml_text(written(value))}</attribute>\n"
    yield f"    </{tag}>\n"


def _numbered(shapes: list[Shape]) -> dict[str | int | None, int]:
    """Return the number of every group: its own, where that is one."""
    groups = list(dict.fromkeys(shape.group for shape in shapes if shape.group is not None))
    found: dict[str | int | None, int] = {group: group for group in groups if isinstance(group, int) and group > 0}
    for group in groups:
        if group not in found:
            found[group] = max(found.values(), default=0) + 1
    return found


def _written_skeleton(shape: Shape, group: int | None) -> Iterator[str]:
    facts = dict(shape.attributes)
    elements = facts.pop("elements", {})
    inner = ""
    for (x, y, seen), name in zip(shape.triples, shape.names, strict=True):
        own = elements.get(name, {}) if isinstance(elements, dict) else {}
        place = {"outside": int(seen == 0), "points": f"{_short(x)},{_short(y)}"}
        lines = element("points", name, place, own | ({"occluded": True} if seen == 1 else {}))
        inner += "".join(f"  {line}" for line in lines)
    yield from element("skeleton", shape.label, {}, facts, group, inner)


def _placed(shape: Shape, size: Size) -> tuple[str, dict[str, object]]:
    """Return the tag of a shape, and where it lies."""
    flat = shape.numbers
    if shape.kind == "box":
        return "box", dict(zip(_PLACES["box"], map(_short, flat), strict=True))
    if shape.kind == "rotated":
        x, y, width, height, degrees = flat
        edges = (x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0)
        return "box", {
            **dict(zip(_PLACES["box"], map(_exact, edges), strict=True)),
            "rotation": _exact(-degrees % 360.0),
        }
    if shape.kind == "mask":
        left, top, right, bottom = map(int, flat)
        inside = run_lengths.decode(shape.rle, size)[top:bottom, left:right].ravel()
        ends = [0, *(np.flatnonzero(inside[1:] != inside[:-1]) + 1).tolist(), inside.size]
        counts = [end - start for start, end in pairwise(ends)]
        rle = ", ".join(map(str, [0, *counts] if inside[0] else counts))
        return "mask", {"rle": rle, "left": left, "top": top, "width": right - left, "height": bottom - top}
    tag = {"polygon": "polygon", "line": "polyline", "points": "points"}[shape.kind]
    pairs = [f"{_short(flat[place])},{_short(flat[place + 1])}" for place in range(0, len(flat), 2)]
    return tag, {"points": ";".join(pairs)}


def _short(value: float) -> str:
    """Return a number without the zeros that say nothing; a thousandth of a pixel is the least."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _exact(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
