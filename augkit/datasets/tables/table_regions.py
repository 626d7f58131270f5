"""Boxes and outlines as tables hold them, a row each or in a list, as the fields of `augkit.datasets.fields`."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.inventory import Inventory
from augkit.datasets.places import Place, read_place
from augkit.datasets.tables.table_columns import BoxForm
from augkit.datasets.tables.table_files import plain_name
from augkit.errors import DecodeError, FileError
from augkit.images import upright_size
from augkit.targets.columns import numbers, shown

OBJECT = "object"  # the class of boxes of which a table names none
HEADER_BYTES = 65_536  # of most pictures this holds the header; of the others everything is read
STEPS = 72  # corners of an ellipse: 0.1 % from the curve
_OBJECT_BOXES, _OBJECT_OUTLINES = ("bbox", "bboxes", "boxes", "box"), ("segmentation", "polygons", "segments")
OBJECT_LABELS = ("category", "categories", "label", "labels", "class", "classes", "name", "names", "category_id")
_OBJECT_CROWDS = ("iscrowd", "is_crowd", "crowd")
OBJECT_FACTS = ("id", "area", "difficult", "truncated", "occluded", "pose", "score", "confidence")
REGION_LABELS = ("class", "label", "name", "type", "category", "object", "object_type")


def number_of(cell: Json, where: str) -> float:
    """Return the number that a cell holds, as one or as text with a point.

    Raises:
        FileError: it holds none.
    """
    value = math.nan
    if isinstance(cell, str | int | float) and not isinstance(cell, bool):
        with suppress(ValueError, OverflowError):
            value = float(cell)
    if not math.isfinite(value):
        advice = " Write decimals with a point." if isinstance(cell, str) and "," in cell else ""
        raise FileError(f"must be a number, got {shown(cell)}.{advice}", where)
    return value


def box_of_numbers(form: BoxForm, values: Sequence[float], scale: tuple[float, float], where: str) -> list[float]:
    """Return left, top, right, bottom in pixels.

    Args:
        form: what the numbers are.
        values: four of them, in the order of the form.
        scale: what x and y are to be multiplied with.
        where: for messages.

    Raises:
        FileError: they are of no box.
    """
    a, b, c, d = values
    if form == "size":
        a, b, c, d = a, b, a + c, b + d
    elif form == "middle":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    if c < a or d < b:
        raise FileError(f"must be a box from left to right and top to bottom, got {list(values)}.", where)
    x, y = scale
    return [a * x, b * y, c * x, d * y]


def objects_of(value: Json, where: str, names: Sequence[str] = ()) -> tuple[dict[str, Json], dict[str, None]]:
    """Return the fields of a list of objects, or of an object of lists, as Hugging Face's `datasets` have them.

    Boxes are COCO's: left, top, width, height (https://huggingface.co/docs/datasets/image_dataset#object-detection).

    Args:
        value: of the column.
        where: for messages.
        names: of classes, by number, where the file tells them.

    Returns:
        Fields, and the keys that are not understood.

    Raises:
        FileError: it is something else.
    """
    rows = _rows_of(value, where)
    unknown: dict[str, None] = {}
    boxes: list[Json] = []
    labels: list[Json] = []
    outlines: list[Json] = []
    crowds: list[Json] = []
    facts: list[JsonObject] = []
    for number, row in enumerate(rows):
        left, here = dict(row), f"{where}[{number}]"
        box, label = _first(left, _OBJECT_BOXES), _first(left, OBJECT_LABELS)
        outline, crowd = _first(left, _OBJECT_OUTLINES), _first(left, _OBJECT_CROWDS)
        if box is None and outline is None:
            raise FileError(f"must have a bbox, got {', '.join(row)[:60] or 'nothing'}.", here)
        if box is not None:
            boxes.append(box_of_numbers("size", numbers(box, f"{here} bbox", 4), (1.0, 1.0), f"{here} bbox"))
        labels.append(None if label is None else class_name(label, names, f"{here} category"))
        outlines.append(outline or [])
        crowds.append(bool(crowd))
        known: JsonObject = {name: left.pop(name) for name in OBJECT_FACTS if left.get(name) is not None}
        facts.append({**known, **_facts(left.pop("attributes", None), f"{here} attributes")})
        unknown |= dict.fromkeys(name for name, one in left.items() if one is not None)
    if None in labels and any(label is not None for label in labels):
        raise FileError("must have a category each, or none.", where)
    labels = [OBJECT if label is None else label for label in labels]
    if boxes and len(boxes) < len(rows):
        raise FileError("must have a bbox each, or none.", where)
    fields: dict[str, Json] = {"box_labels": labels, "boxes": boxes if boxes or not any(outlines) else None}
    fields |= {"polygons": outlines} if any(outlines) else {}
    fields |= {"crowds": crowds} if any(crowds) else {}
    fields |= {"box_attributes": facts} if any(facts) else {}
    return fields, unknown


def _facts(value: Json, where: str) -> JsonObject:
    """Return the attributes of an object, which may be JSON as text."""
    found = json_of(value, where) if isinstance(value, str) else value
    if not isinstance(found, dict | None):
        raise FileError(f"must be an object, got {shown(value)}.", where)
    return found or {}


def class_name(value: Json, names: Sequence[str], where: str) -> str:
    """Return the name of a class: itself, or the one that its number has.

    Raises:
        FileError: it is neither name nor number, or no class has the number.
    """
    if value is None:
        return OBJECT
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FileError(f"must be the name or number of a class, got {shown(value)}.", where)
    if isinstance(value, str) or not names:
        return str(value)
    if not 0 <= value < len(names):
        raise FileError(f"must be a class from 0 to {len(names) - 1}, got {value}.", where)
    return names[value]


def _rows_of(value: Json, where: str) -> list[JsonObject]:
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    if isinstance(value, dict):
        columns = {name: part for name, part in value.items() if part is not None}
        if all(isinstance(part, list) for part in columns.values()):
            lengths = {len(part) for part in columns.values()}
            if len(lengths) > 1:
                got = ", ".join(f"{name} {len(part)}" for name, part in columns.items())
                raise FileError(f"must have lists of one length, got {got}.", where)
            return [{name: part[n] for name, part in columns.items()} for n in range(*lengths or (0,))]
    raise FileError(f"must be a list of objects, or lists by name, got {shown(value)}.", where)


def _first(row: JsonObject, names: Sequence[str]) -> Json:
    """Take the first of some names that a row has."""
    return next((row.pop(name) for name in names if row.get(name) is not None), None)


def region_of(shape: Mapping[str, Json], where: str) -> tuple[str, Json]:
    """Return a shape of the VGG Image Annotator as a kind of field and its value.

    Shapes are rect, circle, ellipse, polygon, polyline and point
    (https://www.robots.ox.ac.uk/~vgg/software/via/docs/user_guide.html).

    Returns:
        ``boxes`` and four numbers, ``polygons`` or ``polylines`` and points, or ``keypoints`` and one point.

    Raises:
        FileError: it is none of these.
    """

    def part(name: str) -> float:
        return number_of(shape.get(name), f"{where} {name}")

    match shape.get("name"):
        case "rect":
            values = [part(name) for name in ("x", "y", "width", "height")]
            return "boxes", box_of_numbers("size", values, (1.0, 1.0), where)
        case "circle":
            return "polygons", _ellipse(part("cx"), part("cy"), part("r"), part("r"), 0.0)
        case "ellipse":
            turn = part("theta") if "theta" in shape else 0.0
            return "polygons", _ellipse(part("cx"), part("cy"), part("rx"), part("ry"), turn)
        case "polygon" | "polyline" as kind:
            points = [numbers(shape.get(f"all_points_{axis}"), f"{where} all_points_{axis}") for axis in "xy"]
            if len(points[0]) != len(points[1]):
                raise FileError("must have as many x as y.", where)
            return f"{kind}s", [list(point) for point in zip(*points, strict=True)]
        case "point":
            return "keypoints", [part("cx"), part("cy")]
    raise FileError(
        f"must be a rect, circle, ellipse, polygon, polyline or point, got {shown(shape.get('name'))}.", where
    )


def _ellipse(x: float, y: float, a: float, b: float, turn: float) -> list[list[float]]:
    cos, sin = math.cos(turn), math.sin(turn)
    angles = [2 * math.pi * step / STEPS for step in range(STEPS)]
    arms = [(a * math.cos(angle), b * math.sin(angle)) for angle in angles]
    return [[x + cos * p - sin * q, y + sin * p + cos * q] for p, q in arms]


def size_at(inventory: Inventory, place: Place) -> Size | None:
    """Return the (height, width) of a picture, or None if it is none."""
    if not isinstance(place, str):
        with suppress(DecodeError):
            return upright_size(read_place(inventory.root, place))
        return None
    path, size = place, inventory.sizes[place]
    for count in sorted({min(size, HEADER_BYTES), size} - {0}):
        with suppress(DecodeError):
            return upright_size(inventory.root.read(path, 0, count))
    return None


def plain_fact(name: str) -> str:
    """Return the name of a fact as augkit has it: small, without the ``is`` before it."""
    plain = plain_name(name)
    return {"istruncated": "truncated", "isoccluded": "occluded", "conf": "confidence"}.get(plain, name.strip())


def coco_box(value: Json, where: str) -> list[float]:
    """Return left, top, right, bottom of COCO's four numbers, or of their text."""
    if not isinstance(value, list) or len(value) != 4:
        raise FileError(f"must be 4 numbers, got {value!r:.60}.", where)
    return box_of_numbers("size", [number_of(one, where) for one in value], (1.0, 1.0), where)


def around_points(points: Sequence[Sequence[float]]) -> list[float]:
    """Return the box around points."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return [min(xs), min(ys), max(xs), max(ys)] if points else [0.0] * 4


def is_true(cell: Json) -> bool:
    """Return whether a cell says yes."""
    return str(cell).strip().lower() in ("1", "true", "yes", "1.0")


def fact_of(cell: Json) -> Json:
    """Return a fact as JSON: a number where text is one as JSON writes it, so that flags of 0 say nothing.

    >>> fact_of("0"), fact_of("0.50"), fact_of("007"), fact_of("left")
    (0, 0.5, '007', 'left')
    """
    is_number = isinstance(cell, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", cell)
    return cell if not is_number else float(cell) if "." in cell else int(cell)
