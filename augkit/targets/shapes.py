"""Shapes: labels as drawing programs write them, one outline an entry, joined into objects and parted again.

An object of several pieces, with keypoints, or with a box that is not the one around its outline is written as several
shapes of one group. Reading joins within a group: polygons of one class are the pieces of one object, a box or a mask
of that class is its box or its mask, and points are its keypoints, where the group has one object alone. Other groups
stay as they are, with the attribute ``group_id``.

Points that belong to no object are keypoints of the picture. What they are called stands in its attribute
``keypoints``, one entry a shape: label, count, and other facts; they never change in number or order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.targets import run_lengths
from augkit.targets.carried import Carried
from augkit.targets.polygons import around, box_of
from augkit.targets.records import ATTRIBUTES, INSTANCE, Instance, of_record, record
from augkit.targets.whole_masks import box_of_mask

Kind = Literal["box", "polygon", "mask", "points", "line", "rotated"]
GROUP, KEYPOINTS, CROWD = "group_id", "keypoints", "is_crowd"
SAME_PX = 0.002  # boxes that differ by less are one: what rounding leaves
CLOSED = ("box", "polygon", "mask")


@dataclass(frozen=True, slots=True)
class Shape:
    """One entry of a drawing program's file; pixels in augkit's frame.

    Args:
        kind: of shape.
        label: the name of its class.
        numbers: of a box left, top, right, bottom; of a rotated box as `RotatedBoxes` has them; else x, y, x, y, ...
        group: tells what belongs together within a picture, or None.
        rle: of a mask, as COCO's run lengths over the whole picture; its numbers are the box around it.
        names: of points, one each, where they have names of their own.
        visible: of points, COCO's 0, 1, 2, one each; empty where all are seen.
        attributes: facts that do not move.
    """

    kind: Kind
    label: str
    numbers: tuple[float, ...]
    group: str | int | None = None
    rle: str = ""
    names: tuple[str, ...] = ()
    visible: tuple[float, ...] = ()
    attributes: JsonObject = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many points it has."""
        return len(self.numbers) // 2

    @property
    def triples(self) -> list[tuple[float, float, float]]:
        """Its points as x, y, visibility."""
        seen = self.visible or (2.0,) * self.count
        return list(zip(self.numbers[::2], self.numbers[1::2], seen, strict=True))


Names = Mapping[str, Sequence[str]]  # of the keypoints, by class


# ---- from shapes to objects


def joined_names(pictures: Iterable[Sequence[Shape]], known: Names) -> dict[str, tuple[str, ...]]:
    """Return the names of the keypoints of every class that has any: those that are known, then others as they come.

    Args:
        pictures: the shapes of each.
        known: names by class, in order.
    """
    found = {label: list(names) for label, names in known.items()}
    for shapes in pictures:
        for one in _objects(shapes):
            if one.points:
                _merge(found.setdefault(one.label, []), [name for shape in one.points for name in _names(shape)])
    return {label: tuple(names) for label, names in found.items()}


def _merge(names: list[str], more: Sequence[str]) -> None:
    """Add names to a list where they stand among those that are there."""
    for place, name in enumerate(more):
        if name not in names:
            later = [names.index(other) for other in more[place + 1 :] if other in names]
            names.insert(min(later, default=len(names)), name)


def are_for_objects(pictures: Iterable[Sequence[Shape]], is_said: bool) -> bool:
    """Return whether objects were looked for in a data set: it has some, or says nothing else at all.

    Args:
        pictures: the shapes of each.
        is_said: the data set says classes of pictures.
    """
    others = is_said
    for shapes in pictures:
        if any(shape.kind in CLOSED or shape.names for shape in shapes):
            return True
        others = others or bool(shapes)
    return not others


def targets_of(shapes: Sequence[Shape], names: Names, for_objects: bool = True) -> tuple[Carried, JsonObject, int]:
    """Return the targets of a picture's shapes, what its attributes say of its own points, and how many were flat.

    Args:
        shapes: all of a picture; none where it shows the background.
        names: of keypoints by class, as `joined_names` returns them.
        for_objects: objects were looked for, even where there is none, as `are_for_objects` says.
    """
    objects = _objects(shapes)
    made = [one.instance(names) for one in objects]
    rows = [{name: getattr(one, name) for name in (*INSTANCE, ATTRIBUTES)} for one in made if one is not None]
    facts: JsonObject = {"instances": rows} if rows or for_objects else {}
    groups = _groups(shapes)
    taken = {id(shape) for one in objects for shape in (*one.closed, *one.points)}
    left = [shape for shape in shapes if id(shape) not in taken]
    for kind, name in (("rotated", "rotated_boxes"), ("line", "polylines")):
        found = [_row(shape, groups) for shape in left if shape.kind == kind]
        facts |= {name: found} if found else {}
    points = [shape for shape in left if shape.kind == "points"]
    if points:
        facts[KEYPOINTS] = tuple(number for shape in points for triple in shape.triples for number in triple)
    said = [{"label": shape.label, "count": shape.count, **_told(shape, groups)} for shape in points]
    return of_record(facts), {KEYPOINTS: said} if said else {}, made.count(None)


def _row(shape: Shape, groups: Mapping[str | int, list[Shape]]) -> JsonObject:
    return {"label": shape.label, "numbers": shape.numbers, "attributes": _told(shape, groups)}


def _told(shape: Shape, groups: Mapping[str | int, list[Shape]]) -> JsonObject:
    """Return a shape's attributes, with its group where that holds another."""
    is_grouped = shape.group is not None and len(groups[shape.group]) > 1
    return shape.attributes | ({GROUP: shape.group} if is_grouped else {})


def _groups(shapes: Iterable[Shape]) -> dict[str | int, list[Shape]]:
    groups: dict[str | int, list[Shape]] = {}
    for shape in shapes:
        if shape.group is not None:
            groups.setdefault(shape.group, []).append(shape)
    return groups


@dataclass
class _Object:
    """What makes one object: its outline, or the pieces of it, and its keypoints."""

    closed: list[Shape]
    points: list[Shape] = field(default_factory=list)
    group: str | int | None = None  # that it shares with others

    @property
    def label(self) -> str:
        return (self.closed or self.points)[0].label

    def instance(self, names: Names) -> Instance | None:
        """Return the object, or None if it has no area."""
        rings = tuple(shape.numbers for shape in self.closed if shape.kind == "polygon" and shape.count >= 3)
        given = sorted((shape for shape in self.closed if shape.kind != "polygon"), key=lambda shape: shape.kind)
        boxes = [box_of(*shape.numbers[:4]) for shape in given]
        rle = next((shape.rle for shape in self.closed if shape.kind == "mask"), "")
        keypoints = self._keypoints(names.get(self.label, ()))
        box = boxes[0] if boxes else around(rings) if self.closed else _box_of_points(keypoints)
        attributes = dict((self.closed or self.points)[0].attributes)
        is_crowd = attributes.pop(CROWD, False) in (True, 1)
        if self.group is not None:
            attributes[GROUP] = self.group
        return None if box is None else Instance(self.label, box, rings, keypoints, rle, is_crowd, attributes or None)

    def _keypoints(self, names: Sequence[str]) -> tuple[float, ...]:
        if not self.points:
            return ()
        known = {name: t for shape in self.points for name, t in zip(_names(shape), shape.triples, strict=True)}
        return tuple(number for name in names for number in known.get(name, (0.0, 0.0, 0.0)))


def _names(shape: Shape) -> Sequence[str]:
    return shape.names or (shape.label,) * shape.count


def _box_of_points(keypoints: Sequence[float]) -> tuple[float, float, float, float] | None:
    """Return the box around keypoints that are labelled; half a pixel wider where that has no area."""
    seen = [keypoints[place : place + 2] for place in range(0, len(keypoints), 3) if keypoints[place + 2] > 0]
    if not seen:
        return None
    xs, ys = [x for x, _ in seen], [y for _, y in seen]
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    x, y = 0.5 * (left == right), 0.5 * (top == bottom)
    return left - x, top - y, right + x, bottom + y


def _objects(shapes: Sequence[Shape]) -> list[_Object]:
    """Return the objects of a picture, in the order of their first shapes."""
    found: list[_Object] = []
    for shape in shapes:
        if shape.group is None and (shape.kind in CLOSED or (shape.kind == "points" and shape.names)):
            found.append(_Object([shape]) if shape.kind in CLOSED else _Object([], [shape]))
    for group, several in _groups(shapes).items():
        found += _grouped(group, several)
    order = {id(shape): place for place, shape in enumerate(shapes)}
    return sorted(found, key=lambda one: order[id((one.closed or one.points)[0])])


def _grouped(group: str | int, shapes: Sequence[Shape]) -> list[_Object]:
    by_label: defaultdict[str, list[Shape]] = defaultdict(list)
    for shape in shapes:
        if shape.kind in CLOSED:
            by_label[shape.label].append(shape)
    made = [one for several in by_label.values() for one in _joined(several)]
    points = [shape for shape in shapes if shape.kind == "points"]
    names = [name for shape in points for name in _names(shape)]
    skeletons = [shape for shape in points if shape.names]
    label = made[0].label if len(made) == 1 else None
    is_plain = not any(shape.attributes or (shape.names and shape.label != label) for shape in points)
    if label is not None and points and len(set(names)) == len(names) and is_plain:
        made[0].points = points
        points = []
    elif skeletons:  # each is an object by itself
        made += [_Object([], [shape]) for shape in skeletons]
        points = [shape for shape in points if not shape.names]
    others = [shape for shape in shapes if shape.kind in ("line", "rotated")]
    if len(made) + len(points) + len(others) > 1:
        for one in made:
            one.group = group
    return made


def _joined(shapes: list[Shape]) -> list[_Object]:
    """Return the objects that shapes of one group and class are."""
    kinds = [shape.kind for shape in shapes]
    few = kinds.count("box") <= 1 and kinds.count("mask") <= 1 and not ("mask" in kinds and "polygon" in kinds)
    is_one = few and all(shape.attributes == shapes[0].attributes for shape in shapes)
    return [_Object(shapes)] if is_one else [_Object([shape]) for shape in shapes]


# ---- from objects to shapes


def shapes_of(
    targets: Carried, size: Size, names: Names, attributes: JsonObject, skeletons: bool = False
) -> Iterator[Shape]:
    """Yield the shapes that say what a picture carries; `targets_of` makes it of them again.

    Args:
        targets: of the picture.
        size: its (height, width).
        names: of keypoints, by class; those of other classes are numbered.
        attributes: of the picture, of which ``keypoints`` tells what its own points are called.
        skeletons: points may be an object by themselves, and need no box that is only around them.
    """
    facts = record(targets)
    rows: list[JsonObject] = [
        *facts.get("instances", ()),
        *facts.get("rotated_boxes", ()),
        *facts.get("polylines", ()),
        *_said(attributes.get(KEYPOINTS)),
    ]
    given = [group for row in rows if (group := (row.get("attributes") or row).get(GROUP)) is not None]
    spare = max((group for group in given if isinstance(group, int)), default=0)
    for row in facts.get("instances", ()):
        known = dict(row.get("attributes") or {}) | ({CROWD: True} if row.get(CROWD) else {})
        pieces = list(_pieces(row, size, names, known.pop(GROUP, None), known))
        if (
            len(pieces) > 1
            and skeletons
            and pieces[0].kind == "box"
            and _is_same(pieces[0].numbers, _around(pieces[1]))
        ):
            pieces = [replace(pieces[1], attributes=known)]
        if len(pieces) > 1:
            group = pieces[0].group
            if group is None or sum(one == group for one in given) > 1:
                spare += 1
                group = spare
            pieces = [replace(piece, group=group) for piece in pieces]
        yield from pieces
    for name, kind in (("rotated_boxes", "rotated"), ("polylines", "line")):
        for row in facts.get(name, ()):
            known = dict(row.get("attributes") or {})
            group = known.pop(GROUP, None)
            yield Shape(kind, row["label"], tuple(row["numbers"]), group, attributes=known)  # type: ignore[arg-type]
    yield from _own_points(tuple(facts.get(KEYPOINTS, ())), attributes.get(KEYPOINTS))


def _pieces(row: JsonObject, size: Size, names: Names, group: str | int | None, known: JsonObject) -> Iterator[Shape]:
    label, box = row["label"], tuple(row["box"])
    rings, keypoints, rle = row.get("rings") or (), row.get(KEYPOINTS) or (), row.get("rle") or ""
    for ring in rings:
        yield Shape("polygon", label, tuple(ring), group, attributes=known)
    inside = around(rings)
    if rle and (found := box_of_mask(run_lengths.decode(rle, size))) is not None:
        inside = found
        yield Shape("mask", label, tuple(map(float, found)), group, rle, attributes=known)
    if not _is_same(box, inside):
        yield Shape("box", label, box, group, attributes=known)
    if keypoints:
        listed = names.get(label) or [str(number) for number in range(1, len(keypoints) // 3 + 1)]
        numbers = tuple(number for place, number in enumerate(keypoints) if place % 3 < 2)
        yield Shape("points", label, numbers, group, "", tuple(listed), tuple(keypoints[2::3]))


def _around(points: Shape) -> tuple[float, float, float, float] | None:
    return _box_of_points([number for triple in points.triples for number in triple])


def _is_same(box: Sequence[float], other: Sequence[float] | None) -> bool:
    return other is not None and max(abs(a - b) for a, b in zip(box, other, strict=True)) <= SAME_PX


def _own_points(keypoints: tuple[float, ...], said: Json) -> Iterator[Shape]:
    """Yield the points of a picture as a whole, as its attributes name them."""
    total = len(keypoints) // 3
    known = _said(said)
    if sum(one["count"] for one in known) != total:
        known = [{"label": "point", "count": 1}] * total
    start = 0
    for one in known:
        facts = dict(one)
        label, count = str(facts.pop("label", "point")), facts.pop("count")
        part = keypoints[3 * start : 3 * (start + count)]
        start += count
        numbers = tuple(number for place, number in enumerate(part) if place % 3 < 2)
        yield Shape("points", label, numbers, facts.pop(GROUP, None), "", (), part[2::3], facts)


def _said(value: Json) -> list[JsonObject]:
    """Return what a picture's attributes tell of its own points, or nothing if they tell something else."""
    entries = value if isinstance(value, list) else []
    return entries if all(isinstance(one, dict) and type(one.get("count")) is int for one in entries) else []
