"""COCO's files: known by their content, their pictures found wherever they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit.datasets import read
from augkit.errors import FileError
from support.coco_files import data_of, instances, source_of
from support.data_sets import JPEG, PNG, coco, lay

LAYOUTS: dict[str, list[str]] = {
    "fiftyone": ["labels.json", "data/a.jpg"],
    "label studio": ["result.json", "images/a.jpg"],
    "cvat": ["annotations/instances_default.json", "images/a.jpg"],
    "cvat of a subset": ["annotations/instances_train.json", "images/train/a.jpg"],
    "roboflow": ["train/_annotations.coco.json", "train/a.jpg"],
    "any names": ["meta/everything.JSON", "pictures/2019/a.jpg"],
    "beside": ["a.json", "a.jpg"],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["a.jpg", "./a.jpg", "C:\\data\\a.jpg", "/home/me/x/a.jpg", "http://x.org/y/a.jpg"])
def test_pictures_are_found_wherever_they_lie(layout: str, name: str, tmp_path: Path) -> None:
    labels, picture = LAYOUTS[layout]
    data = data_of({})
    data["images"][0]["file_name"] = name
    source = source_of(tmp_path, data, labels, **{picture: JPEG})
    assert source.id == picture
    assert [one.box for one in instances(source)] == [(1, 2, 10, 11)]


@pytest.mark.parametrize(
    ("name", "picture", "json_at"),
    [
        ("sub/deep/a.jpg", "images/sub/deep/a.jpg", "x.json"),
        ("sub\\a.jpg", "train/sub/a.jpg", "annotations/instances_train.json"),
        ("images\\a.jpg", "images/a.jpg", "result.json"),
        ("../images/a.jpg", "images/a.jpg", "annotations/x.json"),
        ("a%20b.jpg", "images/a b.jpg", "result.json"),
        ("cafe\u0301.jpg", "images/caf\u00e9.jpg", "x.json"),
    ],
)
def test_names_of_pictures_may_be_paths(name: str, picture: str, json_at: str, tmp_path: Path) -> None:
    data = data_of({})
    data["images"][0]["file_name"] = name
    assert source_of(tmp_path, data, json_at, **{picture: JPEG}).id == picture


def test_a_missing_picture_is_never_that_of_another_split(tmp_path: Path) -> None:
    lay(tmp_path, {"train/b.jpg": JPEG, "val/a.jpg": PNG, "annotations/instances_train.json": coco("a.jpg", "b.jpg")})
    lay(tmp_path, {"annotations/instances_val.json": coco("a.jpg")})
    found = {source.id: (source.split, bool(source.fault)) for source in read(tmp_path).sources}
    assert found == {"a.jpg": ("train", True), "train/b.jpg": ("train", False), "val/a.jpg": ("val", False)}


def test_a_picture_with_two_places_is_not_guessed(tmp_path: Path) -> None:
    lay(tmp_path, {"x.json": coco("a.jpg", "b.jpg"), "p/a.jpg": JPEG, "q/a.jpg": PNG, "p/r/b.jpg": JPEG})
    faults = [source.fault for source in read(tmp_path).sources if source.fault]
    assert faults == ["x.json images[0].file_name: must name one picture, got 'p/a.jpg' and 'q/a.jpg'."]


def test_a_file_of_coco_is_known_by_its_content(tmp_path: Path) -> None:
    padding = {"info": {"description": "x" * 5000}, "licenses": []}
    lay(tmp_path, {"x.json": padding | coco("a.jpg"), "a.jpg": JPEG})
    assert read(tmp_path).form == "coco"
    lay(tmp_path, {"y.json": {"version": 3, "regions": []}})
    with pytest.raises(FileError, match=r"must be read as labels, but 'y\.json' is not understood"):
        read(tmp_path)
    assert read(tmp_path, ignore=["y.json"]).form == "coco"


def test_a_lone_file_is_a_split_where_it_says_nothing_else(tmp_path: Path) -> None:
    for name, split in (
        ("test_tubes", None),
        ("instances_train2017", "train"),
        ("lamps_val", "val"),
        ("lvis_v1_train", "train"),
    ):
        lay(tmp_path / name, {f"{name}.json": coco("a.jpg"), "a.jpg": JPEG})
        assert read(tmp_path / name).sources[0].split == split, name


def test_lvis_names_pictures_by_their_urls(tmp_path: Path) -> None:
    """Some of its pictures for validation lie in COCO's folder for training."""
    data = data_of({})
    del data["images"][0]["file_name"]
    data["images"][0]["coco_url"] = "http://images.cocodataset.org/train2017/a.jpg"
    files = {"train2017/a.jpg": JPEG, "val2017/a.jpg": PNG}
    source = source_of(tmp_path, data, "lvis_v1_val.json", **files)
    assert (source.id, source.split) == ("train2017/a.jpg", "val")


def test_letters_of_another_case_are_the_same_name(tmp_path: Path) -> None:
    data = data_of({})
    data["images"][0]["file_name"] = "IMG_01.JPG"
    assert source_of(tmp_path, data, "x.json", **{"images/img_01.jpg": JPEG}).id == "images/img_01.jpg"
