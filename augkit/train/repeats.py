"""Repeated trainings and their comparison: with other seeds, and with other pipelines on the same seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

from scipy.stats import t as student_t

from augkit.core.arrays import JsonObject
from augkit.core.csv_cells import line_of
from augkit.core.text_files import bytes_of
from augkit.errors import ArgumentError
from augkit.pipeline import load
from augkit.storage.durable import replace_with
from augkit.train.results import Result
from augkit.train.tasks import TASKS
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import written

NONE = "none"
LEVEL = 0.95  # of intervals
JSON, CSV = "comparison.json", "comparison.csv"


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
    """Results of a pipeline, one for each seed, in order."""

    pipeline: str  # its name, or ``none``
    results: tuple[Result, ...]

    @property
    def headline(self) -> Spread:
        """The figure that stands for the whole."""
        return Spread.of([result.metrics["headline"]["value"] for result in self.results])

    def figures(self) -> dict[str, list[float]]:
        """Return the figure of every class and of the whole, a value for each seed; what is undefined is left out."""
        found = {"all": [result.metrics["headline"]["value"] for result in self.results]}
        task = TASKS[self.results[0].metrics["kind"]]
        each = [task.figures(result.metrics) for result in self.results]
        for name in each[0]:
            values = [value for figures in each if (value := figures[name]) is not None]
            if len(values) == len(each):
                found[name] = values
        return found


@dataclass(frozen=True)
class Difference:
    """Gain of one pipeline over another, over the same seeds."""

    name: str  # of a class, or ``all``
    before: float  # the mean with the first pipeline
    after: float  # with the other
    gain: float  # by how much that is better: of errors, less is
    spread: float | None  # half of the interval that holds the true gain with 95 % (Student's t); None for one seed

    @property
    def verdict(self) -> str:
        """Whether the other pipeline helped."""
        if self.spread is None:
            return "one seed tells nothing of chance"
        return "no difference to be told" if abs(self.gain) <= self.spread else "helped" if self.gain > 0 else "hurt"


def repeat(
    config: TrainConfig,
    seeds: int,
    pipelines: Sequence[str] | None,
    one: Callable[[TrainConfig], Result],
    check: Callable[[TrainConfig], object] = lambda config: None,
) -> list[Repeats]:
    """Train with each pipeline and each seed; the split, which has a seed of its own, is the same for all.

    Args:
        config: of the first; the runs lie in folders below its own: ``seed-0``, ``six/seed-0``.
        seeds: how many, from the configuration's own on.
        pipelines: names or files, or ``none``; None takes the configuration's own alone.
        one: does one training.
        check: is called with the first configuration of every pipeline before anything is trained, and raises what it
            finds.

    Raises:
        ArgumentError: two pipelines have one name, or there are none.
        AugkitError: a training cannot be done; those before are there when it is tried again.
    """
    if config.cache is True and config.may_freeze:
        config = config.replaced(cache=str(Path(config.out) / "features"))  # those not augmented are the same
    if pipelines is None:
        return [_repeated(config, config.pipeline or NONE, Path(config.out), seeds, one)]
    if config.pipeline is not None:
        raise ArgumentError("must not go with --pipeline. Name that one in --compare.", "compare")
    names = [Path(name).stem for name in pipelines]
    if len(set(names)) != len(names) or len(names) < 2:
        raise ArgumentError(f"must name two pipelines at least, each once, got {','.join(pipelines)}.", "compare")
    for name in pipelines:
        if name != NONE:
            load(name)  # or a spelling mistake would be found after hours
    each = [config.replaced(pipeline=None if pipeline == NONE else pipeline) for pipeline in pipelines]
    for own in each:
        check(own)
    return [_repeated(own, name, Path(config.out) / name, seeds, one) for own, name in zip(each, names, strict=True)]


def _repeated(
    config: TrainConfig, name: str, folder: Path, seeds: int, one: Callable[[TrainConfig], Result]
) -> Repeats:
    numbers = range(config.seed, config.seed + seeds)
    return Repeats(name, tuple(one(config.replaced(seed=seed, out=str(folder / f"seed-{seed}"))) for seed in numbers))


def differences(before: Repeats, after: Repeats) -> list[Difference]:
    """Return what the second pipeline changed: over all, then class by class."""
    first, second = before.figures(), after.figures()
    sign = -1.0 if TASKS[before.results[0].metrics["kind"]].is_less_better else 1.0
    return [_difference(name, first[name], second[name], sign) for name in first if name in second]


def _difference(name: str, before: Sequence[float], after: Sequence[float], sign: float) -> Difference:
    gains = [sign * (b - a) for a, b in zip(before, after, strict=True)]
    spread = None
    if len(gains) > 1:
        spread = float(student_t.ppf((1 + LEVEL) / 2, len(gains) - 1)) * stdev(gains) / math.sqrt(len(gains))
    return Difference(name, fmean(before), fmean(after), fmean(gains), spread)


def best(found: Sequence[Repeats]) -> Result:
    """Return the run to use: the one that did best on the pictures that choose, as those reported on choose nothing."""
    return max((result for one in found for result in one.results), key=lambda result: result.score)


def compared(found: Sequence[Repeats]) -> JsonObject:
    """Return all that came of them, as JSON holds it; differences are against the first."""
    runs = [
        {"pipeline": one.pipeline, **asdict(one.headline), "results": [asdict(result) for result in one.results]}
        for one in found
    ]
    told = {
        other.pipeline: [asdict(row) | {"verdict": row.verdict} for row in differences(found[0], other)]
        for other in found[1:]
    }
    return {"runs": runs, "differences": told, "best": best(found).out}


def write(folder: Path, found: Sequence[Repeats]) -> tuple[Path, Path]:
    """Write what came of them to the folder that holds theirs: all as JSON, the figures of each run as CSV."""
    lines = [line_of(["pipeline", "run", "name", "figure"])]
    for one in found:
        for name, values in one.figures().items():
            pairs = zip(one.results, values, strict=True)
            lines += [line_of([one.pipeline, result.out, name, value]) for result, value in pairs]
    files = {folder / CSV: "".join(lines), folder / JSON: json.dumps(compared(found), indent=2) + "\n"}
    for path, content in files.items():
        with written(path):
            folder.mkdir(parents=True, exist_ok=True)
            replace_with(path, bytes_of(content))
    return folder / JSON, folder / CSV
