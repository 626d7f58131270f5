"""Measure what `augkit train` reaches with its defaults on few pictures of several kinds, beside tuned baselines.

No option is given but the seed and one thread, so that all is found out by the recipe. Each set is laid into class
folders below a folder for each split; what is reported on chooses nothing. The default has pictures beside those it
learns from to choose by, five of a class at most; baselines, which choose by cross-validation, learn from these too.

- fashion 20, 50, 100: Fashion-MNIST, so many of each class; 2,000 of its test part.
- digits, mnist: ten of each class.
- cut-outs: Tux Paint's stamps in twelve themes on white paper, five folds of which every picture is reported on once.
- icons: of thirteen makers, 64 pixels, in the package `diagrams`.

Baselines: a support vector machine on histograms of oriented gradients, its C and gamma by cross-validation, for grey
pictures; logistic regression on the pretrained features, as the run itself reports it, for colour.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.train import TrainConfig, train
from benchmarks.sets import Absent, Labelled, Parts, digits, fashion, icons, lay, mnist, themes

__all__ = ["measure", "table"]

CHOOSING = 5  # of a class, at most
TESTED = 2000
FOLDS = 5
CELL = 4  # pixels of the histograms
DEFAULT, SVM, LOGISTIC = "default", "HOG and SVM", "logistic regression"


@dataclass(frozen=True)
class Kind:
    """A set of pictures: its parts by the seed, and the accuracy that the default must reach, in per cent."""

    parts: Callable[[int], Parts]
    goal: float | None
    is_grey: bool
    seeds: int = 1


def _few_of_fashion(each: int) -> Callable[[int], Parts]:
    def parts(seed: int) -> Parts:
        learnt, tested = fashion()
        return _few(learnt, each, seed) | {"test": (tested, np.arange(TESTED))}

    return parts


def _few(known: Labelled, each: int, seed: int) -> dict[str, tuple[Labelled, NDArray[np.int64]]]:
    drawn = known.few(np.arange(len(known.labels)), each + CHOOSING, np.random.default_rng(seed))
    drawn = drawn.reshape(-1, each + CHOOSING)
    return {"train": (known, drawn[:, :each].ravel()), "val": (known, drawn[:, each:].ravel())}


def _ten(read: Callable[[], Labelled]) -> Callable[[int], Parts]:
    def parts(seed: int) -> Parts:
        known = read()
        few = _few(known, 10, seed)
        used = np.concatenate([places for _, places in few.values()])
        rest = np.setdiff1d(np.arange(len(known.labels)), used)
        return few | {"test": (known, np.random.default_rng(0).permutation(rest)[:TESTED])}

    return parts


def _folded(read: Callable[[], Labelled]) -> Callable[[int], Parts]:
    def parts(seed: int) -> Parts:
        from sklearn.model_selection import StratifiedKFold, train_test_split

        known = read()
        folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(known.labels, known.labels))
        rest, tested = folds[seed % FOLDS]
        learnt, choosing = train_test_split(rest, test_size=1 / 8, stratify=known.labels[rest], random_state=seed)
        return {"train": (known, learnt), "val": (known, choosing), "test": (known, tested)}

    return parts


KINDS = {
    "digits": Kind(_ten(digits), 97.0, True),
    "mnist": Kind(_ten(mnist), 95.0, True),
    "fashion 20": Kind(_few_of_fashion(20), 79.0, True),
    "fashion 50": Kind(_few_of_fashion(50), 82.0, True),
    "fashion 100": Kind(_few_of_fashion(100), 84.5, True),
    "cut-outs": Kind(_folded(themes), 82.0, False, FOLDS),
    "icons": Kind(_folded(icons), None, False),
}


def measure(kinds: Mapping[str, Kind] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them; `options` are settings of all trainings."""
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, kind in (KINDS if kinds is None else kinds).items():
        try:
            found[name] = _run(name, kind, options)
        except Absent as fault:
            absent[name] = str(fault)
            print(f"!!! {name}: NOT MEASURED. {fault}", flush=True)
    return {"question": (__doc__ or "").splitlines()[0], "kinds": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, kind in found["kinds"].items():
        counts = ", ".join(f"{count:,} {role}" for role, count in kind["pictures"].items())
        lines.append(f"{name}: {counts}; {kind['runs']} runs, {kind['minutes']} minutes each; {kind['model']}")
        lines += [f"  {contender:24}{value:6.2f} %" for contender, value in kind["accuracy"].items()]
        if kind["goal"] is not None:
            lines.append(f"  goal {kind['goal']:.1f} %: {'met' if kind['is_met'] else 'MISSED'}")
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _run(name: str, kind: Kind, options: Mapping[str, Any]) -> dict[str, Any]:
    accuracy: dict[str, list[float]] = {}
    minutes: list[float] = []
    told: dict[str, Any] = {}
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        for seed in range(kind.seeds):
            parts, own = kind.parts(seed), work / str(seed)
            lay(own / "data", parts)
            began = time.perf_counter()
            settings = {"seed": seed, "threads": 1, "cache": str(work / "features"), **options}
            said: list[str] = []
            result = train(TrainConfig(data=str(own / "data"), out=str(own / "run"), **settings), tell=said.append)
            minutes.append((time.perf_counter() - began) / 60)
            told = {"pictures": result.pictures, "model": next(line for line in said if line.startswith("Pictures of"))}
            accuracy.setdefault(DEFAULT, []).append(100 * result.metrics["accuracy"])
            for entry in result.metrics["baselines"]:
                if entry["name"] == LOGISTIC:
                    accuracy.setdefault(LOGISTIC, []).append(100 * entry["headline"]["value"])
            if kind.is_grey:
                accuracy.setdefault(SVM, []).append(100 * _machine(parts))
            print(
                f"{name}, seed {seed}: { ({it: round(values[-1], 2) for it, values in accuracy.items()}) }", flush=True
            )
    finally:
        shutil.rmtree(work)
    means = {it: round(statistics.fmean(values), 2) for it, values in accuracy.items()}
    return told | {
        "runs": kind.seeds,
        "minutes": round(statistics.fmean(minutes), 1),
        "accuracy": means,
        "accuracies": {it: [round(value, 2) for value in values] for it, values in accuracy.items()},
        "goal": kind.goal,
        "is_met": kind.goal is None or means[DEFAULT] >= kind.goal,
    }


def _machine(parts: Parts) -> float:
    """Return the accuracy of a support vector machine on histograms of oriented gradients, chosen by five folds."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    known = parts["train"][0]
    learnt = np.concatenate([parts["train"][1], parts["val"][1]])
    grid = {"svc__C": [1, 3, 10, 30], "svc__gamma": ["scale", 3e-4, 1e-3, 3e-3]}
    model = GridSearchCV(make_pipeline(StandardScaler(), SVC()), grid, cv=3)
    model.fit(_histograms(known, learnt), known.labels[learnt])
    tested, places = parts["test"]
    return float(model.score(_histograms(tested, places), tested.labels[np.asarray(places)]))


def _histograms(known: Labelled, places: Any) -> NDArray[np.float64]:
    from skimage.feature import hog

    cell = min(CELL, len(known.images[0]) // 4)
    return np.stack(
        [
            hog(known.images[place], orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2))
            for place in places
        ]
    )
