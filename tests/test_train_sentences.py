"""What a report and the books of a run say of it is true of that run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trainings
from test_report import Page
from test_train_targets import manifest
from trainings import INPUT, prepared, settings, weights_file

from augkit.train import Settings, train


def page_of(wanted: Settings) -> str:
    train(wanted)
    return Page((Path(wanted.out) / "report.html").read_text()).text


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


@pytest.mark.parametrize("model", ["lenet", "resnet18"])
def test_it_says_what_was_left_open(tmp_path: Path, model: str) -> None:
    options: dict[str, Any] = {"threads": 0, "epochs": 1, "batch_size": 64}
    if model == "resnet18":
        options |= {"model": model, "weights": weights_file(tmp_path / "w.pt", model), "optimizer": "sgd"}
    else:
        options |= {"model": "auto", "input": None}
    wanted = settings(trainings.fill(tmp_path / "data", each=9), tmp_path / "run", **options)
    assert prepared(replace(wanted, epochs=None)).effective["epochs"] > 1
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
    assert Settings.read(known["settings"]).out == str(tmp_path / "run")
