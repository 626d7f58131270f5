"""YOLO: lines of every task are read and written with the right labels, and a bad one costs its picture alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import Source, read
from augkit.errors import ArgumentError, FileError
from augkit.pipeline import Pipeline
from augkit.targets.keypoints import Keypoints
from augkit.targets.mask_outlines import outlines_of_mask
from augkit.targets.rotated_boxes import RotatedBoxes, corners_of
from support.data_sets import JPEG, PNG, YAML, lay
from support.folders import done
from support.yolo_sets import BOX, LINE, NAMES, ONE, boxes_of, only

IDENTITY = Pipeline([])


# ---- lines

FAULTS = [
    ("0 0.5 0.5 1 1\n0 0.5 0.5 x 1", "labels/train/a.txt:2: must hold numbers only"),
    ("2 0.5 0.5 1 1", "a.txt:1: must begin with a class from 0 to 1, got 2"),
    ("0.5 0.5 0.5 1 1", "a.txt:1: must begin with a class"),
    ("\n0 0.5 0.5 1", "a.txt:2: must be a class and 4 numbers"),
    ("0 0.5 0.5 1 1 0.5", "a.txt:1: must be a class and 4 numbers, or 3 or more pairs, got 5"),
    ("0 10 12 5 7", "a.txt:1: must be in fractions of the picture's sides"),
    ("0 0.5 0.5 -0.001 0.1", "a.txt:1: must be in fractions"),
    ("0 nan 0.5 1 1", "a.txt:1: must be in fractions"),
    ("0 1_0e-1 0.5 1 1", "a.txt:1: must hold numbers only"),
    ("inf 0.5 0.5 1 1", "a.txt:1: must begin with a class"),
    (b"0 0.5 0.5 1 1\n\xff", "a.txt:2: must be UTF-8"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS)
def test_a_bad_line_costs_its_picture(text: Any, words: str, tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "data.yaml": YAML,
        "images/train/a.jpg": JPEG,
        "images/val/b.jpg": JPEG,
        "labels/val/b.txt": LINE,
    }
    bad, good = read(lay(tmp_path / "src", {**files, "labels/train/a.txt": text})).sources
    assert bad.fault.startswith("labels/train/a.txt:")
    assert words in bad.fault
    assert (good.fault, boxes_of(good)) == ("", [("cat", BOX)])
    summary = done(tmp_path / "src", tmp_path / "out", max_rejected=0.9, encoding="png", copies=2)
    assert (summary.written, summary.rejected, summary.copied) == (1, 2, 1)
    assert words in summary.reasons[0][0]


def test_lines_are_read_as_ultralytics_reads_them(tmp_path: Path) -> None:
    odd = "\ufeff0.0 .5 5e-1 0.25 2.5E-1\r\n\r\n  0\t0.5 0.5 0.25 0.25  \r\n1 1.005 0.5 0.1 0.1\n1 0 0 1 0 1 1 0 1"
    source = only(data := read(lay(tmp_path, {**ONE, "data.yaml": NAMES, "labels/train/a.txt": odd})))
    assert source.fault == ""
    assert dict(data.left_out) == {"a line that is there twice": 1}
    assert [label for label, _ in boxes_of(source)] == ["cat", "dog", "dog"]
    assert source.annotations is not None
    assert (source.annotations.instances or ())[2].rings == ((0, 0, 32, 0, 32, 24, 0, 24),)


def test_a_picture_of_the_background_has_no_objects(tmp_path: Path) -> None:
    lay(tmp_path, {**ONE, "data.yaml": NAMES, "images/train/b.png": PNG, "images/train/c.png": PNG})
    lay(tmp_path, {"labels/train/c.txt": ""})
    _, without_file, empty = read(tmp_path).sources
    assert boxes_of(without_file) == boxes_of(empty) == []
    assert "boxes" in without_file.kinds


def test_tracks_of_cvat_are_facts_of_their_boxes(tmp_path: Path) -> None:
    source = only(read(lay(tmp_path, {**ONE, "data.yaml": NAMES, "labels/train/a.txt": f"{LINE}1 .5 .5 .1 .1 17\n"})))
    assert source.annotations is not None
    assert [one.attributes for one in source.annotations.instances or ()] in (
        [{}, {"track_id": 17}],
        [None, {"track_id": 17}],
    )
    with pytest.raises(ArgumentError, match="must have a place for attributes, got yolo"):
        done(tmp_path, tmp_path.parent / "out", form="yolo")


# ---- poses


def pose(shape: str, more: str) -> dict[str, Any]:
    return {**ONE, "data.yaml": f"{NAMES}kpt_shape: {shape}\nflip_idx: [1, 0]\n", "labels/train/a.txt": more}


def points_of(source: Source) -> list[tuple[float, ...]]:
    assert source.annotations is not None
    target = source.annotations.targets[Keypoints.name]
    assert isinstance(target, Keypoints)
    return [tuple(point) for group in target.groups() for point in group]


def test_poses_with_visibility(tmp_path: Path) -> None:
    data = read(lay(tmp_path, pose("[2, 3]", "0 0.5 0.5 0.25 0.25 0.5 0.25 2 0.9 0.1 0\n")))
    assert boxes_of(only(data)) == [("cat", BOX)]
    assert points_of(only(data)) == [(16.0, 6.0, 2.0), (0.0, 0.0, 0.0)]
    assert data.about == {"kpt_shape": [2, 3], "flip_idx": [1, 0]}


def test_poses_without_visibility(tmp_path: Path) -> None:
    data = read(lay(tmp_path / "src", pose("[2, 2]", "0 0.5 0.5 0.25 0.25 0.5 0.25 0 0\n1 .5 .5 1 1 -0.005 0.5 1 1\n")))
    assert points_of(only(data)) == [(16.0, 6.0, 2.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (32.0, 24.0, 2.0)]
    done(tmp_path / "src", tmp_path / "out", pipeline=IDENTITY, encoding="png", copies=1)
    again = read(tmp_path / "out")
    assert points_of(only(again)) == points_of(only(data))
    assert again.about == data.about


def test_names_of_keypoints_are_kept(tmp_path: Path) -> None:
    names = "kpt_names:\n  0: [left eye, right eye]\n  1: [on, '1']\n"
    files = pose("[2, 3]", "0 0.5 0.5 0.25 0.25 0.5 0.25 2 0.9 0.1 1\n")
    files["data.yaml"] += names
    data = read(lay(tmp_path / "src", files))
    assert data.keypoint_names == (("cat", ("left eye", "right eye")), ("dog", ("on", "1")))
    done(tmp_path / "src", tmp_path / "out", encoding="png", copies=1, pipeline=IDENTITY)
    assert read(tmp_path / "out").keypoint_names == data.keypoint_names


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 .5 .5 .2 .2", "must be a class, 4 numbers of a box and 2 x 3 of keypoints, got 4"),
        ("0 .5 .5 .2 .2 .5 .5 3 .5 .5 1", "must be in fractions"),
        ("0 .5 .5 .2 .2 .5 1.5 2 .5 .5 1", "must be in fractions"),
    ],
)
def test_a_bad_pose_costs_its_picture(line: str, words: str, tmp_path: Path) -> None:
    assert words in only(read(lay(tmp_path, pose("[2, 3]", line)))).fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kpt_shape: [0, 3]", "kpt_shape: must be how many keypoints"),
        ("kpt_shape: [2, 4]", "kpt_shape: must be how many keypoints"),
        ("kpt_shape: [2, 3]\nflip_idx: [0]", "flip_idx: must say for each of 2 keypoints"),
        ("kpt_shape: [3, 3]\nflip_idx: [1, 2, 0]", "flip_idx: must say for each of 3 keypoints"),
        ("kpt_shape: [2, 3]\nkpt_names: {0: [a]}", "kpt_names: must be 2 names for every class"),
        ("task: pose", "task: must come with kpt_shape"),
        ("task: classify", "task: must be one of detect, segment, pose, obb"),
    ],
)
def test_settings_of_poses_are_checked(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=words.replace(".", r"\.")):
        read(lay(tmp_path, {**ONE, "data.yaml": f"{NAMES}{text}\n"}))


# ---- rotated boxes

SHIP = np.array([[16.0, 12.0, 10.0, 4.0, 30.0]])


def fractions(corners: Any, digits: int = 6) -> str:
    return " ".join(f"{value:.{digits}f}" for value in (np.reshape(corners, (-1, 2)) / [32, 24]).ravel())


def rotated_of(source: Source) -> Any:
    assert source.annotations is not None
    target = source.annotations.targets[RotatedBoxes.name]
    assert isinstance(target, RotatedBoxes)
    return target.rotated_boxes


@pytest.mark.parametrize("clockwise", [True, False])
@pytest.mark.parametrize("first", range(4))
def test_corners_of_rectangles_are_rotated_boxes(first: int, clockwise: bool, tmp_path: Path) -> None:
    corners = np.roll(corners_of(SHIP)[0], -first, axis=0)
    text = f"0 {fractions(corners if clockwise else corners[[0, 3, 2, 1]])}\n"
    data = read(lay(tmp_path, {**ONE, "data.yaml": NAMES, "labels/train/a.txt": text}))
    assert only(data).kinds == {"rotated boxes"}
    assert "they are rotated boxes" in data.notes[0]
    (box,) = rotated_of(only(data))
    assert np.allclose(corners_of(box[None])[0][0], corners[0], atol=1e-4)  # the first corner says where the top is
    assert np.allclose(sorted(box[2:4]), [4, 10], atol=1e-4)


def test_corners_may_be_whole_pixels(tmp_path: Path) -> None:
    text = f"0 {fractions(np.round(corners_of(SHIP)))}\n"
    assert only(read(lay(tmp_path, {**ONE, "data.yaml": NAMES, "labels/train/a.txt": text}))).kinds == {"rotated boxes"}


def test_corners_of_no_rectangle_are_outlines(tmp_path: Path) -> None:
    text = f"0 {fractions(corners_of(SHIP))}\n1 {fractions([[2, 2], [30, 2], [20, 22], [10, 22]])}\n"
    data = read(lay(tmp_path, {**ONE, "data.yaml": NAMES, "labels/train/a.txt": text}))
    assert only(data).kinds == {"boxes", "polygons"}
    assert "1 of 2" in data.notes[0]


def test_task_decides(tmp_path: Path) -> None:
    text = f"0 {fractions(corners_of(SHIP))}\n1 {fractions([[2, 2], [30, 2], [20, 22], [10, 22]])}\n"
    files = {**ONE, "labels/train/a.txt": text}
    data = read(lay(tmp_path, {**files, "data.yaml": f"{NAMES}task: obb\n"}))
    assert np.allclose(rotated_of(only(data))[0], SHIP[0], atol=1e-3)
    assert np.allclose(rotated_of(only(data))[1], [16, 12, 28, 20, 0], atol=1e-4)  # the smallest around it
    assert "1 rotated boxes have no right corners" in data.notes[0]
    segment = read(
        lay(tmp_path, {**files, "labels/train/a.txt": text[: text.index("\n")], "data.yaml": f"{NAMES}task: segment\n"})
    )
    assert only(segment).kinds == {"boxes", "polygons"}
    boxes = read(lay(tmp_path, {**files, "labels/train/a.txt": LINE, "data.yaml": f"{NAMES}task: obb\n"}))
    assert "4 corners, got 4 numbers" in only(boxes).fault


# ---- what one task cannot hold


@pytest.mark.parametrize(
    ("fields", "drop", "words"),
    [
        (
            {"boxes": [[1, 2, 9, 9]], "polygons": [[1, 2, 9, 2, 9, 9]], "box_keypoints": [[[3, 4]]]},
            "polygons",
            "must have labels for one task of YOLO, got boxes, keypoints and polygons",
        ),
        (
            {"boxes": [[1, 2, 9, 9]], "rotated_boxes": [[9, 9, 4, 4, 10]]},
            "rotated-boxes",
            "one task of YOLO, got boxes and rotated boxes",
        ),
        (
            {"boxes": [[1, 2, 9, 9]], "polylines": [[1, 2, 9, 9]]},
            "polylines",
            "must have a place for polylines, got yolo",
        ),
        (
            {"boxes": [[1, 2, 9, 9]], "keypoints": [[3, 4]]},
            "keypoints",
            "must have a place for keypoints of no box, got yolo",
        ),
        (
            {"boxes": [[1, 2, 9, 9], [1, 1, 5, 5]], "box_keypoints": [[[3, 4]], [[3, 4], [4, 5]]]},
            "keypoints",
            "must have as many keypoints in every object, got 1 and 2",
        ),
    ],
)
def test_one_task_is_written(fields: dict[str, Any], drop: str, words: str, tmp_path: Path) -> None:
    import json

    lay(tmp_path, {"a.png": PNG, "l.jsonl": json.dumps({"image": "a.png", "label": "x", **fields})})
    with pytest.raises(ArgumentError, match=words):
        done(tmp_path / "l.jsonl", tmp_path / "out", form="yolo")
    assert done(tmp_path / "l.jsonl", tmp_path / "out", form="yolo", drop=(drop,), encoding="png").written == 3


def test_a_set_without_val_is_told(tmp_path: Path) -> None:
    lay(tmp_path / "src", {**ONE, "data.yaml": NAMES})
    told = done(tmp_path / "src", tmp_path / "out", copies=1, encoding="png").notes
    assert any("names no val" in note and "--split" in note for note in told)
    lay(tmp_path / "src", {"images/val/b.jpg": JPEG, "data.yaml": f"{NAMES}val: images/val\n"})
    told = done(tmp_path / "src", tmp_path / "both", copies=1, encoding="png").notes
    assert not any("names no val" in note for note in told)
    assert "path" not in (tmp_path / "both/data.yaml").read_text()


def test_outlines_of_masks_hold_their_pixels() -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        mask = random.random(random.integers(1, 9, 2)) < random.uniform(0.1, 0.9)
        y, x = np.mgrid[: mask.shape[0], : mask.shape[1]] + 0.5
        inside = np.zeros_like(mask)
        for ring in outlines_of_mask(mask):
            corners = np.reshape(ring, (-1, 2))
            for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
                assert (x0 == x1) != (y0 == y1)
                inside ^= ((y0 <= y) != (y1 <= y)) & (x0 > x)
        assert np.array_equal(inside, mask)
