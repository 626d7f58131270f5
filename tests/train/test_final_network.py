"""The network that folds keep: the mean of theirs, or one that learns from all pictures; of boxes and masks, too."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import read
from augkit.errors import ArgumentError
from augkit.train import TrainConfig, predict, train
from augkit.train.files.artefact import load
from augkit.train.run_folder import PICTURES
from support import tiny_backbone, trainings
from support.folders import put
from support.html_page import Page
from support.scenes import scene, scenes
from support.trainings import settings

pytestmark = pytest.mark.slow

TINY: dict[str, Any] = {"model": tiny_backbone.NAME, "epochs": 2, "batch_size": 4, "keep": "last"}


def test_all_is_learnt_from_and_the_folds_alone_are_told(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data", each=12)
    wanted = settings(data, tmp_path / "run", folds=3, epochs=4, keep="last", final="retrain")
    told: list[str] = []
    result = train(wanted, tell=told.append)
    folds = [load(tmp_path / f"run/fold-{number}") for number in (1, 2, 3)]
    assert result.metrics["count"] == 36
    lines = [json.loads(line) for line in (tmp_path / "run/final" / PICTURES).read_text().splitlines()]
    assert {line["id"] for line in lines if line["role"] == "train"} == {source.id for source in read(data).sources}
    chosen = json.loads((tmp_path / "run/final/settings.json").read_text())["effective"]
    assert (chosen["epochs"], chosen["keep"], chosen["patience"]) == (4, "last", 0)
    whole = load(tmp_path / "run")
    assert whole.architecture == folds[0].architecture  # one network, no mean of three
    assert whole.metrics == result.metrics
    assert whole.temperature == pytest.approx(np.exp(np.mean(np.log([one.temperature for one in folds]))))
    (note,) = [note for note in result.notes if "learnt from all 36 pictures, for 4 epochs" in note]
    assert note in told
    assert "learnt from all 36 pictures" in Page((tmp_path / "run/report.html").read_text()).text
    before = (tmp_path / "run/model.safetensors").read_bytes()
    assert train(wanted).metrics == result.metrics
    assert (tmp_path / "run/model.safetensors").read_bytes() == before
    assert len(list(predict(tmp_path / "run", data / "lines/000.png"))) == 1


def test_epochs_are_the_median_of_those_that_the_folds_kept(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data", each=9)
    result = train(settings(data, tmp_path / "run", folds=3, epochs=5, final="retrain"))
    runs = [settings(data, tmp_path / f"run/fold-{number}", folds=3, epochs=5, fold=number) for number in (1, 2, 3)]
    kept = sorted(train(run).best_epoch for run in runs)
    assert any(f"for {kept[1]} epoch" in note for note in result.notes)


def test_the_head_is_the_one_that_the_folds_took(tmp_path: Path) -> None:
    """Heads that learn nothing lose to logistic regression in every fold, and so does the last one."""
    data = trainings.fill(tmp_path / "data", each=12)
    weights = trainings.weights_file(tmp_path / "w.pt", "lenet", outputs=3)
    wanted = settings(data, tmp_path / "run", weights=weights, rate=1e-9, epochs=1, folds=2, final="retrain")
    result = train(wanted.replaced(cache=False))
    (entry,) = [one for one in result.metrics["baselines"] if one["name"] == "logistic regression"]
    assert entry["is_taken"]
    rows = list(predict(tmp_path / "run", data))
    names = load(tmp_path / "run").task.names
    right = [row.answers is not None and names[int(row.answers.argmax())] in row.path for row in rows]
    assert np.mean(right) > 0.8


def answers_of(run: Path) -> list[list[str]]:
    with (run / "predictions.csv").open(newline="") as file:
        return list(csv.reader(file))


def boxed(root: Path) -> Path:
    return scenes(root, 12)


def masked(root: Path) -> Path:
    for place in range(12):
        image, mask, *_ = scene(place, 64)
        put(root / "images" / f"{place:03d}.png", image)
        put(root / "masks" / f"{place:03d}.png", mask)
    (root / "classes.csv").write_text("number,name\n0,background\n1,disc\n2,square\n")
    return root


@pytest.mark.parametrize(("lay", "final"), [(boxed, "retrain"), (masked, "retrain"), (masked, "ensemble")])
def test_boxes_and_masks_are_judged_by_folds(lay: Any, final: str, tmp_path: Path) -> None:
    data = lay(tmp_path / "data")
    wanted = settings(data, tmp_path / "run", folds=2, final=final, **TINY)
    result = train(wanted)
    assert result.pictures["test"] == 12
    ids = sorted(source.id for source in read(data).sources)
    tables = [answers_of(tmp_path / "run" / name) for name in ("", "fold-1", "fold-2")]
    assert [row[0] for row in tables[0][1:]] == ids
    assert sorted(tables[0][1:]) == sorted(tables[1][1:] + tables[2][1:])
    assert "was judged once" in Page((tmp_path / "run/report.html").read_text()).text
    is_one = load(tmp_path / "run").architecture == load(tmp_path / "run/fold-1").architecture
    assert is_one == (final == "retrain")
    assert any("learnt from all 12 pictures" in note for note in result.notes) == is_one
    values = [fold["value"] for fold in result.metrics["folds"]]
    assert min(values) - 0.2 <= result.metrics["headline"]["value"] <= max(values) + 0.2
    assert train(wanted).metrics == result.metrics


def test_there_is_none_without_folds() -> None:
    with pytest.raises(ArgumentError, match="must go with --folds"):
        TrainConfig.of(data="data", out="run", final="retrain")
