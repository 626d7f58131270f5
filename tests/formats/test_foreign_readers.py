"""Outputs are read by the readers that their users have, and tell them the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import read
from augkit.expand import replay, verify
from augkit.images import decode, encode
from support.folders import done, fill, lines, outputs, picture
from support.labelled import BENT, coco

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coco(tmp_path_factory.mktemp("labelled") / "src")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = fill(tmp_path_factory.mktemp("classes") / "src")
    (root / "top.jpg").unlink()
    return root


SPLIT = "train=0.6,val=0.4"


def by_name(out: Path) -> dict[str, dict[str, Any]]:
    return {entry["record"]["name"].rpartition("/")[2].rpartition(".")[0]: entry for entry in lines(out)}


def test_class_folders_as_torchvision_walks_them(classes: Path, tmp_path: Path) -> None:
    done(classes, tmp_path / "out", split=SPLIT)
    for split in ("train", "val"):
        root = tmp_path / "out" / split
        names = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
        assert names == sorted({entry["class"] for entry in lines(tmp_path / "out") if entry["split"] == split})
        found = [(path, name) for name in names for path in sorted((root / name).rglob("*")) if path.is_file()]
        wanted = [entry for entry in lines(tmp_path / "out") if entry["split"] == split]
        assert len(found) == len(wanted)
        assert {(path.name, name) for path, name in found} == {
            (entry["id"].rpartition("/")[2], entry["class"]) for entry in wanted
        }


def test_class_folders_as_hugging_face_loads_them(classes: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    done(classes, tmp_path / "out", split=SPLIT, encoding="png")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    counts = {split: sum(e["split"] == split for e in lines(tmp_path / "out")) for split in ("train", "val")}
    assert {("val" if name == "validation" else name): len(rows) for name, rows in loaded.items()} == counts
    names = loaded["train"].features["label"].names
    assert names == ["roses", "tulips"]


def test_tars_as_webdataset_reads_them(labelled: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="needs webdataset")
    done(labelled, tmp_path / "out", pipeline=BENT, form="webdataset", encoding="png")
    tars = sorted(map(str, (tmp_path / "out").glob("*.tar")))
    wanted = by_name(tmp_path / "out")
    seen = 0
    for sample in webdataset.WebDataset(tars, shardshuffle=False, empty_check=False).decode("rgb8"):
        entry = wanted[sample["__key__"].rpartition("/")[2]]
        data = outputs_of(tmp_path / "out", entry)
        assert np.array_equal(sample["png"], decode(data).image)
        instances = entry["record"]["instances"]
        assert sample["json"]["box_labels"] == [i["label"] for i in instances]
        assert sample["json"]["boxes"] == [i["box"] for i in instances]
        seen += 1
    assert seen == len(wanted) == 15


def outputs_of(out: Path, entry: dict[str, Any]) -> bytes:
    made = replay(out, entry["id"])
    assert made.is_identical
    return made.data


def test_tars_tell_the_class(classes: Path, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="needs webdataset")
    done(classes, tmp_path / "out", form="webdataset")
    wanted, seen = by_name(tmp_path / "out"), 0
    tars = sorted(map(str, (tmp_path / "out").glob("*.tar")))
    for sample in webdataset.WebDataset(tars, shardshuffle=False, empty_check=False).decode("rgb8"):
        label = wanted[sample["__key__"].rpartition("/")[2]]["class"]
        assert sample["cls"] == ["roses", "tulips"].index(label)
        seen += 1
    assert seen == 69


def test_parquet_as_hugging_face_loads_it(labelled: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    done(labelled, tmp_path / "out", pipeline=BENT, form="parquet", encoding="png")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"]
    assert isinstance(loaded.features["image"], datasets.Image)
    wanted = by_name(tmp_path / "out")
    assert len(loaded) == len(wanted) == 15
    plain = loaded.cast_column("image", datasets.Image(decode=False))
    for row, shown in zip(plain, loaded, strict=True):
        entry = wanted[row["image"]["path"].rpartition("/")[2].rpartition(".")[0]]
        assert row["image"]["bytes"] == outputs_of(tmp_path / "out", entry)
        assert isinstance(shown["image"], Image.Image)
        assert json.loads(row["boxes"]) == [i["box"] for i in entry["record"]["instances"]]


def test_coco_as_pycocotools_reads_it(labelled: Path, tmp_path: Path) -> None:
    done(labelled, tmp_path / "out", pipeline=BENT, form="coco", encoding="png", originals="include")
    from pycocotools.coco import COCO

    found = COCO(str(tmp_path / "out/annotations/instances_train.json"))
    wanted = by_name(tmp_path / "out")
    assert len(found.imgs) == len(wanted) == 20
    assert [category["name"] for category in found.loadCats(found.getCatIds())] == ["person", "blob"]
    for image in found.imgs.values():
        path = tmp_path / "out/train" / image["file_name"]
        assert Image.open(path).size == (image["width"], image["height"])
        entry = wanted[path.stem]
        annotations = found.loadAnns(found.getAnnIds(image["id"]))
        instances = entry["record"]["instances"]
        assert len(annotations) == len(instances)
        for annotation, instance in zip(annotations, instances, strict=True):
            left, top, width, height = annotation["bbox"]
            assert np.allclose([left, top, left + width, top + height], instance["box"], atol=2e-3)
            assert annotation.get("keypoints", []) == instance["keypoints"]
            mask = found.annToMask(annotation)
            assert mask.shape == (image["height"], image["width"])
            if entry["copy"] is None:
                assert annotation["area"] == 1.0  # as it was written
            else:
                assert abs(int(mask.sum()) - annotation["area"]) <= 0.05 * annotation["area"] + 30


def test_yolo_as_ultralytics_reads_it(labelled: Path, tmp_path: Path) -> None:
    import yaml

    done(labelled, tmp_path / "out", pipeline=BENT, form="yolo", encoding="png", drop=("polygons", "keypoints"))
    facts = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    names = dict(enumerate(facts["names"]))
    assert list(names.values()) == ["person", "blob"]
    wanted = by_name(tmp_path / "out")
    pictures = sorted((tmp_path / "out" / facts["train"]).rglob("*.png"))
    assert len(pictures) == len(wanted) == 15
    for path in pictures:
        # img2label_paths: the last /images/ becomes /labels/
        label = Path("/labels/".join(str(path).rsplit("/images/", 1))).with_suffix(".txt")
        rows = np.array([line.split() for line in label.read_text().splitlines()], np.float64).reshape(-1, 5)
        assert ((rows[:, 1:] >= 0) & (rows[:, 1:] <= 1)).all()
        instances = wanted[path.stem]["record"]["instances"]
        assert [names[int(row[0])] for row in rows] == [i["label"] for i in instances]
        width, height = Image.open(io.BytesIO(path.read_bytes())).size
        for row, instance in zip(rows, instances, strict=True):
            x, y, w, h = row[1:] * [width, height, width, height]
            assert np.allclose([x - w / 2, y - h / 2, x + w / 2, y + h / 2], instance["box"], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["coco", "yolo", "webdataset", "parquet"])
def test_two_writes_are_byte_equal_and_sound(labelled: Path, tmp_path: Path, form: str) -> None:
    drop = ("polygons", "keypoints") if form == "yolo" else ()  # its tasks hold one of the two
    for number in (0, 2):
        done(labelled, tmp_path / str(number), pipeline=BENT, form=form, workers=number, drop=drop)
        assert verify(tmp_path / str(number)).is_sound
    first, second = outputs(tmp_path / "0"), outputs(tmp_path / "2")
    assert first == second


def test_parquet_that_hugging_face_writes_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["tulip", "rose"])}
    images = [encode(picture(number), "png") for number in range(3)]
    table = {"image": [{"bytes": image, "path": None} for image in images], "label": [1, 0, 1]}
    datasets.Dataset.from_dict(table, datasets.Features(kinds)).to_parquet(str(tmp_path / "test.parquet"))
    data = read(tmp_path / "test.parquet")
    assert data.classes == ("tulip", "rose")
    assert [source.label for source in data.sources] == ["rose", "tulip", "rose"]
    assert [data.read(source.place or source.id) for source in data.sources] == images
