"""YOLO: every layout that people have is read with the right labels, and a bad line costs its picture alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from augkit.datasets import DataSet, Source, read
from augkit.errors import ArgumentError, AugkitError, FileError
from augkit.pipeline import Pipeline
from augkit.targets.keypoints import Keypoints
from augkit.targets.mask_outlines import outlines_of_mask
from augkit.targets.rotated_boxes import RotatedBoxes, corners_of
from support.data_sets import JPEG, PNG, YAML, lay
from support.folders import done, lines
from support.mutations import mutations

SIZE = (24, 32)  # of the pictures
LINE = "0 0.5 0.5 0.25 0.25\n"  # left 12, top 9, right 20, bottom 15
BOX = (12.0, 9.0, 20.0, 15.0)
ONE: dict[str, Any] = {"images/train/a.png": PNG, "labels/train/a.txt": LINE}
NAMES = "train: images/train\nnames: [cat, dog]\n"
IDENTITY = Pipeline([])


def only(data: DataSet) -> Source:
    (source,) = data.sources
    return source


def boxes_of(source: Source) -> list[tuple[str, tuple[float, ...]]]:
    assert source.annotations is not None
    return [(one.label, tuple(round(edge, 9) for edge in one.box)) for one in source.annotations.instances or ()]


# ---- layouts

LAYOUTS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "path: .": ({**ONE, "data.yaml": f"path: .\n{NAMES}"}, "", {}),
    "no path": ({**ONE, "data.yaml": NAMES}, "data.yaml", {}),
    "a path of another machine": ({**ONE, "data.yaml": f"path: /home/bob/set\n{NAMES}"}, "", {}),
    "a path of another system": ({**ONE, "data.yaml": f"path: C:\\data\\set\n{NAMES}"}, "", {}),
    "its datasets folder": ({**ONE, "coco8.yaml": f"path: ../datasets/coco8\n{NAMES}"}, "", {}),
    "an absolute folder": ({**ONE, "data.yaml": "train: /home/bob/set/images/train\nnames: [cat]\n"}, "", {}),
    "FiftyOne": ({**ONE, "dataset.yaml": "path: ./\ntrain: ./images/train/\nnames:\n  0: cat\n"}, "", {}),
    "further down": ({f"set/{name}": data for name, data in {**ONE, "data.yaml": NAMES}.items()}, "", {}),
    "a list of folders": ({**ONE, "data.yaml": "train: [images/train]\nnames: [cat]\n"}, "", {}),
    "a list file": ({**ONE, "data.yaml": "train: train.txt\nnames: [cat]\n", "train.txt": "images/train/a.png\n"}, "", {}),
    "beside the list": (
        {**ONE, "data.yaml": "train: images/l.txt\nnames: [cat]\n", "images/l.txt": "./train/a.png\r\n\r\n"}, "", {}),
    "a list of another machine": (
        {**ONE, "data.yaml": "train: l.txt\nnames: [cat]\n", "l.txt": "\ufeff/data/bob/images/train/a.png"}, "", {}),
    "a list of another system": (
        {**ONE, "data.yaml": "train: l.txt\nnames: [cat]\n", "l.txt": "D:\\set\\images\\train\\a.png\r\n"}, "", {}),
    "Roboflow": (
        {"data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['cat']\nroboflow:\n  version: 3\n",
         "train/images/a.png": PNG, "train/labels/a.txt": LINE, "README.roboflow.txt": "x"}, "", {}),
    "beside the picture": ({"data.yaml": "train: pictures\nnames: [cat]\n", "pictures/a.png": PNG, "pictures/a.txt": LINE},
                           "", {}),
    "the last images counts": (
        {"data.yaml": "train: images/x\nnames: [cat]\n", "images/x/images/a.png": PNG, "images/x/labels/a.txt": LINE}, "", {}),
    "a suffix in capitals": (
        {"data.yaml": NAMES, "images/train/a.PNG": PNG, "labels/train/a.TXT": LINE}, "", {}),
    "coco128": ({**ONE, "data.yaml": f"{NAMES}val: images/train\ntest:\n"}, "", {}),
    "files of others": (
        {**ONE, "data.yaml": NAMES, "labels/train.cache": b"\x80", "labels/classes.txt": "cat\ndog\n", "LICENSE": "MIT"}, "", {}),
    "darknet": (
        {"obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n", "obj.names": "cat\n",
         "train.txt": "data/obj_train_data/a.png\n", "obj_train_data/a.png": PNG, "obj_train_data/a.txt": LINE}, "", {}),
    "darknet of VOC": (
        {"cfg/voc.data": "classes= 1\ntrain  = /home/x/voc/train.txt\nvalid =\nnames = data/voc.names\n",
         "data/voc.names": "cat\n", "train.txt": "/home/x/voc/VOC2007/JPEGImages/a.png\n",
         "VOC2007/JPEGImages/a.png": PNG, "VOC2007/labels/a.txt": LINE}, "", {}),
    "Label Studio": (
        {"images/a.png": PNG, "labels/a.txt": LINE, "classes.txt": "cat\n",
         "notes.json": '{"categories": [{"id": 0, "name": "cat"}], "info": {"year": 2026}}'}, "", {}),
    "LabelImg": ({"a.png": PNG, "a.txt": LINE, "classes.txt": "cat\ndog\n"}, "", {}),
    "YOLOv4 of FiftyOne": ({"data/a.png": PNG, "data/a.txt": LINE, "obj.names": "cat\n", "images.txt": "data/a.png\n"},
                           "", {}),
    "Roboflow's darknet": ({"train/a.png": PNG, "train/a.txt": LINE, "train/_darknet.labels": "cat\n"}, "", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read(name: str, tmp_path: Path) -> None:
    files, where, options = LAYOUTS[name]
    data = read(lay(tmp_path / "set", files) / where, **options)
    assert data.form == "yolo"
    assert boxes_of(only(data)) == [("cat", BOX)]
    assert only(data).fault == ""


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "path: {root}/set\ntrain: images/train\n",
        "path: ../set\ntrain: images/train\n",
        "train: ../set/images/train\n",
        "train: {root}/set/images/train\n",
        "path: {root}\ntrain: list.txt\n",
    ],
)
def test_what_lies_elsewhere_is_read_there(text: str, whole: bool, tmp_path: Path) -> None:
    lay(tmp_path / "set", ONE)
    lay(tmp_path, {"list.txt": f"{tmp_path}/set/images/train/a.png\n"})
    lay(tmp_path / "cfg", {"data.yaml": text.format(root=tmp_path) + "names: [cat]\n"})
    data = read(tmp_path / "cfg" / ("" if whole else "data.yaml"))
    assert boxes_of(only(data)) == [("cat", BOX)]
    assert data.read(only(data).id) == PNG


def test_what_lies_elsewhere_is_expanded(tmp_path: Path) -> None:
    lay(tmp_path / "set", ONE)
    lay(tmp_path / "cfg", {"data.yaml": "train: ../set/images/train\nnames: [cat]\n"})
    assert done(tmp_path / "cfg", tmp_path / "out", encoding="png").written == 3
    assert {entry["source"] for entry in lines(tmp_path / "out")} == {"images/train/a.png"}


def test_classes_without_names_are_numbers(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"images/a.png": PNG, "labels/a.txt": f"{LINE}11 .5 .5 .1 .1\n"}))
    assert data.classes == tuple(map(str, range(12)))
    assert "called by their numbers" in data.notes[0]


def test_names_are_text_as_written(tmp_path: Path) -> None:
    lay(tmp_path / "src", {**ONE, "data.yaml": "train: images/train\nnames: [007, 1e3, null, yes, 0x10, ~, '']\n"})
    names = ["007", "1e3", "null", "yes", "0x10", "~", ""]
    assert read(tmp_path / "src").classes == tuple(names)
    done(tmp_path / "src", tmp_path / "out", encoding="png")
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text())["names"] == names


def test_splits_of_folders_are_told(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"{split}/{part}": data for split in ("Train", "VALID") for part, data in
             {"images/a.png": PNG, "labels/a.txt": LINE}.items()}  # fmt: skip
    data = read(lay(tmp_path, files))
    assert [source.split for source in data.sources] == ["train", "val"]
    assert any("Train and VALID" in note for note in data.notes)


# ---- what is not read


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"labels/train/b.txt": LINE},
            r"labels/train/b\.txt' is not understood\. No picture of the data set has its name",
        ),
        ({"masks/train/a.png": PNG}, r"masks/train/a\.png' is not understood\. It has the name of a picture"),
        ({"labels/train/classes.txt": "x\ny\n"}, r"classes\.txt' is not understood\. It names other classes"),
        ({"images/train/a.json": "{}"}, r"images/train/a\.json' is not understood"),
        ({"data.yaml": f"{NAMES}attributes: [a]\n"}, r"data\.yaml:3 attributes: must be read as labels"),
        ({"data.yaml": f"{NAMES}masks_dir: masks\n"}, r"masks_dir: must be read as labels"),
    ],
)
def test_what_is_not_read_is_named(files: dict[str, Any], words: str, tmp_path: Path) -> None:
    lay(tmp_path, {**ONE, "data.yaml": NAMES, **files})
    with pytest.raises(FileError, match=words):
        read(tmp_path)
    ignored = read(tmp_path, ignore=("b.txt", "masks*", "classes.txt", "*.json", "attributes"))
    assert boxes_of(only(ignored)) == [("cat", BOX)]


def test_a_picture_that_a_list_names_may_be_missing(tmp_path: Path) -> None:
    lay(tmp_path, {**ONE, "data.yaml": "train: l.txt\nnames: [cat]\n", "l.txt": "images/train/a.png\nx/b.png\n"})
    good, missing = read(tmp_path).sources
    assert (good.fault, missing.id) == ("", "x/b.png")
    assert missing.fault == "l.txt:2: must name a picture that is there, got 'x/b.png'."


def test_classes_in_folders_are_not_taken_for_yolo(tmp_path: Path) -> None:
    lay(tmp_path, {"cat/a.png": PNG, "dog/b.png": JPEG, "cat/a.txt": LINE})
    with pytest.raises(FileError, match=r"'cat/a\.txt' is not understood"):
        read(tmp_path)
    assert read(tmp_path, ignore="*.txt").classes == ("cat", "dog")


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
        ({"boxes": [[1, 2, 9, 9]], "polygons": [[1, 2, 9, 2, 9, 9]], "box_keypoints": [[[3, 4]]]}, "polygons",
         "must have labels for one task of YOLO, got boxes, keypoints and polygons"),
        ({"boxes": [[1, 2, 9, 9]], "rotated_boxes": [[9, 9, 4, 4, 10]]}, "rotated-boxes",
         "one task of YOLO, got boxes and rotated boxes"),
        ({"boxes": [[1, 2, 9, 9]], "polylines": [[1, 2, 9, 9]]}, "polylines", "must have a place for polylines, got yolo"),
        ({"boxes": [[1, 2, 9, 9]], "keypoints": [[3, 4]]}, "keypoints", "must have the keypoints of objects, got those of a picture"),
        ({"boxes": [[1, 2, 9, 9], [1, 1, 5, 5]], "box_keypoints": [[[3, 4]], [[3, 4], [4, 5]]]}, "keypoints",
         "must have as many keypoints in every object, got 1 and 2"),
    ],
)  # fmt: skip
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


# ---- damage


def test_damaged_labels_are_faults_or_right(tmp_path: Path) -> None:
    text = "".join(f"{number % 2} 0.{number + 1} 0.{9 - number} 0.1 0.05\n" for number in range(8))
    damaged = list(mutations(text.encode(), 2000, 0))
    lay(tmp_path, {"data.yaml": NAMES})
    lay(tmp_path, {f"images/train/{number}.png": PNG for number in range(100)})
    outcomes = {"told": 0, "read": 0}
    for start in range(0, len(damaged), 100):  # a bad line costs its picture alone, so that many are read at once
        some = damaged[start : start + 100]
        lay(tmp_path, {f"labels/train/{number}.txt": content for number, content in enumerate(some)})
        for source in (data := read(tmp_path)).sources:
            number = Path(source.id).stem
            if source.fault:
                assert source.fault.startswith(f"labels/train/{number}.txt:")
                outcomes["told"] += 1
                continue
            lines_of = some[int(number)].decode("utf-8-sig").splitlines()
            rows = list(dict.fromkeys(tuple(map(float, line.split())) for line in lines_of if line.strip()))
            wanted = [(int(row[0]), box) for row in rows if (box := _box(row[1:])) is not None]
            assert [label for label, _ in boxes_of(source)] == [data.classes[kind] for kind, _ in wanted]
            assert np.allclose([box for _, box in boxes_of(source)], [box for _, box in wanted])
            outcomes["read"] += 1
    assert min(outcomes.values()) > 100


def _box(values: tuple[float, ...]) -> tuple[float, ...] | None:
    """Return the box of a line, of an outline the one around it; none where it has no area."""
    x, y, w, h = values[:4]
    box = (32 * (x - w / 2), 24 * (y - h / 2), 32 * (x + w / 2), 24 * (y + h / 2))
    if len(values) > 4:
        xs, ys = 32 * np.array(values[::2]), 24 * np.array(values[1::2])
        box = (xs.min(), ys.min(), xs.max(), ys.max())
    return box if box[0] < box[2] and box[1] < box[3] else None


def test_damaged_settings_are_faults_or_right(tmp_path: Path) -> None:
    text = f"path: .\n{NAMES}val: images/val\nnc: 2\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"
    files = {"labels/train/a.txt": "0 0.5 0.5 0.25 0.25 0.5 0.25 2 0.9 0.1 1\n", "images/val/b.jpg": JPEG}
    _assert_damage_is_told(tmp_path, "data.yaml", text, 1, files)


def test_damaged_lists_are_faults_or_right(tmp_path: Path) -> None:
    files = {"data.yaml": "train: train.txt\nnames: [cat, dog]\n"}
    _assert_damage_is_told(tmp_path, "train.txt", "./images/train/a.png\nimages/train/b.png\n", 1, files)


def _assert_damage_is_told(root: Path, name: str, text: str, count: int, more: dict[str, Any] | None = None) -> None:
    """Damage a file 1,000 times: a sentence, a fault or as many labels as its lines say; never anything else."""
    lay(root, {**ONE, "data.yaml": NAMES, **(more or {}), name: text})
    if name == "train.txt":
        lay(root, {"images/train/b.png": PNG, "labels/train/b.txt": LINE})
    whole = sum(len(boxes_of(source)) for source in read(root).sources)
    assert whole >= count
    outcomes = {"told": 0, "read": 0}
    for damaged in mutations(text.encode(), 1000, 0):
        (root / name).unlink()  # to write over a file waits for the disk
        (root / name).write_bytes(damaged)
        try:
            data = read(root)
        except AugkitError as fault:
            assert "\n" not in str(fault)
            outcomes["told"] += 1
            continue
        if any(source.fault for source in data.sources) or data.left_out or data.notes:
            outcomes["told"] += 1
            continue
        outcomes["read"] += 1
        found = sum(1 if source.kinds == {"rotated boxes"} else len(boxes_of(source)) for source in data.sources)
        assert found == whole
    assert min(outcomes.values()) > 0
