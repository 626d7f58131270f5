"""Trials of networks that say something of every place: the same pictures learnt with and without augmentation.

Everything is done as a user does it, by `augkit.train.train` with its own defaults but for what a benchmark says, and
on one thread. Seconds are of the processor: others may be at work.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from augkit.train import TrainConfig, train
from benchmarks.sets import Absent

__all__ = ["NONE", "Trial", "lines_of", "measured", "summary"]

NONE = "none"  # the contender without augmentation
_NAMES = ("trial", "contender")
Row = dict[str, Any]  # of one training: its trial, contender and seed, and its figures


@dataclass(frozen=True)
class Trial:
    """Pictures, and what they are augmented by."""

    lay: Callable[[Path, int], Path]  # writes the data set of a seed into a folder, and returns what to train on
    pipeline: str  # a name, or a file
    settings: Mapping[str, Any]  # of both contenders
    plain: Mapping[str, Any] = field(default_factory=dict)  # of the one without augmentation alone


def measured(
    trials: Mapping[str, Trial],
    figures: Sequence[str],
    of_class: str,
    seeds: Sequence[int],
    wanted: Collection[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    after: Callable[[Path, Path], Row] = lambda run, data: {},
) -> tuple[list[Row], dict[str, str]]:
    """Train every contender with every seed, and return a row of each training, and why trials are absent.

    Args:
        trials: by name.
        figures: names of metrics that are kept of a training.
        of_class: so too, of what is kept of each class.
        seeds: of the data set, and of the training.
        wanted: names of trials; None takes all.
        settings: of all contenders, before those of a trial.
        after: is given a training's folder and its data set, and returns further figures.
    """
    rows, absent = list[Row](), dict[str, str]()
    for name, trial in trials.items():
        if wanted is not None and name not in wanted:
            continue
        try:
            for seed in seeds:
                with tempfile.TemporaryDirectory(prefix="augkit-bench-") as work:
                    (folder := Path(work) / "data").mkdir()
                    data = trial.lay(folder, seed)
                    for contender in (NONE, Path(trial.pipeline).stem):
                        pipeline = NONE if contender == NONE else trial.pipeline
                        out = Path(work) / f"run {contender}"
                        own = trial.plain if contender == NONE else {}
                        options = {"threads": 1, **(settings or {}), **trial.settings, **own}
                        config = TrainConfig(data=str(data), out=str(out), pipeline=pipeline, seed=seed, **options)
                        row = {
                            "trial": name,
                            "contender": contender,
                            "seed": seed,
                            **_trained(config, figures, of_class),
                        }
                        rows.append(row | after(out, data))
                        print(rows[-1], flush=True)
        except Absent as fault:
            absent[name] = str(fault)
    return rows, absent


def summary(question: str, rows: Sequence[Row], absent: Mapping[str, str], figures: Sequence[str]) -> dict[str, Any]:
    """Return rows of trainings as JSON holds them, with the mean of each figure over the seeds, and what was gained.

    A gain is that of the augmented contender over the other, of the first figure, seed by seed.
    """
    trials: dict[str, Any] = {}
    for name in dict.fromkeys(row["trial"] for row in rows):
        mine = [row for row in rows if row["trial"] == name]
        contenders = dict.fromkeys(row["contender"] for row in mine)
        told = {one: _means([row for row in mine if row["contender"] == one], figures) for one in contenders}
        first, *others = ([row[figures[0]] for row in told[one]["runs"]] for one in contenders)
        gains = [round(new - old, 4) for other in others for old, new in zip(first, other, strict=True)]
        spread = {"std": round(statistics.stdev(gains), 4)} if len(gains) > 1 else {}
        trials[name] = told | {"gain": {"mean": round(statistics.fmean(gains), 4), **spread, "of_seeds": gains}}
    return {"question": question, "trials": trials, "absent": dict(absent)}


def lines_of(found: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """Return a summary as a small table; `figures` says what each share is called."""
    lines = [found["question"]]
    for name, trial in found["trials"].items():
        gain = trial["gain"]
        for contender, of in trial.items():
            if contender != "gain":
                told = ", ".join(f"{words} {100 * of[key]:5.1f} %" for key, words in figures.items() if key in of)
                lines.append(f"{name:8} {contender:10} {told}, {of['processor_seconds']:.0f} s of a processor")
        ends = ", ".join(f"{100 * one:+.1f}" for one in gain["of_seeds"])
        lines.append(f"{name:8} gained     {100 * gain['mean']:+.1f} points (seed by seed {ends})")
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _trained(config: TrainConfig, figures: Sequence[str], of_class: str) -> Row:
    began = time.process_time()
    result = train(config)
    seconds, metrics = time.process_time() - began, result.metrics
    return {
        **{name: round(metrics[name], 4) for name in figures},
        "interval": [round(metrics["headline"][end], 4) for end in ("low", "high")],
        "baselines": {row["name"]: round(row["headline"]["value"], 4) for row in metrics["baselines"]},
        "per_class": {row["name"]: _shortened(row[of_class]) for row in metrics["per_class"]},
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "pictures": dict(result.pictures),
        "processor_seconds": round(seconds, 1),
    }


def _shortened(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _means(runs: Sequence[Row], figures: Sequence[str]) -> dict[str, Any]:
    also = [key for key in runs[0] if key not in figures and isinstance(runs[0][key], float)]
    known = {key: [run[key] for run in runs if key in run] for key in (*figures, *also)}
    means = {key: round(statistics.fmean(values), 4) for key, values in known.items() if len(values) == len(runs)}
    return means | {"runs": [{key: value for key, value in run.items() if key not in _NAMES} for run in runs]}
