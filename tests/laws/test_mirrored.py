"""Laws of what a mirror exchanges: keypoints and labels change places when a whole plan reverses the orientation."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

import augkit as ak
from augkit.core.plan import Plan
from augkit.datasets import read
from augkit.errors import ArgumentError, SampleError
from augkit.expand import expand
from augkit.images import encode
from augkit.loader import folder
from augkit.pipeline.pipeline_schema import schema
from augkit.pipeline.sentences import explain
from augkit.preview import contact_sheet
from augkit.targets.records import Instance
from support.labelled import coco
from support.pictures import noise
from support.trainings import prepared, settings

SIZE = (100, 140)
WIDTH = 120  # of the pictures of `coco`
POINTS = np.array([[20.0, 30.0], [60.0, 32.0], [41.0, 70.0]])
SEEN = np.array([2, 1, 2])
SAMPLE = ak.Sample(
    noise(SIZE), boxes=[[10, 20, 50, 60], [60, 20, 90, 60]], box_labels=["left", "both"], keypoints=POINTS,
    keypoint_visible=SEEN, label=["right", 6],
)  # fmt: skip
EXCHANGE: dict[str, Any] = {"keypoint_pairs": [[0, 1]], "mirrored_labels": {"left": "right"}}
TURNS = [
    ak.Rotate(90),
    ak.Rotate(20),
    ak.Shear(10),
    ak.LocalWarp(0.03, 5),
    ak.Scale(0.9),
    ak.Perspective(0.05),
    ak.Blur(),
]
MIRRORS = [ak.Mirror(), ak.Mirror("vertical"), ak.OneOf([ak.Mirror()]), ak.Add([ak.Mirror()], [])]  # type: ignore[arg-type]
steps = st.lists(st.sampled_from([*MIRRORS, *TURNS]), max_size=5)


@given(steps)
def test_what_changes_places_does_so_by_the_number_of_mirrors(chosen: list[Any]) -> None:
    chosen = [ak.Sequence([step], name=str(n)) for n, step in enumerate(chosen)]  # type: ignore[arg-type]
    key = ak.Key(0, "x")
    plain = ak.Pipeline(chosen)(SAMPLE, key)
    plan = ak.Pipeline(chosen, **EXCHANGE).draw(key, ak.Scene.of(SAMPLE))
    out = ak.run(Plan.from_json(plan.to_json()), SAMPLE)
    mirrored = sum(step.steps[0] in MIRRORS for step in chosen) % 2 == 1
    assert plan.is_mirrored == mirrored
    order = [1, 0, 2] if mirrored else [0, 1, 2]
    assert plain.keypoints is not None
    assert plain.keypoint_visible is not None
    np.testing.assert_array_equal(out.keypoints, plain.keypoints[order])
    np.testing.assert_array_equal(out.keypoint_visible, plain.keypoint_visible[order])
    np.testing.assert_array_equal(out.boxes, plain.boxes)
    exchanged = {"left": "right", "both": "both"} if mirrored else {"left": "left", "both": "both"}
    assert out.box_labels == [exchanged[label] for label in plain.box_labels or ()]
    assert out.label == (["left", 6] if mirrored else ["right", 6])


def test_every_object_has_its_own_pairs() -> None:
    points = np.arange(16.0).reshape(8, 2)
    sample = ak.Sample(noise(SIZE), keypoints=points, keypoint_counts=[3, 0, 3, 2])
    out = ak.Pipeline([ak.Mirror()], keypoint_pairs=[[0, 1]])(sample, ak.Key(0, "x"))
    np.testing.assert_array_equal(out.keypoints, ([SIZE[1], 0] + points * [-1, 1])[[1, 0, 2, 4, 3, 5, 7, 6]])


@pytest.mark.parametrize(
    "labels",
    [np.array(["left", "up"]), np.array([3, 4]), ("left", True), [3.0, None], [np.int64(3), np.str_("left")]],
    ids=str,
)
def test_labels_of_any_kind(labels: Any) -> None:
    sample = ak.Sample(noise(SIZE), boxes=[[10, 20, 50, 60], [60, 20, 90, 60]], box_labels=labels, label={"left": 1})
    pipeline = ak.Pipeline([ak.Mirror()], mirrored_labels={"left": "right side", 3: 5, 1: 0})  # type: ignore[arg-type]
    out = pipeline(sample, ak.Key(0, "x"))
    known = {"left": "right side", "3": 5}
    assert list(out.box_labels) == [known.get(str(label), label) for label in list(labels)]  # type: ignore[arg-type]
    assert out.label == {"left": 1}
    assert list(pipeline(out, ak.Key(0, "x")).box_labels) == list(labels)  # type: ignore[arg-type]


def test_whole_numbers_are_names_of_classes_too(tmp_path: Path) -> None:
    """Files call classes by names, so that a 6 that is a 9 in a mirror is a text there."""
    pipeline = ak.Pipeline([ak.Mirror()], mirrored_labels=[[6, 9]])
    sample = ak.Sample(noise(SIZE), label=["6", 6, "66"])
    assert pipeline(sample, ak.Key(0, "x")).label == ["9", 9, "66"]
    for name in "69":
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / f"in/{name}/a.png").write_bytes(encode(noise((32, 40)), "png"))
    with pytest.raises(ArgumentError, match=r"mirrored_labels: must leave the pictures' own classes alone.*'6'"):
        expand(tmp_path / "in", tmp_path / "out", pipeline, copies=1)


@pytest.mark.parametrize(
    "labels", [{"left": "right", "up": "upper"}, {"left": "right", "right": "left"}, [[6, 9]], [["6", 9]], {}], ids=str
)
def test_yaml_schema_and_repr(labels: Any, tmp_path: Path) -> None:
    pipeline = ak.Pipeline([ak.Mirror()], keypoint_pairs=[[1, 2], [0, 5]], mirrored_labels=labels)
    ak.dump(pipeline, tmp_path / "a.yaml")
    assert ak.load(tmp_path / "a.yaml") == pipeline
    assert eval(repr(pipeline), {**vars(ak), "Pipeline": ak.Pipeline, "Mirror": ak.Mirror}) == pipeline
    jsonschema.validate({"steps": [], "keypoint_pairs": [[1, 2]], "mirrored_labels": labels}, schema())


def test_plans_without_it_are_written_as_before() -> None:
    policy = json.loads(ak.Pipeline([ak.Mirror()]).draw(ak.Key(0, "x"), ak.Scene(SIZE)).to_json())["policy"]
    assert not {"keypoint_pairs", "mirrored_labels"} & policy.keys()


def test_it_is_explained() -> None:
    pipeline = ak.Pipeline([ak.Mirror()], **EXCHANGE)
    told = "keypoints 0 and 1; labels 'left' and 'right' change places"
    assert (0, f"Where a copy comes out mirrored, {told}.") in explain(pipeline)
    assert f"mirrored: {told}" in pipeline.draw(ak.Key(0, "x"), ak.Scene(SIZE)).explain()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"keypoint_pairs": [[0, 1], [1, 2]]}, "keypoint_pairs: must name each but once, got 1 again"),
        ({"keypoint_pairs": [[0, 0]]}, "keypoint_pairs: must name each but once"),
        ({"keypoint_pairs": [[0, -1]]}, "keypoint_pairs: must be pairs of two points"),
        ({"keypoint_pairs": [0, 1]}, "keypoint_pairs: must be pairs of two points"),
        ({"keypoint_pairs": None}, "keypoint_pairs: must be pairs of two points"),
        ({"mirrored_labels": {"a": "b", "c": "b"}}, "mirrored_labels: must name each but once, got 'b' again"),
        ({"mirrored_labels": {"a": 1.5}}, "mirrored_labels: must be pairs of two labels"),
        ({"mirrored_labels": "left"}, "mirrored_labels: must be pairs of two labels"),
        ({"mirrored_labels": {"a": ["b"]}}, "mirrored_labels: must be pairs of two labels"),
    ],
)
def test_what_is_no_pairing_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=f"^Pipeline.{words}"):
        ak.Pipeline([], **given)


def test_points_that_are_not_there_are_refused_mirrored_or_not() -> None:
    with pytest.raises(SampleError, match=r"must name points from 0 to 2.*got \[1, 3\]"):
        ak.Pipeline([], keypoint_pairs=[[0, 2], [1, 3]])(SAMPLE, ak.Key(0, "x"))
    for counts in ([2], [4, -1], [1.5, 1.5], 3):
        with pytest.raises(SampleError, match=r"^Sample.keypoint_counts: must be a list of whole numbers"):
            ak.Sample(noise(SIZE), keypoints=POINTS, keypoint_counts=counts)  # type: ignore[arg-type]


def test_expanded_and_loaded_objects_change_their_names(tmp_path: Path) -> None:
    source, names = coco(tmp_path / "in"), {"blob": "bolb", "person": "person"}
    pipeline = ak.Pipeline([ak.Mirror()], border="constant", mirrored_labels={"blob": "bolb"}, keypoint_pairs=[[0, 2]])
    assert expand(source, tmp_path / "out", pipeline, copies=1).written
    before, after = (objects_of(tmp_path / place) for place in ("in", "out"))
    assert sorted(one.label for one in after) == sorted(names[one.label] for one in before)
    seen = {one.label: np.reshape(one.keypoints, (-1, 3)) for one in before}["person"] * [-1, 1, 1] + [WIDTH, 0, 0]
    for points in (np.reshape(one.keypoints, (-1, 3)) for one in after if one.label == "person"):
        np.testing.assert_allclose(points, np.where(seen[:, 2:] > 0, seen, 0.0)[[2, 1, 0]], atol=1e-3)
    loader = folder(source, pipeline, batch_size=1, split="train", shuffle=False)
    classes = loader.dataset.classes  # type: ignore[attr-defined]
    found = [classes[number] for batch in loader for number in batch["box_labels"][0]]
    assert sorted(found) == sorted(one.label for one in after)


@pytest.mark.slow
def test_whole_numbers_are_labels_and_no_places_of_boxes(tmp_path: Path) -> None:
    """Where samples say by numbers which box is whose, a pair of numbers exchanges no boxes."""
    source = coco(tmp_path / "in")
    for name, labels in (("plain", []), ("paired", [[0, 1]])):
        pipeline = ak.Pipeline([ak.Mirror()], border="constant", mirrored_labels=labels)
        expand(source, tmp_path / name, pipeline, copies=1)
    assert objects_of(tmp_path / "plain") == objects_of(tmp_path / "paired")


def objects_of(path: Path) -> list[Instance]:
    annotations = [source.annotations for source in read(path).sources]
    return [instance for found in annotations if found is not None for instance in found.instances or ()]


def test_a_label_that_only_copies_have_is_drawn_too() -> None:
    pipeline = ak.Pipeline([ak.Mirror()], mirrored_labels={"left": "right", "both": 7})
    shown = contact_sheet([SAMPLE], pipeline, copies=1)
    assert shown.shape == contact_sheet([SAMPLE], ak.Pipeline([ak.Mirror()]), copies=1).shape


def test_the_classes_of_pictures_change_in_a_loader_and_are_settled_elsewhere(tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for n in range(8):
            (tmp_path / f"in/{name}/{n}.png").write_bytes(encode(noise((32, 40), seed=n + 20 * len(name)), "png"))
    pipeline = ak.Pipeline([ak.Mirror()], mirrored_labels={"left": "right"})
    plain, mirrored = (
        torch.cat([labels for _, labels in folder(tmp_path / "in", p, shuffle=False)]) for p in (None, pipeline)
    )
    assert (plain + mirrored == 1).all()
    with pytest.raises(ArgumentError, match=r"mirrored_labels: must leave the pictures' own classes alone.*'left'"):
        expand(tmp_path / "in", tmp_path / "out", pipeline, copies=1)
    ak.dump(pipeline, tmp_path / "mirror.yaml")
    with pytest.raises(ArgumentError, match=r"mirrored_labels: must leave the pictures' own classes alone"):
        prepared(settings(tmp_path / "in", tmp_path / "run", pipeline=str(tmp_path / "mirror.yaml")))
