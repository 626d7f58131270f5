"""COCO's files that are odd, but legal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import DataSet, Source, read
from augkit.targets import run_lengths
from support.coco_files import MASK, RING, RLE, data_of, instances, source_of, written
from support.data_sets import JPEG, lay


def check_box(source: Source, data: DataSet) -> None:
    assert [one.box for one in instances(source)] == [(1, 2, 10, 11)]


ODD: dict[str, tuple[dict[str, Any], Any]] = {
    "a byte order mark and a line end of Windows": ({}, "bom"),
    "an object without a bbox": ({"bbox": ..., "segmentation": RING}, (1, 1, 9, 5)),
    "a box of zeros and an outline": ({"bbox": [0, 0, 0, 0], "segmentation": RING}, (1, 1, 9, 5)),
    "an empty segmentation": ({"segmentation": []}, (1, 2, 10, 11)),
    "a null segmentation": ({"segmentation": None}, (1, 2, 10, 11)),
    "whole numbers as floats": ({"image_id": 41.0, "category_id": 3.0, "bbox": [1.0, 2.0, 9.0, 9.0]}, (1, 2, 10, 11)),
    "an outline in two pieces": ({"segmentation": [*RING, [20, 20, 25, 20, 25, 23]]}, (1, 2, 10, 11)),
    "a flat outline": ({"segmentation": RING[0]}, (1, 2, 10, 11)),
    "uncompressed run lengths": ({"segmentation": {**RLE, "counts": [99, 6, 663]}, "iscrowd": 1}, (1, 2, 10, 11)),
    "a mask without a bbox": ({"bbox": ..., "segmentation": {**RLE, "counts": None}}, (4, 3, 20, 9)),
    "crowd as a boolean": ({"iscrowd": True}, (1, 2, 10, 11)),
    "no area and no crowd": ({"area": ..., "iscrowd": ...}, (1, 2, 10, 11)),
    "no id": ({"id": ...}, (1, 2, 10, 11)),
    "a box beyond the picture": ({"bbox": [-5, -5, 100, 100]}, (-5, -5, 95, 95)),
    "a point with a box without area": ({"bbox": [5, 6, 0, 0], "keypoints": [5, 6, 2]}, (4.5, 5.5, 5.5, 6.5)),
    "keypoints and no box": ({"bbox": ..., "keypoints": [5, 6, 2, 0, 0, 0, 9, 8, 1]}, (5, 6, 9, 8)),
    "keypoints in a row, an empty box": ({"bbox": [], "keypoints": [5, 6, 2, 9, 6, 2]}, (5, 5.5, 9, 6.5)),
    "a score as of a result": ({"score": 0.25}, (1, 2, 10, 11)),
    "coco annotator": ({"isbbox": True, "creator": "me", "width": 32, "height": 24, "metadata": {}}, (1, 2, 10, 11)),
    "an id beyond 32 bits": ({"id": 900_100_581_904}, (1, 2, 10, 11)),
}


@pytest.mark.parametrize("oddity", ODD)
def test_odd_objects_are_read(oddity: str, tmp_path: Path) -> None:
    change, wanted = ODD[oddity]
    if oddity == "a mask without a bbox":
        pytest.importorskip("pycocotools")
        change = {**change, "segmentation": {**RLE, "counts": run_lengths.encode(MASK)}}
    text = json.dumps(data_of(change), indent=1)
    if wanted == "bom":
        text, wanted = "\ufeff" + text.replace("\n", "\r\n"), (1, 2, 10, 11)
    lay(tmp_path, {"x.json": text, "a.jpg": JPEG})
    data = read(tmp_path)
    (one,) = instances(data.sources[0])
    assert one.box == wanted
    assert one.label == "cat"
    assert one.is_crowd == (change.get("iscrowd") in (True, 1))


ODD_FILES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "names that are numbers": ({"categories": [{"id": 3, "name": "007"}, {"id": 4, "name": "1e3"}]}, ("007", "1e3")),
    "a name that is a whole number": ({"categories": [{"id": 3, "name": 7}]}, ("7",)),
    "ids with gaps, from 0": ({"categories": [{"id": 3, "name": "c"}, {"id": 0, "name": "a"}]}, ("c", "a")),
    "two categories of one name": ({"categories": [{"id": 0, "name": "c"}, {"id": 3, "name": "c"}]}, ("c",)),
    "the same category twice": ({"categories": [{"id": 3, "name": "c"}] * 2}, ("c",)),
    "lvis": (
        {"categories": [{"id": 3, "name": "c", "synset": "c.n.01", "synonyms": ["c"], "def": "x", "frequency": "r",
                         "image_count": 1, "instance_count": 1}]}, ("c",)),
    "a key of labelme2coco": ({"type": "instances"}, ("dog", "cat")),
    "empty keys": ({"videos": [], "mystery": None}, ("dog", "cat")),
    "no licences": ({"licenses": [], "info": {}}, ("dog", "cat")),
}  # fmt: skip


@pytest.mark.parametrize("oddity", ODD_FILES)
def test_odd_files_are_read_and_written(oddity: str, tmp_path: Path) -> None:
    change, names = ODD_FILES[oddity]
    data = data_of({}, **change)
    data["images"][0] |= {"neg_category_ids": [9], "not_exhaustive_category_ids": []}
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG})
    found = read(tmp_path / "src")
    assert found.classes == names
    found_again = written(tmp_path / "src", tmp_path / "out")
    kinds = list({json.dumps(kind): kind for kind in data["categories"]}.values())
    assert found_again["categories"] == [{**kind, "name": str(kind["name"])} for kind in kinds]
    assert [one["category_id"] for one in found_again["annotations"]] == [3, 3]
    assert found_again["images"][0]["neg_category_ids"] == [9]


def test_annotations_without_geometry_are_classes(tmp_path: Path) -> None:
    """As camera traps have it, and Datumaro's labels_*.json."""
    data = data_of({"bbox": ..., "area": ..., "iscrowd": ...}, {"bbox": ..., "category_id": 7})
    source = source_of(tmp_path, data)
    assert source.label == ["cat", "dog"]
    assert instances(source) == []


def test_duplicates_are_read_once(tmp_path: Path) -> None:
    data = data_of({}, {"id": 7}, {"id": 7, "bbox": [3, 3, 4, 4]})
    data["images"] *= 2
    lay(tmp_path, {"x.json": data, "a.jpg": JPEG})
    found = read(tmp_path)
    one, other = instances(found.sources[0])
    assert (one.box, (one.attributes or {})["id"]) == ((1, 2, 10, 11), 7)
    assert (other.box, (other.attributes or {}).get("id")) == ((3, 3, 7, 7), None)
    assert dict(found.left_out) == {"an entry that repeats another": 2}


def test_a_picture_in_two_entries_has_the_objects_of_both(tmp_path: Path) -> None:
    data = data_of({})
    data["images"].append({"id": 1, "file_name": "a.jpg"})
    data["annotations"].append({"id": 91, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]})
    assert [one.label for one in instances(source_of(tmp_path, data))] == ["cat", "dog"]
