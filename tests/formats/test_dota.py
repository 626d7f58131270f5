"""DOTA: rotated boxes in text files are read and written with the right corners, and damage costs its picture alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import Source, read
from augkit.errors import ArgumentError, FileError
from augkit.pipeline import Pipeline
from augkit.targets.rotated_boxes import RotatedBoxes, corners_of
from augkit.transforms.geometry import Mirror
from support.data_sets import JPEG, PNG, lay
from support.folders import done, lines
from support.mutations import mutations

SHIP = "10 4 18 4 18 10 10 10 ship 0\n"  # upright
TURNED = "16 6 22 12 19 15 13 9 small-vehicle 1\n"  # 45 degrees clockwise, sqrt(72) x sqrt(18)
HEAD = "imagesource:GoogleEarth\ngsd:0.146343590398\n"


def rotated(source: Source) -> RotatedBoxes:
    assert source.annotations is not None
    target = source.annotations.targets[RotatedBoxes.name]
    assert isinstance(target, RotatedBoxes)
    return target


LAYOUTS: dict[str, dict[str, Any]] = {
    "labelTxt": {"images/a.png": PNG, "labelTxt/a.txt": HEAD + SHIP + TURNED},
    "labelTxt-v1.5": {"images/a.png": PNG, "labelTxt-v1.5/a.txt": SHIP + TURNED},
    "a folder in a folder": {"train/images/a.png": PNG, "train/labelTxt-v1.0/labelTxt/a.txt": SHIP + TURNED},
    "the official archives": {"val/images/images/a.png": PNG, "val/labelTxt/a.txt": SHIP + TURNED},
    "beside the picture": {"a.png": PNG, "a.txt": SHIP + TURNED},
    "no source": {"images/a.png": PNG, "labelTxt/a.txt": "'imagesource':'GF-2'\n'gsd':null\n" + SHIP + TURNED},
    "windows": {"images/a.png": PNG, "labelTxt/a.txt": "\ufeff" + (HEAD + SHIP + "\n" + TURNED).replace("\n", "\r\n")},
    "tabs, floats": {
        "images/a.png": PNG,
        "labelTxt/a.txt": SHIP.replace(" ", "\t") + TURNED.replace("16 6", "16.0 6e0"),
    },
    "no difficulty": {"images/a.png": PNG, "labelTxt/a.txt": SHIP.replace(" 0\n", "\n") + TURNED},
    "another folder": {"img/a.png": PNG, "gt/a.txt": SHIP + TURNED},
    "YOLOv5 OBB of Roboflow": {
        "data.yaml": "train: train/images\nnc: 2\nnames: [ship, small-vehicle]\n",
        "train/images/a.png": PNG,
        "train/labelTxt/a.txt": SHIP + TURNED,
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read(name: str, tmp_path: Path) -> None:
    data = read(lay(tmp_path, LAYOUTS[name]))
    assert data.form == "dota"
    assert data.classes == ("ship", "small-vehicle")
    (source,) = data.sources
    target = rotated(source)
    assert target.names() == ["ship", "small-vehicle"]
    assert np.allclose(target.rotated_boxes, [[14, 7, 8, 6, 0], [17.5, 10.5, 72**0.5, 18**0.5, -45]])
    assert [facts.get("difficult", 0) for facts in target.rotated_box_attributes or ()] == [0, 1]
    assert source.split == ("train" if "train/" in source.id else "val" if "val/" in source.id else None)


def test_facts_of_pictures_are_kept_and_no_label(tmp_path: Path) -> None:
    lay(tmp_path / "src", {"images/a.png": PNG, "labelTxt/a.txt": HEAD + SHIP})
    (source,) = read(tmp_path / "src").sources
    assert source.attributes == {"imagesource": "GoogleEarth", "source_gsd": 0.146343590398}
    assert source.kinds == {"rotated boxes"}
    done(tmp_path / "src", tmp_path / "out", originals="include", copies=1, encoding="png", pipeline=Pipeline([]))
    texts = {path.stem[-2:]: path.read_text() for path in (tmp_path / "out/labelTxt").iterdir()}
    assert sorted(text.splitlines()[0] for text in texts.values()) == ["imagesource:GoogleEarth"] * 2
    assert sum("gsd" in text for text in texts.values()) == 1  # of the copy nobody knows it: it may be zoomed


def test_written_and_read_again(tmp_path: Path) -> None:
    files: dict[str, Any] = {"train/images/a.png": PNG, "train/labelTxt/a.txt": SHIP + TURNED, "val/images/b.jpg": JPEG}
    lay(tmp_path / "src", {**files, "val/labelTxt/b.txt": TURNED.replace("small-vehicle 1", "storage tank 2")})
    done(tmp_path / "src", tmp_path / "out", pipeline=Pipeline([Mirror()]), encoding="png", copies=4)
    data, entries = read(tmp_path / "out"), {entry["id"]: entry for entry in lines(tmp_path / "out")}
    assert data.form == "dota"
    assert data.classes == ("ship", "small-vehicle", "storage-tank")
    assert {source.id for source in data.sources} == entries.keys()
    for source in data.sources:
        target, wanted = rotated(source), entries[source.id]["record"]["rotated_boxes"]
        corners = corners_of(np.array([one["numbers"] for one in wanted]))
        assert np.allclose(corners_of(target.rotated_boxes), corners, atol=2e-3)
        assert target.names() == [one["label"].replace(" ", "-") for one in wanted]
        difficult = [facts.get("difficult", 0) for facts in target.rotated_box_attributes or [{}] * len(target)]
        assert difficult == [one.get("attributes", {}).get("difficult", 0) for one in wanted]
        assert source.split == entries[source.id]["split"]


def test_corners_of_no_rectangle_give_the_smallest_around_them(tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.png": PNG, "labelTxt/a.txt": "0 0 10 0 7 8 3 8 plane 0\n"})
    data = read(tmp_path)
    assert np.allclose(rotated(data.sources[0]).rotated_boxes, [[5, 4, 10, 8, 0]])
    assert "1 outlines of no right corners" in data.notes[0]


def test_a_picture_without_labels_shows_nothing(tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.png": PNG, "labelTxt/a.txt": SHIP, "images/b.png": PNG, "images/c.png": PNG})
    data = read(lay(tmp_path, {"labelTxt/c.txt": ""}))
    assert [len(rotated(source)) for source in data.sources] == [1, 0, 0]
    assert dict(data.left_out) == {"a picture without a label file: it shows no object": 1}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"labelTxt/b.txt": SHIP}, r"'labelTxt/b\.txt' is not understood\. No picture has its name"),
        ({"labelTxt-v1.5/a.txt": SHIP}, r"The labels of images/a\.png are in .* too: ignore one"),
        ({"masks/a.png": PNG}, r"'masks/a\.png' is not understood"),
    ],
)
def test_what_is_not_read_is_named(files: dict[str, Any], words: str, tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.png": PNG, "labelTxt/a.txt": SHIP, **files})
    with pytest.raises(FileError, match=words):
        read(tmp_path)
    assert len(read(tmp_path, ignore=(*files, "labelTxt-v1.5/*")).sources) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 2 3 4 5 6 7 ship 0", "must be 8 numbers, a category and a difficulty"),
        ("1 2 3 4 5 6 7 8", "must be 8 numbers, a category and a difficulty"),
        ("1 2 3 4 5 6 nan 8 ship 0", "must be 8 numbers"),
        ("1 2 3 4 5 6 1e99 8 ship 0", "must hold corners in pixels"),
        ("1 2 9 2 9 8 1 8 ship hard", "must end with a difficulty"),
        ("gsd:fine", "must be 8 numbers"),
    ],
)
def test_a_bad_line_costs_its_picture(line: str, words: str, tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.png": PNG, "images/b.png": PNG, "labelTxt/a.txt": SHIP + line, "labelTxt/b.txt": SHIP})
    bad, good = read(tmp_path).sources
    assert bad.fault.startswith("labelTxt/a.txt:2: ")
    assert words in bad.fault
    assert (good.fault, len(rotated(good))) == ("", 1)


def test_attributes_that_have_no_place_are_refused(tmp_path: Path) -> None:
    row: dict[str, Any] = {"image": "a.png", "rotated_boxes": [[9, 9, 4, 4, 10]], "rotated_box_labels": ["x"]}
    row["rotated_box_attributes"] = [{"speed": 3}]
    lay(tmp_path, {"a.png": PNG, "l.jsonl": json.dumps(row)})
    with pytest.raises(ArgumentError, match=r"must have no attributes but difficult, got 'speed' of a\.png"):
        done(tmp_path / "l.jsonl", tmp_path / "out", form="dota")
    assert done(tmp_path / "l.jsonl", tmp_path / "out", form="dota", drop=("attributes",)).written == 3


def test_damage_is_a_fault_or_right(tmp_path: Path) -> None:
    text = HEAD + "".join(f"{n} {n} {n + 8} {n} {n + 8} {n + 6} {n} {n + 6} ship {n % 2}\n" for n in range(1, 7))
    damaged = list(mutations(text.encode(), 2000, 0))
    lay(tmp_path, {f"images/{number}.png": PNG for number in range(100)})
    outcomes = {"told": 0, "read": 0}
    for start in range(0, len(damaged), 100):  # a bad line costs its picture alone, so that many are read at once
        some = damaged[start : start + 100]
        lay(tmp_path, {f"labelTxt/{number}.txt": content for number, content in enumerate(some)})
        data = read(tmp_path)
        flat = dict(data.left_out).get("an object without area", 0)
        lost = 0
        for source in data.sources:
            number = int(Path(source.id).stem)
            if source.fault:
                assert source.fault.startswith(f"labelTxt/{number}.txt:")
                outcomes["told"] += 1
                continue
            rows = [line.split() for line in some[number].decode("utf-8-sig").splitlines() if line.strip()]
            rows = [row for row in rows if len(row) > 8]
            lost += len(rows) - len(rotated(source))
            outcomes["read"] += 1
            if len(rows) == len(rotated(source)):
                assert rotated(source).names() == [" ".join(row[8:-1]) if len(row) > 9 else row[8] for row in rows]
        assert lost <= flat
    assert min(outcomes.values()) > 100
