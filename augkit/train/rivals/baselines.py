"""Baselines, by which a network is measured: what does as well without one is no reason to have one.

They stand in a run's metrics as a list of their names, what they look at, and their figure for the pictures that are
reported on, with its interval.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from torch import Tensor

from augkit.core.arrays import JsonObject
from augkit.train.tasks import Evaluation
from augkit.train.tasks.dense import Dense
from augkit.train.tasks.headline import WILSON, Headline
from augkit.train.wilson import wilson

LOOKS_AT = "no picture"


def constant_answer(evaluation: Evaluation, learnt: Tensor) -> list[JsonObject]:
    """Return the baseline that gives the same answer to every picture, the best one for what is learnt from.

    A list of one; of none where the task knows no such answer.

    Args:
        evaluation: of the pictures that are reported on.
        learnt: the encoded truths of the training pictures.
    """
    found = evaluation.task.constant(learnt)
    if found is None:
        return []
    task, given = evaluation.task, found.outputs
    if isinstance(task, Dense):
        outputs = task.always(given, evaluation.encoded)
    else:
        outputs = np.repeat(given[None], len(evaluation.ids), axis=0)
    judged = Evaluation(evaluation.ids, outputs, evaluation.encoded, task)
    return [{"name": found.name, "on": LOOKS_AT, "headline": asdict(judged.task.headline(judged)), "is_taken": False}]


def pooled(entries: Sequence[Sequence[JsonObject]], counts: Sequence[int]) -> list[JsonObject]:
    """Return baselines of several parts as those of all their pictures.

    Args:
        entries: the baselines of each part, as many and in the same order.
        counts: how many pictures each part has.
    """
    found: list[JsonObject] = []
    total = sum(counts)
    for same in zip(*entries, strict=True):
        first = same[0]["headline"]
        pairs = zip(same, counts, strict=True)
        value = sum(entry["headline"]["value"] * count for entry, count in pairs) / total
        low, high = wilson(round(value * total), total) if first["method"] == WILSON else (None, None)
        headline = first | {"value": value, "low": low, "high": high}
        names = list(dict.fromkeys(str(entry["name"]) for entry in same))
        flags = {flag: all(entry.get(flag) for entry in same) for flag in ("is_taken", "is_joined") if flag in same[0]}
        found.append(dict(same[0]) | {"name": " or ".join(names), "headline": headline, **flags})
    return found


def told(metrics: JsonObject) -> str:
    """Return a sentence that sets a network's figures beside those of the baselines, or nothing without any.

    >>> told({"baselines": []})
    ''
    """
    entries: Sequence[JsonObject] = metrics.get("baselines", ())
    if not entries:
        return ""
    figures = [(entry["name"], Headline(**entry["headline"])) for entry in entries]
    named = ", ".join(f"{name} {figure.told(figure.value)}" for name, figure in figures)
    balanced = metrics.get("balanced_accuracy")
    first = f"Balanced accuracy {100 * balanced:.1f} %. " if balanced is not None else ""
    return f"{first}Beside it: {named}."
