"""Files of what a dense task answers: pictures with the answers on them, masks, and COCO's JSON of boxes."""

import json
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path, PurePath

from augkit.core.arrays import JsonObject
from augkit.datasets.coco.coco_categories import Id, category_ids
from augkit.datasets.safe_names import digest, safe
from augkit.images import encode, in_bytes, in_mode
from augkit.storage.durable import replace_with
from augkit.train.answers.predictions import Row, Wanted
from augkit.train.tasks.dense import Dense
from augkit.train.tasks.detect_task import Detect
from augkit.train.train_errors import written

QUALITY = 90  # of JPEG


def write_files(folder: Path, task: Dense, wanted: Wanted, row: Row) -> None:
    """Write a picture with the answer to it, and what else belongs to that, into a folder.

    Names are the picture's own, and 8 digits of the hash of its path: none is another picture's.

    Raises:
        Unwritten: a file cannot be written.
        AugkitError: the picture cannot be read again.
    """
    if row.answers is None:
        return
    sample = wanted.read()
    levels = in_bytes(in_mode(sample.image, sample.alpha, "rgb"), False)
    name = f"{safe(PurePath(row.path).stem)}-{digest(row.path, 8)}"
    found = {".jpg": encode(task.drawn(levels, row.answers), "jpeg", QUALITY), **task.files(row.answers)}
    for suffix, data in found.items():
        path = folder / f"{name}{suffix}"
        with written(path):
            folder.mkdir(parents=True, exist_ok=True)
            replace_with(path, data)


def coco_of(rows: Iterable[Row], wanted: Sequence[Wanted], task: Detect) -> str:
    """Return boxes as COCO's JSON: pictures, classes and, as annotations with a score, what was found.

    Pictures of COCO's own files keep their ids, as far as those are of one picture, and classes the ids that they have
    there, or had where they were learnt. pycocotools reads the whole with ``COCO(file)``, and its list ``annotations``
    with ``loadRes`` beside these files.
    """
    images, annotations = list[JsonObject](), list[JsonObject]()
    ids, numbers = _image_ids(wanted), _category_ids(wanted, task)
    for row, id in zip(rows, ids, strict=True):
        if row.answers is None or row.size is None:
            continue
        height, width = row.size
        images.append({"id": id, "file_name": row.path, "width": width, "height": height})
        for place, left, top, right, bottom, score in row.answers.tolist():
            box = [left, top, right - left, bottom - top]
            found = {"id": len(annotations) + 1, "image_id": id, "category_id": numbers[int(place)], "bbox": box}
            annotations.append(found | {"area": box[2] * box[3], "iscrowd": 0, "score": score})
    categories = [{"id": number, "name": name} for number, name in zip(numbers, task.names, strict=True)]
    return json.dumps({"images": images, "categories": categories, "annotations": annotations}) + "\n"


def _image_ids(wanted: Sequence[Wanted]) -> list[Id]:
    """Return an id of each picture that no other has: its own in COCO's file, or a number from 1 that is free."""
    facts = [one.facts.get("id") for one in wanted]
    known = [fact if isinstance(fact, int | str) else None for fact in facts]
    first = {fact: place for place, fact in reversed(list(enumerate(known))) if fact is not None}
    free = (number for number in count(1) if number not in first)
    return [fact if fact is not None and first[fact] == place else next(free) for place, fact in enumerate(known)]


def _category_ids(wanted: Sequence[Wanted], task: Detect) -> Sequence[Id]:
    """Return an id of each class: of the first COCO that was asked about and has them all, or that was learnt from."""
    sets = {id(one.data): one.data for one in wanted if one.data is not None}
    asked = (category_ids(data.about, task.names) for data in sets.values())
    return next(filter(None, asked), task.numbers) or range(1, len(task.names) + 1)
