"""Figures of a network as plain data, the calibration of its probabilities, and the temperature that mends it."""

import math
from dataclasses import asdict

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve

from augkit.core.arrays import JsonObject
from augkit.train.report.reliability import Reliability
from augkit.train.tasks import Evaluation

BINS = 15  # Guo et al.'s
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
    """Return how sure a network is and how often it is right, in `BINS` bins of equal width over [0, 1].

    What is an answer is said by `Task.bets`; of numbers there is nothing to tell.
    """
    bets = evaluation.task.bets(evaluation, temperature)
    if bets is None:
        return None
    sure, right = np.clip(bets[0], 0.0, 1.0), bets[1]
    accuracy, confidence = calibration_curve(right, sure, pos_label=1, n_bins=BINS, strategy="uniform")
    # scikit-learn does not say how many are in a bin; these are its bins.
    places = np.searchsorted(np.linspace(0.0, 1.0, BINS + 1)[1:-1], sure)
    counts = tuple(int(count) for count in np.bincount(places, minlength=BINS) if count)
    return Reliability(tuple(map(float, confidence)), tuple(map(float, accuracy)), counts, bets[2])


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
