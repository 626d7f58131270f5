"""Labels as named fields: what a manifest's row, or the JSON beside a picture in a tar, says of the picture.

boxes          [[left, top, right, bottom], ...] in pixels, the outer corner of the first pixel being 0, 0
box_labels     ["cat", ...], one a box; not needed where the picture's own class is theirs
polygons       one a box: [x, y, x, y, ...], [[x, y], ...], or a list of such where an object lies in pieces
box_keypoints  one a box: [[x, y, visibility], ...], or [] where it has none
box_masks      one a box: the object's mask as COCO's run lengths, or "" where it has none; they need picture_size
crowds         one a box: whether it stands for many
keypoints      [[x, y], ...] or [[x, y, visibility], ...], of the picture as a whole
rotated_boxes  [[middle x, middle y, width, height, degrees counter-clockwise], ...]; rotated_box_labels, one each
polylines      open lines: [[x, y], ...] or [x, y, x, y, ...]; polyline_labels, one each
picture_size   [height, width] of the picture
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from augkit.core.spatial import Size
from augkit.datasets.data_set import Annotations, Instance, Shape
from augkit.datasets.format import Record
from augkit.datasets.objects import FLAT, around, box_of, numbers, rings_of
from augkit.datasets.places import Place
from augkit.errors import FileError
from augkit.targets import run_lengths

FIELDS = (
    *("boxes", "box_labels", "polygons", "box_keypoints", "box_masks", "crowds", "keypoints", "picture_size"),
    *("rotated_boxes", "rotated_box_labels", "polylines", "polyline_labels"),
)


def fields_of(record: Record) -> dict[str, Any]:
    """Return the fields that say what a picture carries, without those that say nothing.

    >>> fields_of(Record("a.png", None, None, (24, 32), (Instance("cat", (2, 3, 7, 10)),)))
    {'picture_size': [24, 32], 'boxes': [[2, 3, 7, 10]], 'box_labels': ['cat']}
    """
    fields: dict[str, Any] = {"picture_size": list(record.size)}
    instances = record.instances
    if instances is not None:
        fields["boxes"] = [list(instance.box) for instance in instances]
        fields["box_labels"] = [instance.label for instance in instances]
        optional: dict[str, list[Any]] = {
            "polygons": [[list(ring) for ring in instance.rings] for instance in instances],
            "box_keypoints": [_triples(instance.keypoints) for instance in instances],
            "box_masks": [instance.rle for instance in instances],
            "crowds": [instance.is_crowd for instance in instances],
        }
        fields |= {name: values for name, values in optional.items() if any(values)}
    if record.keypoints:
        fields["keypoints"] = _triples(record.keypoints)
    if record.rotated_boxes is not None:
        fields["rotated_boxes"] = [list(box.numbers) for box in record.rotated_boxes]
        fields["rotated_box_labels"] = [box.label for box in record.rotated_boxes]
    if record.polylines is not None:
        fields["polylines"] = [list(line.numbers) for line in record.polylines]
        fields["polyline_labels"] = [line.label for line in record.polylines]
    return fields


def _triples(points: Sequence[float]) -> list[list[float]]:
    return [list(points[place : place + 3]) for place in range(0, len(points), 3)]


def annotations_of(
    fields: Mapping[str, Any], label: Any, mask: Place | None, where: str, left_out: Counter[str]
) -> Annotations | None:
    """Return what the fields say, or None if they say nothing; a field that is None is none.

    Args:
        fields: `FIELDS`, of those that there are; others are not looked at.
        label: of the picture.
        mask: where its mask lies.
        where: for messages.
        left_out: counts the objects without area.

    Raises:
        FileError: a field is malformed.
    """
    size = None
    if fields.get("picture_size") is not None:
        height, width = numbers(fields["picture_size"], f"{where} picture_size", 2)
        size = int(height), int(width)
    instances = _instances(fields, label, size, where, left_out)
    keypoints = _points(fields.get("keypoints"), f"{where} keypoints")
    boxes = _shapes(fields, "rotated_boxes", "rotated_box_labels", label, where, _rotated_box)
    lines = _shapes(fields, "polylines", "polyline_labels", label, where, _line)
    if instances is None and not keypoints and mask is None and boxes is None and lines is None:
        return None
    return Annotations(instances, keypoints, mask, size, boxes, lines)


def _shapes(
    fields: Mapping[str, Any],
    name: str,
    names: str,
    label: Any,
    where: str,
    read: Callable[[Any, str], tuple[float, ...]],
) -> tuple[Shape, ...] | None:
    values = _listed(fields, name, None, where)
    if values is None:
        return None
    found = [read(value, f"{where} {name}[{place}]") for place, value in enumerate(values)]
    return tuple(map(Shape, _labels(fields, names, len(values), label, where), found))


def _rotated_box(value: Any, where: str) -> tuple[float, ...]:
    box = tuple(numbers(value, where, 5))
    if not (box[2] > 0.0 and box[3] > 0.0):
        raise FileError(f"must have a width and a height above 0, got {list(box)}.", where)
    return box


def _line(value: Any, where: str) -> tuple[float, ...]:
    flat = isinstance(value, list) and bool(value) and not isinstance(value[0], list)
    points = [value[place : place + 2] for place in range(0, len(value), 2)] if flat else value
    if not isinstance(points, list) or not points:
        raise FileError(f"must be a list of points, got {value!r:.60}.", where)
    return tuple(number for place, point in enumerate(points) for number in numbers(point, f"{where}[{place}]", 2))


def _instances(
    fields: Mapping[str, Any], label: Any, size: Size | None, where: str, left_out: Counter[str]
) -> tuple[Instance, ...] | None:
    outlines = _listed(fields, "polygons", None, where)
    boxes = _listed(fields, "boxes", None, where)
    if boxes is None and outlines is None:
        return None
    count = len(outlines or () if boxes is None else boxes)
    rings = [
        _rings(outline, f"{where} polygons[{place}]")
        for place, outline in enumerate(_listed(fields, "polygons", count, where) or [[]] * count)
    ]
    if boxes is None:
        found = [around(outline) for outline in rings]
    else:
        found = [box_of(*numbers(box, f"{where} boxes[{place}]", 4)) for place, box in enumerate(boxes)]
    labels = _labels(fields, "box_labels", count, label, where)
    points = _listed(fields, "box_keypoints", count, where) or [None] * count
    masks = _listed(fields, "box_masks", count, where) or [""] * count
    crowds = _listed(fields, "crowds", count, where) or [False] * count
    made = []
    for place, box in enumerate(found):
        keypoints = _points(points[place], f"{where} box_keypoints[{place}]")
        rle = _mask(masks[place], size, f"{where} box_masks[{place}]") if masks[place] else ""
        if box is not None:
            made.append(Instance(labels[place], box, rings[place], keypoints, rle, bool(crowds[place])))
    left_out[FLAT] += count - len(made)
    return tuple(made)


def _listed(fields: Mapping[str, Any], name: str, count: int | None, where: str) -> list[Any] | None:
    """Return a field with one entry a box, or None if there is no such field."""
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise FileError(f"must be a list, one each, got {value!r:.60}.", f"{where} {name}")
    if value is not None and count not in (None, len(value)):
        raise FileError(f"must be one each, {count}, got {len(value)}.", f"{where} {name}")
    return value


def _mask(value: Any, size: Size | None, where: str) -> str:
    if size is None:
        raise FileError("must come with the field picture_size, got none.", where)
    return run_lengths.checked(value, size, where)


def _rings(value: Any, where: str) -> tuple[tuple[float, ...], ...]:
    """Return the outline of one object, whichever way it is nested."""
    if isinstance(value, list) and value:
        if not isinstance(value[0], list):
            value = [value]
        elif all(isinstance(point, list) and len(point) == 2 for point in value):
            value = [[number for point in value for number in point]]
        elif isinstance(value[0][:1], list) and value[0] and isinstance(value[0][0], list):
            value = [[number for point in ring for number in point] for ring in value]
    return rings_of(value, where)


def _labels(fields: Mapping[str, Any], names: str, count: int, label: Any, where: str) -> list[str]:
    value = _listed(fields, names, count, where)
    if value is None and (isinstance(label, str) or count == 0):
        return [label] * count
    if value is None or not all(isinstance(name, str | int) for name in value):
        raise FileError(f"must be a list of names, one each, got {value!r:.60}.", f"{where} {names}")
    return [str(name) for name in value]


def _points(value: Any, where: str) -> tuple[float, ...]:
    """Return points as x, y, visibility; one that comes without is visible."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise FileError(f"must be a list of points, got {value!r:.60}.", where)
    found: list[float] = []
    for place, point in enumerate(value):
        if not isinstance(point, list) or len(point) not in (2, 3):
            raise FileError(f"must be [x, y] or [x, y, visibility], got {point!r:.60}.", f"{where}[{place}]")
        found += [*numbers(point, f"{where}[{place}]"), 2.0][:3]
    return tuple(found)
