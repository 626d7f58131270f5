"""Multinomial logistic regression: weights that say classes of rows of numbers, fitted to the end.

The weights W (c, r) and the bias minimise the mean loss of the rows plus ``penalty / 2 * |W|^2``, which is convex: the
same for any start. L-BFGS finds them.

Reference: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming
1989.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from augkit.core.arrays import Array

SEARCHED = 50  # points of one step's line, at most

Rows = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was fitted: weights (c, r) and a bias (c) for the classes (c,) that rows had."""

    present: Classes
    kernel: Rows
    bias: Rows

    def logs(self, rows: Rows) -> Rows:
        """Return the logarithm of the probability of each of these classes (n, c) for rows (n, r)."""
        return _logs(rows @ self.kernel.T + self.bias)


@dataclass(frozen=True)
class Ends:
    """Ends of a search: any of them.

    Args:
        slope: of the loss in any one weight, at most.
        steps: at most.
        gain: what a step takes from the loss, as a share of it, at least.
    """

    slope: float
    steps: int
    gain: float


class Problem:
    """The loss of weights: that of some rows, a mean, and that of the weights' size.

    Args:
        rows: (n, r); products with rows of single precision are of single precision, in half of the time.
        truths: (n,) numbers of classes.
        counted: (k,) how much a row of each class counts; None for all alike.
    """

    def __init__(self, rows: Rows | NDArray[np.float32], truths: Classes, counted: Rows | None = None) -> None:
        self.rows: Array = rows
        self.present = np.unique(truths)
        self.places = np.searchsorted(self.present, truths)
        weights = np.ones(len(truths)) if counted is None else counted[truths]
        self.whole = float(weights.sum())
        self.weights = weights / self.whole

    def solved(self, penalty: float, ends: Ends, start: Fitted | None = None) -> Fitted:
        """Return the best weights.

        Args:
            penalty: as above.
            ends: when the search ends.
            start: what to search from, of the same classes.
        """
        count, width = len(self.present), self.rows.shape[1]
        lines = np.arange(len(self.rows))

        def cost(flat: Rows) -> tuple[float, Rows]:
            kernel = flat.reshape(count, width + 1)[:, :width]
            products = self.rows @ kernel.T.astype(self.rows.dtype, copy=False)
            logs = _logs(products + flat.reshape(count, width + 1)[:, width])
            slope = np.exp(logs)
            slope[lines, self.places] -= 1.0
            slope *= self.weights[:, None]
            gradient = np.empty((count, width + 1))
            gradient[:, :width] = slope.T.astype(self.rows.dtype, copy=False) @ self.rows
            gradient[:, :width] += penalty * kernel
            gradient[:, width] = slope.sum(axis=0)
            loss = -float(self.weights @ logs[lines, self.places])
            return loss + 0.5 * penalty * float((kernel**2).sum()), gradient.ravel()

        first = np.zeros((count, width + 1)) if start is None else np.column_stack([start.kernel, start.bias])
        options = {"maxiter": ends.steps, "maxls": SEARCHED, "gtol": ends.slope, "ftol": ends.gain}
        found: Rows = minimize(cost, first.ravel(), jac=True, method="L-BFGS-B", options=options).x
        found = found.reshape(count, width + 1)
        return Fitted(self.present, found[:, :width], found[:, width])


def _logs(logits: Rows) -> Rows:
    """Return logarithms of the softmax of logits (n, c)."""
    logits = logits - logits.max(axis=1, keepdims=True)
    logs: Rows = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs
