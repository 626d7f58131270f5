"""A run that is complete may have more epochs, which are a phase of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from augkit.errors import ArgumentError
from augkit.train import TrainConfig, train
from augkit.train.files.artefact import load
from augkit.train.loop.schedule import Schedule
from support import trainings
from support.tiny_backbone import NAME
from support.trainings import Stopped, settings

QUICK: dict[str, Any] = {"checkpoint_every": 1, "keep": "last"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("growth"), each=8)


def rows(config: TrainConfig) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(config.out, "log.jsonl").read_text().splitlines()]


def weights(config: TrainConfig) -> dict[str, torch.Tensor]:
    return load(config.out).network.state_dict()


@pytest.mark.parametrize("transfer", [False, True])
def test_more_epochs_are_a_curve_of_their_own(pictures: Path, tmp_path: Path, transfer: bool) -> None:
    """Of a whole run, or of its second phase; twice, and stopped on the way to the same end."""
    name, options = "epochs", dict(QUICK)
    if transfer:
        options |= {"model": NAME, "weights": trainings.weights_file(tmp_path / "w.pt", NAME), "epochs": 2}
        name = "unfreeze"
    begun, before = (settings(pictures, tmp_path / "run", **{**options, name: count}) for count in (1, 2))
    train(begun)
    first = rows(begun)
    told: list[str] = []
    train(before, tell=told.append)
    grown = settings(pictures, tmp_path / "run", **{**options, name: 4})
    train(grown, tell=told.append)
    total = 4 + 2 * transfer
    sentences = (
        f"The run was complete after epoch {had}, and grows to {now} epochs"
        for had, now in ((total - 3, total - 2), (total - 2, total))
    )
    heard = [sentence for sentence in told if "grows to" in sentence]
    assert heard == [f"{sentence}: the rate rises and falls once more for those." for sentence in sentences]
    found = rows(grown)
    assert found[: len(first)] == first
    steps = -(-len(trainings.prepared(grown).truths["train"]) // grown.batch_size)
    alone = Schedule(2, 0, steps, curve="onecycle")
    assert [row["rate"] for row in found[-2:]] == [4e-3 * alone.rate(epoch, steps - 1) for epoch in range(2)]

    other = tmp_path / "stopped"
    for count in (1, 2):
        train(settings(pictures, other, **{**options, name: count}))
    again = settings(pictures, other, **{**options, name: 4})

    def stop(done: int, of: int, note: str) -> None:
        if f"epoch {total} " in note:
            raise Stopped

    with pytest.raises(Stopped):
        train(again, progress=stop)
    told.clear()
    train(again, tell=told.append)
    assert not [sentence for sentence in told if "grows" in sentence or "complete" in sentence]
    assert all(torch.equal(value, weights(again)[key]) for key, value in weights(grown).items())
    assert rows(again) == found


def test_what_is_no_growth_is_another_run(pictures: Path, tmp_path: Path) -> None:
    config = settings(pictures, tmp_path / "run", epochs=2, **QUICK)

    def stop(done: int, of: int, note: str) -> None:
        if "epoch 2" in note:
            raise Stopped

    with pytest.raises(Stopped):
        train(config, progress=stop)
    with pytest.raises(ArgumentError, match="epochs must be 2, got 3"):  # it is not complete
        train(config.replaced(epochs=3))
    train(config)
    with pytest.raises(ArgumentError, match="epochs must be 2, got 1"):
        train(config.replaced(epochs=1))
    with pytest.raises(ArgumentError, match=r"smoothing must be 0\.0, got 0\.1"):  # more epochs alone might be
        train(config.replaced(epochs=3, smoothing=0.1))
    told: list[str] = []
    train(config, tell=told.append)
    assert "The run was complete already; nothing was trained." in told
