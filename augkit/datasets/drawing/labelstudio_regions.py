"""Regions of Label Studio: the results of one annotation as shapes, and shapes as results.

Places are in percent of the picture's sides; a rectangle turns clockwise about its upper left corner, an ellipse about
its middle. Results of one id are one region: its outline, its label, and what was said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import cos, radians, sin

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets import run_lengths
from augkit.targets.brush_lengths import brush_of, brushed
from augkit.targets.columns import numbers, shown
from augkit.targets.ellipses import ellipse
from augkit.targets.shapes import KEYPOINTS, Shape
from augkit.targets.whole_masks import box_of_mask

OUTLINES = ("rectangle", "polygon", "keypoint", "brush", "ellipse", "vector")
ANSWERS = ("choices", "textarea", "text", "rating", "number", "taxonomy", "datetime")
UNLABELLED = "no_label"
DIGITS = 6  # of a pixel, read: what percents leave of whole ones
_VALUE = {
    "x",
    "y",
    "width",
    "height",
    "rotation",
    "points",
    "closed",
    "format",
    "rle",
    "radiusX",
    "radiusY",
    "vertices",
}
_VALUE |= {"labels", *ANSWERS, *(f"{name}labels" for name in OUTLINES)}
_RESULT = {
    "original_width",
    "original_height",
    "image_rotation",
    "value",
    "id",
    "from_name",
    "to_name",
    "type",
    "origin",
}
_RESULT |= {"parentID", "meta", "source", "readonly", "hidden", "locked", "item_index", "is_screenshot", "score"}
_EXTRA = ("visible", KEYPOINTS, "attributes")  # of what augkit writes into a region's meta

Unread = Callable[[str, str], None]  # name, where


@dataclass
class Answers:
    """What one annotation says: its regions, and what it says of the picture as a whole, by the name of its control."""

    shapes: list[Shape] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  # of keypoints, by class
    size: Size | None = None
    choices: dict[str, list[str]] = field(default_factory=dict)
    others: JsonObject = field(default_factory=dict)


# ---- read


def answers_in(results: Sequence[Json], where: str, unread: Unread) -> Answers:
    """Return what the results of an annotation say.

    Raises:
        FileError: one is malformed.
    """
    found = Answers()
    regions: dict[str, list[tuple[JsonObject, str]]] = {}
    for place, result in enumerate(results):
        here = f"{where}.result[{place}]"
        if not isinstance(result, dict):
            raise FileError(f"must be an object, got {shown(result)}.", here)
        if result.get("type") == "relation":
            unread("result.relation", here)
            continue
        for key, value in result.items():
            if key not in _RESULT and value not in (None, "", [], {}, False):
                unread(f"result.{key}", here)
        kind, value = _kind(result), result.get("value")
        if not isinstance(value, dict):
            raise FileError(f"must be an object, got {shown(value)}.", f"{here}.value")
        if kind not in (*OUTLINES, *ANSWERS, "labels"):
            unread(f"result.{kind}", here)
            continue
        for key in value:
            if key not in _VALUE:
                unread(f"value.{key}", here)
        found.size = _size(result, here) or found.size
        regions.setdefault(str(result.get("id") or f"#{place}"), []).append((result, here))
    parents = {str(one["parentID"]) for several in regions.values() for one, _ in several if one.get("parentID")}
    for id, several in regions.items():
        outline = next((one for one in several if _kind(one[0]) in OUTLINES), None)
        outline = outline or next((one for one in several if _is_outline(one[0]["value"])), None)
        if outline is None:
            _answer(found, several)
            continue
        shape = _region(outline[0], [one for one, _ in several], found, outline[1])
        group = str(outline[0].get("parentID") or (id if id in parents else "")) or None
        if shape is not None:
            found.shapes.append(replace(shape, group=group))
    return found


def _kind(result: JsonObject) -> str:
    kind = str(result.get("type", ""))
    short = kind.removesuffix("labels")
    return short if short in OUTLINES else kind


def _is_outline(value: JsonObject) -> bool:
    return any(key in value for key in ("x", "points", "rle", "vertices"))


def _size(result: JsonObject, where: str) -> Size | None:
    size = result.get("original_height"), result.get("original_width")
    if size == (None, None):
        return None
    height, width = numbers(list(size), f"{where} original_height, original_width", 2)
    if not (height.is_integer() and width.is_integer() and height > 0 and width > 0):
        raise FileError(
            f"must be a picture's size, got {height} x {width}.", f"{where} original_height, original_width"
        )
    return int(height), int(width)


def _region(result: JsonObject, several: Sequence[JsonObject], found: Answers, where: str) -> Shape | None:
    """Return a region as a shape, or None where nothing is brushed."""
    value, size = result["value"], _size(result, where) or found.size
    if size is None:
        raise FileError("must come with original_width and original_height, got none.", where)
    if result.get("image_rotation") not in (None, 0):
        turn = result["image_rotation"]
        raise FileError(f"must be of a picture that was not turned, got {shown(turn)}.", f"{where}.image_rotation")
    labels = list(dict.fromkeys(label for one in several for label in _labels(one, where)))
    facts: JsonObject = {"labels": labels} if len(labels) > 1 else {}
    for one in several:
        if _kind(one) in ANSWERS:
            facts[str(one.get("from_name") or _kind(one))] = _said(one)
    if isinstance(result.get("score"), int | float):
        facts["score"] = result["score"]
    meta = result.get("meta") or {}
    if not isinstance(meta, dict):
        raise FileError(f"must be an object, got {shown(meta)}.", f"{where}.meta")
    label = labels[0] if labels else UNLABELLED
    own = meta.get("attributes")
    facts |= own if isinstance(own, dict) else {}
    rest = {name: one for name, one in meta.items() if name not in _EXTRA and one not in (None, "", [], {})}
    facts |= {"meta": rest} if rest else {}
    if isinstance(listed := meta.get(KEYPOINTS), list):
        found.names.setdefault(label, []).extend(map(str, listed))
    made = Shape("polygon", label, (), attributes=facts)
    visible = meta.get("visible")
    seen = () if visible is None else numbers([visible], f"{where}.meta.visible", 1)
    return _outlined(_kind(result), value, size, replace(made, visible=seen), where)


def _outlined(kind: str, value: JsonObject, size: Size, made: Shape, where: str) -> Shape | None:
    height, width = size

    def of(*names: str) -> tuple[float, ...]:
        return numbers([value.get(name) for name in names], f"{where}.value {', '.join(names)}", len(names))

    def points(given: Json) -> tuple[float, ...]:
        pairs = given if isinstance(given, list) else [given]
        flat = [numbers(pair, f"{where}.value.points[{place}]", 2) for place, pair in enumerate(pairs)]
        return tuple(_px(n, side) for pair in flat for n, side in zip(pair, (width, height), strict=True))

    if "rle" in value:
        mask = brushed(value["rle"], size, f"{where}.value.rle")
        around = box_of_mask(mask)
        if around is None:
            return None
        return replace(made, kind="mask", numbers=tuple(map(float, around)), rle=run_lengths.encode(mask), visible=())
    if "points" in value:
        is_line = value.get("closed") is False
        return replace(made, kind="line" if is_line else "polygon", numbers=points(value["points"]), visible=())
    if "vertices" in value:
        corners = value["vertices"] if isinstance(value["vertices"], list) else []
        if not corners or not all(isinstance(one, dict) and not one.get("isBezier") for one in corners):
            raise FileError("must be straight lines through points, got curves or none.", f"{where}.value.vertices")
        flat = points([[one.get("x"), one.get("y")] for one in corners])
        return replace(made, kind="polygon" if value.get("closed") else "line", numbers=flat, visible=())
    turn = numbers([value.get("rotation") or 0], f"{where}.value.rotation", 1)[0]
    x, y = of("x", "y")
    x, y = _px(x, width), _px(y, height)
    if "radiusX" in value:
        across, down = of("radiusX", "radiusY")
        flat = ellipse(x, y, _px(across, width), _px(down, height), turn)
        return replace(made, numbers=flat, visible=())
    if kind == "keypoint" or "height" not in value:
        return replace(made, kind="points", numbers=(x, y))
    across, down = of("width", "height")
    across, down = _px(across, width), _px(down, height)
    if turn % 360.0 == 0.0:
        edges = (x, y, round(x + across, DIGITS), round(y + down, DIGITS))
        return replace(made, kind="box", numbers=edges, visible=())
    if across <= 0 or down <= 0:
        raise FileError(f"must have a width and a height above 0, got {across}, {down}.", f"{where}.value")
    cosine, sine = cos(radians(turn)), sin(radians(turn))
    middle = (x + (across * cosine - down * sine) / 2.0, y + (across * sine + down * cosine) / 2.0)
    degrees = (180.0 - turn) % 360.0 - 180.0
    return replace(made, kind="rotated", numbers=(*middle, across, down, degrees), visible=())


def _px(percent: float, side: int) -> float:
    return round(percent * side / 100.0, DIGITS)


def _labels(result: JsonObject, where: str) -> list[str]:
    found: list[str] = []
    for key, value in result["value"].items():
        if key == "labels" or (key.endswith("labels") and key.removesuffix("labels") in OUTLINES):
            if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
                raise FileError(f"must be a list of names, got {shown(value)}.", f"{where}.value.{key}")
            found += value
    return found


def _said(result: JsonObject) -> Json:
    """Return an answer, which stands in its result's value under the name of its type."""
    value = result["value"]
    said = next((value[name] for name in ANSWERS if name in value), None)
    return said[0] if isinstance(said, list) and len(said) == 1 else said


def _answer(found: Answers, several: Sequence[tuple[JsonObject, str]]) -> None:
    """Take what is said of the picture as a whole."""
    for one, where in several:
        name, said = str(one.get("from_name") or _kind(one)), one["value"].get("choices")
        if _kind(one) == "choices":
            if not isinstance(said, list) or not all(isinstance(choice, str) for choice in said):
                raise FileError(f"must be a list of names, got {shown(said)}.", f"{where}.value.choices")
            found.choices.setdefault(name, []).extend(said)
        elif _kind(one) in ANSWERS:
            found.others[name] = _said(one)
        else:
            raise FileError("must have an outline, got none.", f"{where}.value")


# ---- written


def results_of(shapes: Sequence[Shape], size: Size, task: int) -> Iterator[JsonObject]:
    """Yield the results of shapes: one each, but of an object's keypoints one a point.

    Args:
        shapes: of a picture.
        size: its (height, width).
        task: its number, by which ids begin.
    """
    roots: dict[str | int, str] = {}  # the first region of each group is the parent of its others
    pointed = {shape.group: shape.names for shape in shapes if shape.names}
    count = 0
    for shape in shapes:
        for one, value in _values(shape, size):
            count += 1
            id, kind = f"t{task}r{count}", next(iter(value))
            value[kind] = one.attributes.get("labels") or [one.label]
            facts = {name: fact for name, fact in one.attributes.items() if name not in ("labels", "score", "meta")}
            meta = dict(one.attributes.get("meta") or {})
            meta |= {"attributes": facts} if facts else {}
            meta |= {"visible": one.visible[0]} if one.visible and one.visible[0] != 2.0 else {}
            if shape.kind != "points" and shape.group in pointed:
                meta[KEYPOINTS] = list(pointed[shape.group])
            result: JsonObject = {
                "id": id,
                "type": kind,
                "from_name": kind.removesuffix("labels"),
                "to_name": "image",
                "original_width": size[1],
                "original_height": size[0],
                "image_rotation": 0,
                "value": value,
            }
            result |= {"meta": meta} if meta else {}
            result |= {"score": one.attributes["score"]} if "score" in one.attributes else {}
            if shape.group is not None:
                parent = roots.setdefault(shape.group, id)
                result |= {"parentID": parent} if parent != id else {}
            yield result


def _values(shape: Shape, size: Size) -> Iterator[tuple[Shape, JsonObject]]:
    """Yield what each region's value is, the key of its labels first."""
    flat, (height, width) = shape.numbers, size

    def percent(x: float, y: float) -> list[float]:
        return [round(100.0 * x / width, 9), round(100.0 * y / height, 9)]

    points = [percent(*flat[place : place + 2]) for place in range(0, len(flat), 2)] if shape.kind != "rotated" else []
    if shape.kind == "points":
        names = shape.names or (shape.label,) * shape.count
        for (x, y), seen, name in zip(points, shape.visible or (2.0,) * shape.count, names, strict=True):
            if seen > 0 or not shape.names:
                facts = {} if shape.names else shape.attributes
                one = replace(shape, label=name, visible=(seen,), attributes=facts)
                yield one, {"keypointlabels": [], "x": x, "y": y, "width": 0.5}
    elif shape.kind == "box":
        (left, top), (right, bottom) = points
        edges = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
        yield shape, {"rectanglelabels": [], **edges}
    elif shape.kind == "rotated":
        x, y, across, down, degrees = flat
        cosine, sine = cos(radians(-degrees)), sin(radians(-degrees))
        left, top = percent(x - (across * cosine - down * sine) / 2.0, y - (across * sine + down * cosine) / 2.0)
        sides = {"width": percent(across, 0)[0], "height": percent(0, down)[1], "rotation": -degrees % 360.0}
        yield shape, {"rectanglelabels": [], "x": left, "y": top, **sides}
    elif shape.kind == "mask":
        yield shape, {"brushlabels": [], "format": "rle", "rle": brush_of(run_lengths.decode(shape.rle, size))}
    elif shape.kind == "line":
        corners = [{"id": f"v{place}", "x": x, "y": y, "isBezier": False} for place, (x, y) in enumerate(points)]
        yield shape, {"vectorlabels": [], "vertices": corners, "closed": False}
    else:
        yield shape, {"polygonlabels": [], "points": points, "closed": True}
