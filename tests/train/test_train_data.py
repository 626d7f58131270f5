"""Parts of the data: no original is in two of train, val and test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from augkit.core.normal_form import nfc
from augkit.datasets import read
from augkit.datasets.split_file import read_split_file
from augkit.datasets.splits import HASHED
from augkit.errors import ArgumentError, FileError
from augkit.train import TrainConfig
from augkit.train.parts.parts import ROLES, Parts, divide
from augkit.train.run_folder import open_run
from augkit.train.setup import prepare
from augkit.train.trainer import begin
from support import trainings
from support.books_of_old import forget
from support.commands import augkit
from support.data_sets import JPEG, lay
from support.folders import done
from support.trainings import CLASSES, prepared, settings

SPLIT = "train=0.6,val=0.2,test=0.2"


def assert_apart(parts: Parts) -> None:
    """The roles share no original, and but for `fit` there is one picture of each."""
    origins = {role: set(parts[role].origins) for role in ROLES}
    assert all(origins.values())
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        assert not origins[one] & origins[other]  # type: ignore[index]
    for role in ("val", "test"):
        assert len(parts[role].sources) == len(origins[role])


def divided(where: Path, **options: Any) -> Parts:
    return divide(read(where), **options)


def test_a_plain_folder_is_divided_class_by_class(tmp_path: Path) -> None:
    parts = divided(trainings.fill(tmp_path, each=40))
    assert_apart(parts)
    counts = [len(parts[role].sources) for role in ROLES]
    assert counts == [84, 18, 18]
    assert divided(tmp_path) == parts
    assert divided(tmp_path, seed=1) != parts


def test_other_pictures_move_few(tmp_path: Path) -> None:
    """Each one of its own class, and across each of the two cuts; most of them none."""
    before = divided(trainings.fill(tmp_path, each=20))
    after = divided(trainings.fill(tmp_path, each=22))
    moved = [len(set(before[role].origins) - set(after[role].origins)) for role in ROLES]
    assert sum(moved) <= 2 * 2 * len(CLASSES)
    assert sum(moved) <= 6


def test_by_the_law_of_0_1_another_picture_moves_no_other(tmp_path: Path) -> None:
    before = divided(trainings.fill(tmp_path, each=20), law=HASHED)
    after = divided(trainings.fill(tmp_path, each=25), law=HASHED)
    for role in ROLES:
        assert set(before[role].origins) <= set(after[role].origins)


def test_a_file_divides_with_the_groups_that_it_names(tmp_path: Path) -> None:
    root, file = trainings.fill(tmp_path / "data", each=30), tmp_path / "s.csv"
    augkit("split", root, "--groups", r"/(\d\d)\d\.", "--split", "train=0.7,val=0.3", "-o", file)
    parts = divided(root, split=str(file))
    known = read_split_file(str(file))
    assert_apart(parts)
    assert parts.split == str(file)
    assert parts.reported_split == "val"
    for role in ROLES:
        wanted = "val" if role == "test" else "train"
        assert {known.splits[origin] for origin in parts[role].origins} == {wanted}
    groups = [{known.groups[origin] for origin in parts[role].origins} for role in ROLES]
    assert sum(map(len, groups)) == len(set().union(*groups))  # a part of train chooses, by whole groups too


def test_groups_stay_together(tmp_path: Path) -> None:
    parts = divided(trainings.fill(tmp_path, each=40), groups=r"/0?(\d)\d\.")
    tens = [{origin[-7:-5] for origin in parts[role].origins} for role in ROLES]
    assert sum(map(len, tens)) == len(set().union(*tens))


@pytest.mark.parametrize("splits", [("train", "val", "test"), ("train", "val"), ("train", "test")])
def test_splits_that_are_there_are_kept(tmp_path: Path, splits: tuple[str, ...]) -> None:
    """The last one is reported on; where there are two, a part of train chooses."""
    parts = divided(trainings.fill(tmp_path, each=20, splits=splits))
    assert_apart(parts)
    assert {origin.partition("/")[0] for origin in parts.test.origins} == {splits[-1]}
    assert parts.reported_split == splits[-1]
    assert {origin.partition("/")[0] for origin in parts.train.origins} == {"train"}
    assert {o.partition("/")[0] for o in parts.val.origins} == ({"val"} if len(splits) == 3 else {"train"})
    with pytest.raises(ArgumentError, match="Leave --split out"):
        divided(tmp_path, split=SPLIT)


@pytest.mark.parametrize("form", ["folder", "webdataset"])
@pytest.mark.parametrize("options", [{}, {"originals": "include"}, {"split": SPLIT}, {"split": "train=0.7,val=0.3"}])
def test_an_expansion_is_divided_by_its_originals(tmp_path: Path, form: str, options: dict[str, Any]) -> None:
    """Only copies of what is learnt from are trained on, and nothing else is augmented: it is as its source was."""
    source = trainings.fill(tmp_path / "source", each=20)
    done(source, tmp_path / "out", copies=2, form=form, encoding="png", **options)
    parts = divided(tmp_path / "out")
    assert_apart(parts)
    assert parts.are_copies
    originals = {source.id: source for source in read(source).sources}
    assert set().union(*(parts[role].origins for role in ROLES)) == set(originals)
    for role in ("val", "test"):
        part = parts[role]
        for picture, origin in zip(part.sources, part.origins, strict=True):
            data = part.data.read(picture.id if picture.place is None else picture.place)
            assert data == (source / origin).read_bytes()
            assert picture.label == origin.partition("/")[0]
    copies = 3 if "originals" in options else 2
    assert len(parts.train.sources) == copies * len(set(parts.train.origins))
    assert {picture.label for picture in parts.train.sources} == set(CLASSES)


def test_originals_that_are_gone_are_asked_for(tmp_path: Path) -> None:
    done(trainings.fill(tmp_path / "source", each=9), tmp_path / "out", copies=1)
    shutil.rmtree(tmp_path / "source")
    with pytest.raises(FileError, match=r"Expand with --split, or with --originals include\."):
        divided(tmp_path / "out")


def test_an_unfinished_expansion_is_refused(tmp_path: Path) -> None:
    done(trainings.fill(tmp_path / "source", each=9), tmp_path / "out", copies=1)
    (tmp_path / "out/.augkit/done.json").unlink()
    with pytest.raises(FileError, match="must be complete"):
        divided(tmp_path / "out")


def test_a_picture_of_unknown_origin_is_refused(tmp_path: Path) -> None:
    done(trainings.fill(tmp_path / "source", each=9), tmp_path / "out", copies=1)
    shutil.copy(tmp_path / "source/lines/000.png", tmp_path / "out/lines/stray.png")
    with pytest.raises(FileError, match=r"stray\.png"):
        divided(tmp_path / "out")


def test_a_part_that_would_be_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must leave pictures for (val|test), got none of 3"):
        divided(trainings.fill(tmp_path, each=1))


def test_what_is_reported_on_had_no_say(tmp_path: Path) -> None:
    """What is written of a run says so: the originals of its three parts are disjoint, and so are the evaluators."""
    done(trainings.fill(tmp_path / "source", each=20), tmp_path / "out", copies=2)
    wanted = settings(tmp_path / "out", tmp_path / "run")
    ready = prepared(wanted)
    entries = [json.loads(line) for line in ready.surveyed.lines()]
    origins = {role: {e["origin"] for e in entries if e["role"] == role} for role in ROLES}
    assert sum(map(len, origins.values())) == len(set().union(*origins.values())) == 60
    hashes = {role: {e["sha256"] for e in entries if e["role"] == role} for role in ROLES}
    assert not hashes["test"] & (hashes["train"] | hashes["val"])
    training, evaluators = begin(ready)
    assert training.evaluator is evaluators["val"]
    assert {s.id for s in evaluators["val"].stream.sources} == origins["val"]
    assert {s.id for s in evaluators["test"].stream.sources} == origins["test"]


def test_what_scores_is_never_augmented(tmp_path: Path) -> None:
    ready = prepared(settings(trainings.fill(tmp_path / "pictures"), tmp_path / "run", pipeline="digits"))
    training, evaluators = begin(ready)
    for role in ("val", "test"):
        assert not evaluators[role].stream.pool.makers[role].augmented.pipeline.steps  # type: ignore[attr-defined]
    first, again, other = (torch_of(training.pictures(epoch, 0)) for epoch in (0, 0, 1))
    assert (first == again).all()
    assert not (first == other).all()


def torch_of(batches: Any) -> Any:
    pieces = next(iter(batches))
    return next(iter(pieces))[0]


@pytest.mark.parametrize("is_old", [False, True])
def test_every_class_of_an_expansion_is_found_whatever_it_is_called(is_old: bool, tmp_path: Path) -> None:
    names = ["Cat", "cat", "cat?", "dog's", "caf\udce9", "cafe\u0301", "50%", "x"]
    src = lay(tmp_path / "src", {f"{name}/{n}.jpg": JPEG for name in names for n in range(3)})
    done(src, tmp_path / "out", copies=2, originals="include")
    if is_old:
        forget(tmp_path / "out")
        done(src, tmp_path / "out", copies=2, originals="include")
    told: list[str] = []
    options: dict[str, Any] = {"model": "lenet", "input": (16, 16, 3), "epochs": 1, "duplicates": "ignore"}
    wanted = TrainConfig(data=str(tmp_path / "out"), out=str(tmp_path / "run"), **options)
    setup = prepare(wanted, told.append, lambda *_: None)
    assert setup.task.names == tuple(sorted(names))
    open_run(tmp_path / "run", setup, False)
    assert not [sentence for sentence in told if "has no picture, and is left out" in sentence]
    if not is_old:
        data = read(tmp_path / "out")
        assert {nfc(str(source.label)) for source in data.sources} == set(map(nfc, names))
