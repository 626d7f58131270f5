"""CVAT for images: what its files mean, and that what is written means the same."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import FileError
from augkit.expand import expand
from augkit.targets import run_lengths
from augkit.targets.records import Instance, record
from support.cvat_files import BOX, LABELS, MAN, POLYGON, SKELETON, dump, image
from support.data_sets import JPEG, lay

CAT, DOG = Instance("cat", (2, 3, 7, 10)), Instance("dog", (1, 1, 9, 5), ((1, 1, 9, 1, 9, 5),))


def cvat(*shapes: str, **options: Any) -> dict[str, Any]:
    return {"images/a.jpg": JPEG, "annotations.xml": dump(image(*shapes), **options)}


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


PART = np.array([[0, 1, 1], [1, 1, 0]])
WHOLE = np.zeros((24, 32), np.uint8)
WHOLE[5:7, 10:13] = PART
ODD: dict[str, tuple[list[str], list[Instance]]] = {
    "no shapes: the background": ([], []),
    "a box": ([BOX], [CAT]),
    "an outline": ([POLYGON], [DOG]),
    "a box turned by nothing": ([BOX.replace("z_order", 'rotation="0.00" z_order')], [CAT]),
    "facts": (
        [BOX.replace('occluded="0"', 'occluded="1"').replace("manual", "auto").replace('z_order="0"', 'z_order="-3"')],
        [Instance("cat", CAT.box, attributes={"occluded": True, "source": "auto", "z_order": -3})]),
    "attributes": (
        [BOX.replace("></box>", '><attribute name="age">7</attribute><attribute name="wet">true</attribute>'
                     '<attribute name="tag">007</attribute><attribute name="note"></attribute></box>')],
        [Instance("cat", CAT.box, attributes={"age": 7, "wet": True, "tag": "007", "note": ""})]),
    "an attribute called as CVAT's own": (
        [BOX.replace("></box>", '><attribute name="occluded">half</attribute></box>')],
        [Instance("cat", CAT.box, attributes={"attributes": {"occluded": "half"}})]),
    "no occluded, no z_order": (
        ['<box label="cat" xtl="2" ytl="3" xbr="7" ybr="10"/>'], [CAT]),
    "pieces of a group": (
        [POLYGON.replace("z_order", 'group_id="2" z_order'),
         '<polygon label="dog" points="20,10;25,10;25,20" group_id="2"/>'],
        [Instance("dog", (1, 1, 25, 20), ((1, 1, 9, 1, 9, 5), (20, 10, 25, 10, 25, 20)))]),
    "two boxes of a group": (
        [BOX.replace("z_order", 'group_id="2" z_order')] * 2,
        [Instance("cat", CAT.box, attributes={"group_id": 2})] * 2),
    "a mask": (
        ['<mask label="sun" occluded="0" rle="1, 4, 1" left="10" top="5" width="3" height="2" z_order="0"/>'],
        [Instance("sun", (10, 5, 13, 7), (), (), run_lengths.encode(WHOLE))]),
    "a skeleton": ([SKELETON], [Instance("man", (4, 5, 6.5, 9), (), (4, 5, 2, 6.5, 9, 1))]),
    "a skeleton with a point outside": (
        [SKELETON.replace('outside="0" points="6.50,9.00"', 'outside="1" points="0,0"')],
        [Instance("man", (3.5, 4.5, 4.5, 5.5), (), (4, 5, 2, 0, 0, 0))]),
    "a class with blanks and others": (
        [BOX.replace('"cat"', '"traffic &lt;light&gt; &quot;é&quot;"')], [Instance('traffic <light> "é"', CAT.box)]),
    "outside of the picture": (
        ['<box label="cat" xtl="-5.5" ytl="3" xbr="40" ybr="10"/>'], [Instance("cat", (-5.5, 3, 40, 10))]),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_but_legal(name: str, tmp_path: Path) -> None:
    shapes, expected = ODD[name]
    data = read(lay(tmp_path, cvat(*shapes, labels=LABELS + MAN)))
    assert data.form == "cvat"
    assert data.classes[:3] == ("dog", "cat", "man")
    assert only(data) == expected


def test_a_turned_box_turns_clockwise(tmp_path: Path) -> None:
    found = said(read(lay(tmp_path, cvat('<box label="cat" xtl="5" ytl="8" xbr="15" ybr="12" rotation="30"/>'))))
    (box,) = found["rotated_boxes"]
    assert box["numbers"] == (10, 10, 10, 4, -30)


def test_an_ellipse_is_an_outline_of_a_twentieth_of_a_pixel(tmp_path: Path) -> None:
    text = '<ellipse label="sun" cx="500" cy="400" rx="300" ry="100" rotation="30" occluded="0"/>'
    (one,) = only(read(lay(tmp_path, cvat(text))))
    points = np.reshape(one.rings[0], (-1, 2))
    turn = math.radians(30.0)  # clockwise as seen, y down
    axes = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])

    def on(points: Any) -> Any:
        return np.hypot(*((points - (500, 400)) @ axes.T / (300, 100)).T)

    assert np.allclose(on(points), 1.0)
    assert np.all((1.0 - on((points + np.roll(points, 1, 0)) / 2)) * 100 < 0.1)
    half = (
        math.hypot(300 * math.cos(turn), 100 * math.sin(turn)),
        math.hypot(300 * math.sin(turn), 100 * math.cos(turn)),
    )
    assert one.box == pytest.approx((500 - half[0], 400 - half[1], 500 + half[0], 400 + half[1]), abs=0.1)


def test_lines_points_and_tags(tmp_path: Path) -> None:
    shapes = [
        '<polyline label="lane" points="1,2;3,4;9,9" occluded="1"/>',
        '<points label="wheel" points="5,6;7,8" z_order="2"/>',
        '<tag label="night" source="manual"><attribute name="hour">3</attribute></tag>',
    ]
    assert said(read(lay(tmp_path, cvat(*shapes)))) == {
        "keypoints": (5, 6, 2, 7, 8, 2),
        "polylines": [{"label": "lane", "numbers": (1, 2, 3, 4, 9, 9), "attributes": {"occluded": True}}],
        "attributes": {
            "keypoints": [{"label": "wheel", "count": 2, "z_order": 2}],
            "tags": {"night": {"hour": 3}},
        },
        "label": "night",
    }
    two = cvat('<tag label="night"/>', '<tag label="rain"/>')
    assert said(read(lay(tmp_path / "2", two)))["label"] == ["night", "rain"]


PLACES = {
    "in images": ("annotations.xml", "a.jpg", "images/a.jpg"),
    "beside": ("annotations.xml", "a.jpg", "a.jpg"),
    "in folders": ("annotations.xml", "x/a.jpg", "images/x/a.jpg"),
    "with backslashes": ("annotations.xml", "x\\a.jpg", "images/x/a.jpg"),
    "by its subset": ("annotations.xml", "a.jpg", "images/Train/a.jpg"),
    "a task in a folder": ("task_1/annotations.xml", "a.jpg", "task_1/images/a.jpg"),
    "of another name": ("my_task.xml", "a.jpg", "photos/a.jpg"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_picture_is_found(name: str, tmp_path: Path) -> None:
    path, told, picture = PLACES[name]
    data = read(lay(tmp_path, {path: dump(image(BOX, name=told, more=' subset="Train"')), picture: JPEG}))
    assert [(source.id, source.split) for source in data.sources] == [(picture, "train")]
    assert only(data) == [CAT]


@pytest.mark.parametrize("kind", ["task", "project", "job"])
def test_dumps_of_tasks_projects_and_jobs(kind: str, tmp_path: Path) -> None:
    images = [image(BOX, name=f"{n}.jpg", more=f' subset="{s}" task_id="7"', id=n)
              for n, s in enumerate(("Train", "Validation", "Test"))]  # fmt: skip
    files: dict[str, Any] = {f"images/{n}.jpg": JPEG for n in range(3)}
    lay(tmp_path, files | {"annotations.xml": dump(*images, kind=kind)})
    for where in (tmp_path, tmp_path / "annotations.xml"):
        data = read(where)
        assert [source.split for source in data.sources] == ["train", "val", "test"]
        assert data.about["cvat_labels"][0]["color"] == "#ff0000"


def test_subsets_that_are_no_splits_are_facts(tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.jpg": JPEG, "annotations.xml": dump(image(BOX, more=' subset="spring"'))})
    data = read(tmp_path)
    assert (data.sources[0].split, data.sources[0].attributes) == (None, {"subset": "spring"})
    assert "a subset is called 'spring'" in data.notes[0]


FAULTS = {
    "no number": BOX.replace('"2.00"', '"two"'),
    "no edge": BOX.replace('xtl="2.00"', ""),
    "not finite": BOX.replace('"2.00"', '"nan"'),
    "no label": BOX.replace('label="cat"', ""),
    "an outline of two points": POLYGON.replace("1.00,1.00;", ""),
    "points of three": POLYGON.replace("9.00,5.00", "9.00,5.00,1"),
    "run lengths of another size": '<mask label="a" rle="1, 4, 2" left="10" top="5" width="3" height="2"/>',
    "a mask beyond the picture": '<mask label="a" rle="1, 4, 1" left="30" top="5" width="3" height="2"/>',
    "an ellipse without radius": '<ellipse label="a" cx="1" cy="1" rx="0" ry="2"/>',
    "occluded perhaps": BOX.replace('occluded="0"', 'occluded="maybe"'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_picture_alone(name: str, tmp_path: Path) -> None:
    images = image(FAULTS[name]), image(BOX, name="b.jpg", id=1)
    lay(tmp_path, {"images/a.jpg": JPEG, "images/b.jpg": JPEG, "annotations.xml": dump(*images)})
    bad, good = read(tmp_path).sources
    assert f"{tmp_path}/annotations.xml:" in bad.fault
    assert good.fault == ""


def test_a_missing_picture_costs_itself(tmp_path: Path) -> None:
    files = cvat(BOX)
    files["annotations.xml"] = dump(image(BOX), image(BOX, name="gone.jpg", id=1))
    bad = read(lay(tmp_path, files)).sources[0]
    assert bad.id == "gone.jpg"
    assert "must be there as a file, got none called 'gone.jpg'" in bad.fault
    (tmp_path / "images/a.jpg").unlink()
    with pytest.raises(FileError, match=r"got none of 2 \('a.jpg', 'gone.jpg'\)"):
        read(tmp_path)


TRACK = '<track id="0" label="car"><box frame="0" xtl="1" ytl="1" xbr="5" ybr="5"/></track>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (dump(image(BOX, '<cuboid label="x" xtl1="1"/>')), "'cuboid'.*three dimensions"),
        (dump(image(BOX), TRACK), "'track'.*export it as CVAT for images"),
        (dump(image(BOX, '<box3d label="x"/>')), "'box3d'"),
        (dump(image(BOX.replace("occluded", 'depth="3" occluded'))), "'box.depth'"),
        (dump(image(BOX, more=' weather="rain"')), "'image.weather'"),
    ],
)
def test_nothing_is_passed_over(text: str, told: str, tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.jpg": JPEG, "annotations.xml": text})
    with pytest.raises(FileError, match=told):
        read(tmp_path)


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>'
    text = dump(image(BOX)).replace("<annotations>", f"{laughs}<annotations>")
    with pytest.raises(FileError, match=r"annotations.xml:2: must be XML without entities"):
        read(lay(tmp_path, {"images/a.jpg": JPEG, "annotations.xml": text}))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    shapes = []
    for number, (several, _) in enumerate(ODD.values()):
        shapes += [
            shape.replace('group_id="2"', f'group_id="{number + 5}"') for shape in several if "-5.5" not in shape
        ]
    shapes += ['<box label="cat" xtl="5" ytl="8" xbr="15" ybr="12" rotation="30"/>', '<tag label="night"/>']
    shapes += ['<polyline label="lane" points="1,2;3,4;9,9" occluded="1"/>', '<points label="eye" points="5,6;7,8"/>']
    src = lay(tmp_path / "src", cvat(*shapes, labels=LABELS + MAN))
    expand(src, tmp_path / "out", "identity", 1, workers=0, originals="include")
    first, again = read(src), read(tmp_path / "out")
    assert again.form == "cvat"
    assert len(again.sources) == 2
    assert again.keypoint_names == first.keypoint_names == (("man", ("nose", "tail")),)
    declared = first.about["cvat_labels"]
    assert again.about["cvat_labels"][: len(declared)] == declared
    assert again.classes == first.classes
    for source in again.sources:
        assert source.annotations is not None
        wanted, found = without_groups(said(first)), without_groups(record(source.annotations.targets))
        turned, expected = (facts["rotated_boxes"][0].pop("numbers") for facts in (found, wanted))
        assert turned == pytest.approx(expected, abs=1e-5)
        assert found | {"attributes": source.attributes, "label": source.label} == wanted


def without_groups(facts: dict[str, Any]) -> dict[str, Any]:
    """Groups are numbered anew where they join pieces."""
    for row in facts["instances"]:
        row["attributes"] = {**(row.get("attributes") or {}), "group_id": 0}
    return facts
