"""Measure what `augkit train` reaches with its defaults on few pictures of several kinds, beside tuned baselines.

No option is given but the seed and one thread, so that all is found out by the recipe. Each set is laid into class
folders below a folder for each split; what is reported on chooses nothing. The default has pictures beside those it
learns from to choose by, five of a class at most; baselines, which choose by cross-validation, learn from these too.
AUGKIT_DEFAULTS names kinds, such as ``digits,mnist``; the others keep the figures that they have.

- digits, mnist: ten of each class. fashion 20, 50, 100: Fashion-MNIST, so many of each class.
- cut-outs: Tux Paint's stamps in twelve themes on white paper, five folds of which every picture is reported on once.
- icons: of thirteen groups, 64 pixels with alpha, by two makers, two of five folds; variations of an emoji are in one.
- icons by theme: of thirteen themes that words part rather than looks, without variations.
- makers' icons: thirteen makers of software, told by their style, of the package `diagrams`.
- tiny, faces, strips, letters, noisy, one bit, grey icons of 16 and of 48 pixels, wide cut-outs: see `other_kinds`.
- three: three pictures a class of cut-outs, and of digits.
- many: 120 emoji, each as two makers draw it to learn from, a third's to choose by, reported on a fourth's.
- one in twenty: two classes of 200 and 10, by balanced accuracy.

Baselines: a support vector machine on histograms of oriented gradients and, of pictures in colour, the mean colours of
6 x 6 cells, its C and gamma by cross-validation; the linear model that the run itself reports, on the pretrained
features or on edges.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.images.network_input import opaque
from augkit.train import TrainConfig, train
from benchmarks import emoji, other_kinds
from benchmarks.sets import BEHIND, Absent, Labelled, Parts, digits, fashion, icons, lay, mnist, themes

__all__ = ["measure", "table"]

KINDS_WANTED = "AUGKIT_DEFAULTS"  # the environment variable that names some
KEPT = Path(__file__).parent / "results" / "defaults.json"
CHOOSING = 5  # of a class, at most
TESTED = 2000
FOLDS, FEW_FOLDS, SEEDS, FEW_SEEDS = 5, 2, 5, 3
LOOKED_AT, COLOURS = 64, 6  # pixels of the square that machines see of colour pictures; and cells of it, a side
PENALTIES, GAMMAS = (1, 3, 10, 30), (3e-4, 1e-3, 3e-3)
CELL, CELLS = 4, 16  # pixels of the histograms, at least, and how many there are along the shorter side at most
ACCURACY, BALANCED = "accuracy", "balanced_accuracy"
DEFAULT, SVM, LOGISTIC = "default", "HOG and SVM", "logistic regression"


@dataclass(frozen=True)
class Kind:
    """A set of pictures: its parts by the seed, and the accuracy that the default must reach, in per cent."""

    parts: Callable[[int], Parts]
    goal: float | None
    seeds: int = 1
    figure: str = ACCURACY


def _few_of_fashion(each: int) -> Callable[[int], Parts]:
    def parts(seed: int) -> Parts:
        learnt, tested = fashion()
        return _few(learnt, each, seed) | {"test": (tested, np.arange(TESTED))}

    return parts


def _few(known: Labelled, each: int, seed: int, choosing: int = CHOOSING) -> dict[str, tuple[Labelled, Any]]:
    drawn = known.few(np.arange(len(known.labels)), each + choosing, np.random.default_rng(seed))
    drawn = drawn.reshape(-1, each + choosing)
    return {"train": (known, drawn[:, :each].ravel()), "val": (known, drawn[:, each:].ravel())}


def _of_each(read: Callable[[], Labelled], each: int, choosing: int = CHOOSING, most: int = TESTED) -> Any:
    def parts(seed: int) -> Parts:
        known = read()
        few = _few(known, each, seed, choosing)
        used = np.concatenate([places for _, places in few.values()])
        rest = np.setdiff1d(np.arange(len(known.labels)), used)
        return few | {"test": (known, np.random.default_rng(0).permutation(rest)[:most])}

    return parts


def _folded(read: Callable[[], Labelled]) -> Callable[[int], Parts]:
    return _grouped(lambda: (read(), ()))


def _grouped(read: Callable[[], tuple[Labelled, tuple[str, ...]]]) -> Callable[[int], Parts]:
    """Return parts by folds that keep groups together; without groups, each picture is one."""

    def parts(seed: int) -> Parts:
        from sklearn.model_selection import StratifiedGroupKFold

        known, names = read()
        groups = np.array(names) if names else np.arange(len(known.labels))

        def cut(places: NDArray[np.int64], count: int, fold: int, random: int) -> Any:
            made = StratifiedGroupKFold(count, shuffle=True, random_state=random)
            found = list(made.split(places, known.labels[places], groups[places]))[fold]
            return tuple(places[some] for some in found)

        rest, tested = cut(np.arange(len(known.labels)), FOLDS, seed % FOLDS, 0)
        learnt, choosing = cut(rest, 8, 0, seed)
        return {"train": (known, learnt), "val": (known, choosing), "test": (known, tested)}

    return parts


def _many(seed: int) -> Parts:
    known = emoji.makers(("twitter", "google", "facebook", "apple"))
    count = emoji.NAMES
    places = np.arange(4 * count)
    return {"train": (known, places[: 2 * count]), "val": (known, places[2 * count : 3 * count])} | {
        "test": (known, places[3 * count :])
    }


def _uneven(seed: int) -> Parts:
    known, random = other_kinds.fives(), np.random.default_rng(seed)
    threes, fives = (random.permutation(np.flatnonzero(known.labels == label)) for label in (0, 1))
    return {
        "train": (known, np.concatenate([threes[:200], fives[:10]])),
        "val": (known, np.concatenate([threes[200:260], fives[10:13]])),
        "test": (known, np.concatenate([threes[260:760], fives[13:513]])),
    }


KINDS = {
    "digits": Kind(_of_each(digits, 10), 97.0, SEEDS),
    "mnist": Kind(_of_each(mnist, 10), 95.0, SEEDS),
    "fashion 20": Kind(_few_of_fashion(20), 79.0, SEEDS),
    "fashion 50": Kind(_few_of_fashion(50), 82.0, FEW_SEEDS),
    "fashion 100": Kind(_few_of_fashion(100), 84.5, FEW_SEEDS),
    "cut-outs": Kind(_folded(themes), 82.0, FOLDS),
    "icons of twitter": Kind(_grouped(lambda: emoji.groups("twitter")), 82.0, FEW_FOLDS),
    "icons of google": Kind(_grouped(lambda: emoji.groups("google")), 82.0, FEW_FOLDS),
    "icons by theme": Kind(_grouped(lambda: emoji.themes_of_emoji("twitter")), None, FOLDS),
    "makers' icons": Kind(_folded(icons), None, FOLDS),
    "tiny": Kind(_folded(other_kinds.tiny), None),
    "faces": Kind(_folded(other_kinds.faces), None),
    "strips": Kind(_of_each(other_kinds.strips, 30), None),
    "letters": Kind(_of_each(other_kinds.letters, 10, most=1000), None),
    "noisy": Kind(_of_each(other_kinds.noisy, 10), None),
    "one bit": Kind(_of_each(other_kinds.one_bit, 10), None),
    "grey icons of 16": Kind(_grouped(lambda: other_kinds.grey_icons(16)), None),
    "grey icons of 48": Kind(_grouped(lambda: other_kinds.grey_icons(48)), None),
    "wide cut-outs": Kind(_folded(other_kinds.wide_cut_outs), None),
    "three of cut-outs": Kind(_of_each(themes, 3, 2, 200), None),
    "three of digits": Kind(_of_each(mnist, 3, 2), None),
    "many": Kind(_many, None),
    "one in twenty": Kind(_uneven, None, figure=BALANCED),
}


def measure(kinds: Mapping[str, Kind] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them; `options` are settings of all trainings."""
    wanted = [name for name in os.environ.get(KINDS_WANTED, "").split(",") if name]
    chosen = {name: KINDS[name] for name in wanted} if wanted else KINDS
    found: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))["kinds"] if wanted and kinds is None else {}
    absent: dict[str, str] = {}
    for name, kind in (chosen if kinds is None else kinds).items():
        try:
            found[name] = _run(name, kind, options)
        except Absent as fault:
            absent[name] = str(fault)
            print(f"!!! {name}: NOT MEASURED. {fault}", flush=True)
    absent |= {name: "Not measured yet." for name in KINDS if kinds is None and name not in found | absent}
    ordered = {name: found[name] for name in dict.fromkeys([*KINDS, *found]) if name in found}
    return {"question": (__doc__ or "").splitlines()[0], "kinds": ordered, "absent": absent}


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
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        return summed(kind, [once(name, kind, seed, work, options) for seed in range(kind.seeds)])
    finally:
        shutil.rmtree(work)


def once(name: str, kind: Kind, seed: int, work: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one seed gives: accuracies in per cent, minutes and what was told; features are shared in `work`."""
    parts, own = kind.parts(seed), work / f"{name}-{seed}"
    lay(own / "data", parts)
    began, processor = time.perf_counter(), time.process_time()
    settings = {"seed": seed, "threads": 1, "cache": str(work / "features"), **options}
    said: list[str] = []
    result = train(TrainConfig(data=str(own / "data"), out=str(own / "run"), **settings), tell=said.append)
    minutes, spent = (time.perf_counter() - began) / 60, (time.process_time() - processor) / 60
    accuracy = {DEFAULT: 100 * result.metrics[kind.figure]}
    for entry in result.metrics["baselines"]:
        if entry["name"] == LOGISTIC and kind.figure == ACCURACY:
            accuracy[LOGISTIC] = 100 * entry["headline"]["value"]
    accuracy[SVM] = 100 * _machine(parts, kind.figure)
    told = {it: round(value, 2) for it, value in accuracy.items()}
    print(f"{name}, seed {seed}: {told}, {spent:.1f} minutes of a processor", flush=True)
    model = next(line for line in said if line.startswith("Pictures of"))
    return {"told": {"pictures": result.pictures, "model": model}, "minutes": minutes, "spent": spent} | accuracy


def summed(kind: Kind, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of a kind over its runs, one a seed."""
    contenders = [name for name in (DEFAULT, LOGISTIC, SVM) if name in runs[0]]
    means = {name: round(statistics.fmean(run[name] for run in runs), 2) for name in contenders}
    told: dict[str, Any] = runs[-1]["told"]
    return told | {
        "runs": len(runs),
        "minutes": round(statistics.fmean(run["minutes"] for run in runs), 1),
        "processor_minutes": round(statistics.fmean(run["spent"] for run in runs), 2),
        "figure": kind.figure.replace("_", " "),
        "accuracy": means,
        "accuracies": {name: [round(run[name], 2) for run in runs] for name in contenders},
        "goal": kind.goal,
        "is_met": kind.goal is None or means[DEFAULT] >= kind.goal,
    }


def _machine(parts: Parts, figure: str) -> float:
    """Return the accuracy of a support vector machine on histograms of oriented gradients, chosen by three folds."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    known = parts["train"][0]
    learnt = np.concatenate([parts["train"][1], parts["val"][1]])
    tested, places = parts["test"]
    rows = StandardScaler().fit(_histograms(known, learnt))
    mine, theirs = (rows.transform(_histograms(*some)) for some in ((known, learnt), (tested, places)))
    weights = "balanced" if figure == BALANCED else None
    best, chosen = -1.0, np.empty(0)
    for gamma in (1 / mine.shape[1], *GAMMAS):  # of each the similarities are computed once, for all C and folds
        machine = SVC(kernel="precomputed", class_weight=weights)
        search = GridSearchCV(machine, {"C": PENALTIES}, cv=3, scoring=figure)
        search.fit(_similar(mine, mine, gamma), known.labels[learnt])
        if search.best_score_ > best:
            best, chosen = search.best_score_, search.predict(_similar(theirs, mine, gamma))
    score = balanced_accuracy_score if figure == BALANCED else accuracy_score
    return float(score(tested.labels[np.asarray(places)], chosen))


def _similar(rows: NDArray[np.float64], others: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Return the Gaussian kernel (n, m) of rows (n, F) and others (m, F)."""
    from sklearn.metrics.pairwise import rbf_kernel

    return np.asarray(rbf_kernel(rows, others, gamma=gamma))


def _histograms(known: Labelled, places: Any) -> NDArray[np.float64]:
    """Return histograms of gradients (n, F) of some pictures, and of those in colour the means of cells."""
    from skimage.feature import hog

    made = [_looked_at(known.images[place]) for place in places]
    short = min(made[0].shape[:2])
    cell = max(min(CELL, short // 4), short // (CELLS if made[0].ndim == 2 else CELLS // 2))
    settings = {"orientations": 9, "pixels_per_cell": (cell, cell), "cells_per_block": (2, 2)}
    if made[0].ndim == 2:
        return np.stack([hog(image, **settings) for image in made])
    rows = []
    for image in made:
        colours = cv2.resize(image, (COLOURS, COLOURS), interpolation=cv2.INTER_AREA)
        rows.append(np.concatenate([hog(image, channel_axis=2, **settings), colours.ravel() / 255.0]))
    return np.stack(rows)


def _looked_at(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a grey picture as it is; one in colour on white paper, squeezed into a small square, as all are."""
    if image.ndim == 2:
        return image
    plain = opaque(image, (BEHIND,) * 3)
    how = cv2.INTER_AREA if max(plain.shape[:2]) > LOOKED_AT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plain, (LOOKED_AT, LOOKED_AT), interpolation=how), np.uint8)
