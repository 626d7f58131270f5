"""Precision, recall and F1 of every class or label."""

from collections.abc import Collection, Sequence

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from augkit.core.arrays import Array, JsonObject


def per_class(
    truths: Array, named: Array, names: Sequence[str], present: Collection[int], labels: Sequence[int] | None = None
) -> list[JsonObject]:
    """Return a row for each class; what is undefined is None.

    Undefined are the recall and F1 of a class that no picture has, and the precision of one that was never named.
    `truths` and `named` are numbers of classes (n), all of which are in `labels`, or 0 and 1 for labels (n, k).
    """
    columns = precision_recall_fscore_support(truths, named, labels=labels, zero_division=np.nan)
    rows: list[JsonObject] = []
    for place, (precision, recall, f1, support) in enumerate(zip(*columns, strict=True)):
        is_seen = place in present
        rows.append(
            {
                "name": names[place],
                "precision": None if np.isnan(precision) else float(precision),
                "recall": float(recall) if is_seen else None,
                "f1": float(f1) if is_seen else None,
                "support": int(support),
            }
        )
    return rows
