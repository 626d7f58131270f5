"""Choice of a linear model by what is learnt: logistic regression for classes and labels, ridge regression for numbers.

Of labels each has a logistic regression of its own, against the pictures that do not have it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from augkit.train.rivals.linear_head import LinearHead, fit_linear
from augkit.train.rivals.ridge import fit_ridge
from augkit.train.tasks import Task

LOGISTIC, RIDGE = "logistic regression", "ridge regression"
KINDS = {"classes": LOGISTIC, "labels": LOGISTIC, "numbers": RIDGE}  # of tasks, and what their linear model is called
SURE = 20.0  # the logit of a label that all pictures have, or none
MOST_LABELLED = 2000  # rows for each of many labels: their fits are as many as there are labels
MANY = 10  # labels


def fit_for(
    task: Task, features: Tensor, truths: Tensor, groups: Sequence[str], seed: int, weights: Tensor | None = None
) -> LinearHead:
    """Fit the linear model of a task, one of `KINDS`.

    Args:
        task: what is learnt.
        features: (n, F).
        truths: as the task encodes them: (n,) numbers of classes, (n, k) labels or scaled numbers.
        groups: (n) what a row was made of: rows of one are never divided between folds.
        seed: of the folds.
        weights: how much a class counts, or the presence of a label (k,); None for all alike.
    """
    if task.kind == "numbers":
        return fit_ridge(features, truths, groups, seed)
    if task.kind == "labels":
        return _each_alone(features, truths, groups, seed, weights)
    return fit_linear(features, truths, groups, task.outputs, seed, weights)


def _each_alone(
    features: Tensor, truths: Tensor, groups: Sequence[str], seed: int, weights: Tensor | None
) -> LinearHead:
    """Return one layer of a logistic regression for each label; the strength is that of the first that has one."""
    count = truths.shape[1]
    if count > MANY and len(features) > MOST_LABELLED:
        kept = [place * len(features) // MOST_LABELLED for place in range(MOST_LABELLED)]
        features, truths, groups = features[kept], truths[kept], [groups[place] for place in kept]
    weight, bias, strengths = torch.zeros(count, features.shape[1]), torch.zeros(count), list[float]()
    for place in range(count):
        present = truths[:, place].long()
        if present.min() == present.max():
            bias[place] = SURE if present.any() else -SURE
            continue
        counted = None if weights is None else torch.tensor([1.0, float(weights[place])])
        found = fit_linear(features, present, groups, 2, seed, counted)
        weight[place], bias[place] = found.weight[1] - found.weight[0], found.bias[1] - found.bias[0]
        strengths.append(found.strength)
    return LinearHead(weight, bias, strengths[0] if strengths else 0.0)
