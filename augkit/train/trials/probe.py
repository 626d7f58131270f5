"""A linear probe: multinomial logistic regression on the features that a frozen network gives.

It is what a frozen network's head learns, at its optimum, in a fraction of a second. The weights W and the offsets b
minimise the mean log loss of the pictures plus ``strength / 2 * |W|^2``, which is convex: the same for any start.

Reference: Alain and Bengio, "Understanding intermediate layers using linear classifier probes", ICLR workshops 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from augkit.core.arrays import Array, JsonObject, Reals
from augkit.train.trials.learner import Learner, Learnt

MOST_STEPS = 200
TOLERANCE = 1e-5  # of the gradient's largest entry
VARIANCE = 0.99  # of the plain pictures' features, that is kept
MOST_DIRECTIONS = 256


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
    """A probe that was fitted: weights (D, k) and offsets (k,)."""

    weights: Reals
    offsets: Reals

    def log_chances(self, view: Array) -> Reals:
        found: Reals = log_softmax(view @ self.weights + self.offsets, axis=1)
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
        return fitted(np.concatenate(views), np.tile(classes, len(views)), self.count, self.strength)

    def described(self) -> JsonObject:
        return {"probe": self.strength}


def fitted(features: Array, classes: Array, count: int, strength: float, start: Probe | None = None) -> Probe:
    """Return the probe of features (n, D) and the numbers of their classes (n,), of which there are `count`.

    Args:
        features: (n, D), of pictures that are learnt from.
        classes: (n,).
        count: of classes.
        strength: of the penalty on the weights, above 0.
        start: a probe to begin with, which saves steps.
    """
    rows, width = features.shape
    values = np.ascontiguousarray(features, np.float64)
    truths = np.zeros((rows, count))
    truths[np.arange(rows), classes] = 1.0 / rows

    def cost(flat: Reals) -> tuple[float, Reals]:
        weights, offsets = flat[: width * count].reshape(width, count), flat[width * count :]
        logs = log_softmax(values @ weights + offsets, axis=1)
        slope = np.exp(logs) / rows - truths
        gradient = values.T @ slope + strength * weights
        whole = float(-(truths * logs).sum() + 0.5 * strength * (weights**2).sum())
        return whole, np.concatenate([gradient.ravel(), slope.sum(axis=0)])

    first = np.zeros((width + 1) * count) if start is None else np.concatenate([start.weights.ravel(), start.offsets])
    options = {"maxiter": MOST_STEPS, "gtol": TOLERANCE}
    found: Reals = minimize(cost, first, jac=True, method="L-BFGS-B", options=options).x
    return Probe(found[: width * count].reshape(width, count), found[width * count :])
