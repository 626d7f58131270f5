"""Formats beside their objects: classes, splits, names, sizes, masks, and what is left out and counted."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from augkit.datasets import DataSet, Inventory, Member, Source, is_data_set, read
from augkit.datasets.formats.folder import FolderFormat
from augkit.errors import ArgumentError, FileError
from augkit.images import decode, encode
from augkit.storage.root import Folder, Found
from augkit.targets import run_lengths
from augkit.targets.records import record
from support.data_sets import CAT, JPEG, LINES, MASK, PNG, YAML, coco, lay, tar_of
from support.pictures import noise


def facts(data: DataSet) -> dict[str, tuple[Any, Any]]:
    return {source.id: (source.label, source.split) for source in data.sources}


def test_a_class_is_the_first_folder(tmp_path: Path) -> None:
    lay(tmp_path, {"roses/a.jpg": JPEG, "roses/red/a.JPG": JPEG, "top.png": PNG, "roses/a.bin": "", "train/b.gif": PNG})
    data = read(tmp_path)
    labels = {"roses/a.jpg": "roses", "roses/red/a.JPG": "roses", "top.png": None, "train/b.gif": "train"}
    assert facts(data) == {id: (label, None) for id, label in labels.items()}
    assert data.classes == ("roses", "train")
    assert data.left_out == (("no picture by its name", 1),)
    assert data.kinds == frozenset()


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_a_split_is_the_folder_above_the_class(val: str, tmp_path: Path) -> None:
    lay(tmp_path, {"train/roses/x/a.jpg": JPEG, f"{val}/tulips/b.jpg": JPEG, "test/c.jpg": JPEG, "notes/read.me": ""})
    expected = {"train/roses/x/a.jpg": ("roses", "train"), f"{val}/tulips/b.jpg": ("tulips", "val")}
    assert facts(read(tmp_path)) == expected | {"test/c.jpg": (None, "test")}
    assert read(tmp_path).classes == ("roses", "tulips")


def test_folders_that_only_sound_like_splits_are_classes(tmp_path: Path) -> None:
    lay(tmp_path, {"train/a.jpg": JPEG, "bus/b.jpg": JPEG})
    assert facts(read(tmp_path)) == {"train/a.jpg": ("train", None), "bus/b.jpg": ("bus", None)}
    lay(tmp_path / "2", {"val/x/a.jpg": JPEG, "test/x/b.jpg": JPEG})
    assert {split for _, split in facts(read(tmp_path / "2")).values()} == {"val", "test"}
    assert "None is train, so that nothing is augmented." in read(tmp_path / "2").notes[0]


def test_a_million_pictures_keep_one_string_a_class() -> None:
    class Large(Folder):
        def walk(self, left_out: Counter[str], below: str = "") -> Iterator[Found]:
            return (Found(f"class{n % 10}/{n}.jpg", n) for n in range(20_000))

        def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
            return b""

    sources = FolderFormat().read(Inventory(Large(Path("large")))).sources
    assert len({id(source.label) for source in sources}) == 10
    assert not hasattr(sources[0], "__dict__")


def test_what_a_data_set_is(tmp_path: Path) -> None:
    lay(tmp_path, {"a.jpg": JPEG, "x.json": coco("a.jpg"), "notes.txt": ""})
    assert is_data_set(tmp_path)
    assert is_data_set(tmp_path / "x.json")
    assert not is_data_set(tmp_path / "a.jpg")
    assert not is_data_set(tmp_path / "nothing")
    with pytest.raises(FileError, match=r"notes.txt: must be a folder of pictures, or a .*\.json"):
        read(tmp_path / "notes.txt")


def test_coco_of_keypoints(tmp_path: Path) -> None:
    kind = {"id": 1, "name": "person", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "keypoints": [5, 6, 2, 0, 0, 0]}
    other = {**person, "id": 2, "keypoints": [0] * 6}
    image = {"id": 1, "file_name": "a.jpg", "label": "zoo", "height": 24, "width": 32}
    data = {"images": [image], "annotations": [person, other], "categories": [kind]}
    lay(tmp_path, {"annotations/person_keypoints_train2017.json": data, "train2017/a.jpg": JPEG})
    found = read(tmp_path)
    assert found.keypoint_names == (("person", ("nose", "tail")),)
    assert found.skeletons == (("person", ((1, 2),)),)
    (source,) = found.sources
    assert (source.label, source.split) == ("zoo", "train")
    assert source.annotations is not None
    assert source.annotations.size == (24, 32)
    assert [i.keypoints for i in source.annotations.instances or ()] == [(5, 6, 2, 0, 0, 0), ()]
    assert found.kinds == {"boxes", "keypoints"}


def test_coco_without_objects_is_about_classes(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg", "label": "rose"}]
    lay(tmp_path, {"x.json": {"images": images, "annotations": [], "categories": []}, "a.jpg": JPEG})
    (source,) = read(tmp_path / "x.json").sources
    assert (source.label, source.annotations) == ("rose", None)


def test_coco_counts_what_it_leaves_out(tmp_path: Path) -> None:
    data = coco("a.jpg", "gone.jpg")
    data["annotations"] += [
        {"id": 90, "image_id": 1, "category_id": 9, "bbox": [1, 1, 0, 5]},
        {"id": 91, "image_id": 77, "category_id": 9, "bbox": [1, 1, 5, 5]},
    ]
    lay(tmp_path, {"annotations/instances_train.json": data, "train/a.jpg": JPEG, "train/other.jpg": JPEG})
    assert dict(read(tmp_path).left_out) == {
        "an object without area": 1,
        "an object without a picture": 1,
        "a picture without an entry": 1,
    }
    missing = next(source for source in read(tmp_path).sources if source.fault)
    assert missing.fault.startswith("annotations/instances_train.json images[1].file_name: must name a picture that")
    (tmp_path / "train/a.jpg").unlink()
    with pytest.raises(FileError, match="must have its pictures beside it, got none of 2"):
        read(tmp_path)


def test_coco_keeps_the_order_of_categories_over_files(tmp_path: Path) -> None:
    other = coco("b.jpg")
    other["categories"] = [{"id": 4, "name": "ape"}, {"id": 9, "name": "dog"}]
    lay(tmp_path, {"annotations/instances_train.json": coco("a.jpg"), "annotations/instances_val.json": other})
    lay(tmp_path, {"train/a.jpg": JPEG, "val/b.jpg": JPEG})
    data = read(tmp_path)
    assert data.classes == ("cat", "dog", "ape")
    instances = data.sources[1].annotations.instances  # type: ignore[union-attr]
    assert [instance.label for instance in instances or ()] == ["dog", "ape"]


@given(st.lists(st.integers(0, 10**6), max_size=30))
def test_run_lengths_come_back(runs: list[int]) -> None:
    assert run_lengths.expanded(run_lengths.compressed(runs)) == runs


def test_run_lengths_are_those_of_pycocotools(tmp_path: Path) -> None:
    masks = pytest.importorskip("pycocotools.mask", reason="the extra `coco` is not installed")
    mask = np.asfortranarray(noise((24, 32), 1) > 200, np.uint8)
    rle = masks.encode(mask)["counts"].decode()
    assert run_lengths.compressed(run_lengths.expanded(rle)) == rle
    data, runs = coco("a.jpg"), run_lengths.expanded(rle)
    data["annotations"][0] |= {"segmentation": {"size": [24, 32], "counts": runs}, "iscrowd": 1}
    data["annotations"][1] |= {"segmentation": {"size": [24, 32], "counts": rle}}
    lay(tmp_path, {"x.json": data, "a.jpg": JPEG})
    (source,) = read(tmp_path / "x.json").sources
    crowd, dog = source.annotations.instances  # type: ignore[union-attr,misc]
    assert (crowd.rle, crowd.is_crowd, crowd.rings) == (rle, True, ())
    assert (dog.rle, dog.is_crowd) == (rle, False)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_yolo_fractions_are_of_the_upright_picture(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    turned, file = noise((24, 32)), io.BytesIO()
    Image.fromarray(turned).save(file, "jpeg", exif=exif)
    lay(tmp_path, {"data.yaml": YAML, "images/train/a.jpg": file.getvalue(), "labels/train/a.txt": "1 0.5 0.5 1 1"})
    lay(tmp_path, {"images/val/b.jpg": JPEG})
    data = read(tmp_path)
    height, width = decode(file.getvalue()).image.shape[:2]
    annotations = data.sources[0].annotations
    assert annotations is not None
    assert annotations.size == (height, width)
    assert annotations.instances == (replace(CAT, label="dog", box=(0, 0, width, height)),)
    assert data.sources[1].annotations.instances == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_yolo_reads_the_size_of_a_large_picture(kind: Any, tmp_path: Path) -> None:
    large = encode(noise((300, 400)), kind, quality=100)
    assert len(large) > 65_536
    exif = b"\xff\xe1\xff\xff" + b"x" * 65_533  # a segment that moves a JPEG's header past what is read first
    data = large[:2] + exif + large[2:] if kind == "jpeg" else large
    lay(tmp_path, {"data.yaml": YAML, "images/train/a.jpg": data, "labels/train/a.txt": LINES, "images/val/b.jpg": PNG})
    source = read(tmp_path).sources[0]
    assert source.annotations is not None
    assert source.annotations.size == (300, 400)


def test_a_picture_that_is_none_costs_yolo_no_other(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {"data.yaml": YAML, "images/train/a.jpg": b"none", "images/train/b.jpg": JPEG, "images/val/c.jpg": JPEG},
    )
    lay(tmp_path, {"labels/train/a.txt": LINES, "labels/train/b.txt": LINES + "0 0.5 0.5 0 1\n", "images/d.jpg": JPEG})
    data = read(tmp_path)
    assert len(data.sources) == 3
    assert len(data.sources[1].annotations.instances or ()) == 2  # type: ignore[union-attr]
    assert dict(data.left_out) == {"an object without area": 1, "a picture without an entry": 1}


def test_a_manifest(tmp_path: Path) -> None:
    rows = [
        {
            "path": "p/a.jpg",
            "class": ["x", 1],
            "split": "valid",
            "group": 7,
            "mask": "m.png",
            "site": "north",
            "id": "B",
        },
        {"path": "./p/a.jpg", "split": "train", "keypoints": [[1, 2], [3, 4, 0]], "site": 3, "id": "A"},
        {"path": "gone.jpg", "split": "test", "id": "C"},
        {"path": "p/a.jpg", "split": "test", "mask": "gone.png", "id": "D"},
    ]
    lay(tmp_path, {"x.jsonl": "\n".join(map(json.dumps, rows)), "p/a.jpg": JPEG, "m.png": MASK})
    with pytest.raises(FileError, match=r"x.jsonl: must be read as labels, but 'site' is not understood"):
        read(tmp_path / "x.jsonl")
    data = read(tmp_path / "x.jsonl", columns="site")
    assert read(tmp_path / "x.jsonl", ignore="site").ignored == (("site", 1),)
    first, second, missing, unmasked = data.sources
    assert (missing.id, missing.split) == ("C", "test")
    assert missing.fault == "x.jsonl:3: must be a picture that is there, got 'gone.jpg'."
    assert unmasked.fault == "x.jsonl:4 mask: must be a file that is there, got 'gone.png'."
    assert (first.id, first.place, first.label, first.split, first.group) == ("A", "p/a.jpg", None, "train", None)
    assert first.annotations is not None
    assert record(first.annotations.targets)["keypoints"] == (1, 2, 2, 3, 4, 0)
    assert (second.id, second.label, second.split, second.group) == ("B", ["x", 1], "val", "7")
    assert second.annotations is not None
    assert second.annotations.mask == "m.png"
    assert data.kinds == {"keypoints", "masks"}
    assert data.column("site") == {"A": "3", "B": "north", "C": "", "D": ""}
    with pytest.raises(ArgumentError, match=r"must be a column of the manifest \(site\), got 'sit'. Did you mean site"):
        data.column("sit")


def test_a_manifest_in_csv(tmp_path: Path) -> None:
    text = '\ufefffile,label,patient,group\r\na.jpg,"rose, red",7,\r\n\r\nb.jpg,,"8\n9",g\r\n'
    lay(tmp_path, {"x.csv": text, "a.jpg": JPEG, "b.jpg": JPEG, "c.jpg": JPEG})
    data = read(tmp_path / "x.csv", columns=["patient"])
    assert [(s.id, s.label, s.group) for s in data.sources] == [("a.jpg", "rose, red", None), ("b.jpg", None, "g")]
    assert data.column("patient") == {"a.jpg": "7", "b.jpg": "8\n9"}
    assert data.classes == ("rose, red",)


def test_webdataset(tmp_path: Path) -> None:
    members = {
        "./a.v1/0.jpg": JPEG, "./a.v1/0.cls": b"3\n", "./a.v1/0.seg.png": MASK, "./a.v1/0.txt": b"a caption",
        "1.PNG": PNG, "1.json": b'{"label": "rose", "caption": "no", "group": 5}', "2.json": b"{}", "../3.jpg": JPEG,
        "/4.jpg": JPEG, ".jpg": JPEG,
    }  # fmt: skip
    lay(tmp_path, {"set-train-000.tar": tar_of(members), "readme.md": "x"})
    data = read(tmp_path)
    first, without, second = data.sources
    assert without.fault == "set-train-000.tar 2: must have a picture, got 2.json."
    assert (first.id, first.label, first.split) == ("set-train-000.tar/1.png", "rose", "train")
    assert (second.id, second.label, second.group) == ("set-train-000.tar/a.v1/0.jpg", "3", None)
    assert first.group == "5"
    assert isinstance(second.place, Member)
    assert second.annotations is not None
    assert data.read(second.annotations.mask or "") == MASK
    assert data.decoded(first).image.shape == (24, 32, 3)
    assert dict(data.left_out) == {
        "a member with a path out of the tar": 2,
        "another member of a tar": 1,
        "documentation": 1,
    }


def test_webdataset_reads_no_links_and_devices(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        info = tarfile.TarInfo("a.jpg")
        info.size = len(JPEG)
        tar.addfile(info, io.BytesIO(JPEG))
    lay(tmp_path, {"x.tar": file.getvalue()})
    data = read(tmp_path / "x.tar")
    assert [source.id for source in data.sources] == ["x.tar/a.jpg"]
    assert data.left_out == (("a member that is no file", 4),)


def test_a_data_set_in_any_order_is_one() -> None:
    sources = [Source(id, 1) for id in "cab"]
    data = DataSet.of("folder", Folder(Path("x")), sources, Counter(), ())
    assert [source.id for source in data.sources] == ["a", "b", "c"]
