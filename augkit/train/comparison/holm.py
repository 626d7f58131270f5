"""Probabilities of several questions at once, so that the chance of one wrong verdict among all stays small."""

from collections.abc import Sequence


def adjusted(chances: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return adjusted probabilities: all that are at most 0.05 together hold a wrong one with 5 % at most.

    Args:
        chances: of what was seen, or of more than that, where there is nothing.
        weights: how much of the level each question is given, above 0.

    References: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    1979; the weights are those of Benjamini and Hochberg, likewise 1997.

    >>> adjusted([0.01, 0.04, 0.03], [1, 1, 1])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place] / weights[place])
    found, least, left = [0.0] * len(chances), 0.0, float(sum(weights))
    for place in order:
        least = max(least, min(1.0, left * chances[place] / weights[place]))
        found[place] = least
        left -= weights[place]
    return found
