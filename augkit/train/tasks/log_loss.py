"""The log loss of probabilities: what a network's answers cost that bets all it has."""

import numpy as np

from augkit.core.arrays import Array, Reals


def log_loss(truths: Array, chances: Reals) -> float:
    """Return the mean of minus the logarithm of the chance (n, k) that the truth (n,) was given.

    A chance of 0 counts as the least step above it that there is at 1, so that the loss is a number, as in
    scikit-learn; a picture's chances add up to 1.
    """
    least = np.finfo(chances.dtype).eps
    given = chances[np.arange(len(truths)), truths]
    return float(-np.log(np.clip(given, least, 1 - least)).mean())
