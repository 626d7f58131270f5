"""One training from its settings to what it leaves in its folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from augkit.train.checkpoint import Checkpoints
from augkit.train.evaluator import Judge
from augkit.train.features import Features, backbone_hash
from augkit.train.log import Log
from augkit.train.parts import ROLES, Role
from augkit.train.results import Result, close
from augkit.train.run_folder import locked, open_run, require_apart
from augkit.train.schedule import optimizer_for
from augkit.train.setup import Preparation, prepare
from augkit.train.stream import BATCH, Stream, draws_of
from augkit.train.train_config import Settings
from augkit.train.training_loop import Course, fit

__all__ = ["Result", "begin", "reproducible", "train"]

Progress = Callable[[int, int, str], None]


def _silent(*_: object) -> None:
    pass


def train(
    settings: Settings,
    *,
    fresh: bool = False,
    tell: Callable[[str], None] = _silent,
    progress: Progress = _silent,
) -> Result:
    """Train a network, or go on where the same training was stopped.

    On a processor the weights that come out are a function of the settings and the pictures alone: whenever it was
    stopped, whatever the number of `workers`, with and without the `cache`.

    Args:
        settings: what is to be done.
        fresh: remove another run that is in the folder.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Raises:
        AugkitError: something is wrong, and the sentence says what; nothing that was done before is lost.
    """
    require_apart(settings.data, settings.out, "out")
    if isinstance(settings.cache, str):
        require_apart(settings.data, settings.cache, "cache")
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    with reproducible():
        ready = prepare(settings, noted, progress)
        with locked(Path(settings.out)):
            open_run(Path(settings.out), ready, fresh)
            best = deepcopy(ready.network)  # as it is at the beginning: a checkpoint holds what has changed
            course, judges = begin(ready, noted, progress)
            state = fit(course)
            best.load_state_dict(course.checkpoints.best_state(), strict=False)
            return close(ready, best, state, judges, notes, time.perf_counter() - began)


@contextmanager
def reproducible() -> Iterator[None]:
    """Make torch do the same every time, and leave it as it was."""
    was_deterministic, had_threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or a GPU's matrix products could not be
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.use_deterministic_algorithms(was_deterministic)
        torch.set_num_threads(had_threads)


def begin(
    ready: Preparation, tell: Callable[[str], None] = _silent, progress: Progress = _silent
) -> tuple[Course, dict[Role, Judge]]:
    """Return a training that `fit` does, and what judges its networks by each part of the data."""
    settings, network, device, out = ready.settings, ready.network, ready.device, Path(ready.settings.out)
    torch.set_num_threads(ready.deciding["threads"])
    preprocessing, schedule = ready.architecture.preprocessing, ready.schedule
    is_mixed = device.type == "cuda" and torch.cuda.is_bf16_supported()
    truths = {role: ready.truths[role].to(device) for role in ROLES}
    views = settings.views if ready.pipeline is not None else 1
    backbone = backbone_hash(network) if schedule.is_transfer else ""

    def prepared(pictures: Tensor) -> Tensor:
        return preprocessing.normalise(pictures.to(device))

    @torch.no_grad()
    def compute(pictures: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=is_mixed):
            return network.features(prepared(pictures)).float().cpu()

    kept = out / "features" if settings.cache is True else Path(settings.cache) if settings.cache else None
    streams = {
        role: Stream(
            ready.surveyed.parts[role],
            preprocessing,
            ready.pipeline if role == "fit" else None,
            settings.seed,
            settings.workers,
        )
        for role in ROLES
    }
    features = {
        role: Features(
            compute,
            streams[role],
            len(truths[role]),
            _deciding_features(ready, role, backbone),
            kept,
            progress,
        )
        for role in ROLES
    }
    judges = {role: Judge(ready.target, truths[role], streams[role], features[role], prepared) for role in ROLES}

    def batches(epoch: int, first: int) -> list[list[Any]]:
        return draws_of(len(truths["fit"]), settings.batch_size, settings.seed, epoch)[first:]

    def of_pictures(epoch: int, first: int) -> Iterator[tuple[Tensor, Tensor]]:
        for pictures, places in streams["fit"].batches(batches(epoch, first)):
            yield prepared(pictures), truths["fit"][places.to(device)]

    def of_features(epoch: int, first: int) -> Iterator[tuple[Tensor, Tensor]]:
        view = features["fit"].view(epoch % views)
        for draws in batches(epoch, first):
            places = torch.tensor([draw.index for draw in draws])
            yield view[places].to(device), truths["fit"][places.to(device)]

    weights = ready.target.weights(settings.class_weights, ready.truths["fit"])
    factor = settings.backbone_rate if schedule.is_transfer else 1.0
    course = Course(
        network=network,
        optimizer=optimizer_for(network, settings.optimizer, settings.highest_rate, factor, settings.weight_decay),
        schedule=schedule,
        loss=ready.target.loss(None if weights is None else weights.to(device), settings.smoothing, settings.robust),
        pictures=of_pictures,
        features=of_features,
        judge=judges["choose"],
        checkpoints=Checkpoints(out / "checkpoints", tell),
        log=Log(out, settings.tensorboard),
        progress=progress,
        seed=settings.seed,
        ema=settings.ema,
        clip=settings.clip,
        patience=settings.patience,
        keep=settings.keep,
        checkpoint_every=settings.checkpoint_every,
        is_mixed=is_mixed,
    )
    return course, judges


def _deciding_features(ready: Preparation, role: Role, backbone: str) -> dict[str, Any]:
    """Return all that decides a part's features."""
    facts = ready.surveyed.facts[role]
    is_augmented = role == "fit" and ready.pipeline is not None
    return {
        "backbone": backbone,
        "model": {name: value for name, value in ready.deciding["model"].items() if name != "outputs"},
        "pipeline": ready.deciding["pipeline"] if is_augmented else None,
        "seed": ready.settings.seed if is_augmented else None,
        "pictures": [(source.id, facts[source.id].sha256) for source in ready.surveyed.parts[role].sources],
        "versions": ready.deciding["versions"],
        "device": ready.device.type,
        "threads": torch.get_num_threads(),
        "batch": BATCH,
    }
