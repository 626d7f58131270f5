"""Files of what a dense task answers: pictures with the answers on them, masks, and COCO's JSON of boxes."""

import json
from collections.abc import Iterable
from pathlib import Path, PurePath

from augkit.core.arrays import JsonObject
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


def coco_of(rows: Iterable[Row], task: Detect) -> str:
    """Return boxes as COCO's JSON: pictures, classes and, as annotations with a score, what was found.

    pycocotools reads the whole with ``COCO(file)``, and its list ``annotations`` with ``loadRes``.
    """
    images, annotations = list[JsonObject](), list[JsonObject]()
    for number, row in enumerate(rows, start=1):
        if row.answers is None or row.size is None:
            continue
        height, width = row.size
        images.append({"id": number, "file_name": row.path, "width": width, "height": height})
        for place, left, top, right, bottom, score in row.answers.tolist():
            box = [left, top, right - left, bottom - top]
            found = {"id": len(annotations) + 1, "image_id": number, "category_id": int(place) + 1, "bbox": box}
            annotations.append(found | {"area": box[2] * box[3], "iscrowd": 0, "score": score})
    categories = [{"id": place, "name": name} for place, name in enumerate(task.names, start=1)]
    return json.dumps({"images": images, "categories": categories, "annotations": annotations}) + "\n"
