"""The rival of a trained network: a linear model on the features that the network began with.

It stands beside every network with frozen features, and is taken where it does better on the pictures that choose: its
weights are a last layer like any, so that the artefact is the same either way. Of classes it may also be joined with
the trained head, see `augkit.train.rivals.mean_head`.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field

import torch
from torch import nn

from augkit.core.arrays import JsonObject
from augkit.train.loop.evaluator import Evaluator
from augkit.train.models import Architecture, Network
from augkit.train.parts.parts import Role
from augkit.train.rivals.linear_fit import KINDS, fit_for
from augkit.train.rivals.linear_head import MOST_ROWS
from augkit.train.setup import Setup

LOOKS_AT = "the same features, frozen"


@dataclass(frozen=True)
class Rival:
    """A network beside the one that was trained, and how good it is.

    Args:
        network: takes the trained network's place, if it is taken.
        score: by the pictures that choose; more is better.
        is_taken: whether it did better on these.
        entry: of the list of baselines in a run's metrics.
        reason: why it is taken, in a sentence.
        architecture: how it is built; None for as the trained one.
        ways: networks that may be kept in its place, where that is chosen elsewhere: the mean of both as "joined", and
            the linear model's own as "alone".
    """

    network: Network
    score: float
    is_taken: bool
    entry: JsonObject
    reason: str
    architecture: Architecture | None = None
    ways: Mapping[str, Network] = field(default_factory=dict)


def rival_of(setup: Setup, began: Network, evaluators: Mapping[Role, Evaluator], trained: float) -> Rival | None:
    """Return the rival of a network, or None where nothing was frozen or the task has no linear model.

    Args:
        setup: of the training.
        began: the network as the training began, which becomes the rival's.
        evaluators: of all parts; their features are those of that network.
        trained: the score of what came of the training, by the pictures that choose.
    """
    if not setup.schedule.is_frozen(0) or setup.task.kind not in KINDS:
        return None
    learnt, config = evaluators["train"], setup.config
    count, views = len(learnt.truths), config.views if setup.pipeline is not None else 1
    views = max(1, min(views, MOST_ROWS // count))
    rows = torch.cat([learnt.features.view(view).at(range(count)) for view in range(views)])
    truths = learnt.truths.cpu().repeat(views, *[1] * (learnt.truths.ndim - 1))
    weights = setup.task.weights(config.class_weights, setup.truths["train"])
    origins = [*setup.surveyed.parts.train.origins] * views
    network = deepcopy(began)
    fit_for(setup.task, rows, truths, origins, config.seed, weights).put_into(network)
    score = evaluators["val"](network, True).told["val_score"]
    headline = setup.task.headline(evaluators["test"].evaluate(network, is_frozen=True))
    is_taken = score > trained and isinstance(began.head_module, nn.Linear)  # who brings a head wants that
    name, task = KINDS[setup.task.kind], setup.task
    entry = {"name": name, "on": LOOKS_AT, "headline": asdict(headline), "is_taken": is_taken}
    mine, theirs = task.told_score(score), task.told_score(trained)
    told = f"{name.capitalize()} on the frozen features did better on the pictures that choose"
    return Rival(network, score, is_taken, entry, f"{told}, {mine} against {theirs}: it is the head that was kept.")
