"""Networks joined into one, whose answer is the mean of theirs."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError
from augkit.train.features.features import backbone_hash
from augkit.train.files.artefact import Artefact
from augkit.train.models import Architecture, Network
from augkit.train.models.ensemble_network import ENSEMBLE, MEANS, Ensemble
from augkit.train.models.modules import OwnHead
from augkit.train.tasks import Task

SCALES = ("mean", "std")  # in which numbers of several trainings may differ, as the pictures do that they learnt from


def joined(artefacts: Sequence[Artefact]) -> tuple[Network, Architecture]:
    """Return networks as one, in evaluation mode; each is calibrated by its own temperature.

    Those that differ in nothing but their heads, as what was frozen all the time, are held once.

    Raises:
        ArgumentError: they answer different questions, or see pictures otherwise.
    """
    artefacts = [member for one in artefacts for member in _members(one)]
    first = artefacts[0]
    for other in artefacts[1:]:
        if _question(other) != _question(first) or other.architecture.preprocessing != first.architecture.preprocessing:
            raise ArgumentError("must be of one task and of one preprocessing, got several.", "ensemble")
    require_joinable(first.task)
    bodies = {(one.architecture.name, backbone_hash(one.network)) for one in artefacts}
    are_alike = len(bodies) == 1 and all(one.architecture == first.architecture for one in artefacts)
    members, others = (artefacts[:1], artefacts[1:]) if are_alike else (artefacts, ())
    heads = [_rescaled(deepcopy(one.network.head_module), one.task, first.task) for one in others]
    networks = [deepcopy(one.network) for one in members]
    for network, one in zip(networks, members, strict=True):
        _rescaled(network.head_module, one.task, first.task)
    whole = Ensemble(networks, heads, first.task.kind)
    if first.task.output == "logits":
        whole.temperatures.copy_(torch.tensor([one.temperature for one in artefacts]))
    arguments: JsonObject = {
        "members": [one.architecture.described() for one in members],
        "heads": len(heads),
        "kind": first.task.kind,
    }
    architecture = Architecture(ENSEMBLE, first.task.outputs, first.architecture.preprocessing, arguments)
    return whole.eval(), architecture


def require_joinable(task: Task) -> None:
    """Check that it is known what the mean of the answers of several networks is.

    Raises:
        ArgumentError: they have none.
    """
    if task.kind not in MEANS:
        raise ArgumentError(f"must go with {', '.join(MEANS)}, got {task.kind}. Leave it out.", "ensemble")


def _members(artefact: Artefact) -> list[Artefact]:
    """Return the networks that an artefact's consists of, each with its own temperature: an ensemble holds none."""
    arguments, network = artefact.architecture.arguments, artefact.network
    if artefact.architecture.name != ENSEMBLE or not isinstance(network, Ensemble) or arguments["heads"]:
        return [artefact]
    ways = [Architecture.read(data) for data in arguments["members"]]
    members = zip(network.networks, ways, network.temperatures.tolist(), strict=True)
    return [
        replace(artefact, network=one, architecture=way, temperature=own * artefact.temperature)
        for one, way, own in members
    ]


def _question(artefact: Artefact) -> JsonObject:
    """Return what a network answers, whatever its outputs are scaled by."""
    return {name: value for name, value in artefact.task.described().items() if name not in SCALES}


@torch.no_grad()
def _rescaled(layer: nn.Module, task: Task, wanted: Task) -> nn.Module:
    """Scale the outputs of a head, in place, as those of another task are that is the same otherwise; return it."""
    own, other = task.described(), wanted.described()
    if own != other:
        assert isinstance(layer, nn.Linear | OwnHead)  # numbers alone have scales
        (mean, std), (new_mean, new_std) = ([torch.tensor(one[name]) for name in SCALES] for one in (own, other))
        factor, offset = std / new_std, (mean - new_mean) / new_std
        if isinstance(layer, OwnHead):
            layer.rescale(factor, offset)
        else:
            layer.weight.mul_(factor[:, None])
            layer.bias.mul_(factor).add_(offset)
    return layer
