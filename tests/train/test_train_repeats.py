"""Repeated trainings: which are done, where they lie, and what is said of their differences."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from augkit.cli.comparison_tables import tell_repeats
from augkit.errors import ArgumentError, FileError
from augkit.train import Result, TrainConfig, repeat
from augkit.train.repeats import Difference, Repeats, differences

DONE: list[TrainConfig] = []


def classes(accuracy: float, **recalls: float | None) -> dict[str, Any]:
    rows = [{"name": name, "recall": recall} for name, recall in recalls.items()]
    headline = {"name": "Accuracy", "value": accuracy, "is_fraction": True}
    return {"kind": "classes", "headline": headline, "per_class": rows}


def result(metrics: dict[str, Any], out: str = "run", score: float = 0.0) -> Result:
    return Result(out, f"{out}/report.html", metrics, 1, 1, {"train": 1, "val": 1, "test": 1}, 0, 1.0, (), score)


def one(settings: TrainConfig) -> Result:
    DONE.append(settings)
    return result(classes(settings.seed / 10, cat=0.5), settings.out, -settings.seed)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


def test_seeds_follow_each_other() -> None:
    (found,) = repeat(TrainConfig(data="data", out="run", seed=3), 3, None, one)
    assert [(s.seed, Path(s.out).as_posix()) for s in DONE] == [(n, f"run/seed-{n}") for n in (3, 4, 5)]
    assert found.headline.mean == pytest.approx(0.4)
    assert found.headline.std == pytest.approx(stdev([0.3, 0.4, 0.5]))
    assert {s.split_seed for s in DONE} == {0}


def test_pipelines_are_compared_on_the_same_seeds() -> None:
    found = repeat(TrainConfig(data="data", out="run"), 2, ["none", "light", "six"], one)
    assert [r.pipeline for r in found] == ["none", "light", "six"]
    assert [(s.pipeline, s.seed) for s in DONE] == [(p, n) for p in (None, "light", "six") for n in (0, 1)]
    assert Path(DONE[-1].out).as_posix() == "run/six/seed-1"


@pytest.mark.parametrize("pipelines", [["none"], ["six", "six"]])
def test_less_than_two_pipelines_are_refused(pipelines: list[str]) -> None:
    with pytest.raises(ArgumentError, match="two pipelines at least"):
        repeat(TrainConfig(data="data", out="run"), 1, pipelines, one)
    assert not DONE


def test_a_pipeline_that_is_none_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(FileError, match="Did you mean six"):
        repeat(TrainConfig(data="data", out="run"), 1, ["none", "sixx"], one)
    with pytest.raises(ArgumentError, match="must not go with --pipeline"):
        repeat(TrainConfig(data="data", out="run", pipeline="six"), 1, ["none", "light"], one)
    assert not DONE


def test_pipelines_are_checked_before_anything_is_trained() -> None:
    checked: list[str | None] = []

    def check(settings: TrainConfig) -> None:
        assert not DONE
        checked.append(settings.pipeline)
        if settings.pipeline == "six":
            raise ArgumentError("must be coloured, got grey.", "pictures")

    with pytest.raises(ArgumentError, match="must be coloured"):
        repeat(TrainConfig(data="data", out="run"), 2, ["none", "light", "six"], one, check)
    assert checked == [None, "light", "six"]
    assert not DONE


def compared(before: list[float], after: list[float]) -> Difference:
    pairs = [[result(classes(value)) for value in values] for values in (before, after)]
    (found,) = differences(Repeats("none", tuple(pairs[0])), Repeats("six", tuple(pairs[1])))
    return found


def test_a_gain_beyond_chance_helped() -> None:
    """Student's interval of three differences around 0.1, by hand: 4.303 times 0.01 over the root of 3."""
    found = compared([0.5, 0.6, 0.7], [0.59, 0.7, 0.81])
    assert found.gain == pytest.approx(0.1)
    assert found.spread == pytest.approx(4.303 * 0.01 / 3**0.5, rel=1e-3)
    assert found.verdict == "helped"
    assert compared([0.59, 0.7, 0.81], [0.5, 0.6, 0.7]).verdict == "hurt"
    assert compared([0.5, 0.6, 0.7], [0.7, 0.6, 0.6]).verdict == "no difference to be told"
    assert compared([0.5], [0.9]).verdict == "one seed tells nothing of chance"


def test_classes_are_compared_one_by_one_and_errors_are_better_when_small() -> None:
    before = Repeats("none", (result(classes(0.5, cat=0.2, dog=None)), result(classes(0.5, cat=0.4, dog=0.1))))
    after = Repeats("six", (result(classes(0.5, cat=0.5, dog=0.5)), result(classes(0.5, cat=0.7, dog=0.5))))
    assert {d.name: round(d.gain, 6) for d in differences(before, after)} == {"all": 0.0, "cat": 0.3}
    numbers = [
        Repeats(
            name, (result({"kind": "numbers", "headline": {"value": mae}, "per_value": [{"name": "x", "mae": mae}]}),)
        )
        for name, mae in (("none", 4.0), ("six", 3.0))
    ]
    assert [d.gain for d in differences(*numbers)] == [1.0, 1.0]


def test_a_comparison_as_json_and_as_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is written too, with the figures of every run and class; the best is by what chose."""
    found = repeat(TrainConfig(data="data", out="run"), 2, ["none", "light"], one)
    tell_repeats(found, tmp_path / "runs", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(run["pipeline"], len(run["results"])) for run in told["runs"]] == [("none", 2), ("light", 2)]
    assert [row["verdict"] for row in told["differences"]["light"]] == ["no difference to be told"] * 2
    assert json.loads((tmp_path / "runs/comparison.json").read_text()) == told
    with (tmp_path / "runs/comparison.csv").open() as file:
        rows = {(row["run"], row["name"]): float(row["figure"]) for row in csv.DictReader(file)}
    runs = [result for run in told["runs"] for result in run["results"]]
    assert len(runs) == 4
    assert rows == {
        (run["out"], name): value
        for run in runs
        for name, value in (("all", run["metrics"]["headline"]["value"]), ("cat", 0.5))
    }
    assert Path(told["best"]).as_posix() == "run/none/seed-0"
    tell_repeats(found, tmp_path / "runs", as_json=False)
    *_, where, use = capsys.readouterr().out.splitlines()
    assert where == f"All about it: {tmp_path}/runs/comparison.json and {tmp_path}/runs/comparison.csv"
    assert use.endswith(f"augkit predict {told['best']} PICTURES")
