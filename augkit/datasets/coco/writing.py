"""COCO, written: a JSON file a split, made from the records when all of them are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from augkit.core.boxes import described
from augkit.datasets import run_lengths
from augkit.datasets.data_set import Instance, Split
from augkit.datasets.form import Add, Part, Record, Sink, Whole, Writer

__all__ = ["CocoWriter"]

DIGITS = 3  # of a pixel


class CocoWriter(Writer):
    """Pictures in ``[split/][class/]name``, objects in ``annotations/instances[_split].json``.

    Images, annotations and categories are numbered from 1, in order. pycocotools reads this form and writes none.
    """

    name = "coco"
    holds = frozenset(("boxes", "polygons", "keypoints"))

    def place(self, part: Part, record_name: str) -> str:
        return record_name if part.split is None else f"{part.split}/{record_name}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        def add(record: Record, data: bytes, mask: bytes | None) -> None:
            sink.write(self.place(part, record.name), data)

        yield add

    def extract(self, read: Callable[[str], bytes], id: str) -> bytes:
        return read(id)

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        for split in whole.splits:
            name = "instances.json" if split is None else f"instances_{split}.json"
            yield f"annotations/{name}", _content(whole, split)


def _content(whole: Whole, split: Split | None) -> Iterator[bytes]:
    """Yield a split's file in pieces; the records are gone through twice, so that none is held."""
    numbers = {label: number for number, label in enumerate(whole.classes, start=1)}
    yield b'{\n"categories": ' + _json([_category(whole, label, numbers[label]) for label in whole.classes])
    yield b',\n"images": ['
    for number, record in _numbered(whole, split):
        height, width = record.size
        image: dict[str, Any] = {"id": number, "file_name": record.name, "height": height, "width": width}
        if record.label is not None:
            image["label"] = record.label
        yield (b",\n" if number > 1 else b"\n") + _json(image)
    yield b'\n],\n"annotations": ['
    count = 0
    for number, record in _numbered(whole, split):
        for instance in record.instances or ():
            count += 1
            facts = {"id": count, "image_id": number, "category_id": numbers[instance.label]}
            yield (b",\n" if count > 1 else b"\n") + _json(facts | _annotation(instance, record))
    yield b"\n]\n}\n"


def _numbered(whole: Whole, split: Split | None) -> Iterator[tuple[int, Record]]:
    return enumerate((record for _, record in whole.records() if record.split == split), start=1)


def _category(whole: Whole, label: str, number: int) -> dict[str, Any]:
    category: dict[str, Any] = {"id": number, "name": label}
    names, skeletons = dict(whole.keypoint_names), dict(whole.skeletons)
    if label in names:
        category |= {"keypoints": names[label], "skeleton": skeletons.get(label, ())}
    return category


def _annotation(instance: Instance, record: Record) -> dict[str, Any]:
    box = [round(value, DIGITS) for value in described("coco", instance.box)]
    facts: dict[str, Any] = {"bbox": box, "iscrowd": int(instance.is_crowd)}
    if instance.rle:
        facts["segmentation"] = {"size": record.size, "counts": instance.rle}
        facts["area"] = int(run_lengths.decode(instance.rle, record.size).sum())
    else:
        facts["segmentation"] = instance.rings
        facts["area"] = round(sum(map(_area, instance.rings)) if instance.rings else box[2] * box[3], DIGITS)
    if instance.keypoints:
        facts["keypoints"] = instance.keypoints
        facts["num_keypoints"] = sum(visibility > 0 for visibility in instance.keypoints[2::3])
    return facts


def _area(ring: tuple[float, ...]) -> float:
    """Return the area within a polygon (the shoelace formula)."""
    x, y = ring[0::2], ring[1::2]
    return abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2.0


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(", ", ": "), allow_nan=False).encode()
