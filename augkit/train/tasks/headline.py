"""Figures that stand for a network, with the intervals that hold their true values with 95 %."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from augkit.core.arrays import Flags, Indices, Reals
from augkit.core.key import Key
from augkit.train.wilson import LEVEL, wilson

WILSON = "Wilson's method"
RESAMPLES = 200


@dataclass(frozen=True)
class Headline:
    """The figure that stands for a network, and the interval that holds its true value with 95 %."""

    name: str
    value: float
    low: float | None  # of the interval; None where one picture tells nothing
    high: float | None
    method: str  # that the interval comes from
    is_fraction: bool  # it lies between 0 and 1, and is shown in per cent

    def told(self, value: float) -> str:
        """Return a value of this figure as text."""
        return f"{100 * value:.1f} %" if self.is_fraction else f"{value:.4g}"


def share_right(name: str, right: Flags) -> Headline:
    """Return which part of pictures (n,) is right."""
    return Headline(name, float(right.mean()), *wilson(int(right.sum()), len(right)), WILSON, True)


def mean_error(name: str, errors: Reals) -> Headline:
    """Return the mean of errors (n,), 0 or more each."""
    mean, method = float(errors.mean()), "Student's t over the pictures"
    if len(errors) < 2:
        return Headline(name, mean, None, None, method, False)
    half = float(stdtrit(len(errors) - 1, (1 + LEVEL) / 2)) * float(np.std(errors, ddof=1) / np.sqrt(len(errors)))
    return Headline(name, mean, max(0.0, mean - half), mean + half, method, False)


def resampled(name: str, value: float, count: int, figure: Callable[[Indices], float | None]) -> Headline:
    """Return a figure of pictures, with an interval from drawing as many of them again and again.

    `figure` gives its value for the pictures at some places, or None where it is undefined.

    Reference: Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979.
    """
    method = f"bootstrap, {RESAMPLES} resamples of the pictures"
    if count < 2:
        return Headline(name, value, None, None, method, True)
    known = [found for places in drawn_again(count) if (found := figure(places)) is not None]
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if known else (0.0, 1.0)
    return Headline(name, value, float(low), float(high), method, True)


def drawn_again(count: int) -> Iterator[Indices]:
    """Yield the places of as many pictures as there are, drawn again and again: the same whenever it is asked."""
    generator = np.random.default_rng(Key(0, "bootstrap").stream("pictures").integers(2**63))
    for _ in range(RESAMPLES):
        yield generator.integers(0, count, count)


def mean_of(values: Sequence[float | None]) -> float | None:
    """Return the mean of what is defined, or None where nothing is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
