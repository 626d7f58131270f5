"""The verdict: whether the best augmentation helps, by pictures that had no say in it, and which classes it harms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from augkit.choose.candidates import NONE, Candidate
from augkit.choose.held_out import Judge
from augkit.choose.search import Found, Judged
from augkit.core.arrays import Array, Flags, Indices
from augkit.pipeline import Pipeline
from augkit.train.trials.evidence import LEVEL, Gain, crossed_gain, gain, holm

LEAST_OF_A_CLASS = 10  # pictures, for a verdict on a class
LEAST_REPEATS = 3  # for any verdict

Level = Literal["helps", "likely", "no evidence", "harms"]


@dataclass(frozen=True)
class Comparison:
    """The best against another finalist, by pictures that had no say in it.

    Args:
        other: the finalist's name.
        gain: in log loss; above 0 the best is better.
        points: in the share of right answers.
        p: of the gain, corrected for the number of comparisons.
    """

    other: str
    gain: Gain
    points: Gain
    p: float


@dataclass(frozen=True)
class ClassRow:
    """The best against no augmentation, for one class.

    Args:
        name: of the class.
        pictures: of it that were judged.
        before: share of them that is right without augmentation.
        after: with it.
        gain: in log loss.
        p: of the gain, corrected for the number of classes; 1 where too few pictures were judged.
        affinity, diversity: of the best, for its pictures.
        own: what is better for the class, where it is harmed.
    """

    name: str
    pictures: int
    before: float
    after: float
    gain: Gain
    p: float
    affinity: float
    diversity: float
    own: Candidate | None

    @property
    def is_harmed(self) -> bool:
        """Whether it is harmed beyond chance."""
        return self.gain.mean < 0.0 and self.p < LEVEL

    @property
    def is_helped(self) -> bool:
        """Whether it is helped beyond chance."""
        return self.gain.mean > 0.0 and self.p < LEVEL


@dataclass(frozen=True)
class Verdict:
    """What may be said of the best augmentation.

    Args:
        level: ``helps`` and ``harms`` beyond chance, by pictures that had no say; ``likely``, where only those say so
            that chose, corrected for all that was tried; or ``no evidence``.
        comparisons: by pictures that had no say, the first with no augmentation.
        p_of_choice: by pictures that chose, corrected for all that was tried.
        classes: a row each.
    """

    level: Level
    comparisons: tuple[Comparison, ...]
    p_of_choice: float
    classes: tuple[ClassRow, ...]


def verdict_on(found: Found, judge: Judge, confirming: Array, classes: Indices, names: Sequence[str]) -> Verdict:
    """Return the verdict on the best that a search found.

    Args:
        found: what a search found.
        judge: that it was done with.
        confirming: the view of pictures that had no say, as learners take it; perhaps of none.
        classes: the number of each one's class.
        names: of the classes.
    """
    comparisons = _comparisons(found, judge, confirming, classes)
    p_of_choice = _p_of_choice(found)
    level: Level = "no evidence"
    repeats = len(found.best.outcome.loss)
    first = comparisons[0] if comparisons else None
    if repeats >= LEAST_REPEATS:
        if first is not None and first.gain.p < LEVEL:
            level = "helps" if first.gain.mean > 0.0 else "harms"
        elif found.best.gain.mean > 0.0 and p_of_choice < LEVEL:
            level = "likely"
    return Verdict(level, comparisons, p_of_choice, _rows(found, judge, names))


def _p_of_choice(found: Found) -> float:
    """Return the best's p value, corrected for all that was tried: it may be there for being lucky."""
    tried: dict[Pipeline | None, float] = {one.candidate.pipeline: one.gain.p for one in found.judged}
    tried[found.best.candidate.pipeline] = found.best.gain.p  # in all repeats
    chances = dict(zip(tried, holm(list(tried.values())), strict=True))
    return chances[found.best.candidate.pipeline]


def _comparisons(found: Found, judge: Judge, confirming: Array, classes: Indices) -> tuple[Comparison, ...]:
    if not len(classes):
        return ()
    best, best_right = judge.confirmed(found.best.candidate.pipeline, confirming, classes)
    gains, points, others = list[Gain](), list[Gain](), list[str]()
    for one in sorted(found.finalists, key=lambda one: one.candidate.name != NONE):
        if one is not found.best:
            loss, right = judge.confirmed(one.candidate.pipeline, confirming, classes)
            gains.append(crossed_gain(loss - best))
            points.append(crossed_gain(best_right.astype(float) - right))
            others.append(one.candidate.name)
    # Against no augmentation there is one question, the first; the others are corrected for how many they are.
    chances = [gains[0].p, *holm([one.p for one in gains[1:]])]
    return tuple(Comparison(*row) for row in zip(others, gains, points, chances, strict=True))


def _rows(found: Found, judge: Judge, names: Sequence[str]) -> tuple[ClassRow, ...]:
    none, best = found.named(NONE), found.best
    repeats = len(best.outcome.loss)
    gains = []
    for number in range(len(names)):
        own = judge.classes == number
        gains.append(gain((none.outcome.loss - best.outcome.loss)[:, own], judge.folds[:repeats, own]))
    judgeable = [at for at, one in enumerate(gains) if one.pictures >= LEAST_OF_A_CLASS and repeats >= LEAST_REPEATS]
    chances = dict(zip(judgeable, holm([gains[at].p for at in judgeable]), strict=True))
    rows = []
    for number, name in enumerate(names):
        own = judge.classes == number
        its, p = gains[number], chances.get(number, 1.0)
        is_harmed = its.mean < 0.0 and p < LEVEL
        rows.append(
            ClassRow(
                name,
                int(own.sum()),
                float(none.outcome.right[:, own].mean()),
                float(best.outcome.right[:, own].mean()),
                its,
                p,
                float(best.outcome.moved_right[own].mean()),
                float(best.outcome.learnt_loss[own].mean()),
                _better_for(found, own) if is_harmed else None,
            )
        )
    return tuple(sorted(rows, key=lambda row: row.gain.mean))


def _better_for(found: Found, own: Flags) -> Candidate:
    """Return what is best for a class of all that was judged as often: a finalist, or the best without a step."""

    def loss(one: Judged) -> float:
        return float(one.outcome.loss[:, own].mean())

    return min((*found.finalists, *(left.judged for left in found.ablation)), key=loss).candidate
