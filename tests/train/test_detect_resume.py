"""A detector that is stopped and begun again ends with the same weights, to the bit, and is exported as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from augkit.cli import app
from augkit.errors import ArgumentError
from augkit.pipeline import Pipeline
from augkit.train import export, predict, train
from augkit.train.files.artefact import Artefact, load, save
from augkit.train.models import architecture
from augkit.train.models.ensemble_network import MEANS, Ensemble
from augkit.train.several.joined_networks import joined, require_joinable
from augkit.train.tasks.detect_task import Detect
from augkit.transforms.geometry import Mirror
from support.scenes import scene, scenes
from support.tiny_backbone import NAME
from support.trainings import Stopped, assert_same_weights, fitted, has_bfloat16, settings, weights_file

pytestmark = pytest.mark.slow  # several trainings of a network that is no toy

FROZEN: dict[str, Any] = {
    "model": NAME, "input": (64, 64, 3), "batch_size": 4, "epochs": 2, "unfreeze": 1, "views": 2, "ema": 0.9,
    "pipeline": "digits", "checkpoint_every": 1, "clip": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes(tmp_path_factory.mktemp("scenes"), 16)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return FROZEN | {"weights": weights_file(tmp_path_factory.mktemp("weights") / "w.pt", NAME)}


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ({}, [1, 4, 2, 1]),
        ({"cache": False}, [3]),
        ({"workers": 2}, [2]),
        ({"accumulate": 2}, [2]),
        ({"pictures": 23, "epochs": 3, "patience": 1, "precision": "bfloat16"}, [2, 3]),
    ],
)
def test_stopped_across_the_unfreezing(
    data: Path, tmp_path: Path, frozen: dict[str, Any], change: dict[str, Any], stops: list[int]
) -> None:
    """With views of which boxes are moved, with and without a cache of maps, for any number of workers."""
    if "precision" in change and not has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    decides = {name: value for name, value in change.items() if name not in ("cache", "workers")}
    whole_state, whole = fitted(settings(data, tmp_path / "whole", **frozen | decides))
    wanted = settings(data, tmp_path / "stopped", **(frozen | change))
    for stop in stops:
        with pytest.raises(Stopped):
            fitted(wanted, stop_after=stop)
    state, found = fitted(wanted)
    assert_same_weights(found, whole)
    assert state == whole_state


def test_other_boxes_are_another_run(data: Path, tmp_path: Path) -> None:
    wanted = settings(data, tmp_path / "run", model=NAME, input=(64, 64, 3), batch_size=4)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=1)
    text = data.read_text()
    try:
        data.write_text(text.replace('"disc"', '"round"'))
        with pytest.raises(ArgumentError, match="must be what"):
            fitted(wanted)
    finally:
        data.write_text(text)


@pytest.mark.parametrize("is_frozen", [True, False])
def test_several_detectors_are_one(tmp_path: Path, is_frozen: bool) -> None:
    """It answers with the mean of their chances, place by place, and boxes between theirs; one said twice is said."""
    task, made = Detect(("disc", "square")), architecture(NAME, 2, (64, 64, 3), "fcos")
    networks = [made.build(seed).eval() for seed in (1, 2, 3)]
    if is_frozen:
        for network in networks:
            network.get_submodule("backbone").load_state_dict(networks[0].get_submodule("backbone").state_dict())
    whole, way = joined([Artefact(network, made, task) for network in networks])
    assert isinstance(whole, Ensemble)
    assert (len(whole.members), len(whole.heads)) == ((1, 2) if is_frozen else (3, 0))
    save(tmp_path / "m.safetensors", Artefact(whole, way, task))
    (row,) = predict(tmp_path / "m.safetensors", scene(95)[0], tta=1, pipeline=Pipeline([Mirror()]))
    assert row.answers is not None
    if is_frozen:
        pytest.importorskip("onnxruntime")
        assert export(tmp_path / "m.safetensors", tmp_path / "model.onnx").difference < 1e-3
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    twice, _ = joined([Artefact(networks[0], made, task)] * 2)
    with torch.inference_mode():
        found = load(tmp_path / "m.safetensors").network(pictures)
        said = torch.stack([network(pictures) for network in networks])
        assert torch.allclose(twice(pictures), said[0], atol=1e-4)
    assert torch.equal(found[..., 5:8], said[0][..., 5:8])
    for part in (slice(4, 5), slice(8, None)):
        assert torch.allclose(found[..., part].sigmoid(), said[..., part].sigmoid().mean(0), atol=1e-6)
    assert (found[..., :4] >= said[..., :4].amin(0) - 1e-4).all()
    assert (found[..., :4] <= said[..., :4].amax(0) + 1e-4).all()


def test_a_task_whose_mean_is_unknown_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(MEANS, "detect")
    with pytest.raises(ArgumentError, match="must go with classes, labels, numbers, segment, got detect"):
        require_joinable(Detect(("disc",)))


def test_detectors_are_compared_on_the_command_line(data: Path, tmp_path: Path) -> None:
    """With a verdict for every class, and a page."""
    words = ["train", str(data), "--model", NAME, "--input", "64x64x3", "--epochs", "1", "--batch-size", "4"]
    words += ["--threads", "1", "--json"]
    done = CliRunner().invoke(app, [*words, "--compare", "none,digits", "--out", str(tmp_path / "compared")])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["name"] for row in told["differences"]["digits"]] == ["all", "disc", "square"]
    assert "Average precision" in (tmp_path / "compared" / "comparison.html").read_text()


def test_an_exported_detector_says_what_it_says_here(data: Path, tmp_path: Path) -> None:
    """Its boxes and scores are those of `predict`, before those that say the same are left out."""
    result = train(settings(data, tmp_path / "run", model=NAME, input=(64, 64, 3), batch_size=4, epochs=1))
    exported = export(result.out, tmp_path / "model.onnx")
    assert exported.output == "boxes"
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession((tmp_path / "model.onnx").read_bytes())
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (64, 64, 3), np.uint8)
    said = session.run(None, {"pixels": picture[None]})[0][0]
    artefact = load(result.out)
    row = next(iter(predict(artefact, picture)))
    assert row.answers is not None
    assert said.shape == (8 * 8 + 4 * 4 + 2 * 2, 4 + len(artefact.task.names))
    for answer in row.answers[:5]:
        box, score = answer[1:5], answer[5]
        off = np.abs(said[:, :4].clip(0, 64) - box).max(1) + np.abs(said[:, 4 + int(answer[0])] - score)
        assert off.min() < 1e-2
