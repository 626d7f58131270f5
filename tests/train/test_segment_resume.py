"""A network of pixels that is stopped and begun again ends alike, is exported, and is one of several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from augkit.cli import app
from augkit.pipeline import Pipeline
from augkit.train import export, predict
from augkit.train.files.artefact import Artefact, load, save
from augkit.train.models import architecture
from augkit.train.models.ensemble_network import Ensemble
from augkit.train.several.joined_networks import joined
from augkit.train.tasks.pixel_loss import enlarged
from augkit.train.tasks.segment_task import Segment
from augkit.transforms.geometry import Mirror
from support.scenes import CLASSES, scene
from support.tiny_backbone import NAME, TINY
from support.trainings import Stopped, assert_same_weights, fitted, has_bfloat16, settings, weights_file

TASK = Segment(("background", *CLASSES), (0, 1, 2), (255,))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"ema": 0.9, "clip": 1.0}, {"workers": 1}),
        ({"is_frozen": True, "smoothing": 0.1}, {"workers": 1}),
        ({"is_frozen": True, "accumulate": 2, "patience": 1, "epochs": 4}, {"cache": False}),
        ({"pictures": 25, "keep": "last", "precision": "bfloat16"}, {}),
        ({"is_frozen": True, "pictures": 40, "layer_decay": 0.8}, {"memory": 0}),
    ],
    ids=["scratch", "frozen, then all", "pieces that end early", "half precision and a budget", "frozen in a budget"],
)
def test_a_stopped_training_ends_with_the_same_weights(
    options: dict[str, Any], change: dict[str, Any], masked: Path, tmp_path: Path, weights: str
) -> None:
    if options.get("precision") == "bfloat16" and not has_bfloat16():
        pytest.skip("this processor has no bfloat16")
    frozen = {"weights": weights, "unfreeze": 1, "views": 2} if "is_frozen" in options else {}
    usual = TINY | {"pipeline": "light", "checkpoint_every": 1, "class_weights": "auto"} | frozen
    usual |= {name: value for name, value in options.items() if name != "is_frozen"}
    state, whole = fitted(settings(masked, tmp_path / "whole", **usual))
    wanted = settings(masked, tmp_path / "stopped", **usual, **change)
    for stop in (2, 1):
        with pytest.raises(Stopped):
            fitted(wanted, stop_after=stop)
    resumed, found = fitted(wanted)
    assert_same_weights(found, whole)
    assert resumed == state


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return weights_file(tmp_path_factory.mktemp("weights") / "tiny.pt", NAME)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["pt2", "onnx"])
def test_an_exported_network_says_the_class_of_every_pixel(form: str, segmented: Path, tmp_path: Path) -> None:
    """Of one picture or several, with the logits that the network gives here."""
    file, images = tmp_path / f"model.{form}", np.stack([scene(97)[0], scene(98)[0]])
    assert export(segmented, file).difference < 1e-3
    if form == "pt2":
        said = torch.export.load(file).module()(torch.from_numpy(images)).detach().numpy()
    else:
        onnxruntime = pytest.importorskip("onnxruntime")
        (said,) = onnxruntime.InferenceSession(file.read_bytes()).run(["logits"], {"pixels": images})
    assert said.shape == (2, 3, 64, 64)
    artefact = load(segmented)
    with torch.inference_mode():
        pixels = artefact.architecture.preprocessing.normalise(torch.from_numpy(images).permute(0, 3, 1, 2))
        wanted = enlarged(artefact.network(pixels), (64, 64)).numpy()
    assert np.abs(said - wanted).max() < 1e-3
    for row, logits in zip(predict(segmented, list(images)), said, strict=True):
        assert row.answers is not None
        assert (logits.argmax(0) == row.answers).mean() > 0.99


@pytest.mark.parametrize("is_frozen", [True, False])
def test_several_networks_of_pixels_are_one(is_frozen: bool, tmp_path: Path) -> None:
    """It answers with the mean of their probabilities, place by place; what is frozen it holds once."""
    made = architecture(NAME, 3, (64, 64, 3), "segment")
    networks = [made.build(seed).eval() for seed in (1, 2, 3)]
    if is_frozen:
        for network in networks:
            network.get_submodule("backbone").load_state_dict(networks[0].get_submodule("backbone").state_dict())
    whole, way = joined([Artefact(network, made, TASK) for network in networks])
    assert isinstance(whole, Ensemble)
    assert (len(whole.members), len(whole.heads)) == ((1, 2) if is_frozen else (3, 0))
    save(tmp_path / "m.safetensors", Artefact(whole, way, TASK))
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = load(tmp_path / "m.safetensors").network(pictures).softmax(1)
        wanted = torch.stack([network(pictures).softmax(1) for network in networks]).mean(0)
    assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.slow
def test_seeds_are_compared_and_folded_on_the_command_line(masked: Path, tmp_path: Path, weights: str) -> None:
    """With the figures of the pictures' own pixels, a verdict for every class, and one artefact of all seeds."""
    words = ["train", str(masked), "--model", NAME, "--input", "64x64x3", "--weights", weights, "--epochs", "1"]
    words += ["--batch-size", "4", "--threads", "1", "--seeds", "2", "--json"]
    done = CliRunner().invoke(app, [*words, "--compare", "none,digits", "--out", str(tmp_path / "compared")])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["name"] for row in told["differences"]["digits"]] == ["all", "background", *CLASSES]
    page = (tmp_path / "compared" / "comparison.html").read_text()
    assert "Mean IoU" in page
    done = CliRunner().invoke(app, [*words, "--ensemble", "--out", str(tmp_path / "folded")])
    assert done.exit_code == 0, done.output
    folded = json.loads(done.stdout)["ensemble"]
    assert folded["metrics"]["kind"] == "segment"
    artefact = load(tmp_path / "folded")
    assert isinstance(artefact.network, Ensemble)
    assert len(artefact.network.heads) == 1
    (row,) = predict(tmp_path / "folded", scene(95)[0], tta=1, pipeline=Pipeline([Mirror()]))
    assert row.answers is not None
    assert row.answers.shape == (64, 64)
