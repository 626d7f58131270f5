"""Measure what is kept of folds: the mean of their networks, and one that learns from all pictures (`--final retrain`).

Five folds divide the pictures that are not tested. Both ends come of the same folds, and are asked for the same tested
pictures, which neither saw; beside them stands what the folds said of themselves before, and the mean of a single one.
Seconds are those of a processor for all tested pictures, and of the training that `retrain` needs beside the folds'.

- cut-outs: the default, a head on frozen features, of twelve themes; what is tested is a fifth.
- digits, clothes: `lenet` from scratch, 60 epochs, of 40 pictures a class.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from augkit.train import TrainConfig, predict, train
from augkit.train.files.artefact import load
from benchmarks.sets import Absent, Labelled, Places, digits, fashion, lay, themes

__all__ = ["measure", "table"]

FOLDS, SEEDS, EACH, TESTED, SHARE = 5, 3, 40, 1000, 5
ENDS: tuple[Literal["ensemble", "retrain"], ...] = ("ensemble", "retrain")
SINGLE, TOLD = "one fold", "told by the folds"


@dataclass(frozen=True)
class Kind:
    """A training by folds: known pictures and those to test with, by the seed, and its settings."""

    parts: Callable[[int], tuple[tuple[Labelled, Places], tuple[Labelled, Places]]]
    options: Mapping[str, Any]


def _cut_outs(seed: int) -> tuple[tuple[Labelled, Places], tuple[Labelled, Places]]:
    known = themes()
    drawn = np.random.default_rng(seed).permutation(len(known.labels))
    count = len(drawn) // SHARE
    return (known, drawn[count:]), (known, drawn[:count])


def _digits(seed: int) -> tuple[tuple[Labelled, Places], tuple[Labelled, Places]]:
    known, random = digits(), np.random.default_rng(seed)
    few = known.few(np.arange(len(known.labels)), EACH, random)
    return (known, few), (known, random.permutation(np.setdiff1d(np.arange(len(known.labels)), few))[:TESTED])


def _clothes(seed: int) -> tuple[tuple[Labelled, Places], tuple[Labelled, Places]]:
    known, tested = fashion()
    few = known.few(np.arange(len(known.labels)), EACH, np.random.default_rng(seed))
    return (known, few), (tested, np.arange(TESTED))


_SCRATCH = {"model": "lenet", "epochs": 60}
KINDS = {
    "cut-outs": Kind(_cut_outs, {}),
    "digits": Kind(_digits, _SCRATCH),
    "clothes": Kind(_clothes, _SCRATCH),
}


def measure(kinds: Mapping[str, Kind] = KINDS, seeds: int = SEEDS) -> dict[str, Any]:
    """Return, by kind, the accuracy of each end, and what retraining gained."""
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, kind in kinds.items():
        work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
        try:
            found[name] = _summed(seeds, [_ends(name, kind, seed, work) for seed in range(seeds)])
        except Absent as fault:
            absent[name] = str(fault)
            print(f"!!! {name}: NOT MEASURED. {fault}", flush=True)
        finally:
            shutil.rmtree(work)
    return {"question": (__doc__ or "").splitlines()[0], "kinds": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, kind in found["kinds"].items():
        told = ", ".join(f"{end} {kind['accuracy'][end]:.2f} %" for end in kind["accuracy"])
        gain = f"{kind['gain']:+.2f} +- {kind['error']:.2f} points by retraining"
        asked = ", ".join(f"{end} {kind['seconds_to_answer'][end]:.2f} s" for end in ENDS)
        lines += [f"{name}, {kind['seeds']} seeds: {told}", f"  {gain}; to answer: {asked}"]
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _ends(name: str, kind: Kind, seed: int, work: Path) -> dict[str, dict[str, float]]:
    known, tested = kind.parts(seed)
    data, out, asked = (work / f"{what}-{seed}" for what in ("data", "run", "asked"))
    lay(data, {"train": known})
    lay(asked, {"test": tested})
    settings = {"seed": seed, "threads": 1, "folds": FOLDS, "checkpoint_seconds": 3600.0, **kind.options}
    if not kind.options:
        settings["cache"] = str(work / "features")
    accuracy: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for end in ENDS:
        result = train(TrainConfig(data=str(data / "train"), out=str(out), final=end, **settings))
        accuracy[TOLD] = 100 * result.metrics["accuracy"]
        accuracy[end], seconds[end] = _judged(out, asked / "test")
    accuracy[SINGLE] = statistics.fmean(
        _judged(out / f"fold-{fold}", asked / "test")[0] for fold in range(1, FOLDS + 1)
    )
    print(f"{name}, seed {seed}: { ({it: round(value, 2) for it, value in accuracy.items()}) }", flush=True)
    return {"accuracy": accuracy, "seconds": seconds}


def _judged(run: Path, asked: Path) -> tuple[float, float]:
    """Return how many of some pictures a network names rightly, in per cent, and the seconds that it takes."""
    artefact, began = load(run), time.process_time()
    right = []
    for row in predict(artefact, asked):
        assert row.answers is not None
        right.append(artefact.task.names[int(row.answers.argmax())] == Path(row.path).parent.name)
    return 100 * statistics.fmean(right), time.process_time() - began


def _summed(seeds: int, runs: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    gains = [run["accuracy"]["retrain"] - run["accuracy"]["ensemble"] for run in runs]
    ends = (*ENDS, SINGLE, TOLD)
    return {
        "seeds": seeds,
        "accuracy": {end: round(statistics.fmean(run["accuracy"][end] for run in runs), 2) for end in ends},
        "accuracies": {end: [round(run["accuracy"][end], 2) for run in runs] for end in ends},
        "gain": round(statistics.fmean(gains), 2),
        "error": round(statistics.stdev(gains) / len(gains) ** 0.5, 2) if len(gains) > 1 else 0.0,
        "seconds_to_answer": {end: round(statistics.fmean(run["seconds"][end] for run in runs), 2) for end in ENDS},
    }
