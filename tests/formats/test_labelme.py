"""LabelMe: what its files mean, and that what is written means the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import FileError
from augkit.expand import expand
from augkit.targets import run_lengths
from augkit.targets.records import Instance, record
from support.data_sets import JPEG, PNG, lay
from support.labelme_files import DISC, DISC_PNG, TRIANGLE, content, shape


def labelme(*shapes: Any, **more: Any) -> dict[str, Any]:
    return {"a.jpg": JPEG, "a.json": content(*shapes, **more)}


def said(data: DataSet) -> dict[str, Any]:
    (source,) = data.sources
    assert source.fault == ""
    assert source.annotations is not None
    return {**record(source.annotations.targets), "attributes": source.attributes, "label": source.label}


def only(data: DataSet) -> list[Instance]:
    (source,) = data.sources
    assert source.fault == ""
    assert source.annotations is not None
    return list(source.annotations.instances or ())


CAT, DOG = Instance("cat", (2, 3, 7, 10)), Instance("dog", (1, 1, 9, 5), ((1, 1, 9, 1, 9, 5),))
PLACED = np.zeros((24, 32), bool)
PLACED[4:12, 6:14] = DISC
ODD: dict[str, tuple[list[Any], list[Instance]]] = {
    "no shapes: the background": ([], []),
    "a box by any two corners": ([shape("cat", [[7, 3], [2, 10]], "rectangle")], [CAT]),
    "a box by four corners": ([shape("cat", [[2, 3], [7, 3], [7, 10], [2, 10]], "rectangle")], [CAT]),
    "an outline": ([shape("dog", TRIANGLE)], [DOG]),
    "version 3: no shape_type": (
        [{"label": "dog", "points": TRIANGLE, "line_color": None, "fill_color": [1, 2, 3, 4]}], [DOG]),
    "pieces of one object": (
        [shape("dog", TRIANGLE, group_id=1), shape("dog", [[20, 10], [25, 10], [25, 20]], group_id=1)],
        [Instance("dog", (1, 1, 25, 20), ((1, 1, 9, 1, 9, 5), (20, 10, 25, 10, 25, 20)))]),
    "a group of two classes": (
        [shape("dog", TRIANGLE, group_id=1), shape("cat", [[2, 3], [7, 10]], "rectangle", group_id=1)],
        [Instance("dog", (1, 1, 9, 5), DOG.rings, attributes={"group_id": 1}),
         Instance("cat", CAT.box, attributes={"group_id": 1})]),
    "two boxes of a group": (
        [shape("cat", [[2, 3], [7, 10]], "rectangle", group_id="x"),
         shape("cat", [[12, 3], [17, 10]], "rectangle", group_id="x")],
        [Instance("cat", CAT.box, attributes={"group_id": "x"}),
         Instance("cat", (12, 3, 17, 10), attributes={"group_id": "x"})]),
    "flags and a description": (
        [shape("cat", [[2, 3], [7, 10]], "rectangle", flags={"wet": True, "old": False}, description="left one")],
        [Instance("cat", CAT.box, attributes={"description": "left one", "flags": {"wet": True}})]),
    "a mask": (
        [shape("sun", [[6, 4], [13, 11]], "mask", mask=DISC_PNG)],
        [Instance("sun", (6, 4, 14, 12), (), (), run_lengths.encode(PLACED))]),
    "keypoints of an object": (
        [shape("man", [[2, 3], [7, 10]], "rectangle", group_id=4), shape("nose", [[4, 5]], "point", group_id=4),
         shape("tail", [[6.5, 9]], "point", group_id=4)],
        [Instance("man", CAT.box, (), (4, 5, 2, 6.5, 9, 2))]),
    "a number as a class": ([shape(7, [[2, 3], [7, 10]], "rectangle")], [Instance("7", CAT.box)]),  # type: ignore[arg-type]
    "outside of the picture": (
        [shape("cat", [[-5.5, 3], [40, 10]], "rectangle")], [Instance("cat", (-5.5, 3, 40, 10))]),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_but_legal(name: str, tmp_path: Path) -> None:
    shapes, expected = ODD[name]
    data = read(lay(tmp_path, labelme(*shapes)))
    assert data.form == "labelme"
    assert only(data) == expected


def test_a_circle_is_an_outline_of_a_twentieth_of_a_pixel(tmp_path: Path) -> None:
    (one,) = only(read(lay(tmp_path, labelme(shape("sun", [[500, 400], [800, 0]], "circle")))))
    x, y = np.reshape(one.rings[0], (-1, 2)).T
    middles = np.hypot((x + np.roll(x, 1)) / 2 - 500, (y + np.roll(y, 1)) / 2 - 400)
    assert np.allclose(np.hypot(x - 500, y - 400), 500)
    assert np.all(500 - middles < 0.1)
    assert one.box == pytest.approx((0, -100, 1000, 900))


def test_lines_and_points_of_the_picture(tmp_path: Path) -> None:
    shapes = [
        shape("lane", [[1, 2], [3, 4]], "line"),
        shape("lane", [[1, 2], [3, 4], [9, 9]], "linestrip", flags={"wet": True}),
        shape("eye", [[5, 6]], "point"),
        shape("dots", [[7, 8], [9, 10]], "points", description="two"),
        shape("box", [[10, 4], [20, 4], [20, 8], [10, 8]], "rotation", direction=0),
    ]
    data = read(lay(tmp_path, labelme(*shapes)))
    expected = {
        "keypoints": (5, 6, 2, 7, 8, 2, 9, 10, 2),
        "rotated_boxes": [{"label": "box", "numbers": (15, 6, 10, 4, 0)}],
        "polylines": [
            {"label": "lane", "numbers": (1, 2, 3, 4), "attributes": {}},
            {"label": "lane", "numbers": (1, 2, 3, 4, 9, 9), "attributes": {"flags": {"wet": True}}},
        ],
        "attributes": {
            "keypoints": [{"label": "eye", "count": 1}, {"label": "dots", "count": 2, "description": "two"}]
        },
        "label": None,
    }
    assert said(data) == expected
    assert data.classes == ("box", "lane")


def test_the_names_of_keypoints_are_merged_in_order(tmp_path: Path) -> None:
    def man(*names: str) -> list[Any]:
        points = [shape(name, [[n, n]], "point", group_id=1) for n, name in enumerate(names, 3)]
        return [shape("man", [[2, 3], [9, 10]], "rectangle", group_id=1), *points]

    lay(tmp_path, {"a.jpg": JPEG, "a.json": content(*man("eye", "tail"))})
    lay(tmp_path, {"b.jpg": JPEG, "b.json": content(*man("nose", "eye", "ear", "tail"), imagePath="b.jpg")})
    data = read(tmp_path)
    assert data.keypoint_names == (("man", ("nose", "eye", "ear", "tail")),)
    points = [source.annotations.instances[0].keypoints for source in data.sources]  # type: ignore[union-attr,index]
    assert points == [(0, 0, 0, 3, 3, 2, 0, 0, 0, 4, 4, 2), (3, 3, 2, 4, 4, 2, 5, 5, 2, 6, 6, 2)]


PLACES = {
    "beside": ("a.json", "a.jpg", "a.jpg"),
    "above": ("labels/a.json", "..\\images\\a.jpg", "images/a.jpg"),
    "below": ("a.json", "images/a.jpg", "images/a.jpg"),
    "another machine": ("labels/a.json", "C:\\Users\\me\\a.jpg", "images/a.jpg"),
    "out of the data set": ("labels/a.json", "../../a.jpg", "photos/a.jpg"),
    "renamed together": ("b.json", "a.jpg", "b.jpg"),
    "no imagePath": ("a.json", None, "a.jpg"),
    "a split": ("train/labels/a.json", "../images/a.jpg", "train/images/a.jpg"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_picture_is_found(name: str, tmp_path: Path) -> None:
    path, told, picture = PLACES[name]
    data = read(lay(tmp_path, {path: content(shape("dog", TRIANGLE), imagePath=told), picture: JPEG}))
    assert [source.id for source in data.sources] == [picture]
    assert only(data) == [DOG]
    assert data.sources[0].split == ("train" if name == "a split" else None)


@pytest.mark.parametrize("escaped", [False, True])
def test_a_picture_in_its_json_is_read_in_place(escaped: bool, tmp_path: Path) -> None:
    text = json.dumps(content(shape("dog", TRIANGLE), imageData=base64.b64encode(PNG).decode(), imagePath="p/a.png"))
    lay(tmp_path / "src", {"labels/a.json": text.replace("/", "\\/") if escaped else text})
    data = read(tmp_path / "src")
    assert [source.id for source in data.sources] == ["labels/a.png"]
    assert data.read(data.sources[0].place) == PNG  # type: ignore[arg-type]
    assert only(data) == [DOG]
    expand(tmp_path / "src", tmp_path / "out", "identity", 1, workers=0, encoding="png", originals="include")
    found = read(tmp_path / "out")
    assert len(found.sources) == 2
    assert {source.annotations.instances for source in found.sources} == {(DOG,)}  # type: ignore[union-attr]


def test_one_file_alone(tmp_path: Path) -> None:
    lay(tmp_path, labelme(shape("dog", TRIANGLE)) | {"other.json": "{}"})
    assert only(read(tmp_path / "a.json")) == [DOG]


def test_flags_of_a_picture_are_its_class(tmp_path: Path) -> None:
    assert said(read(lay(tmp_path / "1", labelme(flags={"cat": True, "dog": False}))))["label"] == "cat"
    assert said(read(lay(tmp_path / "2", labelme(flags={"cat": True, "dog": True}))))["label"] == ["cat", "dog"]
    assert said(read(lay(tmp_path / "3", labelme(flags={"cat": False}))))["label"] is None


def test_labels_txt_orders_the_classes(tmp_path: Path) -> None:
    names = "__ignore__\n_background_\nzebra\ndog\n"
    data = read(lay(tmp_path, labelme(shape("dog", TRIANGLE)) | {"labels.txt": names}))
    assert data.classes == ("zebra", "dog")


FAULTS: dict[str, Any] = {
    "no points": {"label": "a", "shape_type": "polygon"},
    "a point of three": shape("a", [[1, 2, 3], [1, 2], [3, 4]]),
    "text": shape("a", [["1", 2], [1, 2], [3, 4]]),
    "no label": shape(None, TRIANGLE),  # type: ignore[arg-type]
    "a circle of three points": shape("a", TRIANGLE, "circle"),
    "a mask that is none": shape("a", [[1, 1], [2, 2]], "mask", mask="AAAA"),
    "a mask beyond the picture": shape("a", [[30, 1], [37, 8]], "mask", mask=DISC_PNG),
    "a group of lists": shape("a", TRIANGLE, group_id=[1]),
    "no shape": 7,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_picture_alone(name: str, tmp_path: Path) -> None:
    lay(tmp_path, labelme(FAULTS[name]) | {"b.jpg": JPEG, "b.json": content(imagePath="b.jpg")})
    bad, good = read(tmp_path).sources
    assert bad.fault.startswith(f"{tmp_path}/a.json shapes[0]")
    assert good.fault == ""


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"z.json": content(imagePath="z.jpg")}, r"'z.json'.*Its picture 'z.jpg' is not there"),
        ({"a.xml": "<a/>"}, "'a.xml'"),
        ({"a.json": content(shape("a", TRIANGLE, "cube"))}, r"'shapes.cube'.*It is a shape_type"),
        ({"a.json": content(shape("a", TRIANGLE, depth=3))}, r"'shapes.depth'"),
        ({"a.json": content(weather="rain")}, "'weather'"),
        ({"more/a.json": content(imagePath="../a.jpg")}, "a.jpg has a JSON file already"),
        ({"config.json": '{"a": 1}'}, "config.json"),
    ],
)
def test_nothing_is_passed_over(files: Mapping[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=told):
        read(lay(tmp_path, labelme(shape("dog", TRIANGLE)) | dict(files)))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    shapes: list[Any] = []
    for number, (several, _) in enumerate(ODD.values()):
        shapes += [one | ({"group_id": 10 * number + 1} if one.get("group_id") else {}) for one in several]
    shapes = [one for one in shapes if one["points"][0][0] > 0]
    shapes += [shape("lane", [[1, 2], [3, 4], [9, 9]], "linestrip"), shape("eye", [[5, 6]], "point", group_id=99)]
    src = lay(tmp_path / "src", labelme(*shapes, flags={"zoo": True}))
    expand(src, tmp_path / "out", "identity", 1, workers=0, originals="include")
    first, again = read(src), read(tmp_path / "out")
    assert again.form == "labelme"
    assert len(again.sources) == 2
    assert again.keypoint_names == first.keypoint_names
    for source in again.sources:
        assert source.annotations is not None
        wanted, found = without_groups(said(first)), without_groups(record(source.annotations.targets))
        facts = {"attributes": source.attributes, "label": source.label}
        assert found | facts == wanted


def without_groups(facts: dict[str, Any]) -> dict[str, Any]:
    """Groups are numbered anew where they join pieces."""
    for row in facts["instances"]:
        row["attributes"] = {**(row.get("attributes") or {}), "group_id": 0}
    return facts
