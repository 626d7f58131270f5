"""Figures of a network as plain data, the calibration of its probabilities, and the temperature that mends it."""

import math
from dataclasses import asdict
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize_scalar

from augkit.core.arrays import Indices, JsonObject, Reals
from augkit.train.report.reliability import Reliability
from augkit.train.tasks import Evaluation
from augkit.train.wilson import wilson

BINS = 15  # Guo et al.'s
EACH = 20  # answers of a bin at least: of fewer the share that is right is mostly chance
MOST = 100.0  # times hotter, or colder, than trained


def measure(evaluation: Evaluation, temperature: float = 1.0) -> JsonObject:
    """Return all figures as plain data that JSON holds; what is undefined is None.

    Undefined are the recall of a class that no picture has, the precision of one that was never named, the average
    precision of a label that no picture has, and R2 of one picture or of numbers that are all the same. Means leave
    out what is undefined. The temperature moves the loss and the calibration, not what is named.
    """
    task = evaluation.task
    figures = {"kind": task.kind, "count": len(evaluation.ids), "headline": asdict(task.headline(evaluation))}
    figures |= task.measure(evaluation)
    calibrated = reliability(evaluation, temperature)
    if calibrated is not None:
        figures |= {
            "temperature": temperature,
            "log_loss": calibrated.log_loss,
            "calibration_error": calibrated.error,
        }
    return figures


def reliability(evaluation: Evaluation, temperature: float = 1.0) -> Reliability | None:
    """Return how sure a network is and how often it is right, in bins of about as many answers.

    There are `BINS` of them, or as many as leave `EACH` answers to a bin. Answers that are equally sure share one.
    What is an answer is said by `Task.bets`; of numbers there is nothing to tell.

    Reference: Nguyen and O'Connor, "Posterior calibration and exploratory analysis for natural language processing
    models", EMNLP 2015: bins of equal width leave most answers in one, and the others to chance.
    """
    bets = evaluation.task.bets(evaluation, temperature)
    if bets is None:
        return None
    sure = np.clip(bets[0], 0.0, 1.0)
    order = np.argsort(sure, kind="stable")
    sure, right = sure[order], np.asarray(bets[1])[order]
    bins = [slice(first, end) for first, end in pairwise(_cuts(sure))]
    counts = tuple(len(sure[some]) for some in bins)
    hits = [int(right[some].sum()) for some in bins]
    return Reliability(
        tuple(float(sure[some].mean()) for some in bins),
        tuple(hit / count for hit, count in zip(hits, counts, strict=True)),
        counts,
        bets[2],
        tuple(wilson(*pair) for pair in zip(hits, counts, strict=True)),
    )


def _cuts(ordered: Reals) -> Indices:
    """Return where bins of sorted values (n,) begin, and n; what is equal is not parted."""
    count = len(ordered)
    wanted = np.linspace(0, count, max(1, min(BINS, count // EACH)) + 1).round().astype(np.intp)
    moved = np.searchsorted(ordered, ordered[wanted[1:-1]], side="left")
    return np.unique([0, *moved, count])


def fit_temperature(evaluation: Evaluation) -> float:
    """Return the temperature with the smallest log loss, 0.01 to 100: what logits are to be divided by.

    Where every answer is right already, colder is better without end, and nothing is known of how sure to be: it stays
    1, as it does for numbers. scikit-learn's own temperature scaling wants a picture of every class, which those that
    choose may not have; its log loss does not. No weight may have been learnt from the pictures of the evaluation.
    """

    def loss(temperature: float) -> float:
        bets = evaluation.task.bets(evaluation, temperature)
        return 0.0 if bets is None else bets[2]

    if evaluation.task.bets(evaluation, 1.0) is None or not evaluation.task.mistakes(evaluation, 1.0)[1].any():
        return 1.0
    bounds = (-math.log(MOST), math.log(MOST))
    found = minimize_scalar(lambda logarithm: loss(math.exp(logarithm)), bounds=bounds, method="bounded")
    best = math.exp(float(found.x))
    return best if loss(best) < loss(1.0) else 1.0
