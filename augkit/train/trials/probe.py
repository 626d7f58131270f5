"""A linear probe: multinomial logistic regression on the features that a frozen network gives.

It is what a frozen network's head learns, at its optimum, in a fraction of a second.

Reference: Alain and Bengio, "Understanding intermediate layers using linear classifier probes", ICLR workshops 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, JsonObject, Reals
from augkit.train.rivals.logistic import Ends, Fitted, Problem
from augkit.train.trials.learner import Learner, Learnt

ENDS = Ends(slope=1e-5, steps=200, gain=2e-9)
VARIANCE = 0.99  # of the plain pictures' features, that is kept
MOST_DIRECTIONS = 256
NEVER = -20.0  # the logarithm of the chance of a class that no picture had


@dataclass(frozen=True)
class Directions:
    """The principal directions of some pictures' features: fewer numbers, of variance 1.

    Args:
        mean: (F,) what is taken away.
        axes: (F, D) what is multiplied with.
    """

    mean: Reals
    axes: Reals

    def of(self, features: Array) -> NDArray[np.float32]:
        """Return features (n, F) in these directions (n, D)."""
        found: NDArray[np.float32] = ((features - self.mean) @ self.axes).astype(np.float32)
        return found


def directions(features: Array) -> Directions:
    """Return the directions of features (n, F) that hold `VARIANCE` of it, `MOST_DIRECTIONS` at most.

    No label plays a part. All directions are scaled alike, by the mean deviation, so that what varies little stays
    small.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    _, deviations, axes = np.linalg.svd(features.astype(np.float64) - mean, full_matrices=False)
    share = np.cumsum(deviations**2) / max(float((deviations**2).sum()), 1e-12)
    count = min(int(np.searchsorted(share, VARIANCE)) + 1, MOST_DIRECTIONS, len(deviations))
    scale = np.sqrt((deviations[:count] ** 2).sum() / (len(features) * count))
    return Directions(mean, axes[:count].T / max(float(scale), 1e-12))


@final
@dataclass(frozen=True, eq=False)
class Probe(Learnt):
    """A probe that was fitted, and how many classes there are."""

    fitted: Fitted
    count: int

    def log_chances(self, view: Array) -> Reals:
        found = np.full((len(view), self.count), NEVER)
        found[:, self.fitted.present] = self.fitted.logs(view.astype(np.float64))
        return found


@final
@dataclass(frozen=True)
class ProbeLearner(Learner):
    """Fit probes to features in their principal directions.

    Args:
        count: of classes.
        strength: of the penalty on the weights, above 0.
    """

    count: int
    strength: float

    def learnt(self, views: Sequence[Array], classes: Array, seed: int) -> Probe:
        rows, truths = np.concatenate(views).astype(np.float64), np.tile(classes, len(views))
        return Probe(Problem(rows, truths).solved(self.strength, ENDS), self.count)

    def described(self) -> JsonObject:
        return {"probe": self.strength}
