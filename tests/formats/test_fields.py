"""Labels as named fields: they come back as they were, and move with their pictures through an expansion."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from augkit.core.key import Key
from augkit.datasets import Record, read
from augkit.datasets.fields import annotations_of
from augkit.datasets.samples import named_sample
from augkit.errors import ArgumentError, FileError
from augkit.expand import replay, verify
from augkit.loader import folder
from augkit.pipeline import Pipeline
from augkit.targets import records, run_lengths
from augkit.targets.records import Instance
from augkit.targets.sample import Sample
from augkit.transforms.crops import RandomCrop
from augkit.transforms.geometry import Mirror, Rotate
from augkit.transforms.warps import LocalWarp
from support.data_sets import lay
from support.folders import done, lines, picture, put

numbers = st.integers(0, 4000).map(lambda number: number / 8)
rings = st.lists(numbers, min_size=3, max_size=6).map(lambda values: (*values, *values))
objects = st.builds(
    lambda label, x, y, w, h, rings, points, runs, crowd: Instance(
        label,
        (x, y, x + w + 1, y + h + 1),
        tuple(rings),
        tuple(3 * points),
        runs and run_lengths.compressed(runs),
        crowd,
    ),
    st.text(max_size=5), numbers, numbers, numbers, numbers, st.lists(rings, max_size=2), st.lists(numbers, max_size=3),
    st.sampled_from(["", (768,), (0, 700, 68)]), st.booleans(),
)  # fmt: skip
positive = numbers.map(lambda number: number + 1)
rotated = st.builds(
    lambda label, box: {"label": label, "numbers": tuple(box)},
    st.text(max_size=5), st.lists(positive, min_size=5, max_size=5),
)  # fmt: skip
open_lines = st.builds(
    lambda label, points: {"label": label, "numbers": (*points, *points)},
    st.text(max_size=5), st.lists(numbers, min_size=1),
)  # fmt: skip


@given(
    st.none() | st.lists(objects, max_size=4),
    st.lists(numbers, max_size=4).map(lambda n: (*n, *n, *n)),
    st.none() | st.lists(rotated, max_size=3),
    st.none() | st.lists(open_lines, max_size=3),
)
def test_fields_come_back(instances: Any, keypoints: tuple[float, ...], boxes: Any, lines: Any) -> None:
    facts: dict[str, Any] = {"keypoints": keypoints, "rotated_boxes": boxes, "polylines": lines}
    facts["instances"] = None if instances is None else [asdict(instance) for instance in instances]
    targets = records.of_record(facts)
    fields = json.loads(json.dumps(records.fields(targets, (24, 32))))
    left_out: Counter[str] = Counter()
    found = annotations_of(fields, None, "m.png", "x", left_out)
    assert found is not None
    assert (found.mask, found.size) == ("m.png", (24, 32))
    assert found.instances == (None if instances is None else tuple(instances))
    assert records.record(found.targets) == records.record(targets)
    assert not left_out.total()
    line = {"record": Record("a.png", None, None, (24, 32), targets, True).described(), "split": None, "class": None}
    again = Record.of_line(json.loads(json.dumps(line)))
    assert (again.size, again.has_mask, records.record(again.targets)) == ((24, 32), True, records.record(targets))


SIZE = (96, 120)
ROTATED = [[50.0, 40.0, 30.0, 12.0, 25.0], [90.0, 70.0, 10.0, 20.0, -60.0], [5.0, 5.0, 8.0, 4.0, 0.0]]
LINES = [[[10.0, 20.0], [60.0, 50.0], [110.0, 20.0]], [[40.0, 90.0], [80.0, 15.0]]]
NAMES = {"rotated_box_labels": ["ship", "left", "ship"], "polyline_labels": ["road", "left"]}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Write three pictures with rotated boxes and lines, and one with none of either."""
    rows: list[dict[str, Any]] = []
    for number in range(4):
        put(tmp_path / f"src/{number}.png", picture(number, (*SIZE, 3)))
        shapes = {"rotated_boxes": ROTATED, "polylines": LINES, **NAMES}
        rows.append({"image": f"{number}.png", "label": "a", **(shapes if number else {"rotated_boxes": []})})
    (tmp_path / "src/all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "src/all.jsonl"


def truth(pipeline: Pipeline, entry: dict[str, Any]) -> Sample:
    """Return what the pipeline itself makes of a line's labels."""
    labels = {"rotated_boxes": ROTATED, "polylines": LINES, **NAMES}
    given = Sample(np.zeros((*SIZE, 3), np.uint8), **(labels if entry["source"] != "0.png" else {"rotated_boxes": []}))  # type: ignore[arg-type]
    return pipeline(given, Key(0, entry["source"], entry["copy"]))


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_rotated_boxes_and_lines_move_with_their_pictures(manifest: Path, tmp_path: Path, form: str) -> None:
    steps = [RandomCrop((80, 100)), Mirror(), Rotate((-25, 25))]
    pipeline = Pipeline(steps, border="constant", mirrored_labels={"left": "right"})
    done(manifest, tmp_path / "out", pipeline=pipeline, encoding="png", form=form, copies=4)
    data, entries = read(tmp_path / "out"), lines(tmp_path / "out")
    assert data.kinds == {"rotated boxes", "polylines"}
    assert len(entries) == len(data.sources) == 16
    found = {source.id.rpartition("/")[2].rpartition(".")[0]: source for source in data.sources}
    for entry in entries:
        made = truth(pipeline, entry)
        source = found[entry["record"]["name"].rpartition("/")[2].rpartition(".")[0]]
        assert source.annotations is not None
        facts = records.record(source.annotations.targets)
        boxes, ways = facts.get("rotated_boxes", ()), facts.get("polylines", ())
        assert [box["label"] for box in boxes] == list(made.rotated_box_labels or ())
        numbers_found = np.reshape([box["numbers"] for box in boxes], (-1, 5))
        np.testing.assert_allclose(numbers_found, made.rotated_boxes, atol=1e-3)  # type: ignore[arg-type]
        assert [way["label"] for way in ways] == list(made.polyline_labels or ())
        for way, points in zip(ways, made.polylines or (), strict=True):
            np.testing.assert_allclose(np.reshape(way["numbers"], (-1, 2)), points, atol=2e-3)
    assert verify(tmp_path / "out").is_sound
    assert replay(tmp_path / "out", entries[7]["id"]).is_identical


def test_lines_bend_with_a_warp(manifest: Path, tmp_path: Path) -> None:
    """Between its points a line follows the warp: its own points alone would cut the corners."""
    pipeline = Pipeline([LocalWarp(0.08, 4)], border="constant", min_visible=0.0)
    done(manifest, tmp_path / "out", pipeline=pipeline, encoding="png", form="webdataset")
    dense = [_dense(np.array(way)) for way in LINES]
    farthest = 0.0
    for entry in lines(tmp_path / "out"):
        if entry["source"] == "0.png":
            continue
        given = Sample(np.zeros((*SIZE, 3), np.uint8), polylines=dense)
        made = pipeline(given, Key(0, entry["source"], entry["copy"])).polylines or ()
        for expected, way in zip(made, entry["record"]["polylines"], strict=True):
            points = np.reshape(way["numbers"], (-1, 2))
            assert _distance(expected, points) < 0.5
            farthest = max(farthest, _distance(expected, expected[[0, 199, -1]]))
    assert farthest > 1.0


def _dense(line: Any) -> Any:
    """Return 400 points of a line."""
    at = np.linspace(0, len(line) - 1, 400)
    return np.stack([np.interp(at, np.arange(len(line)), axis) for axis in line.T], axis=1)


def _distance(points: Any, line: Any) -> float:
    """Return how far the farthest of some points lies from a line."""
    starts, edges = line[:-1], np.diff(line, axis=0)
    along = ((points[:, None] - starts) * edges).sum(-1) / np.maximum((edges**2).sum(-1), 1e-12)
    nearest = starts + np.clip(along, 0, 1)[..., None] * edges
    return float(np.hypot(*np.moveaxis(points[:, None] - nearest, -1, 0)).min(axis=1).max())


def test_a_form_without_a_place_for_them_is_refused(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"for rotated boxes and polylines, got coco. Use .*webdataset"):
        done(manifest, tmp_path / "out", form="coco", encoding="png")


def test_people_and_loaders_see_their_classes(manifest: Path) -> None:
    data = read(manifest)
    sample = named_sample(data, data.sources[1])
    assert (sample.rotated_box_labels, sample.polyline_labels) == (
        NAMES["rotated_box_labels"],
        NAMES["polyline_labels"],
    )
    batch = next(iter(folder(manifest, Pipeline([Mirror()]), batch_size=4, shuffle=False)))
    assert [len(boxes) for boxes in batch["rotated_boxes"]] == [0, 3, 3, 3]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rotated_boxes": [[1, 2, 3, 4]]}, r"rotated_boxes\[0\]: must be 5 numbers"),
    ({"rotated_boxes": [[1, 2, 0, 4, 5]]}, r"rotated_boxes\[0\]: must have a width and a height above 0"),
    ({"rotated_boxes": [], "rotated_box_labels": ["a"]}, r"rotated_box_labels: must be one each, 0, got 1"),
    ({"polylines": [[]]}, r"polylines\[0\]: must be a list of points"),
    ({"polylines": [[1, 2, 3]]}, r"polylines\[0\]\[1\]: must be 2 numbers"),
    ({"polylines": [[[1, 2], [3, 4]]], "polyline_labels": [None]}, r"polyline_labels: must be a list of names"),
]


@pytest.mark.parametrize(("fields", "says"), WRONG)
def test_what_is_malformed_is_named(fields: dict[str, Any], says: str, tmp_path: Path) -> None:
    put(tmp_path / "a.png", picture(0, (*SIZE, 3)))
    lay(tmp_path, {"x.jsonl": json.dumps({"image": "a.png", "label": "a", **fields})})
    with pytest.raises(FileError, match=says):
        read(tmp_path / "x.jsonl")
