"""Trials of the benchmark of learning: pictures, contenders and what they must reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from augkit.train.files.weights import PRETRAINED, load_weights
from augkit.train.models import architecture
from benchmarks.sets import Labelled, Parts, Places, digits, fashion, mnist, stamps

__all__ = ["TRIALS", "Goal", "Trial"]

EACH = 10  # pictures of a class to learn from
CHOOSING = 5  # of a class
TESTED = 5000  # digits of MNIST
FOLDS = 5
FROZEN = "efficientnet_lite0"
NONE, HEAD, LOGISTIC = "none", "head", "logistic regression"


@dataclass(frozen=True)
class Goal:
    """What a trial must show: the mean of a contender, in per cent, or the points that it is above another one."""

    least: float
    contender: str
    above: str | None = None

    def __str__(self) -> str:
        return f"{self.contender}, points above {self.above}" if self.above else f"{self.contender}, %"


@dataclass(frozen=True)
class Trial:
    """A data set with those that learn from it.

    Args:
        parts: the pictures of each split, by the seed.
        options: settings that all contenders have.
        contenders: by name, the settings that each has beside them.
        goals: what is to be shown.
        seeds: how many at most.
        others: accuracies of what the trainer does not train.
    """

    parts: Callable[[int], Parts]
    options: Mapping[str, Any]
    contenders: Mapping[str, Mapping[str, Any]]
    goals: Sequence[Goal]
    seeds: int = 5
    others: Mapping[str, Callable[[Parts], float]] = field(default_factory=dict)


def _few_digits(seed: int) -> Parts:
    known = digits()
    return _few(known, np.arange(len(known.labels)), None, seed)


def _few_of_mnist(seed: int) -> Parts:
    known = mnist()
    places = np.random.default_rng(0).permutation(len(known.labels))  # what is tested is the same for all seeds
    return _few(known, places[TESTED:], places[:TESTED], seed)


def _few(known: Labelled, places: Places, tested: Places | None, seed: int) -> Parts:
    """Return few pictures to learn from, few that choose, and those that are tested, or all the rest."""
    drawn = known.few(places, EACH + CHOOSING, np.random.default_rng(seed)).reshape(-1, EACH + CHOOSING)
    rest = np.setdiff1d(places, drawn) if tested is None else tested
    return {"train": (known, drawn[:, :EACH].ravel()), "val": (known, drawn[:, EACH:].ravel()), "test": (known, rest)}


def _folded_stamps(seed: int) -> Parts:
    from sklearn.model_selection import StratifiedKFold, train_test_split

    known = stamps()
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(known.labels, known.labels)
    rest, tested = list(folds)[seed % FOLDS]
    learnt, choosing = train_test_split(rest, test_size=1 / 8, stratify=known.labels[rest], random_state=seed)
    return {"train": (known, learnt), "val": (known, choosing), "test": (known, tested)}


def _whole_fashion(seed: int) -> Parts:
    train, test = fashion()
    choosing = train.few(np.arange(len(train.labels)), EACH * EACH, np.random.default_rng(seed))
    learnt = np.setdiff1d(np.arange(len(train.labels)), choosing)
    return {"train": (train, learnt), "val": (train, choosing), "test": (test, np.arange(len(test.labels)))}


def _logistic(parts: Parts) -> float:
    """Return the accuracy of scikit-learn's logistic regression on pretrained features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = parts["test"][0]
    learnt = np.concatenate([parts["train"][1], parts["val"][1]])
    tested = np.asarray(parts["test"][1])
    features = _frozen_features()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(features[learnt], known.labels[learnt])
    return float(model.score(features[tested], known.labels[tested]))


@cache
def _frozen_features() -> NDArray[np.float32]:
    """Return the pretrained network's features (n, F) of all stamps."""
    made = architecture(FROZEN, 1)
    network = made.build().eval()
    load_weights(network, PRETRAINED, made)
    found = []
    with torch.no_grad():
        for image in stamps().images:
            picture = torch.from_numpy(made.preprocessing.prepare(image)).permute(2, 0, 1)
            found.append(network.features(made.preprocessing.normalise(picture[None])).numpy())
    return np.concatenate(found)


# One pass over so few pictures is two steps. Five pictures a class cannot tell which of the passes was the best: the
# last is kept, at the end of the rate's cycle.
_LENET = {
    "model": "lenet",
    "input": (32, 32, 1),
    "epochs": 750,
    "batch_size": 64,
    "ema": 0.99,
    "smoothing": 0.1,
    "keep": "last",
}
TRIALS = {
    "digits": Trial(
        _few_digits,
        _LENET,
        {NONE: {}, "digits": {"pipeline": "digits"}},
        [Goal(95.0, "digits"), Goal(5.0, "digits", NONE)],
    ),
    "mnist": Trial(
        _few_of_mnist,
        _LENET,
        {NONE: {}, "digits": {"pipeline": "digits"}},
        [Goal(92.5, "digits")],
    ),
    "stamps": Trial(
        _folded_stamps,
        {"model": FROZEN, "weights": PRETRAINED, "epochs": 60, "batch_size": 32, "smoothing": 0.1, "keep": "last"},
        {HEAD: {}},
        [Goal(87.0, HEAD)],
        others={LOGISTIC: _logistic},
    ),
    "fashion": Trial(
        _whole_fashion,
        {"model": "benchmarks/fashion.yaml", "epochs": 8, "batch_size": 128},
        {NONE: {}},
        [Goal(92.0, NONE)],
        seeds=1,
    ),
}
