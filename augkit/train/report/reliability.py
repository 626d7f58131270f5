"""Reliability: the share of right answers by how sure they are."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reliability:
    """The share of right answers by how sure they are, in bins that hold about as many answers each."""

    confidence: tuple[float, ...]  # the mean of a bin
    accuracy: tuple[float, ...]  # the part of a bin's answers that are right
    counts: tuple[int, ...]  # how many answers a bin holds
    log_loss: float  # of all answers
    intervals: tuple[tuple[float, float], ...]  # Wilson's, of each bin's accuracy

    @property
    def error(self) -> float:
        """The expected calibration error: the mean over all answers of how far their bin's accuracy is off.

        Reference: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, (3).
        """
        gaps = np.abs(np.subtract(self.accuracy, self.confidence))
        return float(np.average(gaps, weights=self.counts))
