"""A COCO data set whose labels lie where a test knows, and a pipeline that bends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.pipeline import Pipeline
from augkit.targets import run_lengths
from augkit.transforms.crops import RandomCrop
from augkit.transforms.geometry import Mirror, Rotate
from augkit.transforms.warps import LocalWarp
from support.folders import picture, put

pytest.importorskip("pycocotools", reason="COCO's run lengths are not tested without pycocotools")
SIZE = (96, 120)
BENT = Pipeline([RandomCrop((80, 90)), Mirror(), Rotate((-25, 25)), LocalWarp(0.04, 5)], border="constant")
RING = (30.0, 20.0, 90.0, 25.0, 85.0, 70.0, 60.0, 40.0, 35.0, 75.0)
BOX = (30.0, 20.0, 90.0, 75.0)
POINTS = (40.0, 30.0, 2, 80.0, 60.0, 1, 0, 0, 0)


def blob() -> np.ndarray[Any, Any]:
    mask = np.zeros(SIZE, np.uint8)
    mask[40:80, 10:50] = 1
    return mask


def coco(root: Path, count: int = 5) -> Path:
    """Write a COCO data set: on each picture an outlined person with keypoints, and a crowd; one of the background."""
    images, annotations = [], []
    for number in range(count):
        put(root / f"train/{number}.png", picture(number, (*SIZE, 3)))
        images.append({"id": number + 7, "file_name": f"{number}.png", "height": SIZE[0], "width": SIZE[1]})
        if number == 0:
            continue
        left, top, right, bottom = BOX
        common = {"image_id": number + 7, "area": 1.0}
        annotations += [
            common
            | {"id": 2 * number, "category_id": 3, "iscrowd": 0, "bbox": [left, top, right - left, bottom - top]}
            | {"segmentation": [list(RING)], "keypoints": list(POINTS), "num_keypoints": 2},
            common
            | {"id": 2 * number + 1, "category_id": 9, "iscrowd": 1, "bbox": [10, 40, 40, 40]}
            | {"segmentation": {"size": list(SIZE), "counts": run_lengths.encode(blob())}},
        ]
    categories = [
        {"id": 3, "name": "person", "keypoints": ["head", "hand", "foot"], "skeleton": [[1, 2], [2, 3]]},
        {"id": 9, "name": "blob"},
    ]
    (root / "annotations").mkdir()
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations/instances_train.json").write_text(json.dumps(content))
    return root
