"""Labels move with their pictures through an expansion, in every form: the same truth as the pipeline itself gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from augkit.core.key import Key
from augkit.datasets import DataSet, read
from augkit.executors import run
from augkit.expand import replay, verify
from augkit.images import decode, encode
from augkit.targets import run_lengths
from augkit.targets.sample import Sample
from support.folders import done, lines, picture, put
from support.labelled import BENT, POINTS, RING, SIZE, blob, coco


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coco(tmp_path_factory.mktemp("labels") / "src")


def polygon_mask(rings: Any, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Fill outlines, with sixteen samples a pixel; pixel (i, j) covers i to i + 1."""
    mask = np.zeros((size[0] * 4, size[1] * 4), np.uint8)
    for ring in rings:
        points = np.round((np.reshape(ring, (-1, 2)) * 4 - 0.5) * 256).astype(np.int32)
        cv2.fillPoly(mask, [points], 1, shift=8)
    return mask


def overlap(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))


def test_labels_are_what_the_plan_makes_of_them(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "out", pipeline=BENT, encoding="png", form="coco")
    before = {source.id: source for source in read(src).sources}
    checked = 0
    for entry in lines(tmp_path / "out"):
        source, instances = before[entry["source"]], entry["record"]["instances"]
        assert source.annotations is not None
        assert source.annotations.instances is not None
        person = polygon_mask([RING], SIZE)
        image = cv2.resize(person * 255, SIZE[::-1], interpolation=cv2.INTER_AREA)
        sample = Sample(
            np.repeat(image[..., None], 3, axis=2),
            mask=blob(),
            boxes=np.array([i.box for i in source.annotations.instances]).reshape(-1, 4),
            box_labels=[i.label for i in source.annotations.instances],
            polygons=[[np.reshape(ring, (-1, 2)) for ring in i.rings] for i in source.annotations.instances],
            box_masks=[i.rle for i in source.annotations.instances],
        )
        from augkit.core.plan import Plan

        made = run(Plan.from_json(json.dumps(entry["plan"])), sample)
        assert [i["label"] for i in instances] == list(made.box_labels or ())
        assert made.boxes is not None
        assert np.allclose([i["box"] for i in instances] or np.zeros((0, 4)), made.boxes, atol=1e-3)
        for instance in instances:
            if instance["label"] == "blob":
                assert made.mask is not None
                assert np.array_equal(run_lengths.decode(instance["rle"], (80, 90)), made.mask)
                rows, columns = np.nonzero(made.mask)
                around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                assert instance["box"] == around
            else:
                drawn = cv2.resize(
                    polygon_mask(instance["rings"], (80, 90)) * 255, (90, 80), interpolation=cv2.INTER_AREA
                )
                assert overlap(drawn > 127, made.image[..., 0] > 127) > 0.97
                checked += 1
    assert checked >= 9


def test_keypoints_stay_with_their_instance(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "out", pipeline=BENT, encoding="png", form="coco", copies=8)
    for entry in lines(tmp_path / "out"):
        points = np.reshape(POINTS, (-1, 3))
        sample = Sample(
            np.zeros((*SIZE, 3), np.uint8), keypoints=points[:, :2], keypoint_visible=points[:, 2].astype(int)
        )
        made = BENT(sample, Key(0, entry["source"], entry["copy"]))
        for instance in entry["record"]["instances"]:
            if instance["label"] == "blob":
                assert not instance["keypoints"]
                continue
            found = np.reshape(instance["keypoints"], (-1, 3))
            assert made.keypoint_visible is not None
            assert made.keypoints is not None
            assert found[:, 2].tolist() == made.keypoint_visible.tolist()
            seen = made.keypoint_visible > 0
            assert np.allclose(found[seen, :2], made.keypoints[seen], atol=1e-3)


def facts(data: DataSet) -> dict[str, Any]:
    """Return what a data set says of each picture, by the name of its file."""
    found = {}
    for source in data.sources:
        instances = source.annotations.instances if source.annotations is not None else None
        name = source.id.rpartition("/")[2].rpartition(".")[0]
        found[name] = [
            (i.label, np.round(i.box, 1).tolist(), len(i.keypoints), bool(i.rings), bool(i.rle))
            for i in instances or ()
        ]
    return found


@pytest.mark.parametrize("form", ["coco", "yolo", "webdataset"])
def test_what_is_written_is_read_back(src: Path, tmp_path: Path, form: str) -> None:
    drop = ("polygons", "keypoints") if form == "yolo" else ()  # its tasks hold one of the two
    done(src, tmp_path / "out", pipeline=BENT, encoding="png", form=form, drop=drop)
    entries = lines(tmp_path / "out")
    found = facts(read(tmp_path / "out"))
    assert len(found) == len(entries) == 15
    for entry in entries:
        written = [
            (i["label"], np.round(i["box"], 1).tolist(), len(i["keypoints"]), bool(i["rings"]), bool(i["rle"]))
            for i in entry["record"]["instances"]
        ]
        read_back = found[entry["record"]["name"].rpartition("/")[2].rpartition(".")[0]]
        assert [item[0] for item in read_back] == [item[0] for item in written]
        assert [item[2:] for item in read_back] == [item[2:] for item in written]
        for (_, box, *_), (_, wanted, *_) in zip(read_back, written, strict=True):
            assert np.allclose(box, wanted, atol=0.11)  # rounded twice
    assert verify(tmp_path / "out").is_sound
    for entry in entries[::4]:
        assert replay(tmp_path / "out", entry["id"]).is_identical


def test_masks_move_with_their_pictures(tmp_path: Path) -> None:
    rows = []
    for number in range(3):
        put(tmp_path / f"src/{number}.png", picture(number, (*SIZE, 3)))
        (tmp_path / f"src/m{number}.png").write_bytes(encode(blob() * (number + 1), "png"))
        rows.append({"image": f"{number}.png", "label": "a", "mask": f"m{number}.png"})
    (tmp_path / "src/all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done(tmp_path / "src/all.jsonl", tmp_path / "out", pipeline=BENT, encoding="png", form="webdataset")
    data = read(tmp_path / "out")
    assert len(data.sources) == 9
    for source, entry in zip(data.sources, lines(tmp_path / "out"), strict=True):
        assert source.annotations is not None
        assert source.annotations.mask is not None
        mask = decode(data.read(source.annotations.mask)).image
        sample = Sample(np.zeros((*SIZE, 3), np.uint8), mask=blob() * (int(entry["source"][0]) + 1))
        assert np.array_equal(mask, BENT(sample, Key(0, entry["source"], entry["copy"])).mask)  # type: ignore[arg-type]


def test_a_picture_of_another_size_than_its_annotations_say_is_rejected(tmp_path: Path) -> None:
    root = coco(tmp_path / "src")
    put(root / "train/3.png", picture(3, (50, 50, 3)))
    summary = done(root, tmp_path / "out", pipeline=BENT, form="coco", encoding="png")
    assert (summary.written, summary.rejected) == (12, 3)
    assert "must have the size that its annotations say" in summary.reasons[0][0]
