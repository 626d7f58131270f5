"""Precision, recall and F1 of every class or label, and how far its pictures tell its recall."""

from collections.abc import Collection, Sequence

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from augkit.core.arrays import Array, JsonObject
from augkit.train.wilson import wilson


def per_class(
    truths: Array, named: Array, names: Sequence[str], present: Collection[int], labels: Sequence[int] | None = None
) -> list[JsonObject]:
    """Return a row for each class; what is undefined is None.

    Undefined are the recall, its interval and F1 of a class that no picture has, and the precision of one that was
    never named. ``low`` and ``high`` are Wilson's interval of the recall.
    `truths` and `named` are numbers of classes (n), all of which are in `labels`, or 0 and 1 for labels (n, k).
    """
    columns = precision_recall_fscore_support(truths, named, labels=labels, zero_division=np.nan)
    rows: list[JsonObject] = []
    for place, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True)):
        is_seen = place in present
        low, high = wilson(round(float(recall * support)), int(support)) if is_seen else (None, None)
        rows.append(
            {
                "name": names[place],
                "precision": None if np.isnan(precision) else float(precision),
                "recall": float(recall) if is_seen else None,
                "low": low,
                "high": high,
                "f1": float(f1) if is_seen else None,
                "support": int(support),
            }
        )
    return rows
