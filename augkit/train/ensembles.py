"""Trainings of several seeds or folds folded into one artefact, which answers with the mean of theirs."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError
from augkit.train.artefact import Artefact, load
from augkit.train.features import backbone_hash
from augkit.train.models import Architecture, Network
from augkit.train.models.ensemble_network import ENSEMBLE, MEANS, Ensemble
from augkit.train.results import Result, finish
from augkit.train.run_folder import behaviour_of, law_of
from augkit.train.setup import prepare
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import readable, trouble_told
from augkit.train.trainer import begin, reproducible
from augkit.train.training_loop import State


def joined(artefacts: Sequence[Artefact]) -> tuple[Network, Architecture]:
    """Return networks as one, in evaluation mode; each is calibrated by its own temperature.

    Those that differ in nothing but their heads, as what was frozen all the time, are held once.

    Raises:
        ArgumentError: they answer different questions, or see pictures otherwise.
    """
    first = artefacts[0]
    for other in artefacts[1:]:
        if other.task != first.task or other.architecture.preprocessing != first.architecture.preprocessing:
            raise ArgumentError("must be of one task and of one preprocessing, got several.", "ensemble")
    if first.task.kind not in MEANS:
        raise ArgumentError(f"must go with {', '.join(MEANS)}, got {first.task.kind}. Leave it out.", "ensemble")
    bodies = {(one.architecture.name, backbone_hash(one.network)) for one in artefacts}
    are_alike = len(bodies) == 1 and all(one.architecture == first.architecture for one in artefacts)
    members, others = (artefacts[:1], artefacts[1:]) if are_alike else (artefacts, ())
    heads: list[nn.Linear] = [deepcopy(one.network.last_layer) for one in others]
    network = Ensemble([deepcopy(one.network) for one in members], heads, first.task.kind)
    if first.task.output == "logits":
        network.temperatures.copy_(torch.tensor([one.temperature for one in artefacts]))
    arguments: JsonObject = {
        "members": [one.architecture.described() for one in members],
        "heads": len(heads),
        "kind": first.task.kind,
    }
    architecture = Architecture(ENSEMBLE, first.task.outputs, first.architecture.preprocessing, arguments)
    return network.eval(), architecture


def ensemble(
    config: TrainConfig,
    runs: Sequence[Result],
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Result:
    """Fold trainings that divided their pictures alike into one artefact, with a report of its own.

    The mean is calibrated by the pictures that chose, and judged by those that had no say, as each of them was.

    Args:
        config: of the trainings; the artefact is written to its folder.
        runs: what came of them.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Raises:
        AugkitError: something is wrong, and the sentence says what.
    """
    began = time.perf_counter()
    with trouble_told(config.out), reproducible():
        artefacts = [load(run.out) for run in runs]
        network, architecture = joined(artefacts)
        first = Path(runs[0].out)
        setup = prepare(config, lambda _: None, progress, law_of(first), behaviour_of(first))
        fingerprints = {artefact.fingerprint for artefact in artefacts} | {setup.deciding["data"]}
        if len(fingerprints) > 1:
            raise ArgumentError("must be trained on the same pictures, divided alike, got others.", "ensemble")
        _, evaluators = begin(setup, tell, progress)
        note = f"The mean of the probabilities of {len(runs)} networks; the curves are those of the first."
        if setup.task.kind == "numbers":
            note = f"The mean of the answers of {len(runs)} networks; the curves are those of the first."
        with closing(evaluators["train"].stream.pool):
            folded = replace(setup, architecture=architecture)
            seconds = time.perf_counter() - began
            found = finish(
                folded, network, _state(runs[0]), evaluators, [note], seconds, ["--seeds", str(len(runs)), "--ensemble"]
            )
            return replace(found, score=evaluators["val"](network, False).rank[0])


def _state(run: Result) -> State:
    """Return what is known of a training's epochs."""
    log = Path(run.out) / "log.jsonl"
    with readable(log):
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return State(epoch=run.epochs, rows=rows, best_epoch=run.best_epoch - 1)
