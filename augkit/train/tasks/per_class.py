"""Precision, recall and F1 of every class or label, and how far its pictures tell its recall."""

from collections.abc import Collection, Sequence

import numpy as np

from augkit.core.arrays import Array, Indices, JsonObject
from augkit.train.wilson import wilson


def per_class(
    truths: Array, named: Array, names: Sequence[str], present: Collection[int], labels: Sequence[int] | None = None
) -> list[JsonObject]:
    """Return a row for each class; what is undefined is None.

    Undefined are the recall, its interval and F1 of a class that no picture has, and the precision of one that was
    never named. ``low`` and ``high`` are Wilson's interval of the recall.
    `truths` and `named` are numbers of classes (n), all of which are in `labels`, or 0 and 1 for labels (n, k).
    """
    counts = zip(*_counts(truths, named, labels), strict=True)
    rows: list[JsonObject] = []
    for place, (right, called, support) in enumerate(counts):
        is_seen = place in present
        low, high = wilson(right, support) if is_seen else (None, None)
        rows.append(
            {
                "name": names[place],
                "precision": right / called if called else None,
                "recall": right / support if is_seen else None,
                "low": low,
                "high": high,
                "f1": 2 * right / (called + support) if is_seen else None,
                "support": support,
            }
        )
    return rows


def _counts(truths: Array, named: Array, labels: Sequence[int] | None) -> tuple[list[int], list[int], list[int]]:
    """Return how many pictures of each class were named right, how many were named so, and how many there are."""
    if labels is None:
        found = [(truths & named).sum(axis=0), named.sum(axis=0), truths.sum(axis=0)]
        return found[0].tolist(), found[1].tolist(), found[2].tolist()
    places = list(labels)

    def counted(numbers: Indices) -> list[int]:
        counts: list[int] = np.bincount(numbers, minlength=max(places) + 1)[places].tolist()
        return counts

    return counted(truths[truths == named]), counted(named), counted(truths)
