"""Measure what early stopping saves, and what it costs: the same trainings with the default patience and with none.

Both arms of a pair have the seed, the pictures and the settings in common, and are the same to the bit until one of
them ends; both keep the epoch that is best on the pictures that choose. Seconds are those of a processor, for the whole
run with its report; accuracy is that of pictures that chose nothing.

- digits, mnist, fashion: `lenet` from scratch, 60 epochs of 50 pictures a class (30 of the digits), and 10 that choose.
- stamps: the default, a head on frozen features; an eighth of the pictures that are not tested choose.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from augkit.train import TrainConfig, train
from benchmarks.sets import Absent, Labelled, Parts, digits, fashion, lay, mnist
from benchmarks.trials import TRIALS

__all__ = ["measure", "table"]

SEEDS = 3
CHOOSING = 10  # of a class
TESTED = 2000
ARMS: Mapping[str, Mapping[str, Any]] = {"patience": {}, "to the end": {"patience": 0}}


@dataclass(frozen=True)
class Kind:
    """A training, by the name of its pictures and its settings."""

    pictures: str
    options: Mapping[str, Any]


_SCRATCH = {"epochs": 60, "model": "lenet"}
KINDS = {
    "default, stamps": Kind("stamps", {}),
    "lenet, digits": Kind("digits", _SCRATCH),
    "lenet, fashion": Kind("fashion", _SCRATCH),
    "lenet, mnist": Kind("mnist", {**_SCRATCH, "pipeline": "digits"}),
}


def measure(kinds: Mapping[str, Kind] = KINDS, seeds: int = SEEDS) -> dict[str, Any]:
    """Return, by kind and arm, epochs, seconds and accuracy, and the differences of the pairs."""
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, kind in kinds.items():
        try:
            found[name] = _pairs(name, kind, seeds)
        except Absent as fault:
            absent[name] = str(fault)
            print(f"!!! {name}: NOT MEASURED. {fault}", flush=True)
    return {"question": (__doc__ or "").splitlines()[0], "kinds": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'':24}{'epochs':>12}{'seconds':>16}{'accuracy':>18}{'lost, points':>14}"]
    for name, kind in found["kinds"].items():
        early, late = (kind[arm] for arm in ARMS)
        epochs, seconds, accuracy = (
            f"{early[figure]:.1f} of {late[figure]:.1f}" for figure in ("epochs", "seconds", "accuracy")
        )
        lines.append(f"{name:24}{epochs:>12}{seconds:>16}{accuracy:>18}{kind['lost']:>8.2f} +- {kind['error']:.2f}")
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _pairs(name: str, kind: Kind, seeds: int) -> dict[str, Any]:
    runs: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    if kind.pictures == "stamps":  # or the arm that comes first would pay for the features of both
        lay(work / "first", _parts(kind.pictures, 0))
        train(TrainConfig(data=str(work / "first"), out=str(work / "run"), epochs=1, cache=str(work / "features")))
    try:
        for seed in range(seeds):
            lay(work / f"data-{seed}", _parts(kind.pictures, seed))
            for arm, options in ARMS.items():
                began = time.process_time()
                given = {"seed": seed, "threads": 1, "checkpoint_seconds": 3600.0, **kind.options, **options}
                if kind.pictures == "stamps":
                    given["cache"] = str(work / "features")
                result = train(TrainConfig(data=str(work / f"data-{seed}"), out=str(work / f"{arm}-{seed}"), **given))
                seconds = time.process_time() - began
                figures = {"epochs": result.epochs, "seconds": seconds, "accuracy": 100 * result.metrics["accuracy"]}
                runs[arm].append(figures)
                print(f"{name}, seed {seed}, {arm}: { ({it: round(value, 2) for it, value in figures.items()}) }")
    finally:
        shutil.rmtree(work)
    early, late = ([run["accuracy"] for run in runs[arm]] for arm in ARMS)
    lost = [after - before for before, after in zip(early, late, strict=True)]
    means = {
        arm: {figure: round(statistics.fmean(run[figure] for run in some), 2) for figure in some[0]}
        for arm, some in runs.items()
    }
    error = statistics.stdev(lost) / len(lost) ** 0.5 if len(lost) > 1 else 0.0
    losses = {"lost": round(statistics.fmean(lost), 2), "error": round(error, 2)}
    return means | losses | {"seeds": seeds, "each": [round(value, 2) for value in lost]}


def _parts(pictures: str, seed: int) -> Parts:
    if pictures == "stamps":
        return TRIALS["stamps"].parts(seed)
    if pictures == "fashion":
        learnt, tested = fashion()
        return _few(learnt, 50, seed) | {"test": (tested, np.arange(TESTED))}
    known, each = (digits(), 30) if pictures == "digits" else (mnist(), 50)
    few = _few(known, each, seed)
    rest = np.setdiff1d(np.arange(len(known.labels)), np.concatenate([places for _, places in few.values()]))
    return few | {"test": (known, np.random.default_rng(0).permutation(rest)[:TESTED])}


def _few(known: Labelled, each: int, seed: int) -> dict[str, tuple[Labelled, Any]]:
    drawn = known.few(np.arange(len(known.labels)), each + CHOOSING, np.random.default_rng(seed))
    drawn = drawn.reshape(-1, each + CHOOSING)
    return {"train": (known, drawn[:, :each].ravel()), "val": (known, drawn[:, each:].ravel())}
