"""Records: targets as the lines of a lineage, the columns of files, and the hash of a work plan hold them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field as dataclass_field, fields as fields_of, replace

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, chosen
from augkit.targets.columns import Columns, numbers
from augkit.targets.keypoints import Keypoints
from augkit.targets.polygons import Polygons
from augkit.targets.target import PointTarget, kinds, of_kinds

SIZE = "picture_size"
ATTRIBUTES = "attributes"  # facts of pictures and objects that do not move, as a kind of label
Ring = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One object, as formats with an entry an object hold it; pixels in augkit's frame.

    Args:
        label: the name of its class.
        box: left, top, right, bottom.
        rings: its outline, polygons of x0, y0, x1, y1, ...; several where it lies in pieces.
        keypoints: x, y, visibility (COCO's 0, 1, 2) for every point of its class; empty where there are none.
        rle: a mask of the picture's size as COCO's compressed run lengths, where it has one instead of rings.
        is_crowd: it stands for many.
        attributes: facts of it that do not move, by name.
    """

    label: str
    box: tuple[float, float, float, float]
    rings: tuple[Ring, ...] = ()
    keypoints: Ring = ()
    rle: str = ""
    is_crowd: bool = False
    attributes: JsonObject | None = dataclass_field(default=None, hash=False)


INSTANCE = tuple(field.name for field in fields_of(Instance) if field.name != ATTRIBUTES)

# Names by which formats call a thing, and what they could find out again: a form that has no place for these loses no
# label, so that they make no kind of label by themselves.
_SOURCES = ("url", "coco_url", "flickr_url", "flickr_640_url", "imagesource", "source_gsd")
_IDS = ("id", "segment_id", "category_id", "caption_ids")
BOOKKEEPING = frozenset((*_IDS, "area", "license", "date_captured", "isbbox", *_SOURCES))
_FLAGS = frozenset(("difficult", "truncated", "occluded", "ignore", "rotation", "z_order", "group_id"))  # 0: not set
_NOTHING: tuple[Json, ...] = (None, False, "", [], {}, "Unspecified")


def says(attributes: JsonObject | None) -> bool:
    """Return whether facts hold a label: something else than bookkeeping, flags that are not set, and empty values.

    >>> says({"id": 7, "occluded": False, "difficult": 0}), says({"score": 0.0}), says({"difficult": 1})
    (False, True, True)
    """
    for name, value in (attributes or {}).items():
        says_nothing = any(value is nothing or value == nothing != 0 for nothing in _NOTHING)
        if name not in BOOKKEEPING and not says_nothing and not (name in _FLAGS and value in (0, "0")):
            return says(value) if name == ATTRIBUTES and isinstance(value, dict) else True
    return False


def bookkeeping(attributes: JsonObject | None) -> JsonObject | None:
    """Return what is left of facts without those that are labels; None where nothing is."""
    return {name: value for name, value in (attributes or {}).items() if name in BOOKKEEPING} or None


@of_kinds
def point_kinds() -> tuple[type[PointTarget], ...]:
    """Return the kinds that are coordinates, in the order in which they are written."""
    return tuple(kind for kind in kinds() if issubclass(kind, PointTarget))


@of_kinds
def kind_names() -> tuple[str, ...]:
    """Return the names of all kinds of labels that data sets hold, in order."""
    return tuple(kind.kind for kind in kinds() if kind.kind)


@of_kinds
def columns() -> tuple[str, ...]:
    """Return the columns of all kinds: those with one entry a box, then those of the picture."""
    rows = (column for kind in point_kinds() for column in kind.row_columns)
    first, *others = (column for kind in point_kinds() for column in kind.columns)
    # These three of the boxes came later than others.
    return (*rows, "box_masks", "crowds", first, SIZE, *others, "box_attributes")


def of_instances(instances: Iterable[Instance]) -> dict[str, PointTarget]:
    """Return the targets of a picture's objects; they say that objects were looked for, even where there is none."""
    facts = [{name: getattr(one, name) for name in (*INSTANCE, ATTRIBUTES)} for one in instances]
    return of_record({"instances": facts})


def instances_of(targets: Carried) -> tuple[Instance, ...] | None:
    """Return the objects of a picture; None where they were not looked for."""
    found = record(targets).get("instances")
    if found is None:
        return None
    return tuple(Instance(**{name: row[name] for name in INSTANCE}, attributes=row.get(ATTRIBUTES)) for row in found)


def record(targets: Carried) -> JsonObject:
    """Return what the record of a picture says: its objects as ``instances``, and entries of further kinds."""
    found: JsonObject = {}
    objects: list[JsonObject] = [{} for _ in range(len(targets[Boxes.name]) if Boxes.name in targets else 0)]
    for kind in point_kinds():
        known = targets[kind.name].record() if kind.name in targets else {}
        for row, facts in zip(objects, known.pop("instances", ()), strict=False):
            row.update(facts)
        found |= known
    if Boxes.name not in targets:
        return found
    names = dict.fromkeys((*INSTANCE, *(name for row in objects for name in row)))
    return {"instances": [{name: row.get(name, ()) for name in names} for row in objects], **found}


def of_record(record: JsonObject) -> dict[str, PointTarget]:
    """Return the targets of a record, also of one that was read from JSON."""
    made = {kind.name: kind.of_record(record) for kind in point_kinds()}
    return {name: target for name, target in made.items() if target is not None}


def kinds_in(targets: Carried) -> Iterator[str]:
    """Yield the kinds of labels that targets are; masks of objects count as their outlines."""
    for target in targets.values():
        yield target.kind
        if isinstance(target, Boxes) and any(target.box_masks or ()):
            yield Polygons.kind
        if any(map(says, target.facts or ())):
            yield ATTRIBUTES


def without(targets: Carried, kind: str) -> dict[str, PointTarget]:
    """Return targets without one kind of label, and without what is part of its rows."""
    found: dict[str, PointTarget] = {}
    for name, target in targets.items():
        changes: dict[str, object] = {}
        if kind == ATTRIBUTES and target.described:
            left = [bookkeeping(facts) or {} for facts in target.facts or ()]
            changes = {target.described: left if any(left) else None}
        if kind == Polygons.kind and isinstance(target, Boxes):
            changes = {"box_masks": None}
        if target.kind != kind and not (target.follows == Boxes.name and kind == Boxes.kind):
            found[name] = target.changed(**changes)
    return found


def text(targets: Carried, mask: object, size: Size | None) -> str:
    """Return what a picture carries as one line of text; work plans are told apart by its hash, so it stays as it is.

    It is what ``repr`` made of the classes that once held annotations. A kind that came later adds its record.
    """
    known = record(targets)
    instances, boxes, lines = (known.pop(name, None) for name in ("instances", "rotated_boxes", "polylines"))
    parts = {
        "instances": _tuple("Instance", instances),
        "keypoints": f"{known.pop('keypoints', ())!a}",
        "mask": f"{mask!a}",
        "size": f"{size!a}",
        "rotated_boxes": _tuple("Shape", boxes),
        "polylines": _tuple("Shape", lines),
        **{name: f"{value!a}" for name, value in known.items()},
    }
    return f"Annotations({', '.join(f'{name}={part}' for name, part in parts.items())})"


def _tuple(name: str, facts: list[JsonObject] | None) -> str:
    if facts is None:
        return "None"
    made = [f"{name}({', '.join(f'{key}={value!a}' for key, value in one.items())})" for one in facts]
    return f"({', '.join(made)}{',' * (len(made) == 1)})"


def fields(targets: Carried, size: Size) -> dict[str, Json]:
    """Return the columns that say what a picture carries, without those that say nothing.

    >>> fields(of_instances([Instance("cat", (2.0, 3.0, 7.0, 10.0))]), (24, 32))
    {'picture_size': [24, 32], 'boxes': [[2.0, 3.0, 7.0, 10.0]], 'box_labels': ['cat']}
    """
    found = {name: value for target in targets.values() for name, value in target.fields().items()}
    return {SIZE: list(size)} | {name: found[name] for name in columns() if name in found}


def of_fields(values: Mapping[str, Json], label: Label, where: str) -> tuple[dict[str, PointTarget], Size | None, int]:
    """Return what columns say: targets, the picture's (height, width) or None, and how many objects had no area.

    Args:
        values: by column; one that is None says nothing, and others than `columns` are not looked at.
        label: of the picture.
        where: for messages.

    Raises:
        FileError: a column is malformed.
    """
    given, size = Columns(values, where, label), None
    if values.get(SIZE) is not None:
        height, width = numbers(values[SIZE], given.place(SIZE), 2)
        size = int(height), int(width)
    outlines, found = given.listed("polygons"), given.listed("boxes")
    count = None if found is None and outlines is None else len(outlines or () if found is None else found)
    given = replace(given, size=size, count=count)
    made = {kind.name: kind.of_columns(given) for kind in point_kinds()}
    targets = {name: target for name, target in made.items() if target is not None}
    boxes = targets.get(Boxes.name)
    kept = boxes.with_area() if isinstance(boxes, Boxes) else ()
    if boxes is None or len(kept) == len(boxes):
        return targets, size, 0
    return of_record(record(of_objects(chosen(targets, kept), kept))), size, len(boxes) - len(kept)


def of_objects(targets: Carried, kept: Iterable[int]) -> dict[str, PointTarget]:
    """Return targets whose boxes were chosen already, with the keypoints of these alone and of the picture itself."""
    found = dict(targets)
    keypoints = found.pop(Keypoints.name, None)
    if isinstance(keypoints, Keypoints) and (left := keypoints.of_objects(list(kept))):
        found[Keypoints.name] = left
    return found
