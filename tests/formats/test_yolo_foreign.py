"""YOLO that is written, judged by Ultralytics itself: it takes every picture, and finds the labels of the lineage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import read
from augkit.pipeline import Pipeline
from augkit.targets.rotated_boxes import corners_of
from augkit.transforms.crops import RandomCrop
from augkit.transforms.geometry import Mirror, Rotate
from support.folders import done, lines, picture, put
from support.ultralytics_reader import NEEDED, judged

pytestmark = [NEEDED, pytest.mark.slow]

SIZE = (96, 120)
MOVED = Pipeline([RandomCrop((80, 90)), Mirror(), Rotate((-25, 25))], border="constant", min_visible=0.05)
BOXES = [[30, 20, 90, 75], [4, 50, 40, 94]]
RINGS = [[30, 20, 90, 25, 85, 70, 60, 40, 35, 75], [4, 94, 40, 94, 20, 50]]
POINTS = [[[40, 30, 2], [80, 60, 1], [0, 0, 0]], [[10, 80, 2], [0, 0, 0], [30, 90, 2]]]
SHIPS = [[60, 48, 50, 14, 30], [20, 70, 30, 24, -75], [110, 60, 40, 8, 170]]
NAMES = ["007", "yes"]
KINDS: dict[str, dict[str, Any]] = {
    "detect": {"boxes": BOXES, "box_labels": NAMES},
    "segment": {"boxes": BOXES, "box_labels": NAMES, "polygons": RINGS},
    "pose": {"boxes": BOXES, "box_labels": NAMES, "box_keypoints": POINTS},
    "obb": {"rotated_boxes": SHIPS, "rotated_box_labels": ["yes", "007", "yes"]},
}


def laid(root: Path, fields: dict[str, Any]) -> Path:
    """Lay pictures and a manifest: four with labels in each of train and val, and one without any."""
    rows = []
    for number in range(10):
        put(root / f"{number}.png", picture(number, (*SIZE, 3)))
        bare: dict[str, Any] = {name: [] for name in fields}
        row = {"image": f"{number}.png", "split": "val" if number % 2 else "train", **(bare if number > 7 else fields)}
        rows.append(json.dumps(row))
    (root / "list.jsonl").write_text("\n".join(rows))
    return root / "list.jsonl"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, Any]]]:
    root = tmp_path_factory.mktemp("judged")
    outs = {}
    for task, fields in KINDS.items():
        done(laid(root / f"{task} src", fields), root / task, pipeline=MOVED, form="yolo", encoding="png")
        outs[task] = root / task
    found = judged(root, *((out / "data.yaml", task) for task, out in outs.items()))
    return {task: (out, answer) for (task, out), answer in zip(outs.items(), found, strict=True)}


def pixels(flat: Any, size: list[int]) -> Any:
    return np.reshape(flat, (-1, 2)) * [size[1], size[0]]


@pytest.mark.parametrize("task", KINDS)
def test_ultralytics_finds_every_label(task: str, answers: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    out, found = answers[task]
    entries = {entry["id"]: entry for entry in lines(out)}
    assert found["names"] == {"0": "007", "1": "yes"}
    assert found["pictures"].keys() == entries.keys()
    labels = 0
    for id, seen in found["pictures"].items():
        facts, size = entries[id]["record"], seen["shape"]
        assert seen["split"] == entries[id]["split"]
        assert size == facts["size"]
        objects = facts["rotated_boxes"] if task == "obb" else facts["instances"]
        assert [found["names"][str(int(number))] for number in seen["cls"]] == [one["label"] for one in objects]
        labels += len(objects)
        for place, one in enumerate(objects):
            x, y, w, h = np.array(seen["boxes"][place]) * [size[1], size[0], size[1], size[0]]
            if task != "obb":
                assert np.allclose([x - w / 2, y - h / 2, x + w / 2, y + h / 2], one["box"], atol=2e-3)
            if task == "segment":
                assert np.allclose(
                    pixels(seen["segments"][place], size), np.reshape(one["rings"][0], (-1, 2)), atol=2e-3
                )
            if task == "pose":
                points = np.array(seen["keypoints"][place])
                wanted = np.reshape(one["keypoints"], (-1, 3))
                assert points[:, 2].tolist() == wanted[:, 2].tolist()
                assert np.allclose(pixels(points[:, :2], size), wanted[:, :2], atol=2e-3)
    assert labels > 20


def test_corners_are_those_of_rotated_boxes(answers: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    out, found = answers["obb"]
    entries, exact, cut = {entry["id"]: entry for entry in lines(out)}, 0, 0
    for id, seen in found["pictures"].items():
        size = seen["shape"]
        for segment, one in zip(seen["segments"], entries[id]["record"]["rotated_boxes"], strict=True):
            corners, wanted = pixels(segment, size), corners_of(np.array([one["numbers"]]))[0]
            assert corners.shape == (4, 2)
            low, high = wanted.min(axis=0) / size[::-1], wanted.max(axis=0) / size[::-1]
            if ((low + high >= 0) & (low + high <= 2) & (high - low <= 1)).all():
                assert np.allclose(corners, wanted, atol=2e-3)
                exact += 1
            else:
                cut += 1
    assert exact > 20
    assert cut > 0  # those that reach too far out: Ultralytics would leave out the whole picture


def test_what_is_read_again_is_what_was_written(answers: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    for task, (out, _) in answers.items():
        data = read(out)
        entries = {entry["id"]: entry for entry in lines(out)}
        for source in data.sources:
            assert source.annotations is not None
            if task == "obb":
                assert source.annotations.kinds == {"rotated boxes"}
                continue
            for seen, wanted in zip(
                source.annotations.instances or (), entries[source.id]["record"]["instances"], strict=True
            ):
                assert seen.label == wanted["label"]
                rings = wanted["rings"] or [()]
                assert np.allclose(seen.rings or [()], rings, atol=2e-3)
                assert task == "segment" or np.allclose(seen.box, wanted["box"], atol=2e-3)
                assert np.allclose(seen.keypoints, wanted["keypoints"], atol=2e-3)


def test_class_folders_are_read_for_classification(tmp_path: Path) -> None:
    for number in range(8):
        put(tmp_path / f"src/{'val' if number % 4 == 3 else 'train'}/{NAMES[number % 2]}/{number}.png", picture(number))
        put(tmp_path / f"src/val/{NAMES[number % 2]}/v{number}.png", picture(number + 20))
    done(tmp_path / "src", tmp_path / "out", form="folder")
    (found,) = judged(tmp_path, (tmp_path / "out", "classify"))
    assert found["names"] == {"0": "007", "1": "yes"}
    assert found["pictures"].keys() == {entry["id"] for entry in lines(tmp_path / "out")}
    for id, number in found["pictures"].items():
        assert id.split("/")[1] == NAMES[number]


def test_dota_is_converted_to_the_same_corners(tmp_path: Path) -> None:
    fields = {"rotated_boxes": SHIPS, "rotated_box_labels": ["ship", "large vehicle", "ship"]}
    done(laid(tmp_path / "src", fields), tmp_path / "out", pipeline=MOVED, form="dota", encoding="png")
    for split in ("train", "val"):  # the folders that it converts from
        (tmp_path / "dota/images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "dota/labels").mkdir(exist_ok=True)
        (tmp_path / f"out/{split}/images").rename(tmp_path / f"dota/images/{split}")
        (tmp_path / f"out/{split}/labelTxt").rename(tmp_path / f"dota/labels/{split}_original")
    (found,) = judged(tmp_path, (tmp_path / "dota", "dota"))
    entries = lines(tmp_path / "out")
    assert found.keys() == {Path(entry["id"]).stem for entry in entries}
    for entry in entries:
        height, width = entry["record"]["size"]
        wanted = entry["record"]["rotated_boxes"]
        rows = [line.split() for line in found[Path(entry["id"]).stem].splitlines()]
        assert [row[0] for row in rows] == [{"ship": "1", "large vehicle": "9"}[one["label"]] for one in wanted]
        for row, one in zip(rows, wanted, strict=True):
            corners = np.reshape(row[1:], (4, 2)).astype(float) * [width, height]
            assert np.allclose(corners, corners_of(np.array([one["numbers"]]))[0], atol=2e-3)
