"""Average precision of boxes, as COCO defines it: pycocotools' numbers, without it.

References: Lin et al., "Microsoft COCO: common objects in context", ECCV 2014, and its evaluation code; Everingham et
al., "The PASCAL visual object classes challenge", IJCV 2010.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Flags, Reals

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of the intersection over union
RECALLS = np.linspace(0.0, 1.0, 101)
MOST = 100  # answers of a class in a picture that are looked at


@dataclass(frozen=True)
class Matches:
    """The answers of one class in one picture, the surest first, and what became of each.

    Args:
        scores: (d,).
        is_right: (T, d) whether it has found an object, at each of `THRESHOLDS`.
        is_ignored: (T, d) whether it counts neither way.
        truths: how many objects were to be found.
    """

    scores: Reals
    is_right: Flags
    is_ignored: Flags
    truths: int


def overlaps(answers: Reals, truths: Reals, crowds: Flags) -> Reals:
    """Return the intersection over union of boxes (d, 4) and (t, 4); over the answer itself where that is a crowd."""
    low = np.maximum(answers[:, None, :2], truths[None, :, :2])
    high = np.minimum(answers[:, None, 2:], truths[None, :, 2:])
    inner = np.clip(high - low, 0.0, None).prod(-1)
    mine, theirs = ((boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (answers, truths))
    union = np.where(crowds[None], mine[:, None], mine[:, None] + theirs[None] - inner)
    return np.asarray(inner / np.maximum(union, 1e-12), np.float64)


def match(boxes: Reals, scores: Reals, truths: Reals, crowds: Flags) -> Matches:
    """Match the answers of one class in a picture with its objects, the surest first.

    An answer takes the object that it overlaps most, of equals the last, of those that are left; a crowd only where
    there is no other. A crowd may be taken again and again, and what takes it is ignored.

    Args:
        boxes: (d, 4) of left, top, right, bottom.
        scores: (d,).
        truths: (t, 4).
        crowds: (t,) whether one stands for many, or is ignored.
    """
    order = np.argsort(-scores, kind="stable")[:MOST]
    boxes, scores = boxes[order], scores[order]
    truths, crowds = truths[::-1], crowds[::-1]  # so that of equals the last is found first
    shared = overlaps(boxes, truths, crowds)
    least = np.minimum(THRESHOLDS, 1.0 - 1e-10)[:, None]
    is_free = np.repeat(~crowds[None], len(THRESHOLDS), 0)  # (T, t)
    is_right = np.zeros((len(THRESHOLDS), len(boxes)), bool)
    is_ignored = np.zeros_like(is_right)
    for answer in np.flatnonzero((shared >= least.min()).any(1)):
        reached = shared[answer] >= least
        values = np.where(is_free & reached, shared[answer], -1.0)
        is_found = values.max(1) > 0.0
        is_free[is_found, values.argmax(1)[is_found]] = False
        is_right[:, answer] = is_found
        is_ignored[:, answer] = ~is_found & (reached & crowds).any(1)
    return Matches(scores, is_right, is_ignored, int((~crowds).sum()))


def precisions(found: Sequence[Matches]) -> Reals | None:
    """Return the average precision (T,) of one class over pictures at each threshold; None without any object."""
    truths = sum(one.truths for one in found)
    if not truths:
        return None
    order = np.argsort(-np.concatenate([one.scores for one in found]), kind="stable")
    is_right = np.concatenate([one.is_right for one in found], 1)[:, order]
    is_wrong = ~is_right & ~np.concatenate([one.is_ignored for one in found], 1)[:, order]
    return np.array([_precision(right, wrong, truths) for right, wrong in zip(is_right, is_wrong, strict=True)])


def curve(found: Sequence[Matches], level: int = 0) -> Reals | None:
    """Return the precision at each of `RECALLS` of one class, at a threshold; None without any object."""
    truths = sum(one.truths for one in found)
    if not truths:
        return None
    order = np.argsort(-np.concatenate([one.scores for one in found]), kind="stable")
    is_right = np.concatenate([one.is_right[level] for one in found])[order]
    is_ignored = np.concatenate([one.is_ignored[level] for one in found])[order]
    return _curve(is_right, ~is_right & ~is_ignored, truths)


def _precision(is_right: Flags, is_wrong: Flags, truths: int) -> float:
    return float(_curve(is_right, is_wrong, truths).mean())


def _curve(is_right: Flags, is_wrong: Flags, truths: int) -> Reals:
    """Return the precision at each of `RECALLS`: the best that is had from there on."""
    right, wrong = np.cumsum(is_right, dtype=np.float64), np.cumsum(is_wrong, dtype=np.float64)
    recall, precision = right / truths, right / np.maximum(right + wrong, np.spacing(1.0))
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS, side="left")
    return np.append(precision, 0.0)[np.minimum(places, len(precision))]
