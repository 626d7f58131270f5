"""Verdicts on what changed between runs that are alike but for one thing, over all and class by class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from augkit.core.arrays import Reals
from augkit.train.comparison.holm import adjusted
from augkit.train.comparison.outcomes import ALL, Figure, Outcomes
from augkit.train.comparison.paired import Gain, apart, crossed, mcnemar, over_pictures, over_splits
from augkit.train.wilson import FEW

LEAST_SEEDS = 3  # pairs of runs: two may agree by chance
LEAST_PAIRED = 5  # from so many on it tells more to pair the runs of a seed than to take them apart
LEAST_PICTURES = FEW
LEVEL = 0.05  # of all verdicts of a comparison together
SAME = "no difference to be told"


@dataclass(frozen=True)
class Difference:
    """Gain of one way over the first, with what it rests on.

    Of errors, less is better: a gain is what became better. `low` and `high` are the interval that holds the true gain
    with 95 %, each row's by itself; `adjusted` is `chance` after Holm's correction for all rows and all ways.
    """

    name: str  # of a class, a label or a number, or ``all``
    pictures: int
    before: float  # the mean with the first way
    after: float  # with the other
    gain: float
    low: float | None
    high: float | None
    chance: float | None  # of such a gain, or a greater one either way, where there is none
    adjusted: float | None  # None where no verdict can be given
    verdict: str


@dataclass(frozen=True, eq=False)
class Repeated:
    """The runs of one way, in the order of their seeds and folds."""

    name: str
    runs: tuple[Outcomes, ...]
    share: float  # pictures reported on over pictures learnt from, of one run


@dataclass(frozen=True)
class _Row:
    told: Difference
    is_judged: bool


def differences(
    first: Repeated,
    others: Sequence[Repeated],
    is_less_better: bool = False,
    words: tuple[str, str] = ("helped", "hurt"),
) -> dict[str, list[Difference]]:
    """Return what each other way changed against the first: over all, then class by class.

    Runs are paired in their order. Where all pairs answered the same pictures, gains are judged over seeds and pictures
    (`crossed`; below five seeds `apart`), where pairs had pictures of their own, over splits (`over_splits`). All
    verdicts together hold a wrong one with 5 % at most: half of that is for the wholes, half for the classes (Holm).
    There is none from fewer than three seeds or splits, from fewer than ten pictures, and where seeds changed nothing.

    Args:
        first: what the others are compared with.
        others: with as many runs.
        is_less_better: the figures are errors.
        words: for a gain and for a loss.
    """
    found = {other.name: list(_rows(first, other, is_less_better)) for other in others}
    judged = [(name, place) for name, rows in found.items() for place, row in enumerate(rows) if row.is_judged]
    asked = [found[name][place].told for name, place in judged]
    wholes = sum(row.name == ALL for row in asked)
    weights = [1 / wholes if row.name == ALL else 1 / (len(asked) - wholes) for row in asked]
    chances = adjusted([row.chance or 0.0 for row in asked], weights)
    for (name, place), row, chance in zip(judged, asked, chances, strict=True):
        verdict = SAME if chance > LEVEL else words[row.gain < 0]
        found[name][place] = _Row(replace(row, adjusted=chance, verdict=verdict), True)
    return {name: [row.told for row in rows] for name, rows in found.items()}


def _rows(first: Repeated, other: Repeated, is_less_better: bool) -> Iterator[_Row]:
    sign, share = -1.0 if is_less_better else 1.0, (first.share + other.share) / 2
    runs = list(zip(first.runs, other.runs, strict=True))
    distinct = len({(_told(before), _told(after)) for before, after in runs})
    for name in dict.fromkeys(name for run in first.runs for name in run.figures):
        pairs = [pair for before, after in runs if (pair := _pair(before, after, name)) is not None]
        if pairs:
            yield _judged(name, pairs, sign, share, distinct)


def _told(run: Outcomes) -> tuple[tuple[str, ...], ...]:
    return run.units, tuple(figure.values.tobytes().hex() for figure in run.figures.values())


@dataclass(frozen=True, eq=False)
class _Pair:
    units: tuple[str, ...]
    before: Reals
    after: Reals
    pictures: int
    is_grouped: bool


def _pair(before: Outcomes, after: Outcomes, name: str) -> _Pair | None:
    """Return what both runs say of a figure by the units that they share, or None where there is none."""
    one, two = before.figures.get(name), after.figures.get(name)
    if one is None or two is None:
        return None
    is_grouped = before.is_grouped or after.is_grouped
    if before.units == after.units and np.array_equal(one.at, two.at):
        units = tuple(before.units[place] for place in one.at.tolist())
        pictures = min(one.pictures, two.pictures) if is_grouped else len(units)
        return _Pair(units, one.values, two.values, pictures, is_grouped)
    left, right = _by_unit(before, one), _by_unit(after, two)
    units = tuple(unit for unit in left if unit in right)
    if not units or is_grouped:  # what a group says of a figure holds among its own alone
        return None
    first, second = (np.array([side[unit] for unit in units]) for side in (left, right))
    return _Pair(units, first, second, len(units), is_grouped)


def _by_unit(run: Outcomes, figure: Figure) -> Mapping[str, float]:
    return {run.units[place]: value for place, value in zip(figure.at.tolist(), figure.values.tolist(), strict=True)}


def _judged(name: str, pairs: Sequence[_Pair], sign: float, share: float, distinct: int) -> _Row:
    """Return a row with its gain, and why there is no verdict where none can be given: those that can get one later."""
    sets: dict[tuple[str, ...], list[_Pair]] = {}
    for pair in pairs:
        sets.setdefault(pair.units, []).append(pair)
    pictures = _pictures(pairs)
    before, after = (float(np.mean([getattr(pair, end).mean() for pair in pairs])) for end in ("before", "after"))
    reason = _reason(len(pairs), pictures, distinct, len(sets))
    ends = [
        (sign * np.stack([one.before for one in some]), sign * np.stack([one.after for one in some]))
        for some in sets.values()
    ]
    by_set = [after - before for before, after in ends]
    gain, chance = _gain(ends, share, distinct), None
    if gain is not None:
        chance = gain.chance
    if distinct == 1 and gain is not None:
        alone = by_set[0][0]
        chance = mcnemar(alone) if np.isin(alone, (-1.0, 0.0, 1.0)).all() else gain.chance
        if pictures >= LEAST_PICTURES:
            reason += f"; of these two networks alone p = {chance:.2g}"
    low, high = (None, None) if gain is None else gain.interval
    if low is not None and high is not None and all(_are_shares(pair) for pair in pairs):
        low, high = max(low, -1.0), min(high, 1.0)
    mean = float(np.mean([gains.mean() for gains in by_set]))
    row = Difference(name, pictures, before, after, mean, low, high, chance, None, reason)
    return _Row(row, is_judged=not reason and chance is not None)


def _are_shares(pair: _Pair) -> bool:
    return bool(np.isin([pair.before, pair.after], (0.0, 1.0)).all())


def _pictures(pairs: Sequence[_Pair]) -> int:
    """Return how many pictures a figure is of, over all runs."""
    if any(pair.is_grouped for pair in pairs):
        return sum({pair.units: pair.pictures for pair in pairs}.values())
    return len({unit for pair in pairs for unit in pair.units})


def _reason(runs: int, pictures: int, distinct: int, sets: int) -> str:
    """Return why there is no verdict, or nothing."""
    if pictures < LEAST_PICTURES:
        return f"no verdict: {pictures} picture{'s' * (pictures != 1)}, {LEAST_PICTURES} are needed"
    if runs < LEAST_SEEDS:
        return f"no verdict: {runs} seed{'s' * (runs != 1)}, {LEAST_SEEDS} are needed"
    if distinct < LEAST_SEEDS:
        return "no verdict: the seeds changed nothing"
    if 1 < sets < LEAST_SEEDS:
        return f"no verdict: {sets} splits, {LEAST_SEEDS} are needed"
    return ""


def _gain(ends: Sequence[tuple[Reals, Reals]], share: float, distinct: int) -> Gain | None:
    """Return the gain from what each way's runs (s, n) said of each set of pictures; None of a single picture."""
    if len(ends) > 1:
        return over_splits([(after - before).mean(axis=0) for before, after in ends], share)
    ((before, after),) = ends
    seeds, pictures = before.shape
    if pictures < 2:
        return None
    if seeds < 2 or distinct < 2:
        return over_pictures((after - before)[0])
    return apart(before, after) if seeds < LEAST_PAIRED else crossed(after - before)
