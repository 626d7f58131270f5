"""Files of COCO about one picture, and what is read and written of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from augkit.datasets import Source, read
from augkit.pipeline import Pipeline
from augkit.targets.records import Instance
from augkit.transforms.geometry import Mirror
from support.data_sets import JPEG, lay
from support.folders import done

SIZE = (24, 32)
RLE: dict[str, Any] = {"size": [*SIZE]}
MASK = np.zeros(SIZE, np.uint8)
MASK[3:9, 4:20] = 1
RING = [[1, 1, 9, 1, 9, 5]]


def data_of(*objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a file with one picture, a.jpg, whose objects are cats unless they say otherwise."""
    plain = {"image_id": 41, "category_id": 3, "bbox": [1, 2, 9, 9], "area": 81, "iscrowd": 0}
    image = {"id": 41, "file_name": "a.jpg", "height": SIZE[0], "width": SIZE[1]}
    found = [{"id": place, **plain, **one} for place, one in enumerate(objects, start=7)]
    found = [{key: value for key, value in one.items() if value is not ...} for one in found]
    kinds = [{"id": 7, "name": "dog", "supercategory": "pet"}, {"id": 3, "name": "cat"}]
    return {"images": [image], "annotations": found, "categories": kinds, **more}


def source_of(tmp_path: Path, data: Any, name: str = "annotations/instances_train.json", **files: bytes) -> Source:
    """Return the only picture, after its data set was laid."""
    (source,) = read(lay(tmp_path, {name: data, **(files or {"train/a.jpg": JPEG})})).sources
    return source


def instances(source: Source) -> list[Instance]:
    assert not source.fault
    assert source.annotations is not None
    return list(source.annotations.instances or ())


def written(src: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Return what an expansion writes about the only split, mirrored copies beside what is passed through."""
    options = {
        "pipeline": Pipeline([Mirror()]),
        "originals": "include",
        "form": "coco",
        "encoding": "png",
        "copies": 1,
        **options,
    }
    done(src, out, **options)
    found: dict[str, Any] = json.loads(next((out / "annotations").glob("instances*.json")).read_bytes())
    return found
