"""Pictures of COCO files with what belongs to them, put together where several files tell of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.datasets.coco.coco_categories import Id
from augkit.targets.boxes import Boxes
from augkit.targets.keypoints import Keypoints
from augkit.targets.polygons import Polygons
from augkit.targets.records import Instance
from augkit.targets.rotated_boxes import RotatedBoxes
from augkit.targets.target import PointTarget


@dataclass(slots=True)
class Turned:
    """A rotated box: middle x, middle y, width, height, degrees counter-clockwise; its class; its facts."""

    label: str
    box: tuple[float, ...]
    facts: JsonObject


@dataclass(slots=True)
class Picture:
    """An entry of ``images`` with what belongs to it.

    Args:
        name: its file name, as the file has it.
        where: the file and the entry, for messages.
        facts: of the picture, by name.
        label: its class, where the file says it.
        size: (height, width) that the file claims, or None.
        objects, turned: in the file's order.
        classes: of annotations that have no geometry.
        captions: with their ids.
        fault: the first thing that is wrong with it, or empty.
        is_searched: whether objects were looked for.
    """

    name: str
    where: str
    facts: JsonObject
    label: Label = None
    size: Size | None = None
    objects: list[Instance] = field(default_factory=list)
    turned: tuple[Turned, ...] = ()  # most have none, and millions of empty lists would be dear
    classes: tuple[str, ...] = ()
    captions: tuple[tuple[Json, str], ...] = ()
    fault: str = ""
    is_searched: bool = True

    def blame(self, fault: str) -> None:
        """Note what is wrong; the first is told."""
        self.fault = self.fault or fault

    def is_entry(self, other: Picture) -> bool:
        """Return whether another entry, of the same id, says the same."""
        own = {key: value for key, value in self.facts.items() if key != "id"}
        return (self.name, self.label, self.size, own) == (other.name, other.label, other.size, other.facts)

    def join(self, other: Picture) -> None:
        """Add what another file, or another entry, says of the same picture."""
        if self.size is not None and other.size is not None and self.size != other.size:
            self.blame(f"{other.where}: must be of its size elsewhere, {self.size} at {self.where}, got {other.size}.")
        if self.label is not None and other.label not in (None, self.label):
            self.blame(f"{other.where}.label: must be that of {self.where}, {self.label!r}, got {other.label!r}.")
        if other.fault:
            self.blame(other.fault)
        self.size, self.label = self.size or other.size, other.label if self.label is None else self.label
        self.facts = {**other.facts, **self.facts}
        self.is_searched |= other.is_searched
        self.captions += tuple(one for one in other.captions if one not in self.captions)
        self.classes += tuple(name for name in other.classes if name not in self.classes)
        self.turned += tuple(one for one in other.turned if one not in self.turned)
        places = {id: place for place, one in enumerate(self.objects) if (id := _id(one)) is not None}
        for one in other.objects:
            place = places.get(_id(one))
            if place is None or (both := _both(self.objects[place], one)) is None:
                self.objects.append(one)
            else:
                self.objects[place] = both

    def targets(self, is_upright: bool) -> dict[str, PointTarget]:
        """Return its objects as targets; `is_upright` says that upright boxes were looked for."""
        found: dict[str, PointTarget] = {}
        if is_upright:
            found |= self._upright()
        if self.turned:
            rows = np.array([one.box for one in self.turned], np.float64)
            labels, facts = [one.label for one in self.turned], [one.facts for one in self.turned]
            found[RotatedBoxes.name] = RotatedBoxes(rows, labels, facts if any(facts) else None)
        return found

    def _upright(self) -> Iterator[tuple[str, PointTarget]]:
        """Yield what `records.of_instances` makes of its objects, which for large files takes twice as long."""
        objects = self.objects
        rows = np.array([one.box for one in objects], np.float64).reshape(-1, 4)
        masks, crowds, facts = ([getattr(one, name) for one in objects] for name in ("rle", "is_crowd", "attributes"))
        known = {
            name: values if any(values) else None
            for name, values in (("box_masks", masks), ("crowds", crowds), ("box_attributes", facts))
        }
        yield Boxes.name, Boxes(rows, [one.label for one in objects], **known)
        if (polygons := Polygons.of_rings([one.rings for one in objects])) is not None:
            yield Polygons.name, polygons
        if any(one.keypoints for one in objects):
            flat = [*(one.keypoints for one in objects), ()]
            groups = [[points[place : place + 3] for place in range(0, len(points), 3)] for points in flat]
            if (keypoints := Keypoints.of_groups(groups)) is not None:
                yield Keypoints.name, keypoints


def keep_ids(pictures: Iterable[Picture], are_many: bool) -> None:
    """Take the ids from what is not the first to have it: those get new ones when they are written.

    Args:
        pictures: of one split.
        are_many: they come from several files; within one file no two objects have the same id.
    """
    images, objects = set[Id](), set[Id]()
    for picture in pictures:
        if (id := picture.facts.get("id")) in images:
            del picture.facts["id"]
        elif id is not None:
            images.add(id)
        for one in picture.objects if are_many else ():
            if (id := _id(one)) in objects:
                (one.attributes or {}).pop("id", None)
            elif id is not None:
                objects.add(id)


def is_same(one: Instance, other: Instance) -> bool:
    """Return whether two objects are the same but for their facts."""
    return replace(one, attributes=None) == replace(other, attributes=None)


def _id(one: Instance) -> Json:
    return (one.attributes or {}).get("id")


def _both(one: Instance, other: Instance) -> Instance | None:
    """Return what two files say of the object of one id, or None where they contradict each other."""
    if one.label != other.label or max(abs(a - b) for a, b in zip(one.box, other.box, strict=True)) > 0.01:
        return None
    found = {}
    for name in ("rings", "keypoints", "rle"):
        first, second = getattr(one, name), getattr(other, name)
        if first and second and first != second:
            return None
        found[name] = first or second
    facts = {**(other.attributes or {}), **(one.attributes or {})}
    return replace(one, attributes=facts, is_crowd=one.is_crowd or other.is_crowd, **found)
