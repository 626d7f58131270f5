"""Sentences of a report and of a run's files are true of that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augkit.train import TrainConfig, train
from augkit.train.setup import prepare
from support import trainings
from support.folders import put
from support.html_page import Page
from support.trainings import INPUT, drawn, manifest, prepared, settings, weights_file


def page_of(wanted: TrainConfig) -> str:
    train(wanted)
    return Page((Path(wanted.out) / "report.html").read_text()).text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("splits", "reported", "chose"),
    [
        (("",), "test", "val"), (("train", "val", "test"), "test", "val"),
        (("train", "test"), "test", "part of train"), (("train", "val"), "val", "part of train"),
    ],
)  # fmt: skip
def test_it_says_which_pictures_chose(tmp_path: Path, splits: tuple[str, ...], reported: str, chose: str) -> None:
    text = page_of(settings(trainings.fill(tmp_path / "data", each=9, splits=splits), tmp_path / "run", epochs=1))
    assert f"({reported}), not augmented" in text
    assert f"others ({chose}) picked the epoch and set the temperature." in text
    assert f"fitted to other pictures ({chose})" in text
    divided = "train=0.7,val=0.15,test=0.15" if splits == ("",) else "the data set's own"
    assert f"split {divided}" in text


@pytest.mark.slow
def test_it_says_what_they_chose(tmp_path: Path) -> None:
    """Nothing stops a training that nobody asked to, and numbers have no temperature."""
    data = trainings.fill(tmp_path / "data", each=9)
    text = page_of(settings(data, tmp_path / "patient", epochs=1, patience=3))
    assert "others (val) picked the epoch, could end the training early and set the temperature." in text
    listed = manifest(tmp_path / "listed", lambda kind, place: kind + place / 10)
    text = page_of(settings(listed, tmp_path / "numbers", epochs=1))
    assert "others (val) picked the epoch. " in text
    assert "temperature scaling" not in text
    text = page_of(settings(listed, tmp_path / "watched", epochs=1, keep="last"))
    assert "others (val) were watched and decided nothing. " in text


@pytest.mark.slow
@pytest.mark.parametrize("model", ["lenet", "resnet18"])
def test_it_says_what_was_left_open(tmp_path: Path, model: str) -> None:
    options: dict[str, Any] = {"threads": 0, "epochs": 1, "batch_size": 64}
    if model == "resnet18":
        options |= {"model": model, "weights": weights_file(tmp_path / "w.pt", model), "optimizer": "sgd"}
    else:
        options |= {"model": "auto", "input": None}
    wanted = settings(trainings.fill(tmp_path / "data", each=9), tmp_path / "run", **options)
    assert prepared(wanted.replaced(epochs=None)).effective["epochs"] > 1
    text = page_of(wanted)
    known = json.loads((tmp_path / "run/settings.json").read_text())
    found = known["effective"]
    side = INPUT[0] if model == "resnet18" else 28
    assert found["input"] == [side, side, 3]
    assert (found["rate"], found["device"], found["task"]) == (0.05 if model == "resnet18" else 4e-3, "cpu", "classes")
    assert found["threads"] == known["deciding"]["threads"] > 0
    assert found["epochs"] == known["deciding"]["epochs"] > 0
    for name in ("model", "rate", "task", "device", "threads", "epochs"):
        assert f"{name} {found[name]}" in text
    assert f"input {side} x {side} x 3" in text
    assert TrainConfig(**known["settings"]).out == str(tmp_path / "run")


@pytest.mark.parametrize(("chosen_by", "words"), [(29, "fewer than 30:"), (30, ""), (30 * 3, "")])
def test_few_pictures_to_choose_by_are_told(tmp_path: Path, chosen_by: int, words: str) -> None:
    """On the terminal and in the report: what they choose is partly chance."""
    told = few_told(tmp_path, chosen_by, 2)
    assert [words in sentence for sentence in told] == [True] * bool(words)


def test_few_of_a_class_are_told(tmp_path: Path) -> None:
    (sentence,) = few_told(tmp_path, 39, 8)
    assert sentence.startswith("Only 39 validation pictures choose the best epoch, fewer than 5 of each class: ")
    assert not few_told(tmp_path / "more", 40, 8)


def test_the_report_repeats_it(tmp_path: Path) -> None:
    text = page_of(settings(trainings.fill(tmp_path / "data", each=9), tmp_path / "run", epochs=1))
    assert "the best epoch, fewer than 30: which it is, is partly chance." in text


def test_where_the_last_epoch_is_kept_nobody_chooses_it(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data", each=9)
    text = page_of(settings(data, tmp_path / "run", epochs=1, keep="last"))
    assert "partly chance" not in text
    told: list[str] = []
    prepare(settings(data, tmp_path / "auto", model="auto", input=None), told.append, lambda *_: None)
    assert not [sentence for sentence in told if "partly chance" in sentence]  # the last one, as the recipe has it


def few_told(root: Path, count: int, classes: int) -> list[str]:
    """Return what is said of how few choose, where so many of so many classes do."""
    for number, (split, many) in enumerate((("train", classes), ("val", count), ("test", classes))):
        for place in range(many):
            image = drawn("plain", 1000 * number + place)
            put(root / "data" / split / f"class{place % classes}" / f"{place}.png", image)
    told: list[str] = []
    prepare(settings(root / "data", root / "run"), told.append, lambda *_: None)
    return [sentence for sentence in told if sentence.startswith("Only")]
