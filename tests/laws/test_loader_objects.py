"""Facts of objects beside their boxes reach a batch: crowds, masks, and whose keypoints are whose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import augkit as ak
from augkit.datasets import read
from augkit.loader import Augmented, Mosaic, Pictures, folder
from augkit.loader.sampler import Draw
from support.data_sets import JPEG, lay


def objects(tmp_path: Path) -> Path:
    """Lay a picture with a crowd, an object of two named points, and one with neither; and a picture with none."""
    person = {"id": 1, "name": "person", "keypoints": ["left_hand", "right_hand"], "skeleton": []}
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 24, "width": 32} for n in (1, 2)]
    full: dict[str, Any] = {"image_id": 1, "bbox": [2, 3, 20, 15], "iscrowd": 0}
    annotations = [
        {**full, "id": 1, "category_id": 2, "iscrowd": 1, "segmentation": {"size": [24, 32], "counts": [100, 10, 658]}},
        {**full, "id": 2, "category_id": 1, "keypoints": [5, 6, 2, 10, 12, 1], "num_keypoints": 2},
        {**full, "id": 3, "category_id": 2},
        {**full, "id": 4, "category_id": 2, "image_id": 2},
    ]
    whole = {"images": images, "annotations": annotations, "categories": [person, {"id": 2, "name": "cat"}]}
    return lay(tmp_path / "src", {"annotations/instances.json": whole, "images/1.jpg": JPEG, "images/2.jpg": JPEG})


def test_a_batch_holds_all_that_is_said_of_objects(tmp_path: Path) -> None:
    batch = next(iter(folder(objects(tmp_path), ak.Pipeline([]), 2, shuffle=False)))
    assert [None if crowds is None else crowds.tolist() for crowds in batch["crowds"]] == [[True, False, False], None]
    assert batch["keypoint_counts"][0].tolist() == [0, 2, 0, 0]  # the last are of no object
    masks = batch["box_masks"][0]
    assert [bool(text) for text in masks] == [True, False, False]


def test_crowds_go_into_a_mosaic(tmp_path: Path) -> None:
    sources = tuple(source.without("keypoints") for source in read(objects(tmp_path)).sources)
    data = Pictures(read(tmp_path / "src"), sources, label=lambda _: 0)
    mosaic = Mosaic(Augmented(data, ak.Pipeline([])), (24, 32), classes=2)
    seen = 0
    for epoch in range(12):
        item = mosaic[Draw(epoch, 1)]
        crowds = item.get("crowds")
        seen += crowds is not None
        assert crowds is None or len(crowds) == len(item["boxes"])
    assert seen
