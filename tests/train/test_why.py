"""Explanations of runs: what is planted is found, and of what does nothing nothing is declared."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from augkit.cli import app
from augkit.core.key import Key
from augkit.errors import ArgumentError, FileError
from augkit.pipeline import Pipeline, load
from augkit.pipeline.pipeline_file import bundled
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.train import train
from augkit.transforms.colour import Brightness
from augkit.transforms.combinators import Maybe, OneOf
from augkit.transforms.crops import RandomResizedCrop
from augkit.transforms.geometry import Mirror, Rotate, Translate
from augkit.why.drawn_numbers import DONE, Number, drawn, inner, numbers_of, with_argument, with_inner
from augkit.why.explaining import Explained, why
from augkit.why.narrowed import narrowed
from augkit.why.thresholds import Copies, Finding, findings
from augkit.why.why_config import WhyConfig
from support.folders import put
from support.trainings import digits, settings

SCENE = Scene.of(Sample(np.zeros((40, 30, 3), np.uint8)))
KEYS = [Key(3, f"picture {place}") for place in range(12)]
EACH = 120  # digits of a class


def _numbers(pipeline: Pipeline) -> list[Number]:
    return numbers_of(pipeline, KEYS, [SCENE] * len(KEYS))


@pytest.mark.parametrize("name", sorted(bundled()))
def test_the_same_copy_comes_of_the_numbers_that_are_told(name: str) -> None:
    """Every argument fixed to the number that is told: the plan is equal, to the last digit."""
    pipeline = load(name)
    found = [one for one in _numbers(pipeline) if one.argument != DONE]
    for key in KEYS[:4]:
        plan, values = pipeline.draw(key, SCENE), drawn(pipeline, found, key, SCENE)
        assert _fixed(pipeline, found, values).draw(key, SCENE) == plan or not found
        assert all(math.isnan(at) or one.low <= at <= one.high for one, at in zip(found, values, strict=True))


def _fixed(pipeline: Pipeline, numbers: list[Number], values: list[float]) -> Pipeline:
    steps = list(pipeline.steps)
    for number, value in zip(numbers, values, strict=True):
        place = pipeline.labels.index(number.label)
        if not math.isnan(value):
            steps[place] = with_inner(steps[place], with_argument(inner(steps[place]), number.argument, (value, value)))
    return Pipeline(steps, **pipeline.policy.given())


def test_numbers_are_those_of_ranges_and_coins() -> None:
    steps = [
        RandomResizedCrop((16, 16), (0.3, 0.9)),
        Maybe(0.4, Rotate((-20, 20))),
        Mirror(),
        Translate((-0.1, 0.1), (-0.1, 0.1)),
        OneOf((Brightness(), Mirror())),
        Brightness(1.1),
    ]
    pipeline = Pipeline(steps)
    found = _numbers(pipeline)
    told = {one.name for one in found}
    assert {"Rotate", "Rotate degrees", "Translate x", "Translate y", "RandomResizedCrop scale"} <= told
    assert not any("OneOf" in name or "Brightness" in name or "Mirror" in name for name in told)
    rows = np.array([drawn(pipeline, found, Key(0, "a", copy), SCENE) for copy in range(200)])
    names = [one.name for one in found]
    done, degrees = rows[:, names.index("Rotate")], rows[:, names.index("Rotate degrees")]
    assert 0.25 < done.mean() < 0.55
    assert (np.isfinite(degrees) == (done == 1.0)).all()
    assert np.nanmax(np.abs(degrees)) > 15
    x, y = rows[:, names.index("Translate x")], rows[:, names.index("Translate y")]
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.3


def _made(seed: int, is_planted: bool) -> Copies:
    """Return copies of 40 pictures whose losses differ wildly, by one number's end or by nothing that was drawn."""
    random = np.random.default_rng(seed)
    pictures = np.repeat(np.arange(40), 10)
    classes = pictures % 2
    values = random.uniform(-1.0, 1.0, (400, 3))
    values[:, 2] = random.random(400) < 0.5
    rise = random.standard_t(3, 400) * np.exp(random.normal(0.0, 1.0, 40))[pictures] + random.normal(0, 1, 40)[pictures]
    harmed = (values[:, 1] > 0.6) & (classes == 1)
    rise = 0.3 * rise + (2.0 * harmed if is_planted else 0.0)
    return Copies(values, np.array([-1, -1, 0.0]), np.ones(3), pictures, classes, rise, ~harmed | (not is_planted))


def _wavering(seed: int) -> Copies:
    """Return copies of 60 pictures, each of which a number moves up or down by chance, by as much as it likes."""
    random = np.random.default_rng(seed)
    pictures = np.repeat(np.arange(60), 10)
    values = random.uniform(-1.0, 1.0, (600, 3))
    slopes = random.normal(0.0, 0.5, (60, 3)) * np.exp(random.normal(0.0, 1.0, 60))[:, None]
    rise = (values * slopes[pictures]).sum(axis=1) + random.normal(0.0, 0.3, 600)
    return Copies(values, -np.ones(3), np.ones(3), pictures, pictures % 3, rise, rise < 1.0)


@pytest.mark.parametrize("made", [lambda seed: _made(seed, is_planted=False), _wavering])
def test_of_numbers_that_help_nobody_and_hurt_nobody_little_is_declared(made: Callable[[int], Copies]) -> None:
    declared = sum(bool(findings(made(seed), 99, seed)) for seed in range(60))
    assert declared <= 7  # of a chance of 0.05: more in 1 of 100


def test_what_is_planted_is_found_with_its_side_its_class_and_its_threshold() -> None:
    for seed in range(5):
        found = findings(_made(seed, is_planted=True), 199, seed)
        first = next(one for one in found if one.of_class == 1)
        assert (first.number, first.side) == (1, "above")
        assert 0.5 <= first.threshold <= 0.7
        assert first.is_grave
        assert first.low > 0.0
        assert not any(one.of_class == 0 for one in found)


def test_only_what_costs_answers_is_narrowed() -> None:
    pipeline = Pipeline([Maybe(0.5, Rotate((-30, 30), name="turn")), Maybe(0.5, Mirror())], border="constant")
    numbers = [Number("turn", "degrees", -30.0, 30.0, 0), Number("Mirror", DONE, 0.0, 1.0), Number("turn", DONE, 0, 1)]

    def finding(number: int, side: str, at: float, lost: float) -> Finding:
        return Finding(number, side, at, None, 0.01, 1.0, 0.5, 1.5, 0.9, 0.9 - lost, 20, 10)  # type: ignore[arg-type]

    mild = [finding(0, "above", 12.0, 0.01), finding(1, "above", 1.0, 0.0)]
    assert narrowed(pipeline, numbers, mild) == (pipeline, [])
    grave = [finding(0, "above", 12.0, 0.4), finding(0, "below", -3.0, 0.4), finding(0, "below", 15.0, 0.4)]
    coins = [finding(1, "above", 1.0, 0.4), finding(2, "above", 1.0, 0.4)]
    made, changes = narrowed(pipeline, numbers, [*coins, *grave])
    assert made == Pipeline([Maybe(0.5, Rotate((-3, 12), name="turn"))], border="constant")
    assert [change.argument for change in changes] == ["degrees", DONE]


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Explained]:
    """Explain a run of digits that were turned so far that 6 becomes 9, a twentieth of each class relabelled."""
    root = tmp_path_factory.mktemp("why")
    data = digits(root / "data", EACH)
    for name in range(10):  # of the class before it
        for path in sorted((data / str(name)).glob(f"{name}-*.png"))[: EACH // 20]:
            shutil.move(path, data / str((name + 1) % 10) / f"wrong-{path.name}")
    (root / "own.yaml").write_text(
        "border: constant\nsteps:\n"
        "  - Rotate: {degrees: [0, 180], chance: 0.4}\n  - Brightness: {factor: [0.95, 1.05]}\n"
    )
    options: dict[str, object] = {
        "pipeline": str(root / "own.yaml"),
        "epochs": 20,
        "batch_size": 64,
        "input": (16, 16, 1),
    }
    options["split"] = "train=0.6,val=0.3,test=0.1"
    train(settings(data, root / "run", **options))
    return root, why(WhyConfig(run=root / "run", pictures=600, shuffles=199, steps=300))


def test_a_turn_that_makes_6_a_9_is_found_and_narrowed(turned: tuple[Path, Explained]) -> None:
    report = turned[1].report
    assert {one.number.label for one in report.findings} == {"Rotate"}
    six = [one for one in report.findings if one.of_class == "6" and one.number.argument == "degrees"]
    assert [one.finding.side for one in six] == ["above"]
    assert six[0].finding.is_grave
    assert "hurts class 6" in six[0].sentence()
    (turn, brightness) = report.pipeline.steps
    rotate = inner(turn)
    assert isinstance(rotate, Rotate)
    assert isinstance(rotate.degrees, tuple)
    assert rotate.degrees[1] <= 160.0
    assert brightness == load(str(turned[0] / "own.yaml")).steps[1]
    assert report.gain is not None
    assert report.gain.low > 0.0
    assert report.learning is not None
    assert report.learning.mean > 0.0  # what makes a 6 a 9 teaches nothing
    costs = {one.label: one.rise for one in report.left}
    assert costs["Rotate"].low > 0.1 > abs(costs["Brightness"].mean)
    assert load(turned[1].pipeline) == report.pipeline


def test_relabelled_pictures_come_first_among_the_doubts(turned: tuple[Path, Explained]) -> None:
    doubts = turned[1].report.doubts
    assert doubts is not None
    planted = ["wrong-" in one.doubt.id for one in doubts]
    assert sum(planted[:10]) >= 8
    wrong = [one for one in doubts if "wrong-" in one.doubt.id]
    assert np.mean([one.otherwise for one in wrong]) > 0.6


def test_the_command_says_the_same_and_its_json_is_what_the_books_hold(turned: tuple[Path, Explained]) -> None:
    root, explained = turned
    words = ["why", str(root / "run"), "--out", str(root / "again"), "--pictures", "600", "--shuffles", "199"]
    said = CliRunner().invoke(app, [*words, "--skip-doubts"])
    assert said.exit_code == 0, said.output
    learnt, doubted = explained.report.told()[-2:]  # which are left out with the doubts
    for sentence in explained.report.told()[:-2]:
        assert sentence in said.stdout
    assert "held-out pictures of train" in learnt
    assert learnt not in said.stdout
    assert doubted not in said.stdout
    assert f"--pipeline of augkit train: {root / 'again/why.yaml'}" in said.stdout
    printed = CliRunner().invoke(app, [*words[:4], "--pictures", "60", "--copies", "4", "--skip-doubts", "--json"])
    assert json.loads(printed.stdout) == json.loads((root / "again/why.json").read_text())


def test_all_of_it_is_in_the_books_and_on_the_page(turned: tuple[Path, Explained]) -> None:
    root, explained = turned
    data = json.loads((root / "run/why/why.json").read_text())
    assert data == json.loads(json.dumps(explained.report.described()))
    page = Path(explained.page).read_text()
    assert "<script" not in page
    for one in explained.report.findings:
        assert one.examples
        assert all(f"{id}, copy {copy}" in page for id, copy in one.examples)
    assert all(one.doubt.id in page for one in explained.report.doubts or ())


def test_a_harmless_pipeline_is_left_as_it_is_and_nothing_else_of_the_run_changes(tmp_path: Path) -> None:
    data = digits(tmp_path / "data", 70)
    (tmp_path / "own.yaml").write_text(
        "steps:\n  - Brightness: {factor: [0.97, 1.03]}\n  - Gamma: {power: [0.97, 1.03]}\n"
    )
    options = {"pipeline": str(tmp_path / "own.yaml"), "epochs": 10, "batch_size": 64, "input": (16, 16, 1)}
    train(settings(data, tmp_path / "run", **options))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    config = WhyConfig(run=tmp_path / "run", out=tmp_path / "out", skip_doubts=True, shuffles=199)
    one, other = why(config).report, why(config).report
    assert not one.findings
    assert one.pipeline == load(str(tmp_path / "own.yaml"))
    assert one.told()[1].startswith("No drawn number")
    assert one.described() | {"seconds": 0} == other.described() | {"seconds": 0}
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
    (tmp_path / "own.yaml").write_text("steps:\n  - Brightness: {factor: [0.9, 1.1]}\n")
    with pytest.raises(FileError, match="must be the pipeline that"):
        why(config)
    put(data / "3/more.png", np.full((8, 8), 90, np.uint8))
    with pytest.raises(FileError, match="must be the pictures that"):
        why(config)


def test_folds_are_explained_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "run/fold-1").mkdir(parents=True)
    (tmp_path / "run/folds.json").write_text("{}")
    with pytest.raises(FileError, match=r"must hold a run .* one by one: augkit why .*fold-1"):
        why(WhyConfig(run=str(tmp_path / "run")))


def test_what_cannot_be_explained_is_refused(tmp_path: Path) -> None:
    data = digits(tmp_path / "data", 12)
    with pytest.raises(FileError, match="must hold a run"):
        why(WhyConfig(run=tmp_path / "none"))
    train(settings(data, tmp_path / "run", pipeline="none", epochs=1, input=(16, 16, 1)))
    with pytest.raises(ArgumentError, match="must have learnt from augmented copies"):
        why(WhyConfig(run=tmp_path / "run"))
