"""Entries of a COCO file, checked: its pictures with their objects.

What is wrong with one entry costs its picture alone. Facts without geometry are kept as attributes; a key that is none
of `PICTURE_FACTS` and `OBJECT_FACTS` may be geometry, and is told as not understood.

Reference: https://cocodataset.org/#format-data, LVIS's and CVAT's additions to it.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.datasets.coco.coco_categories import (
    Categories,
    Counts,
    Id,
    id_of,
    largest_id,
    listed,
    named,
    require_finite,
)
from augkit.datasets.coco.coco_pictures import Picture, Turned, is_same
from augkit.errors import FileError
from augkit.targets import run_lengths
from augkit.targets.columns import numbers, shown
from augkit.targets.polygons import Box, around, box_of, rings_of
from augkit.targets.records import Instance, Ring, says

_FILE = {"images", "annotations", "categories", "info", "licenses", "type"}
_PICTURE = {"id", "file_name", "height", "width", "label"}
_OBJECT = {"image_id", "category_id", "bbox", "segmentation", "iscrowd", "keypoints", "num_keypoints"}
PICTURE_FACTS = named(
    "license coco_url flickr_url flickr_640_url url date_captured attributes tags captions caption_ids extra "
    "metadata neg_category_ids not_exhaustive_category_ids video_id frame_id frame_index frame_num seq_id "
    "seq_num_frames location class_attributes rights_holder datetime dataset_id source is_annotated path "
    "category_ids annotated annotating num_annotations deleted milliseconds events regenerate_thumbnail "
    "is_modified date latitude longitude location_uncertainty user_id corrupt"
)
_PICTURE_KEYS = PICTURE_FACTS | _PICTURE
_BESIDE = {"id", "area", "category_id", "score", "ignore"}  # facts of objects that are written beside their geometry
OBJECT_FACTS = named(
    "id area attributes caption score confidence ignore difficult truncated occluded is_occluded is_truncated "
    "segment_id track_id instance_id video_id group_id group tags color metadata isbbox visibility source "
    "verified uncertain text transcription language legibility class category_name supercategory creator "
    "milliseconds events deleted count sequence_level_annotation manual_annotation encord_track_uuid "
    "classifications is_group_of is_inside is_depiction truncation occlusion"
)


def pictures_of(data: JsonObject, where: str, categories: Categories, counts: Counts) -> list[Picture]:
    """Return the pictures of one file with their objects, in the file's order.

    Args:
        data: what the file holds; its annotations are taken out of it, to hold them only once.
        where: the file's path below the root, for messages.
        categories: of the files before it; its own are added.
        counts: likewise.

    Raises:
        FileError: the file as a whole cannot be understood.
    """
    counts.note_keys(data, _FILE, "", where)
    names = categories.add(data.get("categories") or [], where, counts)
    pictures, by_id = _pictures(listed(data["images"], f"{where}.images"), where, counts)
    entries = listed(data.get("annotations") or [], f"{where}.annotations")
    objects = _Objects(where, by_id, names, categories, counts)
    is_searched = "annotations" in data and (bool(entries) or any(picture.label is None for picture in pictures))
    orphans = objects.add(entries)
    if orphans and orphans == len(entries) and not any(picture.fault for picture in pictures):
        what = f"must be of pictures that are in images, got none of {orphans:,}."
        raise FileError(what, f"{where} annotations")
    counts.image_ids.append(largest_id(by_id))
    counts.object_ids.append(largest_id(objects.seen))
    for picture in pictures:
        picture.is_searched = is_searched and not objects.is_captions
    return pictures


def _pictures(entries: list[Json], where: str, counts: Counts) -> tuple[list[Picture], dict[Id, Picture]]:
    found: list[Picture] = []
    by_id: dict[Id, Picture] = {}
    for place, entry in enumerate(entries):
        here = f"{where} images[{place}]"
        if not isinstance(entry, dict):
            raise FileError(f"must be an object, got {shown(entry)}.", here)
        entries[place] = None  # what is kept of it is enough
        name = entry.get("file_name") or entry.get("coco_url")  # which is what LVIS has
        if not isinstance(name, str) or not name.strip("./\\"):
            raise FileError(f"must be the name of a file, got {shown(name)}.", f"{here}.file_name")
        facts = {key: value for key, value in entry.items() if key in PICTURE_FACTS and value is not None}
        if not _PICTURE_KEYS.issuperset(entry):
            counts.note_keys(entry, _PICTURE_KEYS, "images", here)
        if "attributes" in facts:
            facts = with_nested(facts, _PICTURE_KEYS)
        picture = Picture(name, here, facts, entry.get("label"))
        try:
            require_finite(facts, here)
            picture.size = _size(entry, here)
            id = id_of(entry.get("id"), f"{here}.id")
        except FileError as fault:
            picture.blame(str(fault))
            found.append(picture)
            continue
        if id in by_id:
            if by_id[id].is_entry(picture):
                counts.again += 1
                continue
            again = f"{here}.id: must be its own, got {shown(id)} again."
            picture.blame(again)
            by_id[id].blame(again)
        picture.facts["id"] = id
        by_id.setdefault(id, picture)
        found.append(picture)
    return found, by_id


def _size(entry: JsonObject, here: str) -> Size | None:
    """Return the (height, width) that an entry claims; none where both are missing or 0, as some tools leave them."""
    sides = [entry.get("height"), entry.get("width")]
    if not any(sides):
        return None
    for name, side in zip(("height", "width"), sides, strict=True):
        if isinstance(side, bool) or not isinstance(side, int | float) or side <= 0 or side % 1 != 0:
            raise FileError(f"must be a whole number above 0, got {shown(side)}.", f"{here}.{name}")
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]  # numbers, as the loop saw


@dataclass
class _Objects:
    """The annotations of one file, given to its pictures."""

    where: str
    pictures: dict[Id, Picture]
    names: dict[Id, str]
    categories: Categories
    counts: Counts
    is_captions: bool = False
    seen: set[Id] = field(default_factory=set)

    def add(self, entries: list[Json]) -> int:
        """Give every picture its objects; an entry that cannot be read costs its picture. Return how many have none.

        Raises:
            FileError: it cannot be said whose an entry is.
        """
        plain: list[tuple[str, Picture, JsonObject, int]] = []
        shaped: set[str] = set()
        points = {id: len(self.categories.keypoints.get(name, ())) for id, name in self.names.items()}
        twins, orphans, captions = self.categories.twins, 0, 0
        for place, entry in enumerate(entries):
            try:
                image = id_of(entry["image_id"], ".image_id")
            except (FileError, KeyError, TypeError):
                what = f"must be an object with the id of a picture as image_id, got {shown(entry)}."
                raise FileError(what, self._place(place)) from None
            entries[place] = None  # a large file's objects need not be held twice
            if (picture := self.pictures.get(image)) is None:
                orphans += 1
                continue
            try:
                facts = self._facts(entry, picture, place)
                if "caption" in entry and "category_id" not in entry:
                    picture.captions += (_caption(entry),)
                    captions += 1
                    continue
                kind = id_of(entry.get("category_id"), ".category_id")
                if (label := self.names.get(kind)) is None:
                    raise FileError(f"must be the id of a category, got {shown(kind)}.", ".category_id")
                if label in twins:
                    facts["category_id"] = kind
                if not ("bbox" in entry or "segmentation" in entry or "keypoints" in entry):
                    plain.append((label, picture, facts, place))
                    continue
                shaped.add(label)
                self._add_object(picture, entry, label, points[kind], facts)
            except FileError as fault:
                picture.blame(str(FileError(fault.message, self._place(place) + fault.where)))
        self.counts.orphans += orphans
        self.is_captions = 0 < captions == len(entries) - orphans
        for label, picture, facts, place in plain:
            if label in shaped:
                picture.blame(f"{self._place(place)}.bbox: must be 4 numbers, got None.")
            elif label not in picture.classes:
                picture.classes += (label,)
                if says(facts):
                    picture.facts.setdefault("class_attributes", {})[label] = facts
        return orphans

    def _place(self, place: int) -> str:
        """Name an annotation for messages; functions that read one name what is below it alone, which costs less."""
        return f"{self.where} annotations[{place}]"

    def _facts(self, entry: JsonObject, picture: Picture, place: int) -> JsonObject:
        """Return the facts of an object that do not move."""
        facts = {key: value for key, value in entry.items() if key not in _OBJECT}
        if not OBJECT_FACTS.issuperset(facts):
            if (facts.get("height"), facts.get("width")) == picture.size:  # told again, as COCO Annotator does
                del facts["height"], facts["width"]
            self.counts.note_keys(facts, OBJECT_FACTS, "annotations", self._place(place))
            facts = {key: value for key, value in facts.items() if key in OBJECT_FACTS}
        require_finite(facts, "")
        if (id := facts.get("id")) is not None:
            facts["id"] = id = id_of(id, ".id")
            if id in self.seen:
                del facts["id"]  # it gets one of its own
            self.seen.add(id)
        if not self.counts.object_keys.issuperset(facts):
            self.counts.object_keys.update(facts)
        if "attributes" not in facts:
            return facts
        return with_nested(facts, facts.keys() | _BESIDE)

    def _add_object(self, picture: Picture, entry: JsonObject, label: str, points: int, facts: JsonObject) -> None:
        outline, rle = entry.get("segmentation"), ""
        rings: tuple[Ring, ...] = ()
        if isinstance(outline, dict):
            rle = _mask(outline, picture)
        elif outline:
            rings = self._rings(outline, ".segmentation")
        keypoints = _keypoints(entry, points)
        turn = facts.get("rotation")
        box: Box | None
        if not (entry.get("bbox") or rings or rle) and any(keypoints):
            seen = [keypoints[at : at + 2] for at in range(0, len(keypoints), 3) if keypoints[at + 2]]
            across, down = zip(*seen, strict=True)
            box = _wide(min(across), min(down), max(across), max(down))
            self.counts.unboxed += 1
        elif entry.get("bbox") or not (rings or rle):
            left, top, width, height = numbers(entry.get("bbox"), ".bbox", 4)
            if width < 0.0 or height < 0.0:
                raise FileError(f"must have a width and a height, got {shown(entry['bbox'])}.", ".bbox")
            box = box_of(left, top, left + width, top + height)
            if box is None and (rings or rle):  # a box of zeros, as some tools write where they know the outline alone
                box = around(rings) if rings else _box_of_mask(rle, (outline or {})["size"])
            if box is None and any(keypoints):
                box = _wide(left, top, left + width, top + height)
                self.counts.widened += 1
        else:
            box = around(rings) if rings else _box_of_mask(rle, (outline or {})["size"])
        if isinstance(turn, int | float) and turn % 360.0:
            if rings or rle or keypoints:
                what = f"must be 0 for an object with an outline or keypoints, got {turn}."
                raise FileError(what, ".attributes.rotation")
            if box is not None:
                middle = (box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0
                turned = (*middle, box[2] - box[0], box[3] - box[1], -float(turn))  # CVAT's turn clockwise
                del facts["rotation"]
                picture.turned += (Turned(label, turned, facts),)
                return
        crowd = entry.get("iscrowd")
        if crowd not in (None, 0, 1):
            raise FileError(f"must be 0 or 1, got {shown(crowd)}.", ".iscrowd")
        if box is None:
            self.counts.flat += 1
            return
        found = Instance(label, box, rings, keypoints, rle, bool(crowd), facts)
        if "id" not in facts and "id" in entry and any(is_same(found, one) for one in picture.objects):
            self.counts.again += 1
            return
        picture.objects.append(found)

    def _rings(self, outline: Json, where: str) -> tuple[Ring, ...]:
        """Return the rings of an outline; those of fewer than three points enclose nothing and are counted."""
        if isinstance(outline, list) and type(outline[0]) in (int, float):
            outline = [outline]
        rings = rings_of(outline, where)
        self.counts.rings += len(outline) - len(rings)
        return rings


def with_nested(facts: JsonObject, taken: Set[str]) -> JsonObject:
    """Return facts with those that are nested in ``attributes`` beside them, where no other has that name."""
    nested, beside = facts["attributes"], {key: value for key, value in facts.items() if key != "attributes"}
    if not isinstance(nested, dict):
        return facts
    left = {key: value for key, value in nested.items() if key in taken or key == "attributes"}
    beside |= {key: value for key, value in nested.items() if key not in left}
    return beside | ({"attributes": left} if left else {})


def _mask(outline: JsonObject, picture: Picture) -> str:
    height, width = (int(value) for value in numbers(outline.get("size"), ".segmentation.size", 2))
    rle = run_lengths.checked(outline.get("counts"), (height, width), ".segmentation.counts")
    if picture.size is not None and picture.size != (height, width):
        what = f"must be of its picture's size, {picture.size} at {picture.where}, got {(height, width)}."
        raise FileError(what)
    return rle


def _box_of_mask(rle: str, size: list[int]) -> Box | None:
    """Return the box around run lengths, which go down the columns."""
    height, left = int(size[0]), sum(size) << 32
    top, right, bottom, start = height, 0, 0, 0
    for place, run in enumerate(run_lengths.expanded(rle)):
        if place % 2 and run:
            first, last = divmod(start, height), divmod(start + run - 1, height)
            left, right = min(left, first[0]), max(right, last[0] + 1)
            spans = first[0] != last[0]
            top, bottom = min(top, 0 if spans else first[1]), max(bottom, height if spans else last[1] + 1)
        start += run
    return box_of(float(left), float(top), float(right), float(bottom))


def _wide(left: float, top: float, right: float, bottom: float) -> Box:
    """Return a box without area, of an object that has keypoints, one pixel wide."""
    x, y = (left + right) / 2.0, (top + bottom) / 2.0
    half_x, half_y = max((right - left) / 2.0, 0.5), max((bottom - top) / 2.0, 0.5)
    return x - half_x, y - half_y, x + half_x, y + half_y


def _keypoints(entry: JsonObject, points: int) -> Ring:
    """Return x, y, visibility of all points of an object; none where none is labelled."""
    if not entry.get("keypoints"):
        if entry.get("num_keypoints"):
            raise FileError(f"must come with its keypoints, got {shown(entry['num_keypoints'])}.", ".num_keypoints")
        return ()
    found = numbers(entry["keypoints"], ".keypoints", 3 * points or None)
    if len(found) % 3:
        raise FileError(f"must be x, y, visibility of each, got {len(found)} numbers.", ".keypoints")
    return found if any(found[2::3]) else ()


def _caption(entry: JsonObject) -> tuple[Json, str]:
    if not isinstance(entry["caption"], str):
        raise FileError(f"must be a text, got {shown(entry['caption'])}.", ".caption")
    return entry.get("id"), entry["caption"]
