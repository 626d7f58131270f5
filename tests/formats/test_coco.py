"""COCO: ids, categories, facts and keypoints are kept, and pycocotools reads what is written."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import read
from augkit.errors import ArgumentError
from augkit.targets import run_lengths
from support.coco_files import MASK, RING, RLE, SIZE, data_of, instances, source_of, written
from support.data_sets import JPEG, PNG, coco, lay
from support.folders import done


def test_ids_are_kept_and_copies_get_new_ones(tmp_path: Path) -> None:
    data = data_of({"id": 900}, {"id": 5, "category_id": 7})
    lay(tmp_path / "src", {"annotations/instances_train.json": data, "train/a.jpg": JPEG})
    found = written(tmp_path / "src", tmp_path / "out", copies=2)
    assert [(one["id"], one["name"], one.get("supercategory")) for one in found["categories"]] == [
        (7, "dog", "pet"),
        (3, "cat", None),
    ]
    assert [image["id"] for image in found["images"]] == [41, 42, 43]
    assert [(one["id"], one["image_id"], one["category_id"]) for one in found["annotations"]] == [
        (900, 41, 3),
        (5, 41, 7),
        (901, 42, 3),
        (902, 42, 7),
        (903, 43, 3),
        (904, 43, 7),
    ]


def test_new_ids_are_unique_over_splits(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for split, first in (("train", 1), ("val", 1)):
        files[f"annotations/instances_{split}.json"] = coco(f"{split}.jpg", first=first)
        files[f"{split}/{split}.jpg"] = JPEG if split == "train" else PNG
    lay(tmp_path / "src", files)
    done(tmp_path / "src", tmp_path / "out", pipeline="identity", copies=3, form="coco", encoding="png")
    both = [json.loads((tmp_path / f"out/annotations/instances_{name}.json").read_text()) for name in ("train", "val")]
    assert [[image["id"] for image in one["images"]] for one in both] == [[2, 3, 4], [1]]
    assert [[note["id"] for note in one["annotations"]] for one in both] == [[4, 5, 6, 7, 8, 9], [2, 3]]


def test_ids_that_two_files_have_are_given_once(tmp_path: Path) -> None:
    lay(tmp_path / "src", {"p/x.json": coco("a.jpg"), "q/y.json": coco("b.jpg"), "p/a.jpg": JPEG, "q/b.jpg": PNG})
    found = written(tmp_path / "src", tmp_path / "out")
    assert [image["id"] for image in found["images"]] == [1, 2, 3, 4]
    assert [one["id"] for one in found["annotations"]] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert [one["image_id"] for one in found["annotations"]] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_categories_that_two_files_number_otherwise(tmp_path: Path) -> None:
    other = coco("b.jpg")
    other["categories"] = [{"id": 4, "name": "ape"}, {"id": 9, "name": "dog"}]
    files = {"annotations/instances_train.json": coco("a.jpg"), "annotations/instances_val.json": other}
    lay(tmp_path / "src", {**files, "train/a.jpg": JPEG, "val/b.jpg": PNG})
    data = read(tmp_path / "src")
    assert data.notes == (
        "The categories of annotations/instances_val.json have other ids than those of the files before it.",
    )
    found = written(tmp_path / "src", tmp_path / "out")["categories"]
    assert [(one["id"], one["name"]) for one in found] == [(9, "cat"), (4, "dog"), (10, "ape")]


@pytest.mark.parametrize("workers", [0, 2])
def test_ids_depend_on_the_plan_alone(workers: int, tmp_path: Path) -> None:
    lay(tmp_path / "src", {"x.json": coco(*(f"{n}.jpg" for n in range(20)), first=100)})
    lay(tmp_path / "src", {f"{n}.jpg": JPEG for n in range(20)})
    found = written(tmp_path / "src", tmp_path / "out", workers=workers)
    ids = {image["file_name"]: image["id"] for image in found["images"]}
    assert sorted(ids.values()) == list(range(100, 140))
    assert all((id >= 120) == ("-c0" in name) for name, id in ids.items())


def test_text_ids_stay_texts(tmp_path: Path) -> None:
    data = data_of({"id": "x", "image_id": "i", "category_id": "k"}, categories=[{"id": "k", "name": "cat"}])
    data["images"][0]["id"] = "i"
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG})
    found = written(tmp_path / "src", tmp_path / "out")
    assert [image["id"] for image in found["images"]] == ["i", "1"]
    assert [(one["id"], one["image_id"], one["category_id"]) for one in found["annotations"]] == [
        ("x", "i", "k"),
        ("1", "1", "k"),
    ]


def test_info_licences_and_facts_of_pictures_are_kept(tmp_path: Path) -> None:
    info, licences = {"year": 2017, "description": "käse"}, [{"id": 4, "name": "CC", "url": "http://x"}]
    data = data_of({}, info=info, licenses=licences)
    facts = {"license": 4, "coco_url": "http://c", "flickr_url": "http://f", "date_captured": "2013-11-14 11:18:45"}
    data["images"][0] |= facts
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG})
    assert read(tmp_path / "src").kinds == {"boxes"}  # none of these is a label
    found = written(tmp_path / "src", tmp_path / "out")
    assert (found["info"], found["licenses"]) == (info, licences)
    assert all(image.items() >= facts.items() for image in found["images"])


def test_attributes_of_pictures_are_kept(tmp_path: Path) -> None:
    data = data_of({})
    data["images"][0] |= {"attributes": {"weather": "rain", "license": "x"}, "tags": ["a"]}
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG})
    (source,) = read(tmp_path / "src").sources
    known = {"weather": "rain", "attributes": {"license": "x"}, "tags": ["a"], "id": 41}
    assert source.attributes == known
    assert read(tmp_path / "src").kinds == {"boxes", "attributes"}
    for image in written(tmp_path / "src", tmp_path / "out")["images"]:
        assert (image["attributes"], image["tags"]) == ({"license": "x", "weather": "rain"}, ["a"])


def test_facts_of_objects_are_kept(tmp_path: Path) -> None:
    given = {"attributes": {"occluded": True, "colour": "red"}, "score": 0.5, "ignore": 1, "area": 63.5}
    lay(tmp_path / "src", {"x.json": data_of(given), "a.jpg": JPEG})
    assert read(tmp_path / "src").kinds == {"boxes", "attributes"}
    before, after = written(tmp_path / "src", tmp_path / "out")["annotations"]
    assert before.items() >= given.items()
    assert after.items() >= (given | {"area": 81}).items()
    with pytest.raises(ArgumentError, match="must have a place for attributes, got yolo"):
        done(tmp_path / "src", tmp_path / "other", form="yolo")
    plain = written(tmp_path / "src", tmp_path / "dropped", drop="attributes")
    assert [one.get("attributes") for one in plain["annotations"]] == [None, None]


def test_keypoints_of_a_category_without_names(tmp_path: Path) -> None:
    kinds = [{"id": 3, "name": "points", "keypoints": [], "skeleton": []}]
    data = data_of({"keypoints": [5, 6, 2], "num_keypoints": 1}, {"keypoints": [1, 2, 2, 3, 4, 1]}, categories=kinds)
    lay(tmp_path / "src", {"x.json": data, "a.jpg": JPEG})
    found = written(tmp_path / "src", tmp_path / "out")
    assert found["categories"] == kinds
    assert [one["keypoints"] for one in found["annotations"]] == [
        [5, 6, 2],
        [1, 2, 2, 3, 4, 1],
        [27, 6, 2],
        [31, 2, 2, 29, 4, 1],
    ]


def test_keypoints_are_written_for_all_objects_that_have_names(tmp_path: Path) -> None:
    kinds = [{"id": 3, "name": "cat", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]], "supercategory": "pet"}]
    data = data_of({"keypoints": [5, 6, 2, 0, 0, 0]}, {"keypoints": [0] * 6, "num_keypoints": 0}, categories=kinds)
    lay(tmp_path / "src", {"annotations/person_keypoints_val2017.json": data, "val2017/a.jpg": JPEG})
    done(tmp_path / "src", tmp_path / "out", pipeline="identity", form="coco", encoding="png")
    found = json.loads((tmp_path / "out/annotations/instances_val.json").read_text())
    assert found["categories"] == kinds
    points = [(one["keypoints"], one["num_keypoints"]) for one in found["annotations"]]
    assert points == [([5, 6, 2, 0, 0, 0], 1), ([0] * 6, 0)]


def test_files_about_the_same_pictures_are_put_together(tmp_path: Path) -> None:
    person = [{"id": 3, "name": "cat", "keypoints": ["nose"], "skeleton": []}]
    points = data_of({"id": 7, "keypoints": [5, 6, 2], "num_keypoints": 1}, categories=person)
    texts = data_of(categories=[])
    texts["annotations"] = [{"id": 70 + n, "image_id": 41, "caption": text} for n, text in enumerate(("one", "two"))]
    stuff = data_of({"id": 9, "category_id": 92}, categories=[{"id": 92, "name": "sky", "supercategory": "stuff"}])
    files = {"instances": data_of({"segmentation": [[1, 2, 9, 2, 9, 9]]}, {"category_id": 7}), "captions": texts}
    files |= {"person_keypoints": points, "stuff": stuff}
    names = {f"annotations/{name}_train2017.json": data for name, data in files.items()}
    src = lay(tmp_path / "src", {**names, "train2017/a.jpg": JPEG})
    data = read(src)
    (source,) = data.sources
    found = instances(source)
    assert [(one.label, one.keypoints, len(one.rings)) for one in found] == [
        ("cat", (5, 6, 2), 1),
        ("dog", (), 0),
        ("sky", (), 0),
    ]
    assert source.attributes is not None
    assert source.attributes["captions"] == ["one", "two"]
    assert data.classes == ("dog", "cat", "sky")
    assert data.keypoint_names == (("cat", ("nose",)),)
    kept = written(src, tmp_path / "out")
    assert [one["id"] for one in kept["annotations"][:3]] == [7, 8, 9]
    told = json.loads((tmp_path / "out/annotations/captions_train.json").read_text())["annotations"]
    assert [(one["id"], one["image_id"], one["caption"]) for one in told] == [
        (70, 41, "one"),
        (71, 41, "two"),
        (72, 42, "one"),
        (73, 42, "two"),
    ]
    again = read(tmp_path / "out")
    assert all((source.attributes or {})["captions"] == ["one", "two"] for source in again.sources)


def test_captions_alone(tmp_path: Path) -> None:
    data = data_of(categories=[])
    data["annotations"] = [{"id": 5, "image_id": 41, "caption": "a cat"}]
    lay(tmp_path / "src", {"annotations/captions_train2017.json": data, "train2017/a.jpg": JPEG})
    assert read(tmp_path / "src").kinds == {"attributes"}
    written(tmp_path / "src", tmp_path / "out")
    again = read(tmp_path / "out")
    assert again.form == "coco"
    assert again.kinds == {"attributes"}
    assert [(source.attributes or {})["captions"] for source in again.sources] == [["a cat"]] * 2


def test_a_rotation_is_read_as_a_rotated_box(tmp_path: Path) -> None:
    """CVAT turns clockwise about the middle of the box; augkit's degrees are counter-clockwise."""
    turned = {"bbox": [10, 8, 8, 4], "attributes": {"occluded": False, "rotation": 30.0, "colour": "red"}}
    upright = {"attributes": {"occluded": False, "rotation": 0.0}}
    source = source_of(tmp_path, data_of(turned, upright))
    assert source.annotations is not None
    targets = source.annotations.targets
    assert np.array_equal(targets["rotated_boxes"].values, [[14, 10, 8, 4, -30]])
    assert targets["rotated_boxes"].facts == [{"id": 7, "area": 81, "occluded": False, "colour": "red"}]
    assert [one.box for one in instances(source)] == [(1, 2, 10, 11)]
    with pytest.raises(ArgumentError, match="must have a place for rotated boxes, got coco"):
        done(tmp_path, tmp_path.parent / "rotated", form="coco")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools 2.0.11 and NumPy 2
def test_masks_and_keypoints_as_pycocotools_has_them(tmp_path: Path) -> None:
    coco_tools, evaluation = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    kinds = [{"id": 3, "name": "cat", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}, {"id": 7, "name": "dog"}]
    mask = run_lengths.encode(MASK)
    objects = [
        {"segmentation": [[1, 2, 10, 2, 10, 11, 1, 11]], "keypoints": [5, 6, 2, 7, 8, 1], "num_keypoints": 2},
        {"segmentation": {**RLE, "counts": mask}, "bbox": [4, 3, 16, 6], "area": 96, "keypoints": [0] * 6},
        {"segmentation": {**RLE, "counts": run_lengths.expanded(mask)}, "bbox": [4, 3, 16, 6], "iscrowd": 1},
        {"segmentation": [[4, 3, 20, 3, 20, 9, 4, 9]], "bbox": [4, 3, 16, 6], "category_id": 7},
    ]
    lay(tmp_path / "src", {"x.json": data_of(*objects, categories=kinds), "a.jpg": JPEG})
    written(tmp_path / "src", tmp_path / "out")
    truth = coco_tools.COCO(str(tmp_path / "out/annotations/instances.json"))
    rows, mirrored = MASK.astype(bool), MASK[:, ::-1].astype(bool)
    box = np.zeros(SIZE, bool)
    box[2:11, 1:10] = True
    for image, (outline, whole) in zip(truth.imgs, ((box, rows), (box[:, ::-1], mirrored)), strict=True):
        found = truth.loadAnns(truth.getAnnIds(image))
        masks = [truth.annToMask(one).astype(bool) for one in found]
        for made, wanted in zip(masks, (outline, whole, whole, whole), strict=True):
            assert np.array_equal(made, wanted)
        assert [one["area"] for one in found] == ([81, 96, 81, 81] if image == 41 else [81, 96, 96, 96])
        assert [one["iscrowd"] for one in found] == [0, 0, 1, 0]
    for kind in ("bbox", "segm", "keypoints"):
        guesses = [{**one, "score": 0.9} for one in truth.anns.values() if not one["iscrowd"]]
        guesses = [one for one in guesses if kind != "keypoints" or one["category_id"] == 3]
        judged = evaluation.COCOeval(truth, truth.loadRes(guesses), kind)
        judged.params.kpt_oks_sigmas = np.array([0.1, 0.1])
        judged.params.catIds = [3]
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
        assert judged.stats[0] == pytest.approx(1.0), kind


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    objects: list[dict[str, Any]] = [
        {"segmentation": RING, "attributes": {"a": 1}},
        {"category_id": 7, "score": 0.5},
    ]
    lay(tmp_path / "src", {"x.json": data_of(*objects, info={"year": 1}), "a.jpg": JPEG})
    before = read(tmp_path / "src")
    done(tmp_path / "src", tmp_path / "out", pipeline="identity", form="coco", encoding="png")
    after = read(tmp_path / "out")
    assert (after.classes, after.kinds) == (before.classes, before.kinds)
    for one, other in zip(instances(before.sources[0]), instances(after.sources[0]), strict=True):
        assert (one.label, one.box, one.rings) == (other.label, other.box, other.rings)
        assert {**(one.attributes or {}), "id": 0, "area": 0} == {**(other.attributes or {}), "id": 0, "area": 0}
    kept = ("info", "categories")
    assert {key: after.about["coco"][key] for key in kept} == {key: before.about["coco"][key] for key in kept}


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 40)).save(file, "PNG")
    lay(tmp_path / "src", {"x.json": coco("a.png", "b.jpg"), "a.png": file.getvalue(), "b.jpg": JPEG})
    summary = done(tmp_path / "src", tmp_path / "out", form="coco", max_rejected=1.0)
    assert [reason for reason, _ in summary.reasons] == [
        "must have the size that its annotations say, (24, 32), got (40, 40)."
    ]
