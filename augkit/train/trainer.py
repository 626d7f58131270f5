"""Training, from its configuration to what it leaves in its folder."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor

from augkit.datasets.splits import LAW
from augkit.errors import ArgumentError
from augkit.loader import Draw
from augkit.train.artefact import MODEL_FILE
from augkit.train.batch_pool import BatchPool
from augkit.train.checkpoint import Checkpoints
from augkit.train.evaluator import Evaluator
from augkit.train.features import Features, backbone_hash
from augkit.train.log import Log
from augkit.train.parts import ROLES, Role
from augkit.train.results import Result, finish
from augkit.train.run_folder import behaviour_of, law_of, locked, open_run, require_apart, require_same_law
from augkit.train.schedule import optimizer_for
from augkit.train.setup import Progress, Setup, Tell, prepare
from augkit.train.stream import BATCH, Prepared, Stream, draws_of
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import trouble_told
from augkit.train.training_loop import Training, fit

_ADVICE = "ak.train(ak.TrainConfig(data=..., out=...))"


def _silent(*_: object) -> None:
    pass


def train(
    config: TrainConfig, *others: object, fresh: bool = False, tell: Tell = _silent, progress: Progress = _silent
) -> Result:
    """Train a network, or go on where the same training was stopped.

    On a processor the weights that come out are a function of the configuration and the pictures alone: whenever it was
    stopped, whatever the number of `workers`, with and without the `cache`.

    Args:
        config: what is to be done.
        others: refused.
        fresh: remove another run that is in the folder.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Raises:
        AugkitError: something is wrong, and the sentence says what; nothing that was done before is lost.
    """
    if others or not isinstance(config, TrainConfig):
        got = ", ".join(type(given).__name__ for given in (config, *others))
        raise ArgumentError(f"must get a TrainConfig, got {got}. Write {_ADVICE}.", "train")
    require_apart(config.data, config.out, "out")
    if isinstance(config.cache, str):
        require_apart(config.data, config.cache, "cache")
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    with trouble_told(config.out), reproducible():
        out = Path(config.out)
        if not fresh:
            require_same_law(out)
        begun = (LAW, None) if fresh else (law_of(out), behaviour_of(out))
        setup = prepare(config, noted, progress, *begun)
        with locked(Path(config.out)) as unlocked:
            if unlocked:
                noted(unlocked)
            open_run(Path(config.out), setup, fresh)
            best = deepcopy(setup.network)  # as it is at the beginning: a checkpoint holds what has changed
            training, evaluators = begin(setup, noted, progress)
            if (Path(config.out) / MODEL_FILE).exists():  # which comes at the end
                tell("The run was complete already; nothing was trained.")
            with closing(evaluators["train"].stream.pool):
                state = fit(training)
                best.load_state_dict(training.checkpoints.best_state(), strict=False)
                return finish(setup, best, state, evaluators, notes, time.perf_counter() - began)


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


def begin(setup: Setup, tell: Tell = _silent, progress: Progress = _silent) -> tuple[Training, dict[Role, Evaluator]]:
    """Return a training that `fit` does, and what evaluates its networks by each part of the data."""
    config, network, device, out = setup.config, setup.network, setup.device, Path(setup.config.out)
    torch.set_num_threads(setup.deciding["threads"])
    preprocessing, schedule = setup.architecture.preprocessing, setup.schedule
    is_mixed = device.type == "cuda" and torch.cuda.is_bf16_supported()
    views = config.views if setup.pipeline is not None else 1
    backbone = backbone_hash(network) if schedule.is_transfer else ""

    def prepared(pictures: Tensor) -> Tensor:
        return preprocessing.normalise(pictures.to(device))

    @torch.no_grad()
    def compute(pictures: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=is_mixed):
            return network.features(prepared(pictures)).float().cpu()

    kept = out / "features" if config.cache is True else Path(config.cache) if config.cache else None
    evaluators: dict[Role, Evaluator] = {}
    parts, augmenting = setup.surveyed.parts, {"train": setup.pipeline}
    makers = {
        role: Prepared(parts[role], preprocessing, augmenting.get(role), config.seed, config.wait) for role in ROLES
    }
    pool = BatchPool(makers, config.workers)
    for role in ROLES:
        truths = setup.truths[role].to(device)
        stream = Stream(parts[role], makers[role], pool, role)
        deciding = _deciding_features(setup, role, backbone)
        features = Features(compute, stream, len(truths), deciding, kept, progress)
        evaluators[role] = Evaluator(setup.task, truths, stream, features, prepared)
    learnt = evaluators["train"]

    def batches(epoch: int, first: int) -> list[list[Draw]]:
        return draws_of(len(learnt.truths), config.batch_size, config.seed, epoch)[first:]

    def of_pictures(epoch: int, first: int) -> Iterator[tuple[Tensor, Tensor]]:
        for pictures, places in learnt.stream.batches(batches(epoch, first)):
            yield prepared(pictures), learnt.truths[places.to(device)]

    def of_features(epoch: int, first: int) -> Iterator[tuple[Tensor, Tensor]]:
        view = learnt.features.view(epoch % views)
        for draws in batches(epoch, first):
            places = [draw.index for draw in draws]
            yield view.at(places).to(device), learnt.truths[torch.tensor(places, device=device)]

    weights = setup.task.weights(config.class_weights, setup.truths["train"])
    factor = config.backbone_rate if schedule.is_transfer else 1.0
    training = Training(
        network=network,
        optimizer=optimizer_for(network, config.optimizer, config.highest_rate, factor, config.weight_decay),
        schedule=schedule,
        loss=setup.task.loss(None if weights is None else weights.to(device), config.smoothing, config.robust),
        pictures=of_pictures,
        features=of_features,
        evaluator=evaluators["val"],
        checkpoints=Checkpoints(out / "checkpoints", tell),
        log=Log(out, config.tensorboard),
        progress=progress,
        config=config,
        is_mixed=is_mixed,
    )
    return training, evaluators


def _deciding_features(setup: Setup, role: Role, backbone: str) -> dict[str, object]:
    """Return all that decides a part's features."""
    facts = setup.surveyed.facts[role]
    is_augmented = role == "train" and setup.pipeline is not None
    return {
        "backbone": backbone,
        "model": {name: value for name, value in setup.deciding["model"].items() if name != "outputs"},
        "pipeline": setup.deciding["pipeline"] if is_augmented else None,
        "seed": setup.config.seed if is_augmented else None,
        "pictures": [(source.id, facts[source.id].sha256) for source in setup.surveyed.parts[role].sources],
        "versions": setup.deciding["versions"],
        "device": setup.device.type,
        "threads": torch.get_num_threads(),
        "batch": BATCH,
    }
