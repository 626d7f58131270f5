"""The options of a training: those that are none, or that mean nothing for it, are refused; a command says them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from augkit.cli import app
from augkit.errors import ArgumentError, AugkitError
from augkit.train import TrainConfig
from augkit.train.train_config import parse_class_weights
from support import trainings
from support.trainings import INPUT, manifest, prepared, settings, several, weights_file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return trainings.fill(tmp_path / "pictures")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": -1}, "epochs: must be a whole number"), ({"batch_size": 0}, "batch_size: must be"),
        ({"optimizer": "adam"}, "Did you mean adamw"), ({"schedule": "linear"}, "must be cosine or onecycle"),
        ({"unfreeze": 3}, "must go with --weights"), ({"epochs": 0}, "must be 1 at least"), ({"ema": 1.0}, "ema: must"),
        ({"rate": 0.0}, "rate: must be a number above 0"), ({"device": "gpu"}, "must be one of auto, cpu, cuda"),
        ({"smoothing": float("nan")}, "smoothing"), ({"task": "regression"}, "must be one of"),
        ({"clip": float("inf")}, "clip: must be a number, 0 or more, got inf"),
        ({"weight_decay": float("inf")}, "weight_decay"), ({"warmup": True}, "warmup: must be a number, 0 or more"),
        ({"rate": True}, "rate: must be a number above 0 and at most 1000, got True"),
        ({"ema": False}, "ema: must be a number from 0 to 0.99999"),
        ({"max_rejected": True}, "max_rejected: must be a number from 0 to 1"),
        ({"robust": 1}, "robust: must be true or false"),
        ({"class_weights": "all"}, "class_weights: must be none, auto or NAME"),
        ({"class_weights": {"a": 0.0}}, "class_weights"), ({"class_weights": {"a": float("inf")}}, "class_weights"),
        ({"class_weights": {1: 2.0}}, "class_weights"), ({"class_weights": {"a": True}}, "class_weights"),
    ],
)  # fmt: skip
def test_options_that_are_none_are_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        settings(tmp_path, tmp_path / "run", **options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"unfreeze": 1}, "unfreeze"), ({"views": 2}, "views"), ({"backbone_rate": 0.2}, "backbone_rate"),
        ({"cache": False}, "cache"),
    ],
)  # fmt: skip
def test_what_is_about_a_frozen_network_goes_with_weights(
    pictures: Path, tmp_path: Path, options: dict[str, Any], name: str
) -> None:
    """Also where the model is only chosen by the pictures, unless that comes with weights."""
    words = f"^{name}: must go with --weights: without, nothing is frozen. Leave it out.$"
    with pytest.raises(ArgumentError, match=words):
        settings(pictures, tmp_path / "run", **options)
    with pytest.raises(ArgumentError, match=words):
        prepared(settings(pictures, tmp_path / "run", model="auto", input=None, **options))
    large = trainings.fill(tmp_path / "large", each=8, side=80)
    chosen = prepared(settings(large, tmp_path / "run", model="auto", input=None, **{"unfreeze": 1, **options}))
    assert chosen.config.weights == "pretrained"
    usual = {"unfreeze": 0, "views": 5, "backbone_rate": 0.1, "cache": True}
    settings(pictures, tmp_path / "run", **{key: usual[key] for key in options})


def test_the_rate_of_what_stays_frozen_means_nothing(pictures: Path, tmp_path: Path) -> None:
    weights = weights_file(tmp_path / "w.pt", "resnet18")
    with pytest.raises(ArgumentError, match="backbone_rate: must go with --unfreeze"):
        settings(pictures, tmp_path / "run", model="resnet18", weights=weights, backbone_rate=0.2)


def test_what_is_about_another_kind_of_target_is_refused(pictures: Path, tmp_path: Path) -> None:
    own = settings(pictures, tmp_path / "run")
    with pytest.raises(ArgumentError, match=r"^robust: must go with numbers, got classes\. Leave it out\.$"):
        prepared(own.replaced(robust=True))
    labels = settings(manifest(tmp_path / "labels", several), tmp_path / "run")
    with pytest.raises(ArgumentError, match=r"^robust: must go with numbers, got labels\."):
        prepared(labels.replaced(robust=True))
    with pytest.raises(ArgumentError, match=r"^balance: .* got labels\. Leave it out, or pass --class-weights auto\.$"):
        prepared(labels.replaced(balance=True))
    numbers = settings(manifest(tmp_path / "numbers", lambda kind, place: kind + place / 10), tmp_path / "run")
    with pytest.raises(ArgumentError, match=r"^smoothing: must go with classes or labels or segment, got numbers\."):
        prepared(numbers.replaced(smoothing=0.1))
    with pytest.raises(
        ArgumentError, match=r"^class_weights: must go with classes or labels or segment, got numbers\."
    ):
        prepared(numbers.replaced(class_weights="auto"))
    for sound in (own.replaced(smoothing=0.1), labels.replaced(smoothing=0.1), numbers.replaced(robust=True)):
        prepared(sound)


@pytest.mark.parametrize(
    "text", ["", "cat", "cat=", "=2", "cat=x", "big, cat=2", '{"cat": "x"}', "{cat=2", '{"cat": [1]}']
)
def test_class_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"^class_weights: must be .* A name with a comma goes as JSON: \{.*\}\.$"):
        parse_class_weights(text)


def test_a_name_with_a_comma_goes_as_json() -> None:
    assert parse_class_weights('{"big, cat": 2, "dog": 0.5}') == {"big, cat": 2.0, "dog": 0.5}
    assert parse_class_weights("a=b=2") == {"a=b": 2.0}


def test_settings_are_plain_data_and_a_command(tmp_path: Path) -> None:
    wanted = settings(tmp_path, tmp_path / "my run", weights="w.pt", class_weights={"a": 2.0}, cache=False, robust=True)
    assert TrainConfig(**json.loads(json.dumps(wanted.model_dump(mode="json")))) == wanted
    words = list(wanted.words())
    assert words[:3] == [str(tmp_path), "--out", str(tmp_path / "my run")]
    assert {"--no-cache", "--robust", "a=2.0", "x".join(map(str, INPUT))} < set(words)
    with pytest.raises(AugkitError, match=r"got 'modle'\. Did you mean model"):
        TrainConfig.of(data="data", out="run", modle=1)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
WHOLE = st.integers(0, 2**40)
REALS = st.floats(0, 1e6)
WEIGHTS = st.dictionaries(TEXTS, st.floats(1e-300, 1e300), min_size=1, max_size=4)
OPTIONS = st.fixed_dictionaries(
    {"data": TEXTS, "out": TEXTS, "weights": TEXTS},
    optional={
        "model": TEXTS, "pipeline": TEXTS, "label": TEXTS, "split": TEXTS, "groups": TEXTS, "epochs": st.integers(1),
        "batch_size": st.integers(1, 999), "views": st.integers(1, 9), "seed": st.integers(),
        "split_seed": st.integers(),
        "patience": WHOLE, "workers": WHOLE, "threads": st.integers(0, 1024), "checkpoint_every": WHOLE,
        "weight_decay": REALS,
        "warmup": REALS, "clip": REALS, "rate": st.floats(1e-9, 1e3), "ema": st.floats(0, 0.99),
        "robust": st.booleans(),
        "smoothing": st.floats(0, 0.99), "max_rejected": st.floats(0, 1), "class_weights": st.just("auto") | WEIGHTS,
        "cache": st.booleans() | TEXTS,
        "keep": st.sampled_from(["best", "last"]), "tensorboard": st.booleans(),
        "optimizer": st.sampled_from(["adamw", "sgd"]),
        "schedule": st.sampled_from(["cosine", "onecycle"]), "task": st.sampled_from(["classes", "labels", "numbers"]),
        "input": st.tuples(*[st.integers(1, 512)] * 2, st.sampled_from([1, 3])),
        "device": st.sampled_from(["cpu", "cuda"]),
    },
)  # fmt: skip
UNFREEZING = st.fixed_dictionaries({}, optional={"unfreeze": st.integers(1, 99), "backbone_rate": st.floats(1e-9, 1e3)})


@pytest.mark.slow
@given(OPTIONS, UNFREEZING)
def test_a_command_says_all_that_its_settings_do(options: dict[str, Any], unfreezing: dict[str, Any]) -> None:
    wanted = TrainConfig(**options, **({"unfreeze": 1, **unfreezing} if unfreezing else {}))
    found: list[TrainConfig] = []

    def keep(settings: TrainConfig, fresh: bool) -> None:
        found.append(settings)
        raise typer.Exit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("augkit.cli.train_command._require_there", lambda *_: None)
        patch.setattr("augkit.cli.train_command._trained", keep)
        done = CliRunner().invoke(app, ["train", *wanted.words()])
    assert done.exit_code == 0, (done.output, done.exception)
    assert found == [wanted]
    assert list(found[0].words()) == list(wanted.words())
