"""The law of data sets: what looks like an annotation and is not read is an error, unless it is to be ignored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import DataSet, Inventory, Source, read
from augkit.datasets.inventory import LABEL_SUFFIXES
from augkit.errors import ArgumentError, FileError
from augkit.expand import expand
from augkit.storage.root import Root
from augkit.targets.boxes import Boxes
from augkit.targets.records import Instance, of_instances, without
from support.commands import augkit
from support.data_sets import JPEG, PNG, ROW, lay

PICTURES: dict[str, Any] = {"src/roses/a.jpg": JPEG, "src/tulips/b.png": PNG}
OPTIONS = ("--pipeline", "identity", "--copies", "1", "--workers", "0")


@pytest.mark.parametrize("suffix", sorted(LABEL_SUFFIXES))
@pytest.mark.parametrize("where", ["", "roses/", "more/labels/"])
def test_a_file_that_labels_lie_in_is_never_passed_over(suffix: str, where: str, tmp_path: Path) -> None:
    lay(tmp_path, PICTURES | {f"src/{where}x{suffix}": b"1"})
    with pytest.raises(FileError, match=rf"x\{suffix}"):
        read(tmp_path / "src")
    data = read(tmp_path / "src", ignore=[f"*{suffix}"])
    assert len(data.sources) == 2
    assert data.ignored == ((f"*{suffix}", 1),)


@pytest.mark.parametrize("name", ["README.md", "readme.txt", "LICENSE", "license.txt", "README.dataset.txt", "a.bin"])
def test_documentation_is_counted(name: str, tmp_path: Path) -> None:
    lay(tmp_path, PICTURES | {f"src/{name}": "x"})
    assert sum(dict(read(tmp_path / "src").left_out).values()) == 1


@pytest.mark.parametrize(
    ("pattern", "count"), [("*.xml", 2), ("roses/*", 3), ("a.*", 2), ("roses/a.xml", 1), ("b.xml", 1)]
)
def test_patterns_are_of_paths_or_names(pattern: str, count: int, tmp_path: Path) -> None:
    lay(tmp_path, PICTURES | {"src/roses/a.xml": "", "src/roses/b.xml": ""})
    inventory = Inventory(Root.at(tmp_path / "src"), [pattern])
    assert inventory.ignored[pattern] == 0
    assert len(inventory.sizes) == 4 - count
    assert inventory.ignored[pattern] == count


def test_keys_are_known_by_their_names_and_paths(tmp_path: Path) -> None:
    lay(tmp_path, PICTURES)
    inventory = Inventory(Root.at(tmp_path / "src"), ["annotations.score", "weight*"])
    inventory.unread("key", "annotations.score", "here")
    inventory.unread("column", "weight_kg", "here")
    inventory.require_all_read(inventory.pictures)
    assert inventory.ignored == {"annotations.score": 1, "weight*": 1}
    inventory.unread("key", "images.score", "x.json", "Give it as attributes.")
    inventory.unread("key", "images.score", "x.json", "Give it as attributes.")
    with pytest.raises(FileError) as fault:
        inventory.require_all_read(inventory.pictures)
    assert str(fault.value) == (
        "x.json: must be read as labels, but 'images.score' is not understood."
        " Give it as attributes. See augkit formats for what is read, or pass --ignore 'images.score'."
    )


def test_a_pattern_that_names_nothing_is_told(tmp_path: Path) -> None:
    lay(tmp_path, PICTURES)
    assert read(tmp_path / "src", ignore="*.xlm").notes == ("Nothing is called *.xlm, as --ignore has it.",)


def test_what_was_ignored_is_counted_in_summary_and_books(tmp_path: Path) -> None:
    lay(tmp_path, PICTURES | {"src/roses/a.xml": "", "src/b.json": "{}"})
    src, out = tmp_path / "src", tmp_path / "out"
    done = augkit("expand", src, out, *OPTIONS, code=2)
    assert "'b.json', 'roses/a.xml' are not understood" in done.stderr
    done = augkit("expand", src, out, *OPTIONS, "--ignore", "*.xml", "--ignore", "b.json", "--json")
    assert json.loads(done.stdout)["ignored"] == {"*.xml": 1, "b.json": 1}
    job = json.loads((out / ".augkit/job.json").read_text())
    assert job["ignored"] == {"*.xml": 1, "b.json": 1}
    lay(tmp_path, {"src/tulips/new.xml": ""})  # ignored too: no reason not to go on
    again = augkit("expand", src, out, *OPTIONS, "--ignore", "*.xml", "--ignore", "b.json")
    assert "Ignored: *.xml (2)." in again.stderr


def test_a_form_refuses_what_it_cannot_hold_by_name(tmp_path: Path) -> None:
    lay(tmp_path, {"src/a.jpg": JPEG, "src/x.jsonl": json.dumps({"image": "a.jpg", "label": "zoo", **ROW}) + "\n"})
    src, out = tmp_path / "src/x.jsonl", tmp_path / "out"
    with pytest.raises(
        ArgumentError, match=r"place for boxes and polygons, got folder\. .*--drop boxes --drop polygons"
    ):
        expand(src, out, "identity", 1, form="folder", workers=0)
    with pytest.raises(ArgumentError, match=r"drop: must be a kind of label .* got 'box'\. Did you mean boxes"):
        expand(src, out, "identity", 1, form="folder", workers=0, drop="box")
    summary = expand(src, out, "identity", 1, form="folder", workers=0, drop=["boxes"])
    gone = {"boxes of a picture, dropped": 1, "polygons of a picture, dropped with its boxes": 1}
    assert dict(summary.left_out) == gone
    assert [source.kinds for source in read(out).sources] == [frozenset()]


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_keypoints_of_no_box_are_refused_where_only_objects_have_some(form: str, tmp_path: Path) -> None:
    row = {"image": "a.jpg", "boxes": [[1, 1, 9, 9]], "box_labels": ["a"], "keypoints": [[3, 4, 2]]}
    lay(tmp_path, {"src/a.jpg": JPEG, "src/x.jsonl": json.dumps(row) + "\n"})
    src, out = tmp_path / "src/x.jsonl", tmp_path / "out"
    with pytest.raises(ArgumentError, match=r"keypoints of no box, got .*Use .*cvat.*--drop keypoints"):
        expand(src, out, "identity", 1, form=form, workers=0)
    summary = expand(src, out, "identity", 1, form=form, workers=0, drop=["keypoints"])
    assert dict(summary.left_out) == {"keypoints of a picture, dropped": 1}
    assert [source.box_labels for source in read(out).sources] == [["a"]]


def test_a_kind_is_dropped_with_what_belongs_to_its_rows() -> None:
    instances = [Instance("a", (1, 1, 5, 5), ((1, 1, 5, 1, 5, 5),)), Instance("b", (2, 2, 5, 5), (), (3, 3, 2))]
    targets = of_instances(instances)
    assert without(targets, "boxes").keys() <= {"keypoints"}
    left = without(targets, "polygons")
    assert isinstance(left["boxes"], Boxes)
    assert left["boxes"].names() == ["a", "b"]
    assert "polygons" not in left


def test_a_picture_whose_labels_are_faulty_costs_itself_alone(tmp_path: Path) -> None:
    lay(tmp_path, PICTURES)
    good, bad = (
        Source("roses/a.jpg", len(JPEG), "roses"),
        Source("tulips/b.png", 1, "tulips", fault="x.txt:3: must be."),
    )
    data = DataSet.of("folder", Root.at(tmp_path / "src"), [good, bad], Inventory(Root.at(tmp_path / "src")).left_out)
    assert data.decoded(data.sources[0]).image.shape == (24, 32, 3)
    with pytest.raises(FileError, match=r"x\.txt:3: must be"):
        data.decoded(data.sources[1])


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_key_that_an_object_has_twice_is_never_the_last_one_alone(name: str, tmp_path: Path) -> None:
    rows = '{"image": "a.jpg", "label": "cat", "label": "dog"}\n'
    whole = '{"images": [{"id": 1, "id": 2, "file_name": "a.jpg"}], "annotations": [], "categories": []}'
    lay(tmp_path, {"a.jpg": JPEG, "b.jpg": JPEG, name: rows if name == "x.jsonl" else whole})
    with pytest.raises(FileError, match=r"must name every key of an object once, got '(label|id)' twice"):
        read(tmp_path / name)
