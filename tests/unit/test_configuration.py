"""Configurations from Python and from the command line: types, bounds, sentences, and what they are written as."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from augkit.cli.options import Commands, configured
from augkit.configuration import Configuration, Option
from augkit.errors import AugkitError
from augkit.expand import ExpandConfig
from augkit.pipeline import Pipeline, load
from augkit.pipeline.pipeline_file import described
from augkit.train.train_config import TrainConfig

SPLIT = "text such as train=0.9,val=0.1, fractions by name or a CSV file"
MUST = {"source": "src", "out": "out", "pipeline": "six", "copies": 1}
TYPED = """
from pathlib import Path
import augkit as ak
a = ak.ExpandConfig(source="a", out="b", pipeline="six", copies=1)
b = ak.ExpandConfig(source=Path("a"), out=Path("b"), pipeline=Path("six.yaml"), copies=1, quality=80, groups=Path("g"))
c = ak.ExpandConfig(source="a", out="b", pipeline=a.pipeline, pipelines_for={"cat": "six", "dog": a.pipeline}, copies=1,
    split="train=0.9,val=0.1", balance="max", shards="0/3", seed=1)
d = ak.ExpandConfig(source="a", out="b", pipeline="six", copies=1, split={"train": 0.9, "val": 0.1}, shards=(0, 3))
e = ak.TrainConfig(data="a", out="b")
f = ak.TrainConfig(data=Path("a"), out=Path("b"), weights=Path("w"), model=Path("m"), pipeline=Path("p"), rate=0.1,
    cache=Path("c"), groups=Path("g"), class_weights="auto", input="32x32x3", split="train=0.9,val=0.1")
text: str = b.source + f.data + (f.weights or "")
held: ak.Pipeline = c.pipelines_for["cat"]
parts: tuple[int, int] | None = d.shards
part: float = 1.0 if isinstance(d.split, str) else d.split["train"]  # a file of splits
ak.ExpandConfig(source=3, out="b", pipeline="six", copies=1)  # type: ignore[arg-type]
ak.TrainConfig(data="a", out="b", weights=3)  # type: ignore[arg-type]
"""


class Some(Configuration):
    """Fields of many kinds."""

    step: Literal[1, 2] = Field(default=1, description="{choices}.")
    names: Annotated[list[str], Option(is_many=True)] = Field(default=[], description="Some names.")
    low: float = Field(default=-1.0, ge=-5.0, le=0.0, description="A number.")
    open: float = Field(default=0.5, gt=0.0, lt=1.0, description="A number.")
    half: float = Field(default=0.5, gt=0.0, le=1e3, description="A number.")
    other: float = Field(default=0.5, ge=0.0, lt=1.0, description="A number.")
    most: int = Field(default=0, le=3000, description="A number.")
    below: int | None = Field(default=0, lt=3, description="A number.")
    least: int = Field(default=0, ge=0, description="A number.")


FOUND: list[Some] = []
APP = typer.Typer(cls=Commands, rich_markup_mode=None)


@APP.callback()
def _all() -> None:
    """Make a group of one command."""


@APP.command("some")
@configured("unit_configuration:Some")
def _some(config: Some) -> None:
    FOUND.append(config)


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unit_configuration", sys.modules[__name__])


def test_the_last_pipeline_of_a_class_wins() -> None:
    found = ExpandConfig.of(**MUST, pipelines_for=["dog=six", "cat=strong", "cat=light"])
    assert found.pipelines_for == {"cat": load("light"), "dog": load("six")}
    assert list(found.pipelines_for) == ["cat", "dog"]


@pytest.mark.slow
def test_configurations_are_typed_without_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(TYPED, "utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\nfollow_imports = silent\n", "utf-8")
    words = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "user.py"]
    path = os.environ | {"MYPYPATH": str(Path(__file__).parent.parent.parent)}
    ended = subprocess.run(words, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


NOT_BY_CLASS = (3, True, False, Path("x"), [1], {1: "six", "b": "six"}, {1: "six"}, "cat=light", {"cat": 3})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("source", "out", "groups") for value in (3, np.zeros((2, 2)), b"x")),
        *(("pipelines_for", value) for value in NOT_BY_CLASS),
        ("source", None), ("out", None),
        ("pipeline", None), ("pipeline", 3), ("pipeline", {}), ("pipeline", "sicks"),
        ("pipelines_for", {"cat": "sicks"}),
        ("split", True), ("split", {"train": None}), ("split", 3), ("split", {3: 1.0}), ("split", ["train"]),
        ("shards", 3), ("shards", "0/99999999999999999999999999"), ("shards", (0, 10**30)),
        ("timeout", float("-inf")), ("timeout", float("nan")), ("timeout", None), ("balance", [1]),
    ],
)  # fmt: skip
def test_what_does_not_fit_an_expansion_is_told_by_name(name: str, value: object) -> None:
    with pytest.raises(AugkitError, match=rf"^(--)?{name}\b[^\n]*: ") as fault:
        ExpandConfig.of(**MUST | {name: value})
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("name", ["data", "out", "weights", "model", "pipeline", "cache", "groups"])
def test_a_training_takes_paths_and_refuses_what_is_none(name: str) -> None:
    given = {"data": "src", "out": "run", "weights": "w"}
    assert getattr(TrainConfig.of(**given | {name: Path("a/b")}), name) == "a/b"
    for value in (3, [1], b"x", *[None] * (name in ("data", "out", "model"))):
        with pytest.raises(AugkitError, match=rf"^{name}: must be "):
            TrainConfig.of(**given | {name: value})


@pytest.mark.parametrize(
    ("kind", "name", "value", "sentence"),
    [
        (TrainConfig, "rate", 5000.0, "rate: must be a number above 0 and at most 1000, got 5000.0."),
        (ExpandConfig, "quality", 0, "quality: must be a whole number from 1 to 100, got 0."),
        (ExpandConfig, "split", True, f"split: must be {SPLIT}, got True."),
        (ExpandConfig, "pipeline", 3, "pipeline: must be a pipeline, a bundled name or a file, got 3."),
        (Some, "low", 1.0, "low: must be a number from -5 to 0, got 1.0."),
        (Some, "open", 1.0, "open: must be a number above 0 and below 1, got 1.0."),
        (Some, "other", 1.0, "other: must be a number, 0 or more and below 1, got 1.0."),
        (Some, "most", 3001, "most: must be a whole number, at most 3,000, got 3001."),
        (Some, "below", 3, "below: must be a whole number below 3, got 3."),
        (Some, "least", -1, "least: must be a whole number, 0 or more, got -1."),
    ],
)
def test_a_rule_says_every_bound(kind: type[Configuration], name: str, value: object, sentence: str) -> None:
    with pytest.raises(AugkitError) as fault:
        kind.of(
            **({"data": "d", "out": "o"} if kind is TrainConfig else MUST if kind is ExpandConfig else {})
            | {name: value}
        )
    assert str(fault.value) == sentence


def test_a_command_takes_choices_that_are_numbers_and_lists() -> None:
    ended = CliRunner().invoke(APP, ["some", "--step", "2", "--names", "a", "--names", "b"])
    assert ended.exit_code == 0, ended.exception
    assert (FOUND[-1].step, FOUND[-1].names) == (2, ["a", "b"])
    assert CliRunner().invoke(APP, ["some"]).exit_code == 0
    assert FOUND[-1] == Some()
    wrong = CliRunner().invoke(APP, ["some", "--step", "3"]).exception
    assert str(wrong) == "step: must be 1 or 2, got '3'."
    page = CliRunner().invoke(APP, ["some", "--help"]).stdout
    assert "--names TEXT" in page
    assert "<list" not in page


def test_a_configuration_is_json_and_a_key() -> None:
    config = ExpandConfig.of(**MUST, pipelines_for={"cat": "light"}, shards="0/3")
    known = json.loads(config.model_dump_json())
    assert known == json.loads(json.dumps(config.model_dump(mode="json")))
    assert (known["pipeline"], known["pipelines_for"]) == (described(load("six")), {"cat": described(load("light"))})
    assert isinstance(config.model_dump()["pipeline"], Pipeline)
    assert hash(config) == hash(config.replaced()) != hash(config.replaced(seed=1))
