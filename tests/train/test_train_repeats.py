"""Repeated trainings: which are done, where they lie, and what is said of their differences."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import stdev

import numpy as np
import pytest

from augkit.cli.comparison_tables import tell_repeats
from augkit.errors import ArgumentError, FileError
from augkit.train import Result, TrainConfig, repeat
from augkit.train.comparison.outcomes import ALL, of_pictures, write
from augkit.train.comparison.turned import Turned
from augkit.train.parts.parts import Role
from augkit.train.several.repeats import gains, write as write_files
from augkit.train.several.turned_pictures import answers_of, galleries, pictures_of
from support import trainings
from support.folders import done
from support.html_page import Page

DONE: list[TrainConfig] = []


def one(settings: TrainConfig) -> Result:
    """Return the result of a training that took place in no time, with what its pictures said in its folder."""
    DONE.append(settings)
    accuracy = settings.seed / 10
    headline = {"name": "Accuracy", "value": accuracy, "is_fraction": True}
    metrics = {"kind": "classes", "headline": headline}
    folder = Path(settings.out)
    folder.mkdir(parents=True, exist_ok=True)
    right = np.random.default_rng(settings.seed).permutation(np.arange(40) < 40 * accuracy).astype(np.float64)
    cats = np.arange(40) % 2 == 0
    write(folder, of_pictures([f"{place}.png" for place in range(40)], {ALL: right, "cat": (cats, right[cats])}))
    counts: dict[Role, int] = {"train": 200, "val": 40, "test": 40}
    return Result(settings.out, f"{settings.out}/report.html", metrics, 1, 1, counts, 0, 1.0, (), -settings.seed)


@pytest.fixture
def run(tmp_path: Path) -> str:
    return str(tmp_path / "run")


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


def test_seeds_follow_each_other(run: str) -> None:
    (found,) = repeat(TrainConfig(data="data", out=run, seed=3), 3, None, one)
    assert [(s.seed, Path(s.out).as_posix()) for s in DONE] == [(n, f"{run}/seed-{n}") for n in (3, 4, 5)]
    assert found.headline.mean == pytest.approx(0.4)
    assert found.headline.std == pytest.approx(stdev([0.3, 0.4, 0.5]))
    assert {s.split_seed for s in DONE} == {0}


def test_pipelines_are_compared_on_the_same_seeds(run: str) -> None:
    found = repeat(TrainConfig(data="data", out=run), 2, ["none", "light", "six"], one)
    assert [r.name for r in found] == ["none", "light", "six"]
    assert [(s.pipeline, s.seed) for s in DONE] == [(p, n) for p in ("none", "light", "six") for n in (0, 1)]
    assert Path(DONE[-1].out).as_posix() == f"{run}/six/seed-1"


@pytest.mark.parametrize("pipelines", [["none"], ["six", "six"]])
def test_less_than_two_pipelines_are_refused(pipelines: list[str], run: str) -> None:
    with pytest.raises(ArgumentError, match="two pipelines at least"):
        repeat(TrainConfig(data="data", out=run), 1, pipelines, one)
    assert not DONE


def test_a_pipeline_that_is_none_is_refused_before_anything_is_trained(run: str) -> None:
    with pytest.raises(FileError, match="Did you mean six"):
        repeat(TrainConfig(data="data", out=run), 1, ["none", "sixx"], one)
    with pytest.raises(ArgumentError, match="must not go with --pipeline"):
        repeat(TrainConfig(data="data", out=run, pipeline="six"), 1, ["none", "light"], one)
    assert not DONE


def test_pipelines_are_checked_before_anything_is_trained(run: str) -> None:
    checked: list[str | None] = []

    def check(settings: TrainConfig) -> None:
        assert not DONE
        checked.append(settings.pipeline)
        if settings.pipeline == "six":
            raise ArgumentError("must be coloured, got grey.", "pictures")

    with pytest.raises(ArgumentError, match="must be coloured"):
        repeat(TrainConfig(data="data", out=run), 2, ["none", "light", "six"], one, check)
    assert checked == ["none", "light", "six"]
    assert not DONE


def test_any_option_is_compared_in_folders_below_its_own(run: str) -> None:
    """Whatever the value is called: files of pipelines lie somewhere else, and numbers have points."""
    repeat(TrainConfig(data="data", out=run), 1, ["rate=0.01", "0.001"], one)
    assert [(s.rate, s.pipeline) for s in DONE] == [(0.01, None), (0.001, None)]
    assert [Path(s.out).as_posix() for s in DONE] == [f"{run}/0.01/seed-0", f"{run}/0.001/seed-0"]
    own = Path(run).parent / "elsewhere" / "own.yaml"
    own.parent.mkdir()
    own.write_text("steps:\n  - Mirror: {axis: horizontal}\n")
    repeat(TrainConfig(data="data", out=run), 1, ["none", str(own)], one)
    assert Path(DONE[-1].out).as_posix() == f"{run}/own/seed-0"
    assert DONE[-1].pipeline == str(own)


def test_features_are_shared_where_something_may_be_frozen_and_not_asked_for_where_nothing_is(run: str) -> None:
    repeat(TrainConfig(data="data", out=run), 1, ["model=auto", "lenet"], one)
    assert [s.cache for s in DONE] == [str(Path(run) / "features"), True]


def test_data_sets_need_pictures_in_common(run: str) -> None:
    ids = {"a": ["1.png", "2.png"], "b": ["2.png"], "c": ["3.png"]}

    def check(settings: TrainConfig) -> list[str]:
        return ids[settings.data]

    repeat(TrainConfig(data="a", out=run), 1, ["data=a", "b"], one, check)
    DONE.clear()
    with pytest.raises(ArgumentError, match="test pictures in common"):
        repeat(TrainConfig(data="a", out=run), 1, ["data=a", "c"], one, check)
    assert not DONE


def test_seeds_may_have_splits_of_their_own(run: str) -> None:
    repeat(TrainConfig(data="data", out=run, seed=2, split_seed=5), 3, None, one, new_splits=True)
    assert [(s.seed, s.split_seed) for s in DONE] == [(2, 5), (3, 6), (4, 7)]


def test_folds_are_judged_by_their_spread_over_all_pictures(run: str) -> None:
    """Folds lie in folders below their run, and are as many as they are numbered; each has pictures of its own."""

    def folded(settings: TrainConfig) -> Result:
        found = one(settings)
        for fold in range(1, 12):
            folder = Path(settings.out) / f"fold-{fold}"
            folder.mkdir()
            right = (np.arange(10) < 3 + 4 * (settings.pipeline != "none") + fold % 2).astype(np.float64)
            write(folder, of_pictures([f"{fold}/{place}.png" for place in range(10)], {ALL: right}))
        return found

    found = repeat(TrainConfig(data="data", out=run), 1, ["none", "light"], folded)
    (row,) = gains(found)["light"]
    assert [path.name for path in found[0].folders()] == [f"fold-{fold}" for fold in range(1, 12)]
    assert (row.pictures, row.verdict) == (110, "helped")
    assert row.gain == pytest.approx(0.4)
    assert row.low is not None
    assert 0.0 < row.low < 0.4
    assert "Nadeau" in (write_files(TrainConfig(data="data", out=run), found, {"light": [row]}, "")[0]).read_text()


def test_a_comparison_as_json_and_as_files(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is written too, with the figures of every run and class; the best is by what chose."""
    config, words = TrainConfig(data="data", out=run), ["augkit", "train", "data"]
    found = repeat(config, 3, ["none", "light"], one)
    tell_repeats(config, found, words, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(run["pipeline"], len(run["results"])) for run in told["runs"]] == [("none", 3), ("light", 3)]
    assert [(row["name"], row["verdict"]) for row in told["differences"]["light"]] == [
        (name, "no difference to be told") for name in ("all", "cat")
    ]
    assert json.loads((Path(run) / "comparison.json").read_text()) == told
    with (Path(run) / "comparison.csv").open() as file:
        rows = [(row["pipeline"], row["run"], row["name"], float(row["figure"])) for row in csv.DictReader(file)]
    runs = [(one["pipeline"], result) for one in told["runs"] for result in one["results"]]
    assert rows[::2] == [(name, result["out"], "all", result["metrics"]["headline"]["value"]) for name, result in runs]
    assert {row[2] for row in rows[1::2]} == {"cat"}
    assert Path(told["best"]).as_posix() == f"{run}/none/seed-0"
    tell_repeats(config, found, words, as_json=False)
    *_, where, use = capsys.readouterr().out.splitlines()
    assert where == f"All about it: {', '.join(f'{run}/comparison.{kind}' for kind in ('html', 'json', 'csv'))}"
    assert use.endswith(f"augkit predict {told['best']} PICTURES")


def test_the_page_of_a_comparison_tells_it_all_alone(run: str) -> None:
    """The verdicts first and what they rest on, then the runs; it asks nothing of anyone."""
    config = TrainConfig(data="my <data>", out=run)
    found = repeat(config, 3, ["none", "light", "six"], one)
    tell_repeats(config, found, ["augkit", "train", "my <data>", "--seeds", "3"], as_json=False)
    page = Page((Path(run) / "comparison.html").read_text())
    for words in (
        "pipeline: none, light, six",
        "light against none: no difference to be told. Gain +0.0 points",
        "on 40 pictures, p = 1.",
        "six against none, class by class",
        "Holm",
        f"{run}/light/seed-2",
        "augkit train 'my <data>' --seeds 3",
    ):
        assert words in page.text, words
    assert page.text.index("What this rests on") < page.text.index("Configuration")
    assert not {name for name, _ in page.elements} & {"script", "link", "iframe", "object", "embed", "form", "a"}


def test_pictures_that_turned_are_shown_with_what_was_said_of_them(tmp_path: Path) -> None:
    """Also those of an expansion, which is judged by its originals."""
    source = trainings.fill(tmp_path / "source", each=2)
    done(source, tmp_path / "data", copies=1, pipeline="digits", encoding="png")
    for place, run in enumerate(("0", "1", "2")):
        said = "spots" if place else "plain"
        (tmp_path / run).mkdir()
        (tmp_path / run / "predictions.csv").write_text(f"path,truth,label\nlines/000.png,lines,{said}\n")
    answers = answers_of(tmp_path / name for name in ("0", "1", "2", "none"))
    picture = pictures_of(TrainConfig(data=str(tmp_path / "data"), out=str(tmp_path / "run")))
    lost, won = galleries(Turned(["lines/000.png", "gone.png"], ["lines/001.png"]), {}, answers, picture)
    page = Page(lost)
    assert "said spots in 2 of 3" in " ".join(page.text.split())
    assert [image["alt"] for image in page.under("img")] == ["lines/000.png"]
    assert won == ""
