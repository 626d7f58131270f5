"""Thresholds of drawn numbers beyond which the loss is higher: found, and told from chance.

Numbers are drawn by a key, whatever the picture and the other numbers are. So where they have nothing to do with the
loss, any exchange of the numbers of two copies of one class would have been as likely: shuffled numbers tell what
chance does, whatever the losses look like. All numbers, both sides, all thresholds and all classes are looked at
together, and the largest statistic of each shuffle is what the found ones are compared with, so that chance declares
anything at all in `LEVEL` of all runs.

That is said of the pictures that were looked at: a number may move each of them one way or the other, and others
otherwise. So what a number does to each picture is given signs by chance, too, and what is declared must be beyond
that as well.

Reference: Westfall and Young, "Resampling-based multiple testing", 1993: the maxT procedure. Cameron, Gelbach and
Miller, "Bootstrap-based improvements for inference with clustered errors", 2008: signs for whole clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

import numpy as np

from augkit.core.arrays import Array, Flags, Reals
from augkit.train.trials.evidence import as_normal

LEVEL = 0.05  # of chance, that anything is declared
CUTS = 20  # parts of a range, between which the thresholds lie
LEAST_COPIES, LEAST_PICTURES = 12, 10  # on both sides of a threshold, of as many pictures in all
MOST_LOSS = 7.0  # nats: of a picture at a probability of 0.001; more would let one picture speak for all
LEAST_RISE = 0.05  # nats: what is lower is not worth a word, however sure
LOST = 0.25  # of the right answers, from which on a copy has become something else, and is not harder only
DRAWS = 500  # of the bootstrap
HELD = 64  # shuffles in hand at once

Side = Literal["above", "below"]


@dataclass(frozen=True, eq=False)
class Copies:
    """What was drawn for copies of pictures, and what they cost.

    Args:
        values: (N, V) the drawn numbers, NaN where a step was not done.
        low, high: (V,) the ranges.
        pictures: (N,) the place of each copy's picture.
        classes: (N,) the number of its class.
        rise: (N,) the copy's loss less that of the picture as it is.
        right: (N,) whether the copy was named right.
    """

    values: Reals
    low: Reals
    high: Reals
    pictures: Array
    classes: Array
    rise: Reals
    right: Flags


@dataclass(frozen=True)
class Finding:
    """A number that raised the loss beyond a threshold.

    Args:
        number: its place.
        side: of the threshold on which the loss is higher.
        threshold: that side begins here.
        of_class: the number of the class that is looked at alone; None for all pictures.
        p: the chance of such a statistic, or a larger one, of anything that is looked at.
        rise, low, high: how much higher the loss is there than on the other side, in nats, with its 95 % interval, by
            a bootstrap over pictures.
        right_within, right_beyond: the shares of right answers on both sides.
        copies, pictures: beyond the threshold.
    """

    number: int
    side: Side
    threshold: float
    of_class: int | None
    p: float
    rise: float
    low: float
    high: float
    right_within: float
    right_beyond: float
    copies: int
    pictures: int

    @property
    def is_grave(self) -> bool:
        """Whether answers are lost there: hard copies teach, those of something else do not."""
        return self.right_beyond <= (1.0 - LOST) * self.right_within


@dataclass(frozen=True, eq=False)
class _Question:
    """One threshold that is looked at, as flags of all copies."""

    number: int
    side: Side
    threshold: float
    of_class: int | None
    scope: Flags
    beyond: Flags


@dataclass(frozen=True, eq=False)
class _Signs:
    """What each picture adds to the difference that each question asks for.

    Args:
        shares: (Q, n) of each picture.
        counts: (Q,) of pictures that add anything.
    """

    shares: Reals
    counts: Reals

    @classmethod
    def of(cls, copies: Copies, asked: Sequence[_Question]) -> Self:
        cost = _clipped(copies)
        count = int(copies.pictures.max()) + 1

        def sums(of: Array, which: Flags) -> Reals:
            found: Reals = np.asarray(np.bincount(copies.pictures[which], of[which], minlength=count), np.float64)
            return found

        rows, ones = list[Array](), np.ones(len(cost))
        for one in asked:
            many, rest = sums(ones, one.beyond), sums(ones, one.scope & ~one.beyond)
            is_both = (many > 0) & (rest > 0)  # of other pictures nothing is known but how hard they are
            difference = sums(cost, one.beyond) / np.maximum(many, 1) - sums(
                cost, one.scope & ~one.beyond
            ) / np.maximum(rest, 1)
            weight = many * rest / np.maximum(many + rest, 1)
            rows.append(np.where(is_both, weight * difference, 0.0))
        shares: Reals = np.stack(rows)
        return cls(shares, np.maximum((shares != 0.0).sum(axis=1), 2).astype(np.float64))

    def statistics(self, signs: Array) -> Reals:
        """Return, for signs (n, S), how far above 0 the pictures' mean is (Q, S), in deviations of a normal number."""
        sums = self.shares @ signs
        counts = self.counts[:, None]
        variances = np.maximum((self.shares**2).sum(axis=1)[:, None] - sums**2 / counts, 1e-12) * counts / (counts - 1)
        return as_normal(sums / np.sqrt(variances), counts - 1)

    def largest(self, times: int, random: np.random.Generator) -> Reals:
        """Return the largest statistic for each of so many signs by chance."""
        pictures = self.shares.shape[1]
        parts = [
            self.statistics(random.choice((-1.0, 1.0), (pictures, min(HELD, times - first)))).max(axis=0)
            for first in range(0, times, HELD)
        ]
        found: Reals = np.concatenate(parts)
        return found


def findings(copies: Copies, shuffles: int, seed: int) -> list[Finding]:
    """Return the numbers that raised the loss beyond chance, the surest first, one threshold a side and class.

    Args:
        copies: at least two of each picture.
        shuffles: how many, for chance.
        seed: of the shuffles.
    """
    asked = list(_questions(copies))
    if not asked:
        return []
    cost = _centred(copies)
    scopes, place_of_scope = np.unique(np.stack([one.scope for one in asked]), axis=0, return_inverse=True)
    beyond = np.stack([one.beyond for one in asked]).astype(np.float32)
    within = scopes.astype(np.float32)
    found = _statistics(cost[:, None], beyond, within, place_of_scope.ravel())[:, 0]
    random = np.random.default_rng([seed, shuffles])
    most = list[float]()
    for first in range(0, shuffles, HELD):
        count = min(HELD, shuffles - first)
        moved = np.stack([cost[_shuffled(copies.classes, random)] for _ in range(count)], axis=1)
        most += _statistics(moved, beyond, within, place_of_scope.ravel()).max(axis=0).tolist()
    shuffled, signed = np.array(most), _Signs.of(copies, asked)
    alike, flipped = signed.statistics(np.ones((len(signed.shares[0]), 1)))[:, 0], signed.largest(shuffles, random)
    best: dict[tuple[int, Side, int | None], int] = {}
    for at in np.argsort(-found, kind="stable").tolist():
        one = asked[at]
        best.setdefault((one.number, one.side, one.of_class), at)
    told = list[Finding]()
    for at in best.values():
        beaten = max(int((shuffled >= found[at]).sum()), int((flipped >= alike[at]).sum()))
        p = (1 + beaten) / (1 + shuffles)
        if p <= LEVEL:
            told.append(_told(copies, asked[at], p, random))
    told.sort(key=lambda one: (one.p, -one.rise))
    return [one for one in told if one.rise >= LEAST_RISE and one.low > 0.0]


def binned(copies: Copies, number: int, bins: int, seed: int = 0) -> list[tuple[float, float, float, float]]:
    """Return how the mean rise goes with a number: the middle of each bin, the mean, and its 95 % interval."""
    values = copies.values[:, number]
    ends = np.linspace(copies.low[number], copies.high[number], bins + 1)
    found = list[tuple[float, float, float, float]]()
    random = np.random.default_rng([seed, number])
    for low, high in pairwise(ends.tolist()):
        inside = (values >= low) & ((values < high) | (high == ends[-1]))
        if len(set(copies.pictures[inside].tolist())) >= 2:
            mean, less, more = _bootstrap(copies, inside, None, random)
            found.append((float(low + high) / 2.0, mean, less, more))
    return found


def _questions(copies: Copies) -> Sequence[_Question]:
    found = list[_Question]()
    groups: list[tuple[int | None, Flags]] = [(None, np.ones(len(copies.rise), bool))]
    groups += [(int(label), copies.classes == label) for label in np.unique(copies.classes)]
    for number in range(copies.values.shape[1]):
        values, low, high = copies.values[:, number], copies.low[number], copies.high[number]
        is_known = np.isfinite(values)
        is_coin = bool(np.isin(values[is_known], (0.0, 1.0)).all())
        parts = (1.0,) if is_coin else tuple(range(1, CUTS))
        sides: tuple[Side, ...] = ("above",) if is_coin else ("above", "below")
        for of_class, members in groups:
            scope = is_known & members
            if len(set(copies.pictures[scope].tolist())) < LEAST_PICTURES:
                continue
            for part in parts:
                at = float(1.0 if is_coin else low + (high - low) * part / CUTS)
                for side in sides:
                    if not is_coin and (part < CUTS // 2 if side == "above" else part > CUTS // 2):
                        continue  # of more than half of a range the rest is easy, rather than this hard
                    beyond = scope & (values >= at if side == "above" else values <= at)
                    if min(beyond.sum(), (scope & ~beyond).sum()) >= LEAST_COPIES:
                        found.append(_Question(number, side, at, of_class, scope, beyond))
    return found


def _clipped(copies: Copies) -> Reals:
    found: Reals = np.clip(copies.rise, -MOST_LOSS, MOST_LOSS)
    return found


def _centred(copies: Copies) -> Reals:
    """Return what copies cost less what copies of their picture cost on average."""
    cost = _clipped(copies)
    counts = np.bincount(copies.pictures)
    sums = np.bincount(copies.pictures, cost)
    found: Reals = cost - (sums / np.maximum(counts, 1))[copies.pictures]
    return found


def _shuffled(classes: Array, random: np.random.Generator) -> Array:
    """Return places (N,) shuffled within classes."""
    order = np.arange(len(classes))
    for label in np.unique(classes):
        members = np.flatnonzero(classes == label)
        order[members] = random.permutation(members)
    return order


def _statistics(costs: Reals, beyond: Array, scopes: Array, place_of_scope: Array) -> Reals:
    """Return Student's t (Q, S) of each question for each column of costs (N, S): beyond against the rest."""
    costs = costs.astype(np.float32)
    counts = scopes.sum(axis=1)[:, None]
    sums, squares = scopes @ costs, scopes @ costs**2
    variances = np.maximum(squares / counts - (sums / counts) ** 2, 1e-12)
    many = beyond.sum(axis=1)[:, None]
    rest = counts[place_of_scope] - many
    inside = beyond @ costs
    difference = inside / many - (sums[place_of_scope] - inside) / rest
    found: Reals = difference / np.sqrt(variances[place_of_scope] * (1.0 / many + 1.0 / rest))
    return found


def _told(copies: Copies, one: _Question, p: float, random: np.random.Generator) -> Finding:
    rest = one.scope & ~one.beyond
    mean, low, high = _bootstrap(copies, one.beyond, rest, random)
    right = copies.right
    return Finding(
        one.number,
        one.side,
        one.threshold,
        one.of_class,
        p,
        mean,
        low,
        high,
        float(right[rest].mean()),
        float(right[one.beyond].mean()),
        int(one.beyond.sum()),
        len(set(copies.pictures[one.beyond].tolist())),
    )


def _bootstrap(
    copies: Copies, some: Flags, others: Flags | None, random: np.random.Generator
) -> tuple[float, float, float]:
    """Return the mean rise of some copies less that of others, and its 95 % interval over pictures."""
    cost, count = _clipped(copies), int(copies.pictures.max()) + 1
    known = np.unique(copies.pictures)
    draws = random.integers(0, len(known), (DRAWS, len(known)))
    times = np.stack([np.bincount(row, minlength=len(known)) for row in draws])  # of each picture in each draw

    def means(which: Flags) -> tuple[float, Reals]:
        sums = np.bincount(copies.pictures[which], cost[which], minlength=count)[known]
        sizes = np.bincount(copies.pictures[which], minlength=count)[known]
        drawn: Reals = (times @ sums) / np.maximum(times @ sizes, 1)
        return float(sums.sum() / max(sizes.sum(), 1)), drawn

    mean, drawn = means(some)
    if others is not None:
        other, other_drawn = means(others)
        mean, drawn = mean - other, drawn - other_drawn
    low, high = np.quantile(drawn, (0.025, 0.975))
    return mean, float(low), float(high)
