"""Log losses of networks by the same pictures, and whether one network is better by them than chance would be."""

import math

import numpy as np

from augkit.core.arrays import Reals
from augkit.train.tasks import Evaluation

LEAST = 1e-12  # chance of the truth, of which there is a logarithm


def log_losses(evaluation: Evaluation, temperature: float) -> Reals:
    """Return the log loss (n,) of every picture of an evaluation of classes."""
    chances = evaluation.answers(temperature)
    losses: Reals = -np.log(np.maximum(chances[np.arange(len(chances)), evaluation.encoded], LEAST))
    return losses


def is_gain(before: Reals, after: Reals) -> bool:
    """Say whether losses (n,) of the same pictures became smaller, by more than the standard error of their mean."""
    gains = before - after
    return len(gains) > 1 and float(gains.mean()) > float(gains.std(ddof=1)) / math.sqrt(len(gains))
