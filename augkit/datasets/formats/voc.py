"""Pascal VOC: an XML file a picture, lists of pictures as splits, and masks of classes and objects.

Read is the layout of the development kit, at the root or in folders such as ``VOCdevkit/VOC2012``:

    JPEGImages/a.jpg        Annotations/a.xml
    SegmentationClass/a.png SegmentationObject/a.png
    ImageSets/Main/train.txt, val.txt, test.txt, trainval.txt; likewise in Segmentation, Layout and Action

and XML beside pictures or in a folder beside theirs, as LabelImg, Roboflow and CVAT leave it; splits are folders there.

**Boxes.** In VOC pixels count from 1 and both ends belong to a box: xmin 1 to xmax W is the whole width, left 0 and
right W here. LabelImg, CVAT and Datumaro write edges that count from 0 into the same elements; files that show by
their ``source`` that these made them are read so, and so are all files that do not show who did, as soon as one of them
has an xmin or ymin below 1, which VOC has not. That is told. Parts of pixels are kept.

A mask of objects (``SegmentationObject``) becomes the run lengths of the objects, number n being the n-th of the XML;
255 belongs to none. ``labelmap.txt`` (CVAT, Datumaro) names the classes in order. ``cat_train.txt`` and the like say
which pictures show a cat (1) or none (-1), which the XML says too: where it does not, they are the classes of the
pictures.

Written is the development kit's layout, with ``occluded`` and ``attributes`` as CVAT adds them, ``polygon`` as Roboflow
does, and boxes of which the numbers count from 1. Reference: The PASCAL Visual Object Classes Challenge 2012, devkit.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from augkit.core.arrays import Image, JsonObject, Mask
from augkit.core.spatial import Size, size_of
from augkit.core.xml_files import UNHELD
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.folders.mask_classes import classes_of, is_called_classes
from augkit.datasets.folders.mask_content import about_masks
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, refuse_twins, splits_by_folders
from augkit.datasets.voc.voc_annotations import VocObject, VocPicture, instances_of, is_voc, picture_of, written_picture
from augkit.datasets.voc.voc_lists import LISTS, PICTURES, VocLists, lists_of
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import AugkitError, DecodeError, FileError, raise_outage
from augkit.images import class_numbers, decode_mask, encode_mask
from augkit.targets import run_lengths
from augkit.targets.records import Instance, of_instances, of_record, record
from augkit.targets.run_lengths import checked
from augkit.targets.whole_masks import box_of_mask

ANNOTATIONS = "Annotations"
CLASSES, OBJECTS = "SegmentationClass", "SegmentationObject"
VOID = 255
PREDEFINED, NO_CLASSES = "predefined_classes.txt", ("background", "_background_", "void")
LOOKED_AT = 50  # of XML files, to recognise


class VocFormat(Reader, FileWriter):
    """Read and write boxes, outlines, masks of classes and objects, and what VOC says of objects."""

    name = "voc"
    summary = "Pascal VOC: its folder, or XML beside pictures (LabelImg, Roboflow, CVAT)"
    rank = 8
    holds_labels = True
    names_masks = True
    reads = frozenset(("boxes", "polygons", "masks", "attributes", "keypoints", "rotated boxes"))
    holds = frozenset(("boxes", "polygons", "masks", "attributes"))
    unheld = re.compile(rf"{UNHELD.pattern}|[\r\n]|\A\s|\s\Z|\A\Z")

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(".xml") and is_voc(inventory.head(inventory.file))
        found = [path for path in inventory.sizes if path.lower().endswith(".xml")]
        if any(is_voc(inventory.head(path)) for path in found[:LOOKED_AT]):
            return True
        return bool(lists_of(inventory)) and any(_part(path, PICTURES) for path in inventory.pictures)

    def read(self, inventory: Inventory) -> DataSet:
        return _Reading(inventory).data(self.name)

    def folder(self, split: Split | None) -> str:
        return f"{PICTURES}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        stem = record.name.rpartition(".")[0]
        instances, objects = _painted(record, mask)
        is_segmented = mask is not None or objects is not None
        name = posixpath.basename(record.name)
        facts = record.label, record.attributes, is_segmented
        yield f"{ANNOTATIONS}/{stem}.xml", written_picture(name, record.size, instances, *facts)
        if mask is not None:
            yield f"{CLASSES}/{stem}.png", _with_palette(mask, part.about)
        if objects is not None:
            yield f"{OBJECTS}/{stem}.png", encode_mask(objects, colour_map())

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        for split in whole.splits:
            yield f"{LISTS}/Main/{split or 'trainval'}.txt", _listed(whole, (split,))
        if {"train", "val"} <= set(whole.splits):
            yield f"{LISTS}/Main/trainval.txt", _listed(whole, ("train", "val"))
        names, colours = whole.about.get("mask_classes"), whole.about.get("mask_colours") or []
        if "masks" not in whole.kinds:
            names, colours = ["background", *whole.classes], []
        if names:
            yield "labelmap.txt", [_labelmap(names, colours)]


# ---- read


@dataclass
class _Entry:
    """A picture, and what was found for it."""

    path: str
    told: VocPicture | None = None
    fault: str = ""


class _Reading:
    """One data set being read."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory, self.root = inventory, inventory.root
        self.pictures = NamedPictures(inventory)
        self.entries: dict[str, _Entry] = {}
        self.masks: dict[str, str] = {}
        self.objects: dict[str, str] = {}
        self.about: JsonObject = {}
        self.listed: list[str] = []  # classes in the order of a file that names them
        self.for_objects = True  # were looked for: some XML has one, or nothing else is said

    def data(self, form: str) -> DataSet:
        inventory = self.inventory
        for path in sorted(inventory.sizes) if inventory.file is None else [inventory.file]:
            if path.lower().endswith(".xml") and is_voc(inventory.head(path)):
                self._read_xml(path)
        listed = VocLists(inventory, self.pictures)
        self._find_masks()
        has_xml = any(entry.told for entry in self.entries.values())
        for path in listed.pictures:
            if path not in self.entries:
                fault = f"{self.root}/{path}: must have an XML file of its name, as others do, got none."
                self.entries[path] = _Entry(path, fault=fault if has_xml and path not in self.masks else "")
        told = [entry.told for entry in self.entries.values() if entry.told]
        is_said = bool(self.masks) or any(one.label is not None for one in told) or listed.has_classes
        self.for_objects = not is_said or any(one.objects for one in told)
        first = self._first()
        splits = listed.splits or (splits_by_folders(self.entries, inventory) if inventory.is_whole else {})
        self._require_splits(splits)
        sources = [self._source(entry, splits.get(entry.path), first) for entry in self.entries.values()]
        sources = listed.labelled(sources)
        refuse_twins(self.entries, inventory)
        if not sources and listed.missing:
            what = f"must have its pictures in {PICTURES}, got none of {listed.missing:,}."
            raise FileError(what, str(self.root))
        names = {name for source in sources for name in _names(source)}
        classes = [*self.listed, *sorted(names - set(self.listed))] if self.listed else sorted(names)
        data = DataSet.of(form, self.root, sources, inventory.left_out, classes)
        has_points = "keypoints" in data.kinds
        points = tuple((name, ("point",)) for name in sorted(names)) if has_points else ()
        return replace(data, about=self.about, keypoint_names=points)

    def _read_xml(self, path: str) -> None:
        where, named, told, fault = f"{self.root}/{path}", "", None, ""
        unread = partial(self.inventory.unread, "key")
        try:
            told = picture_of(self.inventory.read(path), where, unread)
            named = told.named
        except FileError as wrong:
            raise_outage(wrong)
            fault = str(wrong)
        picture = self.pictures.of_label_file(path, named)
        if picture is None:
            advice = f"Its picture {named!r} is not there." if named else "There is no picture of its name."
            self.inventory.unread("file", path, where, advice)
        elif picture in self.entries:
            self.inventory.unread("file", path, where, f"{picture} has an XML file already.")
        else:
            self.entries[picture] = _Entry(picture, told, fault)

    def _first(self) -> int:
        """Return the number of the first pixel in files that do not tell."""
        unknown = [entry for entry in self.entries.values() if entry.told and entry.told.first is None]
        odd = next((e for e in unknown if e.told and any(one.least < 1.0 for one in e.told.objects)), None)
        marked = {entry.told.first for entry in self.entries.values() if entry.told} - {None}
        if odd is not None:
            why = f"since that of {odd.path} has an edge before the first pixel"
            self.inventory.note(f"The XML counts edges from 0, not pixels from 1 as VOC does, {why}.")
        elif 0 in marked:
            self.inventory.note("XML that LabelImg, CVAT or Datumaro wrote counts edges from 0, not pixels from 1.")
        return 1 if odd is None else 0

    def _source(self, entry: _Entry, split: Split | None, first: int) -> Source:
        size, told, mask = self.inventory.sizes[entry.path], entry.told, self.masks.get(entry.path)
        fault, annotations = entry.fault, None if mask is None else Annotations({}, mask)
        try:
            if told is not None and not fault:
                annotations = self._annotations(entry.path, told, first if told.first is None else told.first)
            elif entry.path in self.objects and not fault:
                annotations = self._segmented(entry.path)
        except AugkitError as wrong:
            raise_outage(wrong)
            fault, annotations = str(wrong), None
        label, attributes = (None, None) if told is None else (told.label, told.attributes or None)
        return Source(entry.path, size, label, split, None, None, annotations, fault, attributes)

    def _annotations(self, path: str, told: VocPicture, first: int) -> Annotations:
        objects, size = list(told.objects), told.size
        if path in self.objects:
            objects, size = self._with_masks(path, told)
        if any(one.rle for one in objects):
            if size is None:
                raise FileError("must come with the size of its picture, got none.", f"{self.root}/{path} rle")
            objects = [replace(one, rle=one.rle and checked(one.rle, size, f"{path} rle")) for one in objects]
        made = list(instances_of(objects, first))
        self.inventory.left_out[FLAT] += made.count(None)
        facts = record(of_instances(one for one in made if one is not None))
        rotated = [one for one in objects if one.edges is None]
        if rotated:
            facts["rotated_boxes"] = [
                {"label": one.label, "numbers": one.rotated, "attributes": one.attributes} for one in rotated
            ]
        mask = self.masks.get(path)
        if not (objects or self.for_objects):
            del facts["instances"]
        return Annotations(of_record(facts), mask, size)

    # ---- masks

    def _find_masks(self) -> None:
        if not self.inventory.is_whole:
            return
        for folder, found in ((CLASSES, self.masks), (OBJECTS, self.objects)):
            for path in sorted(path for path in self.inventory.pictures if _part(path, folder)):
                above, _, below = f"/{path}".rpartition(f"/{folder}/")
                stem = f"{above}/{PICTURES}/{below.rpartition('.')[0]}".lstrip("/")
                there, last = posixpath.split(stem)
                names = [name for name in self.inventory.names(there) if name.rpartition(".")[0] == last]
                picture = self.pictures.at(*(posixpath.join(there, name) for name in names))
                if picture is None or picture in found:
                    self.inventory.unread("file", path, f"{self.root}/{path}", "It is a mask without a picture.")
                    continue
                found[picture] = path
                self.inventory.use(path)
                if picture not in self.entries:
                    self.entries[picture] = _Entry(picture)
        classes = None
        for path in self.inventory.sizes:
            if "/" not in path and (is_called_classes(path) or path == PREDEFINED):
                classes = classes_of(self.inventory.read(path), f"{self.root}/{path}")
                self.listed = [name for name in classes.names if name and name.lower() not in NO_CLASSES]
        if not self.masks:
            return
        paths, inventory = list(self.masks.values()), self.inventory
        self.about = about_masks(paths, inventory.head, self.root.read, classes, inventory.note, str(self.root))
        if self.about.get("mask_colours") and classes is None and not self.about.get("mask_classes"):
            del self.about["mask_colours"]  # VOC's palette

    def _with_masks(self, picture: str, told: VocPicture) -> tuple[list[VocObject], Size]:
        """Return a picture's objects with the run lengths of their mask, and its size."""
        numbers, where = self._numbers(picture), f"{self.root}/{self.objects[picture]}"
        if told.size not in (None, numbers.shape):
            raise FileError(f"must have the size of its picture, {told.size}, got {numbers.shape}.", where)
        known = set(np.unique(numbers).tolist()) - {0, VOID}
        if max(known, default=0) > len(told.objects):
            what = f"must number the {len(told.objects)} objects of the XML file, got {max(known)}."
            raise FileError(what, where)
        objects = [
            replace(one, rle=run_lengths.encode(numbers == number)) if number in known and not one.rle else one
            for number, one in enumerate(told.objects, 1)
        ]
        return objects, size_of(numbers)

    def _numbers(self, picture: str) -> Mask:
        """Return the mask (H, W) of a picture's objects."""
        try:
            return decode_mask(self.root.read(self.objects[picture]))
        except DecodeError as fault:
            raise fault.at(f"{self.root}/{self.objects[picture]}") from fault.__cause__

    def _segmented(self, picture: str) -> Annotations:
        """Return the objects of a mask where no XML tells of them: their classes are those of the other mask."""
        numbers, place = self._numbers(picture), self.masks.get(picture)
        classes = None if place is None else class_numbers(self.root.read(place), self.about.get("mask_colours"))
        if classes is None or classes.shape != numbers.shape:
            what = f"must lie beside a mask of classes of the same size, in {CLASSES}, or beside an XML file."
            raise FileError(what, f"{self.root}/{self.objects[picture]}")
        names, found = self.about.get("mask_classes") or [], list[Instance]()
        for number in sorted(set(np.unique(numbers).tolist()) - {0, VOID}):
            inside = numbers == number
            box = box_of_mask(inside)
            values, counts = np.unique(classes[inside], return_counts=True)
            kind = int(values[counts.argmax()])
            name = names[kind] if kind < len(names) and names[kind] else str(kind)
            if box is not None:
                left, top, right, bottom = map(float, box)
                found.append(Instance(name, (left, top, right, bottom), (), (), run_lengths.encode(inside)))
        return Annotations(of_instances(found), place, size_of(numbers))

    def _require_splits(self, splits: dict[str, Split | None]) -> None:
        if any(splits.values()):
            odd = next((path for path in self.entries if splits.get(path) is None), None)
            if odd is not None:
                what = f"must put every picture into a split, got {odd!r} in none. Name it in {LISTS}, or ignore it."
                raise FileError(what, f"{self.root}/{LISTS}")


def _part(path: str, folder: str) -> bool:
    return folder in path.split("/")[:-1]


def _names(source: Source) -> Iterator[str]:
    yield from source.box_labels
    if source.annotations is not None and "rotated_boxes" in source.annotations.targets:
        yield from source.annotations.targets["rotated_boxes"].names()
    yield from [source.label] if isinstance(source.label, str) else []


# ---- written


def colour_map() -> Image:
    """Return VOC's palette (256, 3): the bits of a number, three by three, from the highest bits of R, G and B on.

    >>> colour_map()[[0, 1, 2, 15, 255]].tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0], [192, 128, 128], [224, 224, 192]]
    """
    numbers = np.arange(256)
    found = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            found[:, channel] |= (((numbers >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return found


def _with_palette(mask: bytes, about: JsonObject) -> bytes:
    numbers = decode_mask(mask)
    if numbers.max(initial=0) > VOID:
        return mask
    palette = colour_map()
    for number, colour in enumerate((about.get("mask_colours") or [])[:256]):
        if colour is not None:
            palette[number] = colour
    return encode_mask(numbers, palette)


def _painted(record: Record, mask: bytes | None) -> tuple[list[Instance], Mask | None]:
    """Return the objects, and their mask where they have run lengths; these stay in the XML where they overlap."""
    instances = list(record.instances)
    if not any(one.rle for one in instances):
        return instances, None
    objects = np.zeros(record.size, np.uint8)
    # Parts come in no object's stead: the number is the place among the objects that the XML will have.
    order = [place for place, one in enumerate(instances) if "part_of" not in (one.attributes or {})]
    if len(order) < len(instances):
        return instances, None
    for place in order:
        one = instances[place]
        if not one.rle:
            continue
        inside = run_lengths.decode(one.rle, record.size) > 0
        if place + 1 >= VOID or objects[inside].any() or not inside.any():
            continue
        objects[inside] = place + 1
        instances[place] = replace(one, rle="")
    if mask is not None:
        void = decode_mask(mask) == VOID
        objects[void & (objects == 0)] = VOID
    return instances, objects


def _listed(whole: Whole, splits: Sequence[Split | None]) -> Iterator[bytes]:
    for _, one in whole.records():
        if one.split in splits:
            yield f"{one.name.rpartition('.')[0]}\n".encode("utf-8", "surrogateescape")


def _labelmap(names: Sequence[str], colours: Sequence[Sequence[int] | None]) -> bytes:
    """Return the classes of masks as CVAT and Datumaro list them: ``name:r,g,b:parts:actions``."""
    palette = colour_map().tolist()
    lines = ["# label:color_rgb:parts:actions"]
    for number, name in enumerate(names):
        given = colours[number] if number < len(colours) else None
        lines.append(f"{name}:{','.join(map(str, given or palette[number % 256]))}::")
    return "\n".join([*lines, ""]).encode("utf-8", "backslashreplace")  # masks' classes are not looked at


FORMATS.add("voc", VocFormat())
