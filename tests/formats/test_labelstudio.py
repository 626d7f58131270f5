"""Label Studio: what its exports mean, and that what is written means the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import FileError
from augkit.expand import expand
from augkit.targets import run_lengths
from augkit.targets.brush_lengths import brush_of, brushed
from augkit.targets.records import Instance, record
from support.data_sets import JPEG, lay
from support.studio_files import BOX, PIXELS, PLACE, RING, SIZE, result, task

CAT, DOG = Instance("cat", (2, 3, 7, 10)), Instance("dog", (1, 1, 9, 5), ((1, 1, 9, 1, 9, 5),))


def studio(*tasks: Any) -> dict[str, Any]:
    return {"images/a.jpg": JPEG, "project-1.json": json.dumps(list(tasks))}


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


def point(x: float, y: float, name: str, **more: Any) -> dict[str, Any]:
    return result("keypointlabels", {"x": 100 * x / 32, "y": 100 * y / 24, "width": 0.5}, name, id=name, **more)


ODD: dict[str, tuple[list[Any], list[Instance]]] = {
    "nothing: the background": ([], []),
    "a box": ([BOX], [CAT]),
    "an outline": ([result("polygonlabels", {"points": RING, "closed": True}, "dog")], [DOG]),
    "an outline that does not say that it is closed": ([result("polygonlabels", {"points": RING}, "dog")], [DOG]),
    "a shape, and its label by itself": (
        [result("rectangle", PLACE | {"rotation": 0}), result("labels", PLACE | {"rotation": 0}, "cat")], [CAT]),
    "two classes": (
        [result("rectanglelabels", PLACE, "cat", "pet")],
        [Instance("cat", CAT.box, attributes={"labels": ["cat", "pet"]})]),
    "no class": ([result("rectangle", PLACE)], [Instance("no_label", CAT.box)]),
    "what is said of a region": (
        [BOX, result("choices", {"choices": ["wet"]}, from_name="state"),
         result("textarea", {"text": ["one", "two"]}, from_name="note")],
        [Instance("cat", CAT.box, attributes={"state": "wet", "note": ["one", "two"]})]),
    "a brush": (
        [result("brushlabels", {"format": "rle", "rle": brush_of(PIXELS)}, "sun")],
        [Instance("sun", (10, 5, 13, 7), (), (), run_lengths.encode(PIXELS))]),
    "keypoints below a region": (
        [BOX, point(4, 5, "nose", parentID="r1"), point(6.5, 9, "tail", parentID="r1")],
        [Instance("cat", CAT.box, (), (4, 5, 2, 6.5, 9, 2))]),
    "a score and notes": (
        [result("rectanglelabels", PLACE, "cat", score=0.5, meta={"text": ["left"]})],
        [Instance("cat", CAT.box, attributes={"score": 0.5, "meta": {"text": ["left"]}})]),
    "outside of the picture": (
        [result("rectanglelabels", {"x": -10, "y": 50, "width": 120, "height": 25, "rotation": 0}, "cat")],
        [Instance("cat", (-3.2, 12, 35.2, 18))]),
    "percents that are cut off": (
        [result("rectanglelabels", {name: round(value, 9) for name, value in PLACE.items()}, "cat")], [CAT]),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_but_legal(name: str, tmp_path: Path) -> None:
    results, expected = ODD[name]
    data = read(lay(tmp_path, studio(task(*results))))
    assert data.form == "labelstudio"
    assert only(data) == expected
    assert data.sources[0].annotations.size == ((24, 32) if results else None)  # type: ignore[union-attr]


def test_a_rectangle_turns_clockwise_about_its_upper_left_corner(tmp_path: Path) -> None:
    found = said(read(lay(tmp_path, studio(task(result("rectanglelabels", PLACE | {"rotation": 90}, "cat"))))))
    (box,) = found["rotated_boxes"]
    assert box["numbers"] == pytest.approx((2 - 3.5, 3 + 2.5, 5, 7, -90))
    found = said(read(lay(tmp_path, studio(task(result("rectanglelabels", PLACE | {"rotation": 30}, "cat"))))))
    cosine, sine = math.cos(math.radians(30)), math.sin(math.radians(30))
    middle = (2 + 2.5 * cosine - 3.5 * sine, 3 + 2.5 * sine + 3.5 * cosine)
    assert found["rotated_boxes"][0]["numbers"] == pytest.approx((*middle, 5, 7, -30))


def test_an_ellipse_is_an_outline(tmp_path: Path) -> None:
    value = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 12.5, "rotation": 0}
    (one,) = only(read(lay(tmp_path, studio(task(result("ellipselabels", value, "sun"))))))
    x, y = np.reshape(one.rings[0], (-1, 2)).T
    assert np.allclose(((x - 16) / 8) ** 2 + ((y - 12) / 3) ** 2, 1.0)
    assert one.box == pytest.approx((8, 9, 24, 15))


def test_lines_points_and_choices(tmp_path: Path) -> None:
    corners = [{"id": str(n), "x": x, "y": y, "isBezier": False} for n, (x, y) in enumerate(RING)]
    results = [
        result("vectorlabels", {"vertices": corners, "closed": False}, "lane", id="1"),
        point(5, 6, "eye"),
        result("choices", {"choices": ["night"]}, from_name="time", id="3"),
        result("rating", {"rating": 4}, from_name="quality", id="4"),
    ]
    assert said(read(lay(tmp_path / "1", studio(task(*results))))) == {
        "keypoints": (5, 6, 2),
        "polylines": [{"label": "lane", "numbers": (1, 1, 9, 1, 9, 5)}],
        "attributes": {"quality": 4, "keypoints": [{"label": "eye", "count": 1}]},
        "label": "night",
    }
    several = result("choices", {"choices": ["night", "rain"]}, from_name="time")
    assert said(read(lay(tmp_path / "2", studio(task(several)))))["label"] == ["night", "rain"]
    two = result("choices", {"choices": ["rain"]}, from_name="weather", id="9")
    both = said(read(lay(tmp_path / "3", studio(task(results[2], two)))))["label"]
    assert both == {"time": "night", "weather": "rain"}


REFERENCES = [
    "/data/upload/1/12345678-a.jpg",
    "/data/upload/a.jpg",
    "/data/local-files/?d=images/a.jpg",
    "/data/local-files/?d=some/where/images%2Fa.jpg",
    "http://localhost:8080/data/upload/3/a.jpg",
    "https://example.com/x/a.jpg?token=1",
    "s3://bucket/x/a.jpg",
    "images\\a.jpg",
    "a.jpg",
]


@pytest.mark.parametrize("reference", REFERENCES)
def test_the_picture_is_found(reference: str, tmp_path: Path) -> None:
    data = read(lay(tmp_path, studio(task(BOX, image=reference))))
    assert [source.id for source in data.sources] == ["images/a.jpg"]
    assert only(data) == [CAT]


def test_pictures_keep_the_digits_of_their_upload(tmp_path: Path) -> None:
    lay(tmp_path, {"12345678-a.jpg": JPEG, "tasks.json": json.dumps([task(BOX)])})
    assert only(read(tmp_path)) == [CAT]
    assert only(read(tmp_path / "tasks.json")) == [CAT]


def test_json_min(tmp_path: Path) -> None:
    row = {
        "image": "/data/upload/1/12345678-a.jpg",
        "id": 7,
        "label": [{**PLACE, **SIZE, "rotation": 0, "rectanglelabels": ["cat"]}],
        "outline": [{"points": RING, "closed": True, "polygonlabels": ["dog"], **SIZE}],
        "weather": "rain",
        "annotator": 1,
        "annotation_id": 3,
        "created_at": "2024-01-01",
        "updated_at": "2024-01-01",
        "lead_time": 3.5,
    }
    data = read(lay(tmp_path, {"images/a.jpg": JPEG, "min.json": json.dumps([row])}))
    assert only(data) == [CAT, DOG]
    assert data.sources[0].label == "rain"
    several = row | {"weather": {"choices": ["rain", "wind"]}}
    assert read(lay(tmp_path, {"min.json": json.dumps([several])})).sources[0].label == ["rain", "wind"]


def test_skipped_and_empty_tasks_predictions_and_drafts_are_told(tmp_path: Path) -> None:
    skipped = task(BOX, image="b.jpg")
    skipped["annotations"][0]["was_cancelled"] = True
    nobody = task(image="c.jpg") | {"annotations": []}
    first = task(BOX, predictions=[{"result": [BOX]}], drafts=[{"result": []}])
    files = {"images/b.jpg": JPEG, "images/c.jpg": JPEG}
    data = read(lay(tmp_path, files | studio(first, skipped, nobody)))
    assert [source.id for source in data.sources] == ["images/a.jpg"]
    assert dict(data.left_out)["a task that nobody has annotated"] == 2
    assert "The predictions of 1 tasks are not read." in data.notes
    assert "The drafts of 1 tasks are not read." in data.notes


@pytest.mark.parametrize("truth", [True, False])
def test_several_annotators(truth: bool, tmp_path: Path) -> None:
    both = task()
    both["annotations"] = [
        {"id": 1, "result": [BOX], "ground_truth": truth, "updated_at": "2024-01-01"},
        {"id": 2, "result": [], "ground_truth": False, "updated_at": "2024-02-01"},
    ]
    lay(tmp_path, studio(both))
    with pytest.raises(FileError, match=r"'annotations.others'.*read is the ground truth, or else the newest"):
        read(tmp_path)
    assert only(read(tmp_path, ignore="annotations.others")) == ([CAT] if truth else [])


FAULTS: dict[str, Any] = {
    "no place": result("rectanglelabels", {"x": 1, "y": 2, "height": 3}, "cat"),
    "text": result("rectanglelabels", PLACE | {"x": "1"}, "cat"),
    "labels that are none": result("rectanglelabels", PLACE | {"rectanglelabels": "cat"}),
    "a turned picture": result("rectanglelabels", PLACE, "cat", image_rotation=90),
    "no size": {**result("rectanglelabels", PLACE, "cat"), "original_width": None, "original_height": None},
    "a brush of another size": result("brushlabels", {"format": "rle", "rle": brush_of(PIXELS[1:])}, "a"),
    "a brush that is cut off": result("brushlabels", {"format": "rle", "rle": brush_of(PIXELS)[:-3]}, "a"),
    "a brush of no bytes": result("brushlabels", {"format": "rle", "rle": [300]}, "a"),
    "a curve": result("vectorlabels", {"vertices": [{"x": 1, "y": 1, "isBezier": True}]}, "a"),
    "no result": 7,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_picture_alone(name: str, tmp_path: Path) -> None:
    lay(tmp_path, {"images/b.jpg": JPEG} | studio(task(FAULTS[name]), task(BOX, image="b.jpg")))
    bad, good = read(tmp_path).sources
    assert bad.fault.startswith(f"{tmp_path}/project-1.json [0]")
    assert good.fault == ""


def test_a_missing_picture_costs_itself(tmp_path: Path) -> None:
    lay(tmp_path, studio(task(BOX), task(BOX, image="gone.jpg")))
    bad = next(source for source in read(tmp_path).sources if source.fault)
    assert "must be there as a file, got none for 'gone.jpg'" in bad.fault
    (tmp_path / "images/a.jpg").unlink()
    with pytest.raises(FileError, match="got none of 2"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (task(BOX, {"type": "relation", "from_id": "a", "to_id": "b"}), "'result.relation'"),
        (task(BOX, result("magicwand", {"x": 1})), "'result.magicwand'"),
        (task(result("rectanglelabels", PLACE | {"depth": 3}, "cat")), "'value.depth'"),
        (task(result("rectanglelabels", PLACE, "cat", weight=3)), "'result.weight'"),
        (task(BOX) | {"data": {"image": "a.jpg", "caption": "x"}}, "'data.caption'"),
        (task(BOX, labels="x"), "'tasks.labels'"),
    ],
)
def test_nothing_is_passed_over(one: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=told):
        read(lay(tmp_path, studio(one)))


@pytest.mark.parametrize("seed", range(5))
def test_brushes_come_back(seed: int) -> None:
    mask = np.random.default_rng(seed).random((40, 70)) > (0.5, 0.99, 0.01, 1.0, -1.0)[seed]
    assert np.array_equal(brushed(brush_of(mask), (40, 70), "here"), mask)


def test_a_brush_with_values_that_are_not_repeated() -> None:
    """As the browser writes it: 4 values of 8 bits, one run of four plain values."""
    bits = f"{4:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += "0" + "00" + f"{3:03b}" + "".join(f"{value:08b}" for value in (1, 2, 3, 255))
    bits += "0" * (-len(bits) % 8)
    found = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert brushed(found, (1, 1), "here").tolist() == [[True]]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    results: list[Any] = []
    for number, (several, _) in enumerate(ODD.values()):
        for one in several:
            if one["value"].get("x", 0) >= 0:
                named = one | {"id": f"{number}-{one['id']}"}
                results.append(named | ({"parentID": f"{number}-{one['parentID']}"} if "parentID" in one else {}))
    results.append(
        result("rectanglelabels", {"x": 50, "y": 50, "width": 9, "height": 9, "rotation": 30}, "cat", id="t")
    )
    results.append(result("choices", {"choices": ["night"]}, from_name="time", id="c"))
    results.append(result("polygonlabels", {"points": RING, "closed": False}, "lane", id="l"))
    results.append(point(5, 6, "eye"))
    src = lay(tmp_path / "src", studio(task(*results)))
    expand(src, tmp_path / "out", "identity", 1, workers=0, originals="include")
    first, again = read(src), read(tmp_path / "out")
    assert again.form == "labelstudio"
    assert len(again.sources) == 2
    assert again.keypoint_names == first.keypoint_names
    for source in again.sources:
        assert source.annotations is not None
        wanted, found = said(first), record(source.annotations.targets)
        turned, expected = (facts["rotated_boxes"][0].pop("numbers") for facts in (found, wanted))
        assert turned == pytest.approx(expected, abs=1e-3)
        assert found | {"attributes": source.attributes, "label": source.label} == wanted
