"""Faults in COCO's files: a bad entry costs its picture, and what is not understood is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import read
from augkit.errors import AugkitError, FileError
from augkit.images import encode
from augkit.targets import run_lengths
from support.coco_files import RING, RLE, data_of, instances
from support.data_sets import JPEG, PNG, lay
from support.mutations import mutations

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"category_id": 77}, r"annotations\[0\]\.category_id: must be the id of a category, got 77"),
    ({"category_id": ...}, r"annotations\[0\]\.category_id: must be an id"),
    ({"bbox": [1, 2, 3]}, r"annotations\[0\]\.bbox: must be 4 numbers, got \[1, 2, 3\]"),
    ({"bbox": [1, 2, 3, True]}, r"annotations\[0\]\.bbox: must be 4 numbers"),
    ({"bbox": [1, 2, 3, 10**400]}, r"annotations\[0\]\.bbox: must be 4 numbers"),
    ({"bbox": [1, 2, "3", 4]}, r"annotations\[0\]\.bbox: must be 4 numbers"),
    ({"bbox": [1, 2, -3, 4]}, r"annotations\[0\]\.bbox: must have a width and a height"),
    ({"bbox": None}, r"annotations\[0\]\.bbox: must be 4 numbers, got None"),
    ({"bbox": []}, r"annotations\[0\]\.bbox: must be 4 numbers, got \[\]"),
    ({"bbox": ...}, r"annotations\[0\]\.bbox: must be 4 numbers, got None"),
    ({"segmentation": [[1, 2, 3]]}, r"annotations\[0\]\.segmentation\[0\]: must be pairs of x and y"),
    ({"segmentation": [[1, 2, "3", 4, 5, 6]]}, r"annotations\[0\]\.segmentation\[0\]: must be a list of numbers"),
    ({"segmentation": "mask.png"}, r"annotations\[0\]\.segmentation: must be a list of polygons"),
    ({"segmentation": {**RLE, "counts": [1, 2]}}, r"segmentation\.counts: must run over the 24 x 32 pixels"),
    ({"segmentation": {**RLE, "counts": [-1, 769]}}, r"segmentation\.counts: must run over the 24 x 32 pixels"),
    ({"segmentation": {**RLE, "counts": "o" * 99}}, r"segmentation\.counts: must be run lengths as COCO"),
    ({"segmentation": {**RLE, "counts": "é"}}, r"segmentation\.counts: must be run lengths as COCO"),
    ({"segmentation": {"counts": "1"}}, r"segmentation\.size: must be 2 numbers"),
    ({"segmentation": {"size": [1, 1], "counts": [1]}}, r"annotations\[0\]: must be of its picture's size"),
    ({"keypoints": [1, 2]}, r"annotations\[0\]\.keypoints: must be x, y, visibility of each, got 2 numbers"),
    ({"keypoints": "abc"}, r"annotations\[0\]\.keypoints: must be a list of numbers"),
    ({"num_keypoints": 3}, r"annotations\[0\]\.num_keypoints: must come with its keypoints"),
    ({"iscrowd": 2}, r"annotations\[0\]\.iscrowd: must be 0 or 1, got 2"),
    ({"id": [3]}, r"annotations\[0\]\.id: must be an id"),
    ({"attributes": {"rotation": 9}, "segmentation": [[1, 1, 9, 1, 9, 9]]}, r"attributes\.rotation: must be 0 for"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_bad_object_costs_its_picture(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    data = data_of(change, {"id": 90})
    data["images"].append({"id": 1, "file_name": "b.jpg"})
    data["annotations"].append({"id": 91, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]})
    lay(tmp_path, {"annotations/instances_train.json": data, "train/a.jpg": JPEG, "train/b.jpg": PNG})
    bad, good = read(tmp_path).sources
    with pytest.raises(AssertionError):
        instances(bad)
    with pytest.raises(FileError, match=words):
        read(tmp_path).decoded(bad)
    assert bad.fault.startswith("annotations/instances_train.json annotations[0]")
    assert [one.label for one in instances(good)] == ["dog"]


IMAGE_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, r"images\[0\]\.id: must be an id"),
    ({"id": True}, r"images\[0\]\.id: must be an id"),
    ({"id": 1}, r"images\[1\]\.id: must be its own, got 1 again"),
    ({"height": -3}, r"images\[0\]\.height: must be a whole number above 0, got -3"),
    ({"width": "32"}, r"images\[0\]\.width: must be a whole number above 0, got '32'"),
    ({"file_name": "gone.jpg"}, r"images\[0\]\.file_name: must name a picture that is there, got 'gone\.jpg'"),
    ({"file_name": "../../etc/x.jpg"}, r"images\[0\]\.file_name: must name a picture that is there"),
    ({"file_name": "a\0.jpg"}, r"images\[0\]\.file_name: must name a picture that is there"),
]


@pytest.mark.parametrize(("change", "words"), IMAGE_FAULTS, ids=[words for _, words in IMAGE_FAULTS])
def test_a_bad_picture_costs_itself(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    data = data_of({})
    data["images"] = [data["images"][0] | change, {"id": 1, "file_name": "b.jpg"}, {"id": 2, "file_name": "c.jpg"}]
    lay(tmp_path, {"annotations/instances_train.json": data, **{f"train/{name}.jpg": JPEG for name in "abc"}})
    sources = read(tmp_path).sources
    bad = next(source for source in sources if source.fault)
    with pytest.raises(FileError, match=words):
        read(tmp_path).decoded(bad)
    assert sources[-1].fault == ""


@pytest.mark.parametrize("key", ["images", "annotations", "categories", ""])
def test_a_key_that_is_not_understood_is_named(key: str, tmp_path: Path) -> None:
    data = data_of({})
    (data[key][0] if key else data)["mystery"] = [1, 2]
    lay(tmp_path, {"x.json": data, "a.jpg": JPEG})
    name = f"{key}.mystery".lstrip(".")
    with pytest.raises(
        FileError, match=rf"must be read as labels, but '{name}' is not understood\..*--ignore '{name}'"
    ):
        read(tmp_path)
    found = read(tmp_path, ignore=["mystery"])
    assert found.ignored == (("mystery", 1),)


def panoptic(root: Path, **more: Any) -> Path:
    """Two segments: one of 3 x 4 pixels at 5, 6 with an id beyond 65536, and one of a row."""
    ids = np.zeros((24, 32, 3), np.uint8)
    ids[6:9, 5:9] = (7, 2, 1)
    ids[20] = (9, 0, 0)
    segments = [
        {"id": 7 + 2 * 256 + 65536, "category_id": 3, "bbox": [5, 6, 4, 3], "area": 12, "iscrowd": 0},
        {"id": 9, "category_id": 7, "bbox": [0, 20, 32, 1], "area": 32, "iscrowd": 0},
    ]
    kinds = [{"id": 3, "name": "cat", "isthing": 1, "color": [1, 2, 3]}, {"id": 7, "name": "sky", "isthing": 0}]
    data = data_of(categories=kinds) | {
        "annotations": [{"image_id": 41, "file_name": "a.png", "segments_info": segments}]
    }
    files: dict[str, Any] = {"annotations/panoptic_val2017.json": data}
    files["annotations/panoptic_val2017/a.png"] = encode(ids, "png")
    return lay(root, {**files, "val2017/a.jpg": JPEG, **more})


def test_panoptic_pictures_are_masks_of_objects(tmp_path: Path) -> None:
    data = read(panoptic(tmp_path))
    (source,) = data.sources
    cat, sky = instances(source)
    assert (cat.label, cat.box, sky.label, sky.box) == ("cat", (5, 6, 9, 9), "sky", (0, 20, 32, 21))
    wanted = np.zeros((24, 32), np.uint8)
    wanted[6:9, 5:9] = 1
    assert np.array_equal(run_lengths.decode(cat.rle, (24, 32)), wanted)
    assert data.kinds == {"boxes", "polygons"}
    assert not data.left_out
    assert data.about["coco"]["categories"][0]["isthing"] == 1


def test_panoptic_beside_instances_is_refused_by_name(tmp_path: Path) -> None:
    panoptic(tmp_path, **{"annotations/instances_val2017.json": data_of({})})
    with pytest.raises(
        FileError, match=r"'annotations/panoptic_val2017\.json' is not understood.*--ignore '\*panoptic"
    ):
        read(tmp_path)
    assert len(instances(read(tmp_path, ignore=["*panoptic*"]).sources[0])) == 1


def test_a_missing_picture_of_segments_costs_its_picture(tmp_path: Path) -> None:
    panoptic(tmp_path)
    (tmp_path / "annotations/panoptic_val2017/a.png").unlink()
    (source,) = read(tmp_path).sources
    assert source.fault.startswith("annotations/panoptic_val2017.json annotations[0].segmentation: must be a list of")


KNOWN = ("an object without area", "an object without a picture", "an entry that repeats another")


def test_no_damage_loses_an_object_without_a_word(tmp_path: Path) -> None:
    """2,000 damaged files: a sentence, or as many objects as the file has, but for those that are counted."""
    kinds = [{"id": 3, "name": "cat", "keypoints": ["nose"], "skeleton": []}, {"id": 7, "name": "dog"}]
    objects: list[dict[str, Any]] = [
        {"segmentation": RING, "keypoints": [5, 6, 2], "num_keypoints": 1, "attributes": {"colour": "red"}},
        {"segmentation": {**RLE, "counts": [99, 6, 663]}, "iscrowd": 1, "category_id": 7},
        {"image_id": 1, "score": 0.5},
        {"image_id": 1, "category_id": 7, "bbox": [3, 3, 9.5, 4]},
    ]
    data = data_of(*objects, categories=kinds, info={"year": 2017})
    data["images"].append({"id": 1, "file_name": "b.jpg", "height": 24, "width": 32, "license": 4})
    lay(tmp_path, {"train/a.jpg": JPEG, "train/b.jpg": JPEG, "annotations/instances_train.json": data})
    path, sentences, whole = tmp_path / "annotations/instances_train.json", list[str](), 0
    for damaged in mutations(json.dumps(data, indent=1).encode(), 2000, seed=14):
        path.write_bytes(damaged)
        try:
            found = read(tmp_path)
        except AugkitError as fault:
            sentences.append(str(fault))
            continue
        held = json.loads(damaged.decode("utf-8-sig"))
        at_fault = {source.attributes.get("id") for source in found.sources if source.fault and source.attributes}
        lost = sum(entry.get("image_id") in at_fault for entry in held.get("annotations", []))
        lost += sum(count for what, count in found.left_out if what in KNOWN)
        good = [source for source in found.sources if not source.fault and source.annotations is not None]
        read_now = sum(len(source.annotations.instances or ()) for source in good if source.annotations is not None)
        classes = sum(isinstance(source.label, str) or len(source.label or ()) for source in found.sources)
        assert read_now + classes + lost >= len(held.get("annotations", [])), damaged
        whole += read_now == 4
    assert all("\n" not in told and " must " in told for told in sentences)
    assert len(sentences) > 800
    assert whole > 50
