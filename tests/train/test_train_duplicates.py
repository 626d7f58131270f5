"""Pictures that a data set holds twice: none is learnt from and judged by without a word of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from augkit.errors import FileError
from augkit.train.parts.parts import ROLES
from augkit.train.run_folder import open_run
from augkit.train.setup import Setup, prepare
from support import trainings
from support.folders import done, put
from support.trainings import CLASSES, drawn, settings


def made_ready(data: Path, **options: Any) -> tuple[Setup, list[str]]:
    """Return what a training begins with, and what was told."""
    told: list[str] = []
    options.setdefault("max_rejected", 1.0)
    return prepare(settings(data, data.parent / "run", **options), told.append, lambda *_: None), told


def twice(root: Path, pairs: int, to: Callable[[int], str] = "lines/copy-{:03d}.png".format) -> Path:
    """Lay the usual pictures, and some of the first class once more under other names."""
    trainings.fill(root, each=20)
    for place in range(pairs):
        shutil.copy(root / f"lines/{place:03d}.png", root / to(place))
    return root


def roles_of(ready: Setup) -> dict[str, str]:
    return {source.id: role for role in ROLES for source in ready.surveyed.parts[role].sources}


def test_equal_pictures_go_to_one_part_and_are_told(tmp_path: Path) -> None:
    ready, told = made_ready(twice(tmp_path / "data", 12))
    roles = roles_of(ready)
    assert all(roles[f"lines/{n:03d}.png"] == roles[f"lines/copy-{n:03d}.png"] for n in range(12))
    assert len(roles) == 72
    (sentence,) = [sentence for sentence in told if "same bytes" in sentence]
    assert sentence.startswith(
        "24 pictures hold the same bytes as others (12 sets: lines/000.png = lines/copy-000.png; "
    )
    open_run(tmp_path / "run", ready, is_fresh=False)
    lines = [json.loads(line) for line in (tmp_path / "run/duplicates.jsonl").read_text().splitlines()]
    named = [{picture["id"] for picture in line["pictures"]} for line in lines if line["kind"] == "same"]
    assert sorted(map(sorted, named)) == [[f"lines/{n:03d}.png", f"lines/copy-{n:03d}.png"] for n in range(12)]


def test_equal_pictures_in_two_parts_are_refused_where_asked(tmp_path: Path) -> None:
    with pytest.raises(FileError) as refused:
        made_ready(twice(tmp_path / "data", 12), duplicates="refuse")
    told = str(refused.value)
    assert "must hold no picture in two parts, got " in told
    assert " = " in told
    assert "Pass --duplicates group to keep each set in one part, drop" in told


def test_what_splits_of_their_own_hold_apart_is_refused_or_dropped(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data", each=12, splits=("train", "val", "test"))
    for place in range(3):
        shutil.copy(data / f"test/spots/{place:03d}.png", data / f"train/spots/again-{place}.png")
    shutil.copy(data / "val/spots/000.png", data / "test/spots/again.png")
    with pytest.raises(FileError, match=r"got 8 pictures of the same bytes in 4 sets: test/spots/000.png \(test\) = "):
        made_ready(data)
    with pytest.raises(FileError, match="Pass --duplicates drop"):
        made_ready(data, duplicates="group")
    ready, told = made_ready(data, duplicates="drop")
    left = set(roles_of(ready))
    assert not {f"train/spots/again-{n}.png" for n in range(3)} & left
    assert "val/spots/000.png" not in left
    assert {f"test/spots/{n:03d}.png" for n in range(3)} | {"test/spots/again.png"} <= left
    assert ready.surveyed.facts["train"].keys() == {s.id for s in ready.surveyed.parts.train.sources}
    assert any(sentence.startswith("4 pictures of train and val were left out") for sentence in told)
    ready, told = made_ready(data, duplicates="ignore")
    assert len(roles_of(ready)) == 112
    assert any(
        sentence.startswith("8 pictures hold the same bytes as others (4 sets: test/spots/000.png (test) = ")
        for sentence in told
    )


def test_equal_pictures_of_two_classes_are_named_and_are_few_or_refused(tmp_path: Path) -> None:
    data = twice(tmp_path / "data", 2, "spots/odd-{}.png".format)
    _, told = made_ready(data, max_rejected=0.1)
    (sentence,) = [sentence for sentence in told if "another label" in sentence]
    assert sentence.startswith("4 pictures hold the same bytes as others and have another label: ")
    assert "lines/000.png (lines) = spots/odd-0.png (spots); lines/001.png (lines) = spots/odd-1.png" in sentence
    with pytest.raises(FileError, match=r"one label, but for 1\.0% of them, got 4 of 62 with two: lines/000\.png"):
        made_ready(data, max_rejected=0.01)
    assert roles_of(made_ready(data, max_rejected=0.01, duplicates="ignore")[0])


def again(data: Path, count: int) -> None:
    """Lay photo-like pictures, some of them once more, brighter and saved as JPEG."""
    for place in range(count):
        image = cv2.resize(drawn("plain", 500 + place, 6), (48, 48), interpolation=cv2.INTER_CUBIC)
        image = cv2.normalize(image, image.copy(), 20, 220, cv2.NORM_MINMAX)
        put(data / f"plain/photo-{place}.png", image)
        put(data / f"plain/resaved-{place}.jpg", cv2.convertScaleAbs(image, alpha=1.05))


def test_nearly_equal_pictures_are_told_kept_together_or_left_out(tmp_path: Path) -> None:
    again(trainings.fill(tmp_path / "data", each=20), 12)
    pairs = [(f"plain/photo-{n}.png", f"plain/resaved-{n}.jpg") for n in range(12)]
    ready, told = made_ready(tmp_path / "data")
    roles = roles_of(ready)
    apart = [pair for pair in pairs if roles[pair[0]] != roles[pair[1]]]
    assert apart
    (sentence,) = [sentence for sentence in told if "look nearly the same" in sentence]
    assert sentence.startswith(f"{2 * len(apart)} pictures look nearly the same as others ({len(apart)} set")
    assert "--near-duplicates group keeps each set in one part" in sentence
    ready, told = made_ready(tmp_path / "data", near_duplicates="group")
    roles = roles_of(ready)
    assert all(roles[one] == roles[other] for one, other in pairs)
    assert any(sentence.startswith("24 pictures look nearly the same as others (12 sets: ") for sentence in told)
    ready, told = made_ready(tmp_path / "data", near_duplicates="drop")
    roles = roles_of(ready)
    assert not [pair for pair in pairs if len({roles[id] for id in pair if id in roles}) > 1]
    assert len(roles) == 84 - len(apart)


def test_copies_whose_books_are_gone_are_recognised(tmp_path: Path) -> None:
    """Named with how many they are, of how many, and which lie in two parts; a pattern keeps them together."""
    done(trainings.fill(tmp_path / "source", each=10), tmp_path / "data", copies=4, encoding="png", pipeline="digits")
    made_ready(tmp_path / "data")
    shutil.rmtree(tmp_path / "data/.augkit")
    with pytest.raises(FileError, match="got none, and 120 files named as copies of 30 pictures, of which ") as refused:
        made_ready(tmp_path / "data")
    pattern = str(refused.value).split("--groups '")[1].split("'")[0]
    ready, told = made_ready(tmp_path / "data", groups=pattern)
    assert any("120 files are named as copies of augkit expand, of 30 pictures, without its books" in s for s in told)
    stems = [{source.id[: -len("-c0.png")] for source in ready.surveyed.parts[role].sources} for role in ROLES]
    assert sum(map(len, stems)) == len(set().union(*stems)) == 30


def test_copies_of_equal_originals_go_to_one_part(tmp_path: Path) -> None:
    """No two of the files are equal: the books of the expansion say that the originals were."""
    twice(tmp_path / "source", 6)
    done(tmp_path / "source", tmp_path / "data", copies=2, encoding="png", pipeline="digits")
    ready, told = made_ready(tmp_path / "data")
    parts = ready.surveyed.parts
    roles = {origin: role for role in ROLES for origin in parts[role].origins}
    assert len(roles) == 66
    assert all(roles[f"lines/{n:03d}.png"] == roles[f"lines/copy-{n:03d}.png"] for n in range(6))
    assert any("hold the same bytes as others (6 sets: " in sentence for sentence in told)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"/(\d+)\.", "60 pictures are in 20 groups, the largest of 3; none lies in two parts."),
        (r"(.+)\.", "60 pictures are in 60 groups of one picture each: --groups keeps nothing together."),
    ],
)
def test_what_groups_came_to_is_told(tmp_path: Path, pattern: str, words: str) -> None:
    _, told = made_ready(trainings.fill(tmp_path / "data", each=20), groups=pattern)
    assert words in told


def test_a_data_set_without_doubles_has_nothing_told(tmp_path: Path) -> None:
    ready, told = made_ready(trainings.fill(tmp_path / "data", each=20))
    assert not [sentence for sentence in told if "same" in sentence or "copies" in sentence]
    assert not ready.alike
    assert {source.label for role in ROLES for source in ready.surveyed.parts[role].sources} == set(CLASSES)
