"""Paired gains of one procedure over another, and how sure they are: over seeds and pictures, or over splits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, t as student_t

from augkit.core.arrays import Reals
from augkit.train.wilson import LEVEL


@dataclass(frozen=True)
class Gain:
    """A mean gain, and how sure it is."""

    mean: float
    error: float  # the standard error of the mean
    freedom: float  # degrees of freedom that the error was estimated with

    @property
    def chance(self) -> float:
        """The probability of such a mean, or one further from 0, where there is no gain (Student's t, two-sided)."""
        if self.error == 0.0:
            return 1.0
        return float(2 * student_t.sf(abs(self.mean) / self.error, self.freedom))

    @property
    def interval(self) -> tuple[float, float]:
        """The interval that holds the true gain with 95 %."""
        half = float(student_t.ppf((1 + LEVEL) / 2, self.freedom)) * self.error
        return self.mean - half, self.mean + half


def crossed(gains: Reals) -> Gain:
    """Return the gain over seeds that all answered the same pictures, for other seeds and other pictures of the kind.

    A gain is taken as ``mean + seed + picture + rest``, all but the mean at random: two-way analysis of variance as in
    studies where several readers look at the same cases. The seeds' mean square is never taken to be below that of the
    rest, which it holds: three seeds that happen to agree prove nothing.

    Args:
        gains: (s, n) of each seed's pair of runs on each picture, s and n from 2 on.

    References: Dorfman, Berbaum and Metz, Investigative Radiology 1992; Hillis, "A comparison of denominator degrees of
    freedom methods for multiple observer ROC analysis", Statistics in Medicine 2007.
    """
    seeds, pictures = gains.shape
    by_seed, by_picture, mean = gains.mean(axis=1), gains.mean(axis=0), float(gains.mean())
    rest = gains - by_seed[:, None] - by_picture[None, :] + mean
    of_rest = float((rest**2).sum()) / ((seeds - 1) * (pictures - 1))
    of_seeds = max(pictures * float(by_seed.var(ddof=1)), of_rest)
    of_pictures = seeds * float(by_picture.var(ddof=1))
    further = max(of_pictures - of_rest, 0.0)
    total = of_seeds + further
    spread = of_seeds**2 / (seeds - 1)
    if further > 0.0:
        spread += of_pictures**2 / (pictures - 1) + of_rest**2 / ((seeds - 1) * (pictures - 1))
    freedom = total**2 / spread if spread > 0.0 else float(seeds - 1)
    error = math.sqrt(total / (seeds * pictures))
    return Gain(mean, max(error, _least_error(by_picture, gains)), freedom)


def apart(before: Reals, after: Reals) -> Gain:
    """Return the same as `crossed`, with the runs of a seed taken as apart as those of two seeds are.

    Pictures are paired, runs are not: their variance is that of each way's own runs, which has twice the degrees of
    freedom. From three or four seeds that tells more than pairing does, unless a seed does much the same to both ways.
    Where it does, the error is too large, never too small. Neither way's variance of runs is taken to be below that of
    the rest, which it holds.

    Args:
        before: (s, n) of each seed's run of the first way on each picture, s and n from 2 on.
        after: likewise of the other way.

    Reference: Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics 1946.
    """
    gains = after - before
    seeds, pictures = gains.shape
    by_picture = gains.mean(axis=0)
    (of_first, first), (of_other, other) = _of_runs(before), _of_runs(after)
    of_pictures, of_rest = seeds * float(by_picture.var(ddof=1)), first + other
    further = max(of_pictures - of_rest, 0.0)
    total = of_first + of_other + further
    spread = (of_first**2 + of_other**2) / (seeds - 1)
    if further > 0.0:
        spread += of_pictures**2 / (pictures - 1) + (first**2 + other**2) / ((seeds - 1) * (pictures - 1))
    freedom = total**2 / spread if spread > 0.0 else float(2 * (seeds - 1))
    error = math.sqrt(total / (seeds * pictures))
    return Gain(float(gains.mean()), max(error, _least_error(by_picture, gains)), freedom)


def _of_runs(said: Reals) -> tuple[float, float]:
    """Return the mean squares of the runs (s, n) of one way, and of what neither runs nor pictures explain."""
    seeds, pictures = said.shape
    by_run = said.mean(axis=1)
    rest = said - by_run[:, None] - said.mean(axis=0)[None, :] + said.mean()
    of_rest = float((rest**2).sum()) / ((seeds - 1) * (pictures - 1))
    return max(pictures * float(by_run.var(ddof=1)), of_rest), of_rest


def over_pictures(gains: Reals) -> Gain:
    """Return the gain of two runs alone, for other pictures of the kind (n,), from 2 on; it tells nothing of seeds."""
    error = math.sqrt(float(gains.var(ddof=1)) / len(gains))
    return Gain(float(gains.mean()), max(error, _least_error(gains, gains)), float(len(gains) - 1))


def over_splits(gains: Sequence[Reals], share: float) -> Gain:
    """Return the gain over several splits or folds, each with pictures of its own, for other data of the kind.

    The pictures that were learnt from overlap between splits, so that their spread alone would tell too little.

    Args:
        gains: of every split, two at least, what each of its pictures gained.
        share: pictures that were reported on, over those that were learnt from, of one split.

    References: Nadeau and Bengio, "Inference for the generalization error", Machine Learning 2003, (9).
    """
    means = np.array([some.mean() for some in gains])
    variance = float(means.var(ddof=1)) * (1 / len(means) + share)
    alone = over_pictures(np.concatenate(gains)).error
    return Gain(float(means.mean()), max(math.sqrt(variance), alone), float(len(means) - 1))


def mcnemar(gains: Reals) -> float:
    """Return the probability of so uneven wins, or more uneven ones, where two networks are equally good.

    Args:
        gains: (n,) 1 where only the second was right, -1 where only the first was, 0 elsewhere.

    Reference: McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika
    1947; the exact test.
    """
    won, lost = int((gains > 0).sum()), int((gains < 0).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def _least_error(by_picture: Reals, gains: Reals) -> float:
    """Return the standard error that two pictures more would leave, of which each won once, where gains are -1, 0 or 1.

    So no gain is sure because it was the same everywhere.

    Reference: Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", Journal of Educational and Behavioral Statistics 2012.
    """
    if not np.isin(gains, (-1.0, 0.0, 1.0)).all():
        return 0.0
    count = len(by_picture) + 2
    square, mean = (float((by_picture**2).sum()) + 2) / count, float(by_picture.sum()) / count
    return math.sqrt((square - mean**2) / count)
