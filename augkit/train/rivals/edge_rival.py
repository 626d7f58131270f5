"""The rival of a small network that learnt from nothing: a linear model on edges in the cells of a picture.

It is what was done before networks, and as good as a small one where there are few pictures. What each gets wrong the
other often gets right: `resnet_small` is joined with it, as the mean of their calibrated probabilities of classes,
where that has the smaller log loss on the pictures that choose, by more than its standard error from picture to
picture: of few a smaller gain would be chance.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

import torch
from torch import Tensor

from augkit.core.arrays import Json, Reals
from augkit.loader import Draw
from augkit.train.batches.stream import BATCH, Prepared
from augkit.train.files.artefact import Artefact
from augkit.train.loop.evaluator import Evaluator
from augkit.train.metrics import fit_temperature
from augkit.train.models import Architecture, Network
from augkit.train.models.layers import CLASSES
from augkit.train.parts.parts import Role
from augkit.train.recipe import SMALL_NETWORK
from augkit.train.rivals.linear_fit import KINDS, fit_for
from augkit.train.rivals.linear_head import MOST_ROWS
from augkit.train.rivals.linear_rival import Rival
from augkit.train.rivals.log_losses import is_gain, log_losses
from augkit.train.setup import Setup
from augkit.train.several.joined_networks import joined

LOOKS_AT = "edges in cells of the picture"
LARGEST = 80 * 80  # pixels: of a larger input it would be no moment's work
CELLS = 7  # down and to the right, about


def edge_rival_of(setup: Setup, trained: Network, evaluators: Mapping[Role, Evaluator]) -> Rival | None:
    """Return the rival of a trained network, or None for large inputs and where the task has no linear model."""
    preprocessing, config, task = setup.architecture.preprocessing, setup.config, setup.task
    if setup.schedule.is_frozen(0) or task.kind not in KINDS or math.prod(preprocessing.size) > LARGEST:
        return None
    learnt = setup.surveyed.parts.train
    count = min(len(learnt.sources), MOST_ROWS)
    places = [place * len(learnt.sources) // count for place in range(count)]
    made = replace(setup.architecture, name="edges", arguments={"layers": _layers(*preprocessing.size)})
    edges = made.build(config.seed).to(setup.device).eval()
    rows = torch.cat(list(_features(setup, edges, places)))
    weights = task.weights(config.class_weights, setup.truths["train"])
    origins = [learnt.origins[place] for place in places]
    truths = setup.truths["train"][places].cpu()
    fit_for(task, rows, truths, origins, config.seed, weights).put_into(edges)
    name = KINDS[task.kind]
    headline = asdict(task.headline(evaluators["test"].evaluate(edges)))
    entry = {"name": name, "on": LOOKS_AT, "headline": headline, "is_taken": False}
    if task.kind != "classes":
        return Rival(edges, 0.0, False, entry, "", made)
    alone = _calibrated(trained, setup.architecture, setup, evaluators)
    network, architecture = joined([alone, _calibrated(edges, made, setup, evaluators)])
    whole = Artefact(network.to(setup.device), architecture, task)
    losses = [_losses(one, evaluators) for one in (alone, whole)]
    before, after = (float(loss.mean()) for loss in losses)
    is_taken = config.model == SMALL_NETWORK and is_gain(*losses)
    score = evaluators["val"](network, False).told["val_score"] if is_taken else 0.0
    reason = f"{SMALL_NETWORK} is joined with {name} on edges: the log loss on the pictures that choose is"
    told = f"{reason} {after:.3f} then, and {before:.3f} without."
    return Rival(whole.network, score, is_taken, entry, told, architecture)


def _layers(height: int, width: int) -> Json:
    cell = [max(1, height // CELLS), max(1, width // CELLS)]
    return [{"edges": 8}, {"pool": {"size": cell, "kind": "mean"}}, "flatten", {"dense": CLASSES}]


def _calibrated(network: Network, made: Architecture, setup: Setup, evaluators: Mapping[Role, Evaluator]) -> Artefact:
    return Artefact(network, made, setup.task, temperature=fit_temperature(evaluators["val"].evaluate(network)))


def _losses(artefact: Artefact, evaluators: Mapping[Role, Evaluator]) -> Reals:
    """Return the log loss of every picture that chooses."""
    return log_losses(evaluators["val"].evaluate(artefact.network), artefact.temperature)


@torch.no_grad()
def _features(setup: Setup, network: Network, places: Sequence[int]) -> Iterator[Tensor]:
    """Yield the features (B, F) of some pictures that are learnt from, not augmented."""
    preprocessing, config = setup.architecture.preprocessing, setup.config
    prepared = Prepared(setup.surveyed.parts.train, preprocessing, setup.task, None, config.seed, config.wait)
    for first in range(0, len(places), BATCH):
        made = prepared.joined([prepared.one(Draw(0, place)) for place in places[first : first + BATCH]])
        yield network.features(preprocessing.normalise(made[0].to(setup.device))).cpu()
