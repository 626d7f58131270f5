"""Several networks as one: it answers with the mean of their probabilities, wherever one network is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from augkit.errors import ArgumentError, FileError
from augkit.train import Result, TrainConfig, export, predict, train
from augkit.train.files.artefact import Artefact, load, save
from augkit.train.models import MODELS, architecture
from augkit.train.models.ensemble_network import Ensemble
from augkit.train.several.ensembles import ensemble
from augkit.train.several.joined_networks import joined
from augkit.train.tasks import Task, read_task
from support import trainings
from support.trainings import INPUT, settings

CLASSES: dict[str, Any] = {"kind": "classes", "names": ["a", "b", "c"]}
LABELS: dict[str, Any] = {"kind": "labels", "names": ["a", "b", "c"]}
NUMBERS: dict[str, Any] = {"kind": "numbers", "names": ["a", "b", "c"], "mean": [1, 2, 3], "std": [1, 5, 2]}


def member(task: Task, seed: int, temperature: float, model: str = "lenet") -> Artefact:
    made = architecture(model, task.outputs, INPUT)
    return Artefact(made.build(seed).eval(), made, task, temperature=temperature)


def with_other_head(one: Artefact, seed: int, temperature: float) -> Artefact:
    """Return what another seed trains on the same frozen network."""
    other = one.architecture.build(seed).eval()
    head = other.last_layer.state_dict()
    other.load_state_dict(one.network.state_dict())
    other.last_layer.load_state_dict(head)
    return replace(one, network=other, temperature=temperature)


@pytest.mark.parametrize("told", [CLASSES, LABELS, NUMBERS])
@pytest.mark.parametrize("are_heads", [True, False])
def test_answers_are_the_mean_of_the_members(tmp_path: Path, told: dict[str, Any], are_heads: bool) -> None:
    """Of calibrated probabilities, or of numbers; also when it was written and read."""
    task = read_task(told)
    members = [member(task, 1, 0.5)]
    members += [with_other_head(members[0], seed, 2.0) if are_heads else member(task, seed, 2.0) for seed in (2, 3)]
    network, made = joined(members)
    assert isinstance(network, Ensemble)
    assert (len(network.members), len(network.heads)) == ((1, 2) if are_heads else (3, 0))
    save(tmp_path / "m.safetensors", Artefact(network, made, task))
    again = load(tmp_path / "m.safetensors")
    pictures = torch.rand(5, 3, *INPUT[:2], generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = [task.answers(one.network(pictures).numpy(), one.temperature) for one in members]
        found = task.answers(again.network(pictures).numpy(), again.temperature)
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_a_head_is_all_that_comes_after_features(model: str) -> None:
    """In evaluation: so the heads of several seeds may stand side by side."""
    network = architecture(model, 3, None if MODELS[model].layers else (64, 64, 3)).build(1).eval()
    features = torch.rand(2, network.last_layer.in_features)
    with torch.inference_mode():
        assert torch.equal(network.classify(features), network.last_layer(features))


def test_members_must_fit_each_other() -> None:
    one = member(read_task(CLASSES), 1, 1.0)
    for other in (member(read_task(LABELS), 1, 1.0), member(read_task({**CLASSES, "names": ["x", "y", "z"]}), 1, 1.0)):
        with pytest.raises(ArgumentError, match="must be of one task"):
            joined([one, other])


@pytest.mark.parametrize("change", [{"heads": -1}, {"heads": 10**6}, {"kind": "x"}, {"members": []}, {"members": 3}])
def test_a_described_ensemble_that_is_none_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    task = read_task(CLASSES)
    network, made = joined([member(task, 1, 1.0), member(task, 2, 1.0)])
    broken = replace(made, arguments={**made.arguments, **change})
    save(tmp_path / "m.safetensors", Artefact(network, broken, task))
    with pytest.raises(FileError, match=r"is damaged: architecture\.arguments: must be networks of one width"):
        load(tmp_path / "m.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainConfig, list[Result], Result]:
    folder = tmp_path_factory.mktemp("ensemble")
    wanted = settings(trainings.fill(folder / "data", each=12), folder / "run", epochs=2)
    runs = [train(wanted.replaced(seed=seed, out=str(folder / f"seed-{seed}"))) for seed in range(3)]
    return wanted, runs, ensemble(wanted, runs)


def test_an_ensemble_has_an_artefact_and_a_report_of_its_own(trained: tuple[TrainConfig, list[Result], Result]) -> None:
    wanted, runs, found = trained
    folder = Path(wanted.out)
    assert found.out == str(folder)
    assert found.metrics["count"] == runs[0].metrics["count"]
    page = (folder / "report.html").read_text()
    assert "The mean of the probabilities of 3 networks" in page
    assert "--seeds 3 --ensemble" in page
    artefact = load(folder)
    assert artefact.metrics == found.metrics
    rows = list(predict(artefact, wanted.data))
    each = [list(predict(replace(load(run.out)), wanted.data)) for run in runs]
    plain = list(predict(replace(artefact, temperature=1.0), wanted.data))
    for place, row in enumerate(plain):
        said = [some[place].answers for some in each]
        assert row.answers is not None
        np.testing.assert_allclose(row.answers, np.mean(said, axis=0), rtol=1e-4, atol=1e-6)  # type: ignore[arg-type]
    assert len(rows) == 36


@pytest.mark.parametrize("suffix", ["onnx", "pt2"])
@pytest.mark.slow
def test_it_is_exported_as_any(trained: tuple[TrainConfig, list[Result], Result], tmp_path: Path, suffix: str) -> None:
    if suffix == "onnx":
        pytest.importorskip("onnxruntime")
    made = export(trained[0].out, tmp_path / f"m.{suffix}")
    assert made.difference < 1e-4


def test_others_pictures_are_refused(trained: tuple[TrainConfig, list[Result], Result], tmp_path: Path) -> None:
    wanted, runs, _ = trained
    with pytest.raises(ArgumentError, match="must be trained on the same pictures"):
        ensemble(wanted.replaced(out=str(tmp_path / "other"), split_seed=5), runs)
    with pytest.raises(ArgumentError, match="must be a folder without a run of its own"):
        ensemble(wanted.replaced(out=runs[0].out), runs)


def test_the_card_tells_what_was_measured(trained: tuple[TrainConfig, list[Result], Result]) -> None:
    """Beside each artefact, that of a run and that of an ensemble."""
    wanted, runs, found = trained
    for result in (runs[0], found):
        text = (Path(result.out) / "model_card.md").read_text()
        top = result.metrics["headline"]
        assert text.startswith('---\nlibrary_name: "augkit"\n')
        assert f"| {top['name']} | {100 * top['value']:.1f} % | {100 * top['low']:.1f} % to" in text
        assert load(result.out).fingerprint[:16] in text
        for row in result.metrics["per_class"]:
            assert f"| {row['name']} |" in text
        assert "augkit train" in text
        assert ("an ensemble of" in text) == (result is found)
        assert wanted.data not in text  # no path of this machine
