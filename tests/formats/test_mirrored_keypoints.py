"""Keypoints of left and right change places in a mirror, as flip_idx or their names say; it is told once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import Source, read
from augkit.datasets.mirrored_keypoints import mirrored_keypoints
from augkit.loader import folder
from augkit.pipeline import Pipeline
from augkit.targets.keypoint_sides import flips_of_pairs, pairs_of_names
from augkit.targets.keypoints import Keypoints
from augkit.transforms.geometry import Mirror
from support.data_sets import PNG, lay
from support.folders import done
from support.yolo_sets import NAMES, ONE

MIRRORED = Pipeline([Mirror()])
LINE = "0 0.5 0.5 0.25 0.25 0.5 0.25 2 0.625 0.25 2 0.75 0.5 2\n"  # 16, 6; 20, 6; 24, 12 of 32 x 24
POINTS = [(16.0, 6.0), (12.0, 6.0), (8.0, 12.0)]  # mirrored, in their order


def yolo(root: Path, more: str) -> Path:
    return lay(root, {**ONE, "data.yaml": f"{NAMES}kpt_shape: [3, 3]\n{more}", "labels/train/a.txt": LINE})


def points_of(source: Source) -> list[tuple[float, ...]]:
    assert source.annotations is not None
    target = source.annotations.targets[Keypoints.name]
    assert isinstance(target, Keypoints)
    return [tuple(round(number, 2) for number in point) for point in target.keypoints.tolist()]


@pytest.mark.parametrize(
    ("more", "order"),
    [
        ("", [0, 1, 2]),
        ("flip_idx: [1, 0, 2]\n", [1, 0, 2]),
        ("kpt_names: {0: [nose, left_eye, right_eye], 1: [nose, left_eye, right_eye]}\n", [0, 2, 1]),
        ("flip_idx: [0, 1, 2]\nkpt_names: {0: [nose, left_eye, right_eye]}\n", [0, 1, 2]),  # who says none means none
    ],
)
def test_yolo_says_what_changes_places(more: str, order: list[int], tmp_path: Path) -> None:
    src = yolo(tmp_path / "src", more)
    summary = done(src, tmp_path / "out", pipeline=MIRRORED, encoding="png", copies=1)
    (source,) = read(tmp_path / "out").sources
    assert points_of(source) == [POINTS[place] for place in order]
    told = [note for note in summary.notes if "change places in a mirror" in note]
    assert len(told) == (order != [0, 1, 2])
    assert read(tmp_path / "out").about.get("flip_idx", [0, 1, 2]) == order


def test_the_pipeline_goes_first(tmp_path: Path) -> None:
    src = yolo(tmp_path / "src", "flip_idx: [1, 0, 2]\n")
    other = Pipeline([Mirror()], keypoint_pairs=[(0, 2)])
    summary = done(src, tmp_path / "out", pipeline=other, encoding="png", copies=1)
    (source,) = read(tmp_path / "out").sources
    assert points_of(source) == [POINTS[2], POINTS[1], POINTS[0]]
    assert not any("change places" in note for note in summary.notes)


def test_a_loader_exchanges_them_too(tmp_path: Path) -> None:
    src = yolo(tmp_path / "src", "flip_idx: [1, 0, 2]\n")
    (batch,) = list(folder(src, MIRRORED, batch_size=1, split="train", shuffle=False))
    assert batch["keypoints"][0][:, :2].tolist() == [list(POINTS[place]) for place in (1, 0, 2)]


@pytest.mark.parametrize("alike", [True, False])
def test_coco_says_it_by_names(alike: bool, tmp_path: Path) -> None:
    names = ["nose", "left_eye", "right_eye"]
    kinds: list[dict[str, Any]] = [{"id": 1, "name": "person", "keypoints": names}]
    kinds += [{"id": 2, "name": "dog", "keypoints": names if alike else ["left_ear", "right_ear", "tail"]}]
    points = [16, 6, 2, 20, 6, 2, 24, 12, 2]
    one = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 3, 20, 15], "keypoints": points, "num_keypoints": 3}
    images = [{"id": 1, "file_name": "a.png", "width": 32, "height": 24}]
    content = {"images": images, "annotations": [one, {**one, "id": 2, "category_id": 2}], "categories": kinds}
    lay(tmp_path, {"train/a.png": PNG, "annotations/person_keypoints_train.json": json.dumps(content)})
    pairs, told = mirrored_keypoints(read(tmp_path))
    assert pairs == (((1, 2),) if alike else ())
    assert ("not alike" in told) == (not alike)


def test_names_of_sides() -> None:
    names = ["left eye", "right eye", "eyeLeft", "eyeRight", "R_hip", "L_hip", "left_only", "bright", "blight", "tail"]
    assert pairs_of_names(names) == ((0, 1), (2, 3), (4, 5))
    assert flips_of_pairs(pairs_of_names(names), len(names)) == [1, 0, 3, 2, 5, 4, 6, 7, 8, 9]
