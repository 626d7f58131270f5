"""The mean of a trained head and of logistic regression on the same frozen features, which is one linear layer as well.

Neither is better in general: one learnt from augmented views and ended early, the other is held back by a penalty that
was found by folds. Over fifteen folds of icons and cut-outs their mean had a log loss of 0.87 and was right in 74.9 %,
the trained one had 0.88 and 74.7 %, the other 0.88 and 74.2 %. The mean is kept unless one of the two alone has a
smaller log loss on the pictures that choose, by more than its standard error from picture to picture; the linear model
must be right more often as well.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from augkit.core.arrays import Reals
from augkit.train.loop.evaluator import Evaluator
from augkit.train.metrics import fit_temperature
from augkit.train.models import Network
from augkit.train.parts.parts import Role
from augkit.train.rivals.linear_head import MOST_ROWS
from augkit.train.rivals.linear_rival import Rival
from augkit.train.rivals.log_losses import is_gain, log_losses
from augkit.train.setup import Setup


def with_mean(setup: Setup, trained: Network, rival: Rival, evaluators: Mapping[Role, Evaluator]) -> Rival:
    """Return a rival of classes with the network that is to be kept; one of another task or head as it is.

    Args:
        setup: of the training.
        trained: the network that the training kept, of which nothing but the head was trained.
        rival: with the same features.
        evaluators: of all parts; their features are those of both.
    """
    heads = trained.head_module, rival.network.head_module
    if setup.task.kind != "classes" or not all(isinstance(head, nn.Linear) for head in heads):
        return rival
    spreads = [_spread(network, evaluators["train"]) for network in (trained, rival.network)]
    if min(spreads) <= 0.0:
        return rival
    joined = deepcopy(trained)
    with torch.no_grad():
        for mine, theirs in zip(joined.head_module.parameters(), rival.network.head_module.parameters(), strict=True):
            mine.copy_((mine + theirs.to(mine.device) * (spreads[0] / spreads[1])) / 2.0)
    losses = [_losses(network, evaluators) for network in (joined, trained, rival.network)]
    mean, own, other = (float(loss.mean()) for loss in losses)
    is_own, is_other = is_gain(losses[0], losses[1]), is_gain(losses[0], losses[2]) and rival.is_taken
    name, ways = str(rival.entry["name"]), {"joined": joined, "alone": rival.network}
    told = f"on the pictures that choose: a log loss of {{:.3f}}, that of the trained head is {own:.3f}"
    if is_other and (other < own or not is_own):
        first = f"{name.capitalize()} on the frozen features did better {told.format(other)}"
        reason = f"{first}. It is the head that was kept."
        return _kept(rival, rival.network, reason, evaluators, ways)
    if is_own:
        return replace(rival, is_taken=False, entry=rival.entry | {"is_taken": False}, ways=ways)
    first = f"The head that was kept is the mean of the trained one and of {name} on the frozen features"
    reason = f"{first}, {told.format(mean)}, of {name} {other:.3f}."
    return _kept(rival, joined, reason, evaluators, ways)


def _kept(
    rival: Rival, network: Network, reason: str, evaluators: Mapping[Role, Evaluator], ways: Mapping[str, Network]
) -> Rival:
    score = evaluators["val"](network, True).told["val_score"]
    is_alone = network is rival.network
    entry = rival.entry | {"is_taken": is_alone, "is_joined": not is_alone}
    return replace(rival, network=network, score=score, is_taken=True, entry=entry, reason=reason, ways=ways)


def _losses(network: Network, evaluators: Mapping[Role, Evaluator]) -> Reals:
    """Return the log loss of every picture that chooses, of calibrated probabilities."""
    evaluation = evaluators["val"].evaluate(network, is_frozen=True)
    return log_losses(evaluation, fit_temperature(evaluation))


@torch.no_grad()
def _spread(network: Network, learnt: Evaluator) -> float:
    """Return the standard deviation of a network's outputs for what is learnt from, from the mean of each picture."""
    count = min(len(learnt.truths), MOST_ROWS)
    places = [place * len(learnt.truths) // count for place in range(count)]
    head = network.head_module
    assert isinstance(head, nn.Linear)
    outputs = learnt.features.view(0).at(places).to(head.weight.device) @ head.weight.T
    return float((outputs - outputs.mean(1, keepdim=True)).std())
