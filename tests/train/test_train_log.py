"""Logs of every epoch, and a training with the loop's further options."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import torch

from augkit.errors import MissingExtra
from augkit.train import train
from augkit.train.loop.evaluator import Score
from augkit.train.loop.log import Log
from augkit.train.loop.training_loop import fit
from augkit.train.trainer import begin, reproducible
from support import trainings
from support.tiny_backbone import NAME
from support.trainings import fitted, prepared, settings

ROWS = [{"epoch": epoch, "frozen": False, "rate": 0.1, "loss": 1 / epoch, "val_loss": 0.5} for epoch in (1, 2)]


def test_lines_and_csv_say_the_same(tmp_path: Path) -> None:
    log = Log(tmp_path, has_tensorboard=False)
    for count in (1, 2):
        log.write(ROWS[:count])
        lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert lines == ROWS[:count]
        with (tmp_path / "log.csv").open() as file:
            assert list(csv.DictReader(file)) == [{name: str(value) for name, value in row.items()} for row in lines]
    assert {path.name for path in tmp_path.iterdir()} == {"log.jsonl", "log.csv"}


def test_a_tensorboard_that_does_not_load_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(MissingExtra, match="pip install 'augkit"):
        Log(tmp_path, has_tensorboard=True)


def test_no_epoch_tells_a_time(tmp_path: Path) -> None:
    """Or two runs of the same would differ."""
    data = trainings.fill(tmp_path / "data", each=8)
    for name in ("one", "other"):
        fitted(settings(data, tmp_path / name))
    assert (tmp_path / "one/log.jsonl").read_bytes() == (tmp_path / "other/log.jsonl").read_bytes()


def test_patience_ends_a_phase_and_not_the_training(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data", each=8)
    weights = trainings.weights_file(tmp_path / "w.pt", NAME)
    options = {"model": NAME, "weights": weights, "patience": 2, "rate": 1e-12, "backbone_rate": 1e-3}
    state, _ = fitted(settings(data, tmp_path / "run", epochs=9, unfreeze=2, **options))
    assert state.epoch == 11
    assert [row["frozen"] for row in state.rows][:3] == [True, True, True]
    assert next(row["epoch"] for row in state.rows if not row["frozen"]) == 10
    assert sum(row["frozen"] for row in state.rows) < 9


@pytest.mark.parametrize(
    ("keep", "kept", "patience", "trained"), [("best", 0, 0, 4), ("last", 3, 0, 4), ("last", 2, 2, 3)]
)
def test_the_best_weights_are_kept_or_the_last(
    tmp_path: Path, keep: str, kept: int, patience: int, trained: int
) -> None:
    """By a judge who likes every epoch less than the one before."""
    data = trainings.fill(tmp_path / "data", each=8)
    ready = prepared(settings(data, tmp_path / "run", epochs=4, keep=keep, patience=patience, ema=0.9))
    judged = []

    def worse(network: torch.nn.Module, is_frozen: bool) -> Score:
        judged.append({name: value.clone() for name, value in network.state_dict().items()})
        return Score([-float(len(judged))], {"val_loss": 1.0, "val_score": 0.0})

    with reproducible():
        training, _ = begin(ready)
        training.evaluator = worse
        (tmp_path / "run").mkdir()
        state = fit(training)
    assert (state.best_epoch, len(judged)) == (kept, trained)
    trainings.assert_same_weights({"": training.checkpoints.best_state()}, {"": judged[kept]})


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_result_has_the_score_of_the_epoch_that_was_kept(tmp_path: Path, keep: str) -> None:
    """By which a comparison names the run to use."""
    data = trainings.fill(tmp_path / "data", each=8)
    result = train(settings(data, tmp_path / "run", epochs=5, rate=0.3, keep=keep))
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert result.score == rows[result.best_epoch - 1]["val_score"]
    assert result.best_epoch == 5 or keep == "best"
    assert result.score == max(row["val_score"] for row in rows) or keep == "last"


def test_half_precision_learns_as_well(tmp_path: Path) -> None:
    ready = prepared(settings(trainings.fill(tmp_path / "data"), tmp_path / "run", epochs=12))
    with reproducible():
        training, _ = begin(ready)
        training.is_mixed = True
        (tmp_path / "run").mkdir()
        state = fit(training)
    assert state.rows[-1]["loss"] < state.rows[0]["loss"] / 2
    assert all(weight.dtype == torch.float32 for weight in ready.network.parameters())
