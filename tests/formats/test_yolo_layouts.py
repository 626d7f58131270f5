"""YOLO: every layout that people have is read with the right labels, and what is not read is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from augkit.datasets import read
from augkit.errors import FileError
from support.data_sets import JPEG, MASK, PNG, lay
from support.folders import done, lines
from support.yolo_sets import BOX, LINE, NAMES, ONE, boxes_of, only

LAYOUTS: dict[str, tuple[dict[str, Any], str]] = {
    "path: .": ({**ONE, "data.yaml": f"path: .\n{NAMES}"}, ""),
    "no path": ({**ONE, "data.yaml": NAMES}, "data.yaml"),
    "a path of another machine": ({**ONE, "data.yaml": f"path: /home/bob/set\n{NAMES}"}, ""),
    "a path of another system": ({**ONE, "data.yaml": f"path: C:\\data\\set\n{NAMES}"}, ""),
    "its datasets folder": ({**ONE, "coco8.yaml": f"path: ../datasets/coco8\n{NAMES}"}, ""),
    "an absolute folder": ({**ONE, "data.yaml": "train: /home/bob/set/images/train\nnames: [cat]\n"}, ""),
    "FiftyOne": ({**ONE, "dataset.yaml": "path: ./\ntrain: ./images/train/\nnames:\n  0: cat\n"}, ""),
    "further down": ({f"set/{name}": data for name, data in {**ONE, "data.yaml": NAMES}.items()}, ""),
    "a list of folders": ({**ONE, "data.yaml": "train: [images/train]\nnames: [cat]\n"}, ""),
    "a list file": ({**ONE, "data.yaml": "train: train.txt\nnames: [cat]\n", "train.txt": "images/train/a.png\n"}, ""),
    "beside the list": (
        {**ONE, "data.yaml": "train: images/l.txt\nnames: [cat]\n", "images/l.txt": "./train/a.png\r\n\r\n"},
        "",
    ),
    "a list of another machine": (
        {**ONE, "data.yaml": "train: l.txt\nnames: [cat]\n", "l.txt": "\ufeff/data/bob/images/train/a.png"},
        "",
    ),
    "a list of another system": (
        {**ONE, "data.yaml": "train: l.txt\nnames: [cat]\n", "l.txt": "D:\\set\\images\\train\\a.png\r\n"},
        "",
    ),
    "Roboflow": (
        {
            "data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: [cat]\nroboflow: {version: 3}\n",
            "train/images/a.png": PNG,
            "train/labels/a.txt": LINE,
            "README.roboflow.txt": "x",
        },
        "",
    ),
    "beside the picture": (
        {"data.yaml": "train: pictures\nnames: [cat]\n", "pictures/a.png": PNG, "pictures/a.txt": LINE},
        "",
    ),
    "the last images counts": (
        {"data.yaml": "train: images/x\nnames: [cat]\n", "images/x/images/a.png": PNG, "images/x/labels/a.txt": LINE},
        "",
    ),
    "a suffix in capitals": ({"data.yaml": NAMES, "images/train/a.PNG": PNG, "labels/train/a.TXT": LINE}, ""),
    "coco128": ({**ONE, "data.yaml": f"{NAMES}val: images/train\ntest:\n"}, ""),
    "files of others": (
        {
            **ONE,
            "data.yaml": NAMES,
            "labels/train.cache": b"\x80",
            "labels/classes.txt": "cat\ndog\n",
            "LICENSE": "MIT",
        },
        "",
    ),
    "darknet": (
        {
            "obj.data": "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": "cat\n",
            "train.txt": "data/obj_train_data/a.png\n",
            "obj_train_data/a.png": PNG,
            "obj_train_data/a.txt": LINE,
        },
        "",
    ),
    "darknet of VOC": (
        {
            "cfg/voc.data": "classes= 1\ntrain  = /home/x/voc/train.txt\nvalid =\nnames = data/voc.names\n",
            "data/voc.names": "cat\n",
            "train.txt": "/home/x/voc/VOC2007/JPEGImages/a.png\n",
            "VOC2007/JPEGImages/a.png": PNG,
            "VOC2007/labels/a.txt": LINE,
        },
        "",
    ),
    "Label Studio": (
        {
            "images/a.png": PNG,
            "labels/a.txt": LINE,
            "classes.txt": "cat\n",
            "notes.json": '{"categories": [{"id": 0, "name": "cat"}], "info": {"year": 2026}}',
        },
        "",
    ),
    "LabelImg": ({"a.png": PNG, "a.txt": LINE, "classes.txt": "cat\ndog\n"}, ""),
    "YOLOv4 of FiftyOne": (
        {"data/a.png": PNG, "data/a.txt": LINE, "obj.names": "cat\n", "images.txt": "data/a.png\n"},
        "",
    ),
    "Roboflow's darknet": ({"train/a.png": PNG, "train/a.txt": LINE, "train/_darknet.labels": "cat\n"}, ""),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read(name: str, tmp_path: Path) -> None:
    files, where = LAYOUTS[name]
    data = read(lay(tmp_path / "set", files) / where)
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
        ({"depth/train/a.png": PNG}, r"depth/train/a\.png' is not understood\. It has the name of a picture"),
        ({"labels/train/classes.txt": "x\ny\n"}, r"classes\.txt' is not understood\. It names other classes"),
        ({"images/train/a.json": "{}"}, r"images/train/a\.json' is not understood"),
        ({"data.yaml": f"{NAMES}attributes: [a]\n"}, r"data\.yaml:3 attributes: must be read as labels"),
        ({"data.yaml": f"{NAMES}label_mapping: {{7: 0}}\n"}, r"label_mapping: must be read as labels"),
    ],
)
def test_what_is_not_read_is_named(files: dict[str, Any], words: str, tmp_path: Path) -> None:
    lay(tmp_path, {**ONE, "data.yaml": NAMES, **files})
    with pytest.raises(FileError, match=words):
        read(tmp_path)
    ignored = read(tmp_path, ignore=("b.txt", "depth/*", "label_mapping", "classes.txt", "*.json", "attributes"))
    assert boxes_of(only(ignored)) == [("cat", BOX)]


@pytest.mark.parametrize("folder", ["masks", "truth"])
def test_masks_of_classes_are_read(folder: str, tmp_path: Path) -> None:
    """Of Ultralytics' semantic data sets: a folder of PNG beside images, with the names of data.yaml."""
    said = {"data.yaml": f"{NAMES}masks_dir: {folder}\n"} if folder != "masks" else {"data.yaml": NAMES}
    lay(tmp_path, {"images/train/a.png": PNG, f"{folder}/train/a.png": MASK, "images/train/b.png": PNG, **said})
    data = read(tmp_path)
    assert [source.kinds for source in data.sources] == [{"masks"}, set()]
    assert data.sources[0].annotations is not None
    assert data.sources[0].annotations.mask == f"{folder}/train/a.png"
    assert data.sources[1].fault == f"{folder}/train/b.png: must be there, as other masks are."
    assert data.about == {"mask_classes": ["cat", "dog"], "mask_ignore": 255}
    both = read(lay(tmp_path, {"labels/train/a.txt": LINE}))
    assert both.sources[0].kinds == {"boxes", "masks"}
    assert boxes_of(both.sources[0]) == [("cat", BOX)]


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
