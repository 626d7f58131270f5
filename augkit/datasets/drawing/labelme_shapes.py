"""Shapes of LabelMe: the entries of one file, read and written."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.errors import DecodeError, FileError
from augkit.images import decode_mask, encode_mask
from augkit.targets import run_lengths
from augkit.targets.columns import numbers, shown
from augkit.targets.ellipses import circle
from augkit.targets.rectangles import rectangles_of
from augkit.targets.shapes import KEYPOINTS, Shape
from augkit.targets.whole_masks import require_held

_FACTS = ("description", "difficult", "score", "text")  # that do not move
_KNOWN = {"label", "points", "group_id", "shape_type", "flags", "mask", "line_color", "fill_color", "attributes"}
_KNOWN |= {"visible", KEYPOINTS, "direction", *_FACTS}

Unread = Callable[[str, str, str], None]


# ---- read


def shape_of(shape: JsonObject, size: Callable[[], Size], unread: Unread, where: str) -> Shape | None:
    """Return an entry of ``shapes``, or None of a kind that is not known, which is told.

    Args:
        shape: the entry.
        size: returns the picture's (height, width), which masks need.
        unread: takes the name of what has no meaning here, where it stands, and advice.
        where: it stands, for messages.

    Raises:
        FileError: it is malformed.
    """
    for key, value in shape.items():
        if key not in _KNOWN and value not in ("", None, [], {}):
            unread(f"shapes.{key}", where, "")
    label, group, kind = shape.get("label"), shape.get("group_id"), shape.get("shape_type") or "polygon"
    if not isinstance(label, str | int) or isinstance(label, bool):
        refuse("must be the name of a class", label, f"{where}.label")
    if not (group is None or isinstance(group, str | int)):
        refuse("must be a number or null", group, f"{where}.group_id")
    points = shape.get("points")
    if not isinstance(points, list):
        refuse("must be a list of points", points, f"{where}.points")
    flat = tuple(n for place, point in enumerate(points) for n in numbers(point, f"{where}.points[{place}]", 2))
    made = Shape("polygon", str(label), flat, group, attributes=_facts(shape, where))
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
            return _mask(shape, made, size(), where)
        case "rotation", 4:
            (row,), _ = rectangles_of(np.array(flat).reshape(1, 4, 2))
            if not (row[2] > 0 and row[3] > 0):
                refuse("must have an area", points, f"{where}.points")
            return replace(made, kind="rotated", numbers=tuple(map(float, row)))
    if kind in ("rectangle", "circle", "line", "linestrip", "point", "points", "mask", "rotation"):
        raise FileError(f"must have the points of a {kind}, got {made.count}.", f"{where}.points")
    unread(f"shapes.{kind}", where, "It is a shape_type.")
    return None


def _rectangle(made: Shape) -> Shape:
    """Return a box of two corners, or of four; of four that are no upright rectangle, an outline."""
    xs, ys = made.numbers[::2], made.numbers[1::2]
    edges = (min(xs), min(ys), max(xs), max(ys))
    is_upright = set(xs) <= {edges[0], edges[2]} and set(ys) <= {edges[1], edges[3]}
    return replace(made, kind="box", numbers=edges) if made.count == 2 or is_upright else made


def _facts(shape: JsonObject, where: str) -> JsonObject:
    found: JsonObject = {name: shape[name] for name in _FACTS if shape.get(name) not in (None, "", False, [], {})}
    flags = {name: value for name, value in object_of(shape, "flags", where).items() if value}
    found |= {"flags": flags} if flags else {}
    return found | object_of(shape, "attributes", where)


def _visible(shape: JsonObject, count: int, where: str) -> tuple[float, ...]:
    given = shape.get("visible")
    if given is not None:
        return numbers(given, f"{where}.visible", count)
    return ()


def _mask(shape: JsonObject, made: Shape, size: Size, where: str) -> Shape:
    text = shape.get("mask")
    if not isinstance(text, str):
        refuse("must be a PNG in base64", text, f"{where}.mask")
    try:
        part = decode_mask(b64decode(text)) != 0
    except (DecodeError, Error, ValueError) as fault:
        raise FileError(f"must be a PNG in base64, got a fault: {fault}", f"{where}.mask") from None
    require_held(size, f"{where}.mask")
    left, top = round(made.numbers[0]), round(made.numbers[1])
    rows, columns = part.shape
    whole = np.zeros(size, bool)
    if left < 0 or top < 0 or whole[top : top + rows, left : left + columns].shape != part.shape:
        what = f"must lie within the picture {size}, got {part.shape} at row {top}, column {left}."
        raise FileError(what, f"{where}.mask")
    whole[top : top + rows, left : left + columns] = part
    box = tuple(map(float, (left, top, left + columns, top + rows)))
    return replace(made, kind="mask", numbers=box, rle=run_lengths.encode(whole))


def object_of(held: JsonObject, key: str, where: str) -> JsonObject:
    """Return the object that a key holds, an empty one where it is missing.

    Raises:
        FileError: it holds something else.
    """
    value = held.get(key)
    if value is not None and not isinstance(value, dict):
        refuse("must be an object", value, f"{where} {key}")
    return value or {}


def refuse(rule: str, value: Json, where: str) -> NoReturn:
    """Refuse a value.

    Raises:
        FileError: always.
    """
    raise FileError(f"{rule}, got {shown(value)}.", where)


# ---- written


def entries_of(shape: Shape, size: Size) -> Iterator[JsonObject]:
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
        part = run_lengths.decode(shape.rle, size)[top:bottom, left:right]
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
