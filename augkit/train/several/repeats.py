"""Repeated trainings and their comparison: with other seeds, and with one option changed on the same seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

from augkit.core.arrays import JsonObject
from augkit.core.csv_cells import line_of
from augkit.core.text_files import bytes_of
from augkit.errors import ArgumentError
from augkit.pipeline import load
from augkit.storage.durable import replace_with
from augkit.train.comparison.arms import DATA, NONE, PIPELINE, Arm, arms_of
from augkit.train.comparison.comparison_page import ArmFacts, ComparisonFacts, comparison_page
from augkit.train.comparison.outcomes import OUTCOMES, Outcomes, read
from augkit.train.comparison.turned import turned
from augkit.train.comparison.verdicts import Difference, Repeated, differences
from augkit.train.results import Result
from augkit.train.several.turned_pictures import answers_of, galleries, pictures_of
from augkit.train.tasks import TASKS
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import written

JSON, CSV, PAGE = "comparison.json", "comparison.csv", "comparison.html"
HELPED, BETTER = ("helped", "hurt"), ("better", "worse")


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds: its mean, and its standard deviation, or None for one seed."""

    mean: float
    std: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some values, one at least.

        >>> Spread.of([1.0, 3.0])
        Spread(mean=2.0, std=1.4142135623730951)
        """
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Repeats:
    """Results of one way to train, one for each seed, in order."""

    name: str  # of its pipeline, or ``none``; or the value of the option that is compared
    results: tuple[Result, ...]
    option: str = PIPELINE  # that differs between ways

    @property
    def headline(self) -> Spread:
        """The figure that stands for the whole."""
        return Spread.of([result.metrics["headline"]["value"] for result in self.results])

    def folders(self) -> list[Path]:
        """Return the folders of all runs, in order: one of each seed, or one of each of its folds."""
        return [folder for result in self.results for folder in _folders(result)]

    def outcomes(self) -> Repeated:
        """Return what every picture said of every run, from the runs' folders, or raise FileError."""
        runs, pictures = tuple(map(read, self.folders())), self.results[0].pictures
        folds = len(runs) // len(self.results)
        share = 1 / (folds - 1) if folds > 1 else pictures["test"] / max(pictures["train"], 1)
        return Repeated(self.name, runs, share)


def _folders(result: Result) -> list[Path]:
    """Return the folders of a result's runs: one, or one for each fold."""
    out = Path(result.out)
    folds = sorted(out.glob(f"fold-*/{OUTCOMES}"), key=lambda path: int(path.parent.name.partition("-")[2]))
    return [path.parent for path in folds] or [out]


def repeat(
    config: TrainConfig,
    seeds: int,
    compare: Sequence[str] | None,
    one: Callable[[TrainConfig], Result],
    check: Callable[[TrainConfig], Sequence[str] | None] = lambda config: None,
    new_splits: bool = False,
) -> list[Repeats]:
    """Train in each way with each seed; the split, which has a seed of its own, is the same for all.

    Args:
        config: of the first; the runs lie in folders below its own: ``seed-0``, ``six/seed-0``.
        seeds: how many, from the configuration's own on.
        compare: names or files of pipelines, or ``none``; or values of another option, as ``model=lenet`` and
            ``resnet18``; None takes the configuration's own way alone.
        one: does one training.
        check: is called with the first configuration of every way before anything is trained, and raises what it finds;
            it may return the ids of the pictures that are reported on.
        new_splits: give every seed a split of its own, where the data set has none.

    Raises:
        ArgumentError: two ways have one name, or there are none, or they would be judged by other pictures.
        AugkitError: a training cannot be done; those before are there when it is tried again.
    """
    if compare is None:
        return [_repeated(Arm(config.pipeline or NONE, config), PIPELINE, Path(config.out), seeds, one, new_splits)]
    option, arms = arms_of(config, compare)
    if option == PIPELINE:
        for name in compare:
            if name != NONE:
                load(name)  # or a spelling mistake would be found after hours
    _require_same_pictures(option, {arm.name: check(arm.config) for arm in arms})
    return [_repeated(arm, option, Path(config.out) / arm.name, seeds, one, new_splits) for arm in arms]


def _require_same_pictures(option: str, reported: dict[str, Sequence[str] | None]) -> None:
    """Check that data sets are judged by pictures of the same ids, as gains are those of a picture."""
    first, *others = [set(ids) for ids in reported.values() if ids is not None] or [set[str]()]
    least = min((len(first & other) for other in others), default=1)
    if option == DATA and not least:
        advice = "Give them a test split of the same pictures, such as with --split FILE."
        raise ArgumentError(f"must be data sets with test pictures in common, got none. {advice}", "compare")


def _repeated(
    arm: Arm, option: str, folder: Path, seeds: int, one: Callable[[TrainConfig], Result], new_splits: bool
) -> Repeats:
    return Repeats(arm.name, tuple(one(own) for own in _configs(arm.config, folder, seeds, new_splits)), option)


def _configs(config: TrainConfig, folder: Path, seeds: int, new_splits: bool) -> Iterator[TrainConfig]:
    if config.cache is True and config.may_freeze:
        config = config.replaced(cache=str(Path(config.out) / "features"))  # those not augmented are the same
    for number in range(seeds):
        seed = config.seed + number
        split_seed = config.split_seed + number * new_splits
        yield config.replaced(seed=seed, split_seed=split_seed, out=str(folder / f"seed-{seed}"))


def gains(found: Sequence[Repeats]) -> dict[str, list[Difference]]:
    """Return what each way changed against the first: over all, then class by class, judged together."""
    first, *others = found
    task = TASKS[first.results[0].metrics["kind"]]
    words = HELPED if first.option == PIPELINE else BETTER
    return differences(first.outcomes(), [other.outcomes() for other in others], task.is_less_better, words)


def best(found: Sequence[Repeats]) -> Result:
    """Return the run to use: the one that did best on the pictures that choose, as those reported on choose nothing."""
    return max((result for one in found for result in one.results), key=lambda result: result.score)


def compared(found: Sequence[Repeats], told: dict[str, list[Difference]]) -> JsonObject:
    """Return all that came of them, as JSON holds it; differences are against the first."""
    runs = [
        {one.option: one.name, **asdict(one.headline), "results": [asdict(result) for result in one.results]}
        for one in found
    ]
    rows = {name: [asdict(row) for row in rows] for name, rows in told.items()}
    return {"runs": runs, "differences": rows, "best": best(found).out}


def write(config: TrainConfig, found: Sequence[Repeats], told: dict[str, list[Difference]], words: str) -> list[Path]:
    """Write what came of them to the folder that holds theirs, and return the files, the one to open first.

    All as JSON, the figures of each run as CSV, and, where ways were compared, a page, which tells `words`: the command
    that does it again.
    """
    folder = Path(config.out)
    lines = [line_of([found[0].option, "run", "name", "figure"])]
    for one in found:
        for run in one.folders():
            lines += [line_of([one.name, str(run), *row]) for row in _figures(read(run))]
    files = {CSV: bytes_of("".join(lines)), JSON: bytes_of(json.dumps(compared(found, told), indent=2) + "\n")}
    if told:
        files[PAGE] = comparison_page(_facts(config, found, told, words))
    for name, content in files.items():
        with written(folder / name):
            folder.mkdir(parents=True, exist_ok=True)
            replace_with(folder / name, content)
    return [folder / name for name in reversed(files)]


def _figures(run: Outcomes) -> Iterator[tuple[str, float]]:
    return ((name, figure.value) for name, figure in run.figures.items())


def _facts(
    config: TrainConfig, found: Sequence[Repeats], told: dict[str, list[Difference]], words: str
) -> ComparisonFacts:
    first, *others = found
    headline = first.results[0].metrics["headline"]
    turns = {one.name: turned(first.outcomes(), one.outcomes()) for one in others}
    picture, said = pictures_of(config), {one.name: answers_of(one.folders()) for one in found}
    arms = [
        ArmFacts(
            one.name,
            *(one.headline.mean, one.headline.std),
            [(result.out, result.metrics["headline"]["value"]) for result in one.results],
        )
        for one in found
    ]
    return ComparisonFacts(
        title=Path(config.out).absolute().name,
        option=found[0].option,
        figure=headline["name"],
        is_fraction=headline["is_fraction"],
        arms=arms,
        differences=told,
        best=best(found).out,
        has_splits=len({run.units for run in found[0].outcomes().runs}) > 1,
        command=words,
        turned=turns,
        galleries={name: galleries(one, said[first.name], said[name], picture) for name, one in turns.items()},
    )
