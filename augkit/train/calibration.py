"""Do probabilities mean what they say? Temperature scaling, and how far off they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from augkit.train.evaluation import Evaluation

__all__ = ["BINS", "Reliability", "fit_temperature", "loss_of", "reliability"]

BINS = 15  # Guo et al.'s
MOST = 100.0  # times hotter, or colder, than trained

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Reliability:
    """How often answers are right, by how sure they are; bins without an answer are left out.

    Args:
        confidence: the mean of a bin.
        accuracy: the part of a bin's answers that are right.
        counts: how many answers a bin holds.
    """

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean over all answers of how far their bin's accuracy is off.

        Reference: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, (3).
        """
        gaps = np.abs(np.subtract(self.accuracy, self.confidence))
        return float(np.average(gaps, weights=self.counts))


def reliability(evaluation: Evaluation, temperature: float = 1.0) -> Reliability:
    """Return how sure a network is and how often it is right, in `BINS` bins of equal width over [0, 1].

    Of classes the answer is the one with the highest probability, and that is how sure it is. Of labels every label of
    every picture is an answer, "present", with its probability.

    Args:
        evaluation: of classes or labels.
        temperature: what logits are divided by.
    """
    sure, right = _bets(evaluation.answers(temperature), evaluation)
    accuracy, confidence = calibration_curve(right, sure, pos_label=1, n_bins=BINS, strategy="uniform")
    # scikit-learn does not say how many are in a bin; these are its bins.
    places = np.searchsorted(np.linspace(0.0, 1.0, BINS + 1)[1:-1], sure)
    counts = np.bincount(places, minlength=BINS)
    return Reliability(tuple(map(float, confidence)), tuple(map(float, accuracy)), tuple(int(n) for n in counts if n))


def loss_of(evaluation: Evaluation, temperature: float = 1.0) -> float:
    """Return scikit-learn's log loss of classes, or of labels the mean over all labels."""
    found = evaluation.answers(temperature)
    truths = evaluation.truths
    if evaluation.target.kind == "labels":
        return float(log_loss(truths.ravel(), _two(found.ravel()), labels=[0, 1]))
    return float(log_loss(truths, found, labels=np.arange(found.shape[1])))


def fit_temperature(evaluation: Evaluation) -> float:
    """Return the temperature with the smallest log loss: what logits are to be divided by.

    Where every answer is right already, colder is better without end, and nothing is known of how sure to be: it stays
    1, as it does for numbers. scikit-learn's own temperature scaling wants a picture of every class, which those that
    choose may not have; its log loss does not.

    Args:
        evaluation: of pictures that no weight was learnt from.

    Returns:
        0.01 to 100.
    """
    if evaluation.target.kind == "numbers":
        return 1.0
    if evaluation.target.kind == "classes":
        all_right = bool((evaluation.outputs.argmax(axis=1) == evaluation.truths).all())
    else:
        all_right = bool(((evaluation.outputs > 0) == (evaluation.truths == 1)).all())
    if all_right:
        return 1.0
    found = minimize_scalar(
        lambda logarithm: loss_of(evaluation, math.exp(logarithm)),
        bounds=(-math.log(MOST), math.log(MOST)),
        method="bounded",
    )
    best = math.exp(float(found.x))
    return best if loss_of(evaluation, best) < loss_of(evaluation) else 1.0


def _bets(found: Reals, evaluation: Evaluation) -> tuple[Reals, NDArray[np.int64]]:
    """Return how sure each answer is, and whether it is right."""
    if evaluation.target.kind == "labels":
        return np.clip(found.ravel(), 0.0, 1.0), evaluation.truths.ravel()
    right = found.argmax(axis=1) == evaluation.truths
    return np.clip(found.max(axis=1), 0.0, 1.0), right.astype(np.int64)


def _two(present: Reals) -> Reals:
    return np.stack([1.0 - present, present], axis=1)
