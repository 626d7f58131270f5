"""Pictures whose answers turned: right in most runs of one way, and wrong in most of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from augkit.train.comparison.outcomes import ALL
from augkit.train.comparison.verdicts import Repeated

HALF = 0.5  # of the runs that a picture was judged by


@dataclass(frozen=True)
class Turned:
    """Ids of pictures that one way loses against the first, and that it wins, those of most runs first."""

    lost: Sequence[str]
    won: Sequence[str]


def turned(first: Repeated, other: Repeated) -> Turned:
    """Return the pictures that are right more often with one way than with the other, by half of the runs at least.

    There are none where a figure is no share of right pictures, as of errors in numbers.
    """
    gains: dict[str, list[float]] = {}
    for before, after in zip(first.runs, other.runs, strict=True):
        one, two = before.figures[ALL], after.figures[ALL]
        if before.is_grouped or before.units != after.units or not np.isin([one.values, two.values], (0.0, 1.0)).all():
            return Turned((), ())
        for place, gain in zip(one.at.tolist(), (two.values - one.values).tolist(), strict=True):
            gains.setdefault(before.units[place], []).append(gain)
    means = {id: float(np.mean(some)) for id, some in gains.items()}
    lost = sorted((id for id, mean in means.items() if mean <= -HALF), key=lambda id: (means[id], id))
    won = sorted((id for id, mean in means.items() if mean >= HALF), key=lambda id: (-means[id], id))
    return Turned(lost, won)
