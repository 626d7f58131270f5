"""FiftyOne's own JSON of classes and boxes: read as its documentation describes it, and written so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import DataSet, Source, read
from augkit.errors import ArgumentError, AugkitError, FileError
from augkit.pipeline import Pipeline
from augkit.targets.records import Instance
from augkit.transforms.geometry import Mirror
from support.data_sets import JPEG, PNG, coco, lay
from support.folders import done
from support.mutations import mutations

# Of a picture of 24 x 32 pixels: 4, 6 to 12, 18.
BOX = {"label": 1, "bounding_box": [0.125, 0.25, 0.25, 0.5], "confidence": 0.5, "attributes": {"colour": "red"}}
DOG = Instance("dog", (4, 6, 12, 18), attributes={"colour": "red", "confidence": 0.5})


def labels(classes: list[str] | None = None, **targets: Any) -> dict[str, Any]:
    names = ["cat", "dog"] if classes is None else classes
    return {"classes": names, "labels": targets} if names else {"labels": targets}


def instances(source: Source) -> list[Instance]:
    assert not source.fault
    assert source.annotations is not None
    return list(source.annotations.instances or ())


def set_of(tmp_path: Path, data: Any, **files: bytes) -> DataSet:
    return read(lay(tmp_path, {"labels.json": data, **(files or {"data/a.jpg": JPEG, "data/b.jpg": PNG})}))


def test_classes_are_read(tmp_path: Path) -> None:
    data = set_of(tmp_path, labels(["zebra", "cat"], a=0, b=None))
    assert (data.form, data.classes, data.kinds) == ("fiftyone", ("zebra", "cat"), frozenset())
    assert [(source.id, source.label) for source in data.sources] == [("data/a.jpg", "zebra"), ("data/b.jpg", None)]


def test_boxes_are_read(tmp_path: Path) -> None:
    data = set_of(tmp_path, labels(a=[BOX, {**BOX, "label": 0, "attributes": {"iscrowd": 1}}], b=[]))
    dog, crowd = instances(data.sources[0])
    assert dog == DOG
    assert (crowd.label, crowd.box, crowd.is_crowd) == ("cat", DOG.box, True)
    assert instances(data.sources[1]) == []
    assert data.kinds == {"boxes", "attributes"}


ODD: dict[str, tuple[Any, Any]] = {
    "names without a list of classes": (labels([], a="x", b="007"), ["x", "007"]),
    "names beside a list of classes": (labels(a="dog", b="cat"), ["dog", "cat"]),
    "several classes": (labels(a=[0, 1], b=[]), [["cat", "dog"], []]),
    "several classes by name": (labels([], a=["x", "y"], b=None), [["x", "y"], None]),
    "classes with confidences": (labels(a={"label": 1, "confidence": 0.5, "attributes": {}}, b=0), ["dog", "cat"]),
    "keys with suffixes": ({"classes": ["c"], "labels": {"a.jpg": 0, "b.jpg": None}}, ["c", None]),
    "keys from another machine": ({"classes": ["c"], "labels": {"/x/data/a": 0, "C:\\y\\b.jpg": None}}, ["c", None]),
    "null classes": ({"classes": None, "labels": {"a": "x", "b": "y"}}, ["x", "y"]),
    "labels before classes": ({"labels": {"a": 0, "b": 0}, "classes": ["c"]}, ["c", "c"]),
    "a long list of classes": (labels([f"class {n}" for n in range(900)], a=899, b=3), ["class 899", "class 3"]),
    "no labels at all": (labels(a=None, b=None), [None, None]),
}


@pytest.mark.parametrize("oddity", ODD)
def test_odd_files_are_read(oddity: str, tmp_path: Path) -> None:
    data, wanted = ODD[oddity]
    found = set_of(tmp_path, data)
    assert found.form == "fiftyone"
    assert [source.label for source in found.sources] == wanted


ODD_BOXES: dict[str, tuple[Any, tuple[float, ...]]] = {
    "a box without confidence": ({"label": "dog", "bounding_box": [0, 0, 1, 1]}, (0, 0, 32, 24)),
    "null attributes": ({"label": 1, "bounding_box": [0.5, 0.5, 0.5, 0.5], "attributes": None}, (16, 12, 32, 24)),
    "a box beyond the picture": ({"label": 1, "bounding_box": [-0.5, 0, 2, 1]}, (-16, 0, 48, 24)),
}


@pytest.mark.parametrize("oddity", ODD_BOXES)
def test_odd_boxes_are_read(oddity: str, tmp_path: Path) -> None:
    entry, wanted = ODD_BOXES[oddity]
    (one,) = instances(set_of(tmp_path, labels(a=[entry], b=None)).sources[0])
    assert one.box == wanted


def test_splits_and_folders_below(tmp_path: Path) -> None:
    lay(tmp_path, {"train/labels.json": {"classes": ["c"], "labels": {"deep/a": 0}}, "train/data/deep/a.png": PNG})
    lay(tmp_path, {"validation/labels.json": labels(["d"], a=0), "validation/data/a.jpg": JPEG})
    data = read(tmp_path)
    assert [(source.id, source.split, source.label) for source in data.sources] == [
        ("train/data/deep/a.png", "train", "c"),
        ("validation/data/a.jpg", "val", "d"),
    ]


def test_a_tree_of_classes_and_what_has_none(tmp_path: Path) -> None:
    lay(tmp_path, {"cat/a.jpg": JPEG, "dog/b.jpg": JPEG, "_unlabeled/c.jpg": PNG})
    data = read(tmp_path)
    assert (data.form, data.classes) == ("folder", ("cat", "dog"))
    assert {source.id: source.label for source in data.sources}["_unlabeled/c.jpg"] is None
    assert data.notes == ("Pictures in _unlabeled have no class, as FiftyOne has it.",)


def test_the_file_alone(tmp_path: Path) -> None:
    set_of(tmp_path, labels(a=1, b=0))
    assert [source.label for source in read(tmp_path / "labels.json").sources] == ["dog", "cat"]


FAULTS: list[tuple[Any, str]] = [
    (7, r"labels\['a'\]: must be a class from 0 to 1, got 7"),
    (True, r"labels\['a'\]: must be a class from 0 to 1, got True"),
    ("cow", r"labels\['a'\]: must be a class from 0 to 1, got 'cow'"),
    ([3], r"labels\['a'\]: must be a class from 0 to 1, got 3"),
    ([BOX | {"bounding_box": [1, 2, 3]}], r"labels\['a'\]\[0\]\.bounding_box: must be 4 numbers"),
    ([BOX | {"bounding_box": [40, 60, 120, 180]}], r"bounding_box: must be left, top, width, height in fractions"),
    ([BOX | {"bounding_box": [0, 0, -1, 1]}], r"bounding_box: must be left, top, width, height in fractions"),
    ([BOX, {"label": 1}], r"labels\['a'\]\[1\]\.bounding_box: must be 4 numbers, got None"),
    ([BOX | {"label": None}], r"labels\['a'\]\[0\]\.label: must be a class from 0 to 1, got None"),
    ([BOX | {"attributes": 3}], r"labels\['a'\]\[0\]\.attributes: must be an object, got 3"),
    ([BOX, 3], r"labels\['a'\]\[1\]: must be an object, got 3"),
]


@pytest.mark.parametrize(("target", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_bad_target_costs_its_picture(target: Any, words: str, tmp_path: Path) -> None:
    is_of_boxes = isinstance(target, list) and target[0] != 3
    data = set_of(tmp_path, labels(a=target, b=[] if is_of_boxes else 0))
    with pytest.raises(FileError, match=words):
        data.decoded(data.sources[0])
    assert not data.sources[1].fault


def test_what_is_not_there_or_not_understood_is_named(tmp_path: Path) -> None:
    data = set_of(tmp_path, labels(a=0, gone=1), **{"data/a.jpg": JPEG})
    assert [source.fault for source in data.sources if source.fault] == [
        "labels.json labels['gone']: must name a picture that is there, got 'gone'."
    ]
    with pytest.raises(FileError, match="must have its pictures in data beside it, got none of 1"):
        set_of(tmp_path / "none", labels(gone=1))
    with pytest.raises(FileError, match=r"'labels\.mask' is not understood"):
        set_of(tmp_path / "mask", labels(a=[{**BOX, "mask": "eJ"}]))
    with pytest.raises(FileError, match=r"'extra' is not understood"):
        set_of(tmp_path / "extra", {**labels(a=0), "extra": 3})


@pytest.mark.parametrize("is_of_boxes", [False, True])
def test_what_is_written_is_read_again(is_of_boxes: bool, tmp_path: Path) -> None:
    given = labels(["dog", "dog 2", "cat"], a=[BOX], b=None) if is_of_boxes else labels(["dog", "x", "cat"], a=2, b=0)
    set_of(tmp_path / "src", given)
    done(tmp_path / "src", tmp_path / "out", pipeline=Pipeline([Mirror()]), copies=1, encoding="png", form="fiftyone")
    content = json.loads((tmp_path / "out/labels.json").read_text())
    assert content["classes"] == given["classes"]
    data = read(tmp_path / "out")
    if not is_of_boxes:
        assert [source.label for source in data.sources] == ["cat", "dog"]
        return
    first = next(target for target in content["labels"].values() if target)
    assert first == [{**BOX, "bounding_box": [0.625, 0.25, 0.25, 0.5]}]
    (one,) = instances(data.sources[0])
    assert one == Instance("dog 2", (20, 6, 28, 18), attributes=DOG.attributes)
    assert data.sources[1].annotations is None


def test_classes_of_pictures_with_boxes_have_a_file_of_their_own(tmp_path: Path) -> None:
    data = coco("a.jpg", "b.jpg")
    data["images"][0] |= {"label": "indoors", "license": 4}
    data["images"][1] |= {"label": ["x", "y"], "tags": ["night"]}
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG, "b.jpg": PNG})
    with pytest.raises(ArgumentError, match=r"must have a place for polygons, got fiftyone\..*--drop polygons"):
        done(tmp_path / "src", tmp_path / "out", form="fiftyone")
    done(tmp_path / "src", tmp_path / "out", form="fiftyone", copies=1, encoding="png", drop="polygons")
    found = read(tmp_path / "out")
    by_name = {source.id[-6:]: source for source in found.sources}
    assert sorted(str(source.label) for source in found.sources) == ["['x', 'y']", "indoors"]
    assert [source.attributes for source in found.sources if isinstance(source.label, list)] == [{"tags": ["night"]}]
    assert all(len(instances(source)) == 2 for source in by_name.values())


def test_no_damage_loses_a_target_without_a_word(tmp_path: Path) -> None:
    """2,000 damaged files: a sentence, or what the file says of every picture."""
    boxes, classes = labels(a=[BOX, {**BOX, "label": 0}], b=[BOX]), labels(a=0, b={"label": 1, "confidence": 0.5})
    lay(tmp_path, {"data/a.jpg": JPEG, "data/b.jpg": JPEG})
    sentences, whole = list[str](), 0
    for seed, data in enumerate((boxes, classes)):
        for damaged in mutations(json.dumps(data, indent=1).encode(), 1000, seed):
            (tmp_path / "labels.json").write_bytes(damaged)
            try:
                found = read(tmp_path)
            except AugkitError as fault:
                sentences.append(str(fault))
                continue
            held = json.loads(damaged.decode("utf-8-sig"))
            if found.form == "fiftyone":
                good = [source for source in found.sources if not source.fault]
                made = sum(len(source.box_labels) or source.label is not None for source in good)
                flat = dict(found.left_out).get("an object without area", 0)
                lost = [source.fault for source in found.sources if source.fault]
                targets = {
                    key: target
                    for key, target in held["labels"].items()
                    if not any(f"labels[{key!r:.80}]" in fault for fault in lost)
                }
                wanted = sum(len(one) if isinstance(one, list) else one not in (None, {}) for one in targets.values())
                assert made + flat >= wanted, damaged
                whole += made >= 2
    assert all("\n" not in told and " must " in told for told in sentences)
    assert len(sentences) > 800
    assert whole > 50
