"""Attributes: facts that do not move go with their rows, through pipelines and files, and make a kind of label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.core.key import Key
from augkit.datasets import DataSet, read
from augkit.errors import ArgumentError, FileError, SampleError
from augkit.pipeline import Pipeline
from augkit.targets.records import Instance, says
from augkit.targets.sample import Sample
from augkit.transforms.crops import CenterCrop
from augkit.transforms.geometry import Mirror
from support.data_sets import PNG, lay
from support.folders import done

KEY = Key(0, "a")
BLANK = np.zeros((24, 32, 3), np.uint8)
ROW: dict[str, Any] = {
    "image": "a.png",
    "boxes": [[2, 3, 7, 10], [10, 10, 20, 20]],
    "box_labels": ["cat", "dog"],
    "box_attributes": [{"id": 7, "occluded": True, "note": "käse"}, {}],
    "rotated_boxes": [[16, 12, 8, 4, 30.0]],
    "rotated_box_labels": ["ship"],
    "rotated_box_attributes": [{"difficult": 1}],
    "polylines": [[[1, 1], [30, 20]]],
    "polyline_labels": ["lane"],
    "polyline_attributes": [{"colour": "white"}],
}


def facts_of(data: DataSet) -> list[list[Any]]:
    """Return the attributes of all rows, by kind, of the picture that has the first name."""
    annotations = data.sources[0].annotations
    assert annotations is not None
    return [list(target.facts or ()) for target in annotations.targets.values()]


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_they_come_back_from_files(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    lay(tmp_path / "src", {"a.png": PNG, "x.jsonl": json.dumps(ROW) + "\n"})
    assert "attributes" in read(tmp_path / "src/x.jsonl").kinds
    done(tmp_path / "src/x.jsonl", tmp_path / "out", pipeline=Pipeline([Mirror()]), form=form, encoding="png")
    found = read(tmp_path / "out")
    assert facts_of(found) == [ROW["box_attributes"], ROW["rotated_box_attributes"], ROW["polyline_attributes"]]
    assert found.kinds == read(tmp_path / "src/x.jsonl").kinds


def test_they_follow_their_rows() -> None:
    boxes = [[0, 0, 2, 2], [10, 8, 20, 16], [12, 9, 18, 15]]
    facts = [{"n": 0}, {"n": 1, "area": 80.0}, {"n": 2}]
    sample = Sample(BLANK, boxes=boxes, box_labels=["a", "b", "c"], box_attributes=facts)
    made = Pipeline([CenterCrop((16, 16))])(sample, KEY)
    assert made.box_labels == ["b", "c"]
    assert made.box_attributes == [{"n": 1}, {"n": 2}]  # an area is that of what has not moved
    assert Pipeline([])(sample, KEY).box_attributes == facts


def test_what_is_no_label_makes_no_kind(tmp_path: Path) -> None:
    row = {**ROW, "box_attributes": [{"id": 3, "occluded": False, "difficult": 0}, {"group_id": None}]}
    row = {key: value for key, value in row.items() if key.startswith(("image", "box"))}
    lay(tmp_path, {"a.png": PNG, "x.jsonl": json.dumps(row) + "\n"})
    data = read(tmp_path / "x.jsonl")
    assert data.kinds == {"boxes"}
    assert facts_of(data) == [row["box_attributes"]]
    assert not says(None)
    assert says({"score": 0.0})
    assert says({"attributes": {"age": 3}})
    assert not says({"attributes": {"id": 3}})


def test_dropped_attributes_leave_bookkeeping(tmp_path: Path) -> None:
    lay(tmp_path, {"a.png": PNG, "x.jsonl": json.dumps(ROW) + "\n"})
    (source,) = read(tmp_path / "x.jsonl").sources
    left = source.without("attributes")
    assert "attributes" not in left.kinds
    assert left.annotations is not None
    assert [one.attributes for one in left.annotations.instances or ()] == [{"id": 7}, {}]


def test_a_form_without_a_place_for_them_refuses_them(tmp_path: Path) -> None:
    row = {key: value for key, value in ROW.items() if key.startswith(("image", "box"))}
    lay(tmp_path, {"src/a.png": PNG, "src/x.jsonl": json.dumps(row) + "\n"})
    with pytest.raises(ArgumentError, match=r"must have a place for .*attributes, got folder\..*--drop attributes"):
        done(tmp_path / "src/x.jsonl", tmp_path / "out", form="folder")


@pytest.mark.parametrize("facts", [[{}], [{}, 3], "ab", 3])
def test_a_row_has_one_object_of_them(facts: Any, tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"Sample\.box_attributes"):
        Sample(BLANK, boxes=ROW["boxes"], box_attributes=facts)
    lay(tmp_path, {"a.png": PNG, "x.jsonl": json.dumps({**ROW, "box_attributes": facts}) + "\n"})
    with pytest.raises(FileError, match="box_attributes"):
        read(tmp_path / "x.jsonl")


def test_an_instance_has_them() -> None:
    assert Instance("a", (0, 0, 1, 1), attributes={"x": 1}) != Instance("a", (0, 0, 1, 1))
    assert len({Instance("a", (0, 0, 1, 1), attributes={"x": 1})}) == 1
