"""The recipe of a training whose model is left open: it follows the pictures, says why, and changes nothing given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from augkit.cli import app, train_command
from augkit.datasets import read
from augkit.train import TrainConfig, recipe
from augkit.train.models import architecture
from augkit.train.parts.parts import divide
from augkit.train.parts.survey import survey
from support import trainings
from support.folders import put
from support.trainings import prepared

NO_TRAINING = "no training"


def recommended(data: Path, classes: int = 3, **options: Any) -> tuple[TrainConfig, str]:
    """Return the settings that the recipe gives for a data set, and all that it says."""
    told: list[str] = []
    surveyed = survey(divide(read(str(data))), 0.0, lambda *_: None)
    config = TrainConfig(data=str(data), out=str(data / "run"), **options)
    return recipe.recommended(config, surveyed, classes, False, told.append), " ".join(told)


def grey(root: Path, each: int = 8, side: int = 20) -> Path:
    """Lay grey pictures of three classes into a folder."""
    for kind in trainings.CLASSES:
        for place in range(each):
            picture = trainings.drawn(kind, place, side).mean(axis=2).astype(np.uint8)
            put(root / kind / f"{place:03d}.png", picture)
    return root


def test_small_grey_pictures_get_the_small_network_and_are_moved(tmp_path: Path) -> None:
    found, told = recommended(grey(tmp_path / "data"))
    assert (found.model, found.weights, found.pipeline, found.input) == ("resnet_small", None, "small", (28, 28, 1))
    assert "20 pixels in grey: resnet_small, from scratch" in told
    assert "--pipeline none" in told
    assert (
        300_000 <= sum(weight.numel() for weight in architecture("resnet_small", 10).on_meta().parameters()) <= 320_000
    )


def test_none_is_no_augmentation(tmp_path: Path) -> None:
    found, told = recommended(grey(tmp_path / "data"), pipeline="none")
    assert found.pipeline is None
    assert "moved" not in told
    ready = prepared(TrainConfig(data=str(tmp_path / "data"), out=str(tmp_path / "run"), pipeline="none"))
    assert ready.pipeline is None
    assert ready.deciding["pipeline"] is None


@pytest.mark.parametrize("side", [24, 64, 100])
def test_colour_gets_pretrained_features(tmp_path: Path, side: int) -> None:
    found, told = recommended(trainings.fill(tmp_path / "data", each=8, side=side))
    assert (found.model, found.weights, found.unfreeze) == ("efficientnet_lite0", "pretrained", 0)
    assert f"{side} pixels in colour" in told


def test_colour_that_is_too_small_to_be_enlarged_does_not(tmp_path: Path) -> None:
    found, _ = recommended(trainings.fill(tmp_path / "data", each=8, side=12))
    assert (found.model, found.input) == ("resnet_small", (28, 28, 3))


def test_weights_that_are_away_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "find_spec", lambda name: None)
    found, told = recommended(trainings.fill(tmp_path / "data", each=8, side=80))
    assert (found.model, found.input) == ("resnet_small", (64, 64, 3))
    assert "pip install 'augkit[pretrained]'" in told


def test_all_layers_are_trained_where_there_are_enough_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "TUNED_EACH", 5)
    data = trainings.fill(tmp_path / "data", each=9, side=24)
    found, told = recommended(data)
    assert found.unfreeze == recipe.TUNED_EPOCHS
    assert "6 pictures a class" in told
    assert recommended(data, unfreeze=0)[0].unfreeze == 0
    monkeypatch.setattr(recipe, "TUNED_MOST", 10)
    assert recommended(data)[0].unfreeze == 0


def long(root: Path, each: int = 8, size: tuple[int, int] = (30, 180), colours: int = 3) -> Path:
    """Lay pictures of three classes that are much longer than wide into a folder."""
    for kind in trainings.CLASSES:
        for place in range(each):
            picture = trainings.drawn(kind, place, max(size))[: size[0], : size[1]]
            put(root / kind / f"{place:03d}.png", picture if colours == 3 else picture[:, :, 0])
    return root


@pytest.mark.parametrize(("size", "input"), [((30, 180), (96, 544)), ((180, 30), (544, 96)), ((30, 900), (64, 640))])
def test_long_pictures_go_in_whole(tmp_path: Path, size: tuple[int, int], input: tuple[int, int]) -> None:
    """In their own aspect, up to eight times as long as wide, and with as many pixels as a square has."""
    found, told = recommended(long(tmp_path / "data", size=size))
    assert (found.model, found.input, found.fit) == ("efficientnet_lite0", (*input, 3), "squeeze")
    assert f"into an input of {input[0]}x{input[1]}" in told
    assert 0.8 < input[0] * input[1] / 224**2 < 1.2
    ready = architecture(found.model, 3, found.input).preprocessing.as_asked(found.fit, (1.0, 1.0, 1.0))
    place = ready.placement(size)
    assert (place.left, place.top) == (0.0, 0.0)


def test_long_pictures_get_a_long_input_of_the_small_network(tmp_path: Path) -> None:
    found, _ = recommended(long(tmp_path / "data", size=(20, 60), colours=1))
    assert (found.model, found.input) == ("resnet_small", (20, 60, 1))
    large, _ = recommended(long(tmp_path / "large", size=(60, 300), colours=1))
    assert large.input == (36, 180, 1)
    assert recommended(tmp_path / "large", input=(40, 40, 1))[0].input == (40, 40, 1)


def test_long_pictures_of_both_kinds_are_padded(tmp_path: Path) -> None:
    data = long(tmp_path / "data")
    for kind in trainings.CLASSES:
        for place in range(8):
            put(data / kind / f"tall{place:03d}.png", trainings.drawn(kind, 100 + place, 180)[:, :30])
    found, told = recommended(data)
    assert (found.fit, found.input) == ("pad", None)
    assert "paper" in told
    assert recommended(data, fit="crop")[0].fit == "crop"


def test_photos_of_the_usual_aspect_are_fed_as_the_network_was(tmp_path: Path) -> None:
    found, _ = recommended(long(tmp_path / "data", size=(90, 120)))
    assert (found.fit, found.input) == ("auto", None)


def test_what_is_given_is_kept_though_it_is_the_default(tmp_path: Path) -> None:
    data = grey(tmp_path / "data")
    usual, _ = recommended(data)
    defaults = TrainConfig(data="data", out="run")
    for name in ("batch_size", "smoothing", "ema", "keep"):
        default = getattr(defaults, name)
        assert getattr(usual, name) != default
        assert getattr(recommended(data, **{name: default})[0], name) == default
        assert getattr(recommended(data, seed=3, **{name: default})[0].replaced(seed=4), name) == default


def test_a_default_that_is_typed_counts_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[TrainConfig] = []

    def trained(config: TrainConfig, fresh: bool) -> None:
        seen.append(config)
        raise SystemExit(NO_TRAINING)

    monkeypatch.setattr(train_command, "_trained", trained)
    data = grey(tmp_path / "data")
    CliRunner().invoke(app, ["train", str(data), "--out", str(tmp_path / "run"), "--batch-size", "64"])
    assert seen[0].model_fields_set == {"data", "out", "batch_size"}
    assert seen[0].replaced(seed=3).model_fields_set == {"data", "out", "batch_size", "seed"}


def test_a_model_that_is_named_is_trained_as_before(tmp_path: Path) -> None:
    found, told = recommended(grey(tmp_path / "data"), model="lenet")
    assert found == TrainConfig(
        data=found.data, out=found.out, model="lenet", input=(28, 28, 1), epochs=recipe.MOST_EPOCHS
    )
    assert told == ""
