"""Content of COCO files that are written, in pieces: the records are gone through twice, so that none is held."""

import json
from collections.abc import Iterable, Iterator, Mapping

from augkit.core.arrays import Json, JsonObject
from augkit.datasets.coco.coco_categories import Id, above, largest_id
from augkit.datasets.coco.coco_entries import PICTURE_FACTS
from augkit.datasets.data_set import Split
from augkit.datasets.writing import Record, Whole
from augkit.targets import run_lengths
from augkit.targets.box_forms import described
from augkit.targets.records import Instance

DIGITS = 3  # of a pixel, written
OWN_KEYS = ("score", "ignore")  # of objects' facts, which stand beside their geometry
_COMPUTED = frozenset(("id", "area", "category_id"))
_IMAGE_KEYS = ("id", "file_name", "height", "width", "label")


class _Facts:
    """What the data set as a whole says, as `DataSet.about` has it."""

    def __init__(self, whole: Whole, split: Split | None) -> None:
        about = whole.about.get("coco", {})
        self.is_from_coco = bool(about)
        self.info: JsonObject = _of_split(about.get("info", {}), split) or {}
        self.licenses: list[JsonObject] = _of_split(about.get("licenses", {}), split) or []
        self.next_ids: list[Id] = about.get("next_ids", [1, 1])
        self.object_keys = frozenset([*OWN_KEYS, *about.get("object_keys", ())]) - _COMPUTED - {"attributes"}
        self.has_captions = bool(about.get("captions"))
        self.points = dict(whole.keypoint_names) if "keypoints" in whole.kinds else {}
        self.categories = list(_categories(whole, about.get("categories", [])))
        self.numbers = {entry["name"]: entry["id"] for entry in reversed(self.categories)}
        self.names = {entry["id"]: entry["name"] for entry in self.categories}


def content(whole: Whole, split: Split | None) -> Iterator[bytes]:
    """Yield a split's file of instances in pieces."""
    facts = _Facts(whole, split)
    yield b"{\n"
    if facts.info:
        yield b'"info": ' + _json(facts.info) + b",\n"
    if facts.licenses:
        yield b'"licenses": ' + _json(facts.licenses) + b",\n"
    yield b'"categories": ' + _json(facts.categories)
    yield b',\n"images": ['
    pieces = (_json(_image(id, record, facts)) for id, record in _numbered(whole, split, facts))
    yield from _listed(pieces)
    yield b"\n]"
    if any(record.targets for _, record in whole.records() if record.split == split):
        # Else objects were not looked for, which an empty list would claim.
        yield b',\n"annotations": ['
        yield from _listed(_annotations(whole, split, facts))
        yield b"\n]"
    yield b"\n}\n"


def captions(whole: Whole, split: Split | None) -> Iterator[bytes]:
    """Yield a split's file of captions in pieces."""
    facts = _Facts(whole, split)
    yield b'{\n"images": ['
    keys = ("id", "file_name", "height", "width")
    images = (_image(id, record, facts) for id, record in _numbered(whole, split, facts))
    yield from _listed(_json({key: image[key] for key in keys}) for image in images)
    yield b'\n],\n"annotations": ['
    yield from _listed(map(_json, _captions(whole, split, facts)))
    yield b"\n]\n}\n"


def _listed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for place, piece in enumerate(pieces):
        yield (b",\n" if place else b"\n") + piece


def _numbered(whole: Whole, split: Split | None, facts: _Facts) -> Iterator[tuple[Id, Record]]:
    """Yield the pictures of a split with their ids.

    Those of a COCO file that are passed through keep theirs; new ones go on over all splits, as an order of all
    records has it. Without such a file they are numbered from 1 in each split.
    """
    next_id = facts.next_ids[0]
    for _, record in whole.records():
        is_wanted = record.split == split
        if not (is_wanted or facts.is_from_coco):
            continue
        id = record.attributes.get("id") if record.copy is None and facts.is_from_coco else None
        if id is None:
            id, next_id = next_id, above(next_id)
        if is_wanted:
            yield id, record


def _annotations(whole: Whole, split: Split | None, facts: _Facts) -> Iterator[bytes]:
    """Yield the objects of a split with their ids, which are given like those of pictures."""
    next_id = facts.next_ids[1]
    images = _numbered(whole, split, facts)
    for _, record in whole.records():
        is_wanted = record.split == split
        if not (is_wanted or facts.is_from_coco):
            continue
        image = next(images)[0] if is_wanted else None
        for instance in record.instances:
            own = instance.attributes or {}
            id = own.get("id") if record.copy is None and facts.is_from_coco else None
            if id is None:
                id, next_id = next_id, above(next_id)
            if image is not None:
                yield _json({"id": id, "image_id": image, **_coco_object(instance, record, facts)})


def _captions(whole: Whole, split: Split | None, facts: _Facts) -> Iterator[JsonObject]:
    next_id = facts.next_ids[1]
    for image, record in _numbered(whole, split, facts):
        texts, known = record.attributes.get("captions", ()), record.attributes.get("caption_ids", ())
        for place, text in enumerate(texts):
            if record.copy is None and place < len(known):
                id = known[place]
            else:
                id, next_id = next_id, above(next_id)
            yield {"id": id, "image_id": image, "caption": text}


def _image(id: Id, record: Record, facts: _Facts) -> JsonObject:
    height, width = record.size
    image: JsonObject = {"id": id, "file_name": record.name, "height": height, "width": width}
    if record.label is not None:
        image["label"] = record.label
    left = {*_IMAGE_KEYS, *(("captions", "caption_ids") if facts.has_captions else ())}
    known = {key: value for key, value in record.attributes.items() if key not in left}
    own = {key: known.pop(key) for key in sorted(known.keys() & PICTURE_FACTS)}
    if known:
        own["attributes"] = {**known, **(own.get("attributes") or {})}
    return image | own


def _coco_object(instance: Instance, record: Record, facts: _Facts) -> JsonObject:
    box = [round(value, DIGITS) for value in described("coco", instance.box)]
    own = instance.attributes or {}
    kind = own.get("category_id") if facts.is_from_coco else None  # of several categories of one name
    if facts.names.get(kind) != instance.label:
        kind = facts.numbers[instance.label]
    found: JsonObject = {"category_id": kind, "bbox": box, "iscrowd": int(instance.is_crowd)}
    if instance.rle:
        found["segmentation"] = {"size": record.size, "counts": instance.rle}
        found["area"] = sum(run_lengths.expanded(instance.rle)[1::2])
    else:
        found["segmentation"] = instance.rings
        found["area"] = round(sum(map(_area, instance.rings)) if instance.rings else box[2] * box[3], DIGITS)
    points = instance.keypoints or (0, 0, 0) * len(facts.points.get(instance.label, ()))
    if points:
        found["keypoints"] = points
        found["num_keypoints"] = sum(visibility > 0 for visibility in points[2::3])
    if facts.is_from_coco and record.copy is None and "area" in own:
        found["area"] = own["area"]
    beside = {key: own[key] for key in sorted(own.keys() & facts.object_keys)}
    nested = {key: value for key, value in own.items() if key not in facts.object_keys | _COMPUTED | {"attributes"}}
    if isinstance(given := own.get("attributes"), dict):
        nested = {**given, **nested}
    elif given is not None:
        beside["attributes"] = given
    return found | beside | ({"attributes": nested} if nested else {})


def _categories(whole: Whole, known: list[JsonObject]) -> Iterator[JsonObject]:
    """Yield the categories as they were, then those of other classes, numbered above them."""
    names, skeletons = dict(whole.keypoint_names), dict(whole.skeletons)
    next_id = above(largest_id(entry["id"] for entry in known))
    old = {entry["name"] for entry in known}
    yield from known
    for label in whole.classes:
        if label in old:
            continue
        points = {"keypoints": names[label], "skeleton": skeletons.get(label, ())} if label in names else {}
        yield {"id": next_id, "name": label, **points}
        next_id = above(next_id)


def _of_split(values: Mapping[str, Json], split: Split | None) -> Json:
    """Return what is known of a split, or else of the first that there is."""
    return values.get(split or "", next(iter(values.values()), None))


def _area(ring: tuple[float, ...]) -> float:
    """Return the area within a polygon (the shoelace formula)."""
    x, y = ring[0::2], ring[1::2]
    return abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2.0


def _json(value: Json) -> bytes:
    return json.dumps(value, separators=(", ", ": "), allow_nan=False).encode()
