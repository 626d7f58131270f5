"""Evidence that one augmentation is better than another: paired by picture, over several folds and repeats.

Figures of folds are no independent ones, for the folds learn from mostly the same pictures. Their variance is
corrected for that (Nadeau and Bengio), and where chance between pictures is larger than chance between folds, it
counts in its place. What says a thing of many candidates or classes is corrected for how many they are (Holm).

Reference: Nadeau and Bengio, "Inference for the generalization error", Machine Learning 2003.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from augkit.core.arrays import Array, Reals
from augkit.train.comparison.holm import adjusted
from augkit.train.comparison.paired import crossed

LEVEL = 0.05  # of a verdict
TINY = 1e-15  # chance that is told from none
EXACT = 1e-12  # differences up to here are none


@dataclass(frozen=True)
class Gain:
    """A mean difference with its 95 % interval; above 0 is better.

    Args:
        mean, low, high: as above; without an interval low and high are NaN.
        error: the standard error.
        p: the chance of a mean as far from 0, or farther, where there is no difference; 1 where nobody knows.
        pictures: how many pairs there were.
    """

    mean: float
    low: float
    high: float
    error: float
    p: float
    pictures: int

    @property
    def t(self) -> float:
        """The mean in standard errors; 0 where there is none."""
        return self.mean / self.error if self.error > 0.0 else 0.0


def gain(differences: Reals, folds: Array) -> Gain:
    """Return the mean of paired differences (R, n), of which fold r tells what each picture's fold was in repeat r.

    Args:
        differences: of each picture in each repeat.
        folds: (R, n) numbers from 0.
    """
    repeats, pictures = differences.shape
    mean = float(differences.mean())
    count = int(folds.max()) + 1
    parts = [
        float(differences[repeat][folds[repeat] == fold].mean())
        for repeat in range(repeats)
        for fold in range(count)
        if (folds[repeat] == fold).any()
    ]
    between = _variance(np.array(parts)) * (1.0 / len(parts) + 1.0 / max(count - 1, 1))
    within = _variance(differences.mean(axis=0)) / pictures
    if between >= within:
        return _told(mean, between, len(parts) - 1, pictures)
    return _told(mean, within, pictures - 1, pictures)


def crossed_gain(differences: Reals) -> Gain:
    """Return the mean of differences (R, n) of n pictures as R pairs of networks answered them.

    Both are drawn by chance, networks and pictures: see `augkit.train.comparison.paired.crossed`.
    """
    repeats, pictures = differences.shape
    if min(repeats, pictures) < 2:
        return _told(float(differences.mean()), math.inf, 1, pictures)
    found = crossed(differences)
    return _told(found.mean, found.error**2, found.freedom, pictures)


def holm(chances: Sequence[float]) -> list[float]:
    """Return p values, each corrected for how many there are.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    return adjusted(chances, [1.0] * len(chances))


def as_normal(t: Reals, freedom: Reals) -> Reals:
    """Return Student's t as the deviation of a normal number that is as likely: so few pictures and many compare."""
    found: Reals = -ndtri(np.maximum(stdtr(freedom, -t), TINY))
    return found


def _variance(values: Reals) -> float:
    """Return the variance, of one value without any: nobody knows it."""
    return float(values.var(ddof=1)) if len(values) > 1 else math.inf


def _told(mean: float, variance: float, freedom: float, pictures: int) -> Gain:
    if abs(mean) <= EXACT and variance <= EXACT**2:
        return Gain(0.0, 0.0, 0.0, 0.0, 1.0, pictures)
    if not math.isfinite(variance) or freedom < 1 or variance <= EXACT**2:  # no spread is no proof
        return Gain(mean, math.nan, math.nan, math.inf, 1.0, pictures)
    error = math.sqrt(variance)
    reach = float(stdtrit(freedom, 1.0 - LEVEL / 2)) * error
    return Gain(mean, mean - reach, mean + reach, error, float(2.0 * stdtr(freedom, -abs(mean) / error)), pictures)
