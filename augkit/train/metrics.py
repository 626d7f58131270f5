"""How good a network is: scikit-learn's figures, as plain data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, t as student_t
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
)

from augkit.core.key import Key
from augkit.train.calibration import loss_of, reliability
from augkit.train.evaluation import Evaluation
from augkit.train.predictions import LIKELY

__all__ = ["Evaluation", "Headline", "headline", "measure", "score"]

LEVEL = 0.95  # of intervals
RESAMPLES = 200

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Headline:
    """The figure that stands for a network, and the interval that holds its true value with 95 %.

    Args:
        name: what it is called.
        value: what was measured.
        low, high: the interval; None where one picture tells nothing.
        method: where the interval comes from.
        is_fraction: it lies between 0 and 1, and is shown in per cent.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    method: str
    is_fraction: bool


def score(evaluation: Evaluation) -> float:
    """Return the figure that chooses between epochs, greater is better: accuracy, mean average precision, or R2.

    Where that is undefined, for labels that no picture has or numbers that are all the same, the loss stands in.
    """
    kind = evaluation.target.kind
    if kind == "classes":
        return float(accuracy_score(evaluation.truths, evaluation.outputs.argmax(axis=1)))
    if kind == "labels":
        found = _mean(_precisions(evaluation.answers(), evaluation.truths))
        return -loss_of(evaluation) if found is None else found
    explained = _explained(evaluation)
    return -float(root_mean_squared_error(evaluation.truths, evaluation.answers())) if explained is None else explained


def headline(evaluation: Evaluation) -> Headline:
    """Return the figure of a report: accuracy, mean average precision, or the mean absolute error.

    Where no picture has a label there is no precision, and the part of pictures with all labels right stands in.

    References: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927; Efron,
    "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979.
    """
    kind, truths, found = evaluation.target.kind, evaluation.truths, evaluation.answers()
    if kind == "classes":
        return _part("Accuracy", found.argmax(axis=1) == truths)
    if kind == "labels":
        value = _mean(_precisions(found, truths))
        if value is None:
            return _part("All labels right", ((found >= LIKELY) == (truths == 1)).all(axis=1))
        low, high = _bootstrapped(found, truths)
        method = f"bootstrap, {RESAMPLES} resamples of the pictures"
        return Headline("Mean average precision", value, low, high, method, True)
    errors = np.abs(found - truths).mean(axis=1)
    name, method = "Mean absolute error", "Student's t over the pictures"
    if len(errors) < 2:
        return Headline(name, float(errors.mean()), None, None, method, False)
    half = float(student_t.ppf((1 + LEVEL) / 2, len(errors) - 1)) * errors.std(ddof=1) / math.sqrt(len(errors))
    mean = float(errors.mean())
    return Headline(name, mean, max(0.0, mean - half), mean + half, method, False)


def _part(name: str, right: NDArray[np.bool_]) -> Headline:
    low, high = binomtest(int(right.sum()), len(right)).proportion_ci(LEVEL, method="wilson")
    return Headline(name, float(right.mean()), float(low), float(high), "Wilson's method", True)


def measure(evaluation: Evaluation, temperature: float = 1.0) -> dict[str, Any]:
    """Return all figures as plain data that JSON holds; what is undefined is None.

    Undefined are the recall of a class that no picture has, the precision of one that was never named, the average
    precision of a label that no picture has, and R2 of one picture or of numbers that are all the same. Means leave
    out what is undefined.

    Args:
        evaluation: what the network said, beside the truth.
        temperature: what logits are divided by; it moves the loss and the calibration, not what is named.
    """
    plain = {
        "kind": evaluation.target.kind,
        "count": len(evaluation.ids),
        "headline": asdict(headline(evaluation)),
    }
    if evaluation.target.kind == "numbers":
        return plain | _of_numbers(evaluation)
    of_kind = _of_classes(evaluation) if evaluation.target.kind == "classes" else _of_labels(evaluation)
    calibrated = reliability(evaluation, temperature)
    return (
        plain
        | of_kind
        | {
            "temperature": temperature,
            "log_loss": loss_of(evaluation, temperature),
            "calibration_error": calibrated.error,
        }
    )


def _of_classes(evaluation: Evaluation) -> dict[str, Any]:
    truths, named = evaluation.truths, evaluation.outputs.argmax(axis=1)
    places = range(evaluation.target.outputs)
    matrix = confusion_matrix(truths, named, labels=places)
    present = [place for place in places if matrix[place].any()]
    rows = precision_recall_fscore_support(truths, named, labels=places, zero_division=np.nan)
    return {
        "accuracy": float(accuracy_score(truths, named)),
        "macro_f1": float(f1_score(truths, named, labels=present, average="macro", zero_division=0.0)),
        "per_class": [_row(evaluation, rows, place, is_seen=place in present) for place in places],
        "confusion": matrix.tolist(),
        "absent": [evaluation.target.names[place] for place in places if place not in present],
    }


def _of_labels(evaluation: Evaluation) -> dict[str, Any]:
    truths, found = evaluation.truths, evaluation.answers()
    named = (found >= LIKELY).astype(np.int64)
    rows = precision_recall_fscore_support(truths, named, zero_division=np.nan, average=None)
    if evaluation.target.outputs == 1:  # scikit-learn takes one column for two classes
        rows = precision_recall_fscore_support(truths[:, 0], named[:, 0], labels=[1], zero_division=np.nan)
    precisions = _precisions(found, truths)
    present = truths.sum(axis=0) > 0
    table = [
        _row(evaluation, rows, place, is_seen=bool(present[place])) | {"average_precision": precisions[place]}
        for place in range(evaluation.target.outputs)
    ]
    return {
        "mean_average_precision": _mean(precisions),
        "micro_f1": float(f1_score(truths.ravel(), named.ravel(), zero_division=0.0)),
        "macro_f1": _mean([row["f1"] for row in table]),
        "exact": float(accuracy_score(truths, named)),
        "per_class": table,
        "absent": [row["name"] for row in table if not row["support"]],
    }


def _of_numbers(evaluation: Evaluation) -> dict[str, Any]:
    truths, found = evaluation.truths, evaluation.answers()
    return {
        "mae": float(mean_absolute_error(truths, found)),
        "rmse": float(root_mean_squared_error(truths, found)),
        "r2": _explained(evaluation),
        "per_value": [
            {
                "name": evaluation.target.names[column],
                "mae": float(mean_absolute_error(truths[:, column], found[:, column])),
                "rmse": float(root_mean_squared_error(truths[:, column], found[:, column])),
                "r2": _r2(truths[:, column], found[:, column]),
            }
            for column in range(evaluation.target.outputs)
        ],
    }


def _row(evaluation: Evaluation, rows: Any, place: int, is_seen: bool) -> dict[str, Any]:
    precision, recall, f1, support = (column[place] for column in rows)
    return {
        "name": evaluation.target.names[place],
        "precision": _number(precision),
        "recall": _number(recall) if is_seen else None,
        "f1": _number(f1) if is_seen else None,
        "support": int(support),
    }


def _precisions(found: Reals, truths: NDArray[Any]) -> list[float | None]:
    """Return the average precision of every label that a picture has."""
    return [
        float(average_precision_score(truths[:, place], found[:, place])) if truths[:, place].any() else None
        for place in range(truths.shape[1])
    ]


def _bootstrapped(found: Reals, truths: NDArray[Any]) -> tuple[float, float] | tuple[None, None]:
    count = len(truths)
    if count < 2:
        return None, None
    generator = np.random.default_rng(Key(0, "bootstrap").stream("pictures").integers(2**63))
    values = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, count, count)
        value = _mean(_precisions(found[drawn], truths[drawn]))
        values += [] if value is None else [value]
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if values else (0.0, 1.0)
    return float(low), float(high)


def _explained(evaluation: Evaluation) -> float | None:
    truths, found = evaluation.truths, evaluation.answers()
    return _mean([_r2(truths[:, column], found[:, column]) for column in range(truths.shape[1])])


def _r2(truths: Reals, found: Reals) -> float | None:
    return float(r2_score(truths, found)) if len(truths) > 1 and np.ptp(truths) > 0 else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
