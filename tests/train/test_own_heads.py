"""Heads of a program's own, on the features of a network and on its maps."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, final

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from augkit.errors import ArgumentError, AugkitError
from augkit.train import Result, TrainConfig, own_head, predict, train
from augkit.train.files.artefact import Artefact, load
from augkit.train.heads import Head, Levels
from augkit.train.models import Architecture, architecture, own_heads
from augkit.train.own_pieces import architecture_of
from augkit.train.several.joined_networks import joined
from augkit.train.tasks import read_task
from support import trainings
from support.trainings import Stopped, assert_same_weights, fitted, settings


class Wide(nn.Module):
    """A head that holds numbers which no gradient moves, and draws while it learns."""

    width = 8

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        hidden = [nn.Linear(features, self.width), nn.GELU(), nn.Dropout(0.2)]
        self.layers = nn.Sequential(nn.BatchNorm1d(features), *hidden, nn.Linear(self.width, outputs))

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.layers(features)
        return found


def linear(features: int, outputs: int) -> nn.Module:
    return nn.Linear(features, outputs)


def short(features: int, outputs: int) -> nn.Module:
    return nn.Linear(features, outputs - 1)


def deaf(features: int, outputs: int) -> nn.Module:
    return nn.Linear(features + 1, outputs)


@final
class Flat(Head):
    """A head that looks at no place but its own."""

    strides: ClassVar[tuple[int, ...]] = (4, 32)

    def __init__(self, levels: Levels, outputs: int) -> None:
        super().__init__(levels, outputs)
        self.last = nn.Conv2d(levels[0][1], outputs, 1)

    def begin(self) -> None:
        pass

    def forward(self, maps: list[Tensor]) -> Tensor:
        found: Tensor = self.last(maps[0])
        return found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("own heads"), each=8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trainings.weights_file(tmp_path_factory.mktemp("weights") / "w.pt", "lenet")


@pytest.fixture(scope="module")
def run(pictures: Path, weights: str, tmp_path_factory: pytest.TempPathFactory) -> Result:
    config = settings(pictures, tmp_path_factory.mktemp("runs") / "run", weights=weights, epochs=1)
    return train(config, head=Wide)


def test_a_stopped_training_ends_with_the_same_weights(pictures: Path, weights: str, tmp_path: Path) -> None:
    """Frozen and with all of the network, after a stop in either phase."""
    given = {"weights": weights, "epochs": 2, "unfreeze": 1, "ema": 0.9, "checkpoint_every": 1}
    whole, stopped = (settings(pictures, tmp_path / name, **given) for name in ("whole", "stopped"))
    name = own_head(Wide)
    _, wanted = fitted(whole, head=name)
    for stop in (3, 4):
        with pytest.raises(Stopped):
            fitted(stopped, stop_after=stop, head=name)
    _, found = fitted(stopped, head=name)
    assert_same_weights(found, wanted)
    assert not torch.equal(found["network"]["head.module.layers.0.running_mean"], torch.zeros(60))


def test_it_predicts_where_it_is_known(run: Result, pictures: Path) -> None:
    baselines = {one["name"]: one.get("is_taken") for one in run.metrics["baselines"]}
    assert baselines["logistic regression"] is False  # whoever brings a head wants that one
    assert b'\\"format\\": 2' in (Path(run.out) / "model.safetensors").read_bytes()  # or 0.5 would call it damaged
    own_heads.HEADS_OWN.clear()  # as another program begins
    with pytest.raises(AugkitError, match=r"must be a head that this program has made known, got 'python:Wide'\. Give"):
        load(run.out)
    own_head(Wide)
    assert len(list(predict(run.out, pictures))) == 24


def test_what_is_frozen_is_that_of_any_head(pictures: Path, weights: str, tmp_path: Path) -> None:
    """So that features that were kept serve heads of all kinds."""
    given = {"weights": weights, "epochs": 1, "cache": str(tmp_path / "cache")}
    _, plain = fitted(settings(pictures, tmp_path / "plain", **given))
    kept = sorted((tmp_path / "cache").rglob("*"))
    _, own = fitted(settings(pictures, tmp_path / "own", **given), head=own_head(Wide))
    assert sorted((tmp_path / "cache").rglob("*")) == kept
    theirs = own["network"]
    assert all(torch.equal(value, theirs[key]) for key, value in plain["network"].items() if not key.startswith("head"))


def test_other_code_is_another_run(run: Result, pictures: Path, weights: str) -> None:
    config = settings(pictures, Path(run.out), weights=weights, epochs=1)
    train(config, head=Wide)
    with pytest.raises(ArgumentError, match=r'head must be "python:Wide", got "python:linear"'):
        train(config, head=linear)
    with pytest.raises(ArgumentError, match=r"own_weights must be"):
        train(config, head=type("Wide", (Wide,), {"width": 9}))  # whose source is the same
    with pytest.raises(ArgumentError, match=r"model\.arguments"):
        train(config)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (short, r"^python:short: must make outputs \(2, 3\) of features \(2, 60\), got \(2, 2\)\."),
        (deaf, r"^python:deaf: must make outputs \(2, 3\) of features \(2, 60\), got: mat1 and mat2"),
        (lambda features, outputs: None, r"^head: must be a class or a function with a name"),
        (Flat, r"^head: must be a class or function of \(features, outputs\) for classes, got one on maps"),
    ],
)
def test_what_is_no_head_is_told(pictures: Path, weights: str, tmp_path: Path, head: type[Head], told: str) -> None:
    with pytest.raises(AugkitError, match=told):
        train(settings(pictures, tmp_path / "run", weights=weights), head=head)


@torch.no_grad()
def test_several_networks_of_numbers_with_it_are_one() -> None:
    """Though each scales its numbers otherwise, as the pictures are that it learnt from."""
    made = architecture("lenet", 3, trainings.INPUT, own_head(Wide))
    scales = ([1, 2, 3], [1, 5, 2]), ([4, 0, -1], [2, 1, 3])
    tasks = [read_task({"kind": "numbers", "names": ["a", "b", "c"], "mean": mean, "std": std}) for mean, std in scales]
    parts = [Artefact(made.build(seed).eval(), made, task) for seed, task in enumerate(tasks)]
    whole, described = joined(parts)
    pictures = torch.rand(4, 3, 32, 32) * 2 - 1
    said = [part.task.answers(part.network(pictures).numpy(), 1.0) for part in parts]
    np.testing.assert_allclose(tasks[0].answers(whole(pictures).numpy(), 1.0), np.mean(said, axis=0), atol=1e-4)
    again = Architecture.read(described.described()).on_meta()
    again.load_state_dict(whole.state_dict(), assign=True)
    assert torch.equal(again.eval()(pictures), whole(pictures))


def test_a_head_on_maps_gives_what_its_task_takes() -> None:
    config = TrainConfig(data="d", out="o", model="resnet18", input=(64, 64, 3))
    detect = read_task({"kind": "detect", "names": ["cat"]})
    masks = read_task(
        {"kind": "segment", "names": ["a", "b"], "numbers": [0, 1], "ignored": [], "taught_by": ["masks"]}
    )
    made = architecture_of(config, masks, "segment", own_head(Flat))
    again = Architecture.read(made.described())
    pictures = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(made.build(1).eval()(pictures), again.build(1).eval()(pictures))
    with pytest.raises(ArgumentError, match=r"^head: must give what fcos gives, \(1, 84, 9\) for one picture, got"):
        architecture_of(config, detect, "fcos", own_head(Flat))
    with pytest.raises(ArgumentError, match=r"must be a subclass of augkit\.train\.heads\.Head for segment"):
        architecture_of(config, masks, "segment", own_head(Wide))
