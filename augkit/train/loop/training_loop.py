"""The training loop: epochs of steps, scored after each, kept so that it goes on to the bit where it was stopped.

Nothing in it is remembered but the `State`, the weights and the optimiser, which is what a checkpoint holds. What a
step draws at random (dropout) comes from a generator seeded with the run's seed, the epoch and the step; the order of
an epoch's pictures and how they are augmented are functions of the seed and the epoch alike.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, optim
from torch.nn.utils import clip_grad_norm_

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.train.batches.batch_mixing import BatchMixing
from augkit.train.loop.budget import Clock, end_of
from augkit.train.loop.checkpoint import Checkpoints, Content
from augkit.train.loop.epochs import Callback, Epoch
from augkit.train.loop.evaluator import Score
from augkit.train.loop.log import Log
from augkit.train.loop.running_mean import follow
from augkit.train.loop.schedule import Schedule, patience_of, set_rates
from augkit.train.models import Network
from augkit.train.models.network import set_mode, trained_state
from augkit.train.tasks import Loss
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import Diverged

Pieces = Iterator[tuple[Tensor, Tensor]]  # of a step, whose gradients are added up: the input, and the truth
Batches = Callable[[int, int], Iterator[Pieces]]


@dataclass
class State:
    """Position of a training between two steps, and what it has measured."""

    epoch: int = 0  # that is trained, from 0; once all are done, their number
    step: int = 0  # of the epoch, the next one
    loss: float = 0.0  # of the epoch's pictures so far, summed
    count: int = 0  # of these pictures
    best: list[float] = field(default_factory=list)  # the best score's rank so far; empty before there is one
    best_epoch: int = -1  # whose weights are kept, which the best score or being the last decides
    stale: int = 0  # epochs since then, of this phase
    rows: list[JsonObject] = field(default_factory=list)  # what is told of every epoch
    clock: Clock = field(default_factory=Clock)  # where there is a budget in time

    @property
    def kept(self) -> JsonObject:
        """What is told of the epoch whose weights are kept."""
        return next(row for row in self.rows if row["epoch"] == self.best_epoch + 1)


@dataclass
class Training:
    """Everything that a training needs."""

    network: Network  # with the weights to begin with
    optimizer: optim.Optimizer
    schedule: Schedule
    loss: Loss
    mass: Callable[[Tensor], float]  # of truths: what the loss, a mean, was divided by
    mixing: BatchMixing
    pictures: Batches  # of an epoch from a step on
    features: Batches  # so too, while all but the head is frozen: the head's input in the place of the network's
    evaluator: Callable[[Network, bool], Score]  # is told whether all but the head is as it was at the beginning
    checkpoints: Checkpoints
    log: Log
    progress: Callable[[int, int, str], None]  # is told how many steps are done, of how many, and what else
    config: TrainConfig
    told_score: Callable[[float], str]  # the score of an epoch in words
    is_mixed: bool = False  # the forward pass in half precision, where that is safe
    callbacks: Sequence[Callback] = ()  # are shown every epoch
    clock: Callable[[], float] = time.monotonic  # in seconds
    trained: int = 0  # steps, in this call
    saved: float = -math.inf  # when a checkpoint was written last
    kept: Content | None = None  # the best state, until it is written with the next checkpoint

    def __post_init__(self) -> None:
        self.average = deepcopy(self.network).eval() if self.config.ema else self.network


def fit(training: Training) -> State:
    """Train to the end, from the last checkpoint if there is one.

    Raises:
        Diverged: the loss, or what the network says, is no number any more.
        Unwritten: the disk is full; the same call goes on later.
    """
    state, schedule, was_frozen = _resumed(training), training.schedule, False
    began = training.clock() - state.clock.spent
    while state.epoch < schedule.total:
        is_frozen = schedule.is_frozen(state.epoch)
        set_mode(training.network, is_frozen, is_frozen and was_frozen, schedule.is_frozen(0))
        was_frozen = is_frozen
        batches = (training.features if is_frozen else training.pictures)(state.epoch, state.step)
        for pieces in batches:
            if schedule.done(state.epoch, state.step) >= _length(schedule, state):
                break
            _step(training, state, pieces, is_frozen)
            state.step += 1
            if training.config.minutes is not None:
                is_first = state.epoch < schedule.epochs and schedule.unfrozen > 0
                step, longest = schedule.done(state.epoch, state.step), schedule.length(state.epoch)
                state.clock.heed(training.clock() - began, step, longest, end_of(training.config.minutes, is_first))
            every = training.config.checkpoint_every
            if (every and state.step % every == 0) or _is_due(training):
                _save(training, state)
            training.progress(*_done(schedule, state), _told(training, state))
        _end_epoch(training, state, is_frozen)
    return state


def _length(schedule: Schedule, state: State) -> int:
    """Return how many steps the phase has."""
    return state.clock.bends[-1][1] if state.clock.bends else schedule.length(state.epoch)


def _done(schedule: Schedule, state: State) -> tuple[int, int]:
    """Return how many steps are done, and of how many."""
    done, length = schedule.done(state.epoch, state.step), _length(schedule, state)
    begin = schedule.phase(state.epoch)[0]
    before = schedule.limits[0] if schedule.limits and begin else begin * schedule.steps
    rest = schedule.total - sum(schedule.phase(state.epoch))
    after = schedule.limits[1] if schedule.limits and rest else rest * schedule.steps
    return before + done, before + length + after


def _told(training: Training, state: State) -> str:
    """Say where a training is, and how good it was after the last epoch."""
    told = f" steps, epoch {state.epoch + 1} of {training.schedule.total}, loss {state.loss / state.count:.3f}"
    if not state.rows:
        return told
    row, best = state.rows[-1], state.best[0]
    score = f"validation {training.told_score(row['val_score'])}, loss {row['val_loss']:.3f}"
    before = f", best {training.told_score(best)}" if best > row["val_score"] else ""
    return f"{told}; {score}{before}"


def _seed_dropout(key: Key, network: Network) -> None:
    """Begin the numbers of a step; torch.manual_seed also looks for other devices, which takes as long as a step."""
    seed = key.stream("dropout").integers(2**63)
    torch.default_generator.manual_seed(seed)
    if next(network.parameters()).device.type == "cuda":
        torch.cuda.manual_seed(seed)


def _step(training: Training, state: State, pieces: Pieces, is_frozen: bool) -> None:
    _seed_dropout(Key(training.config.seed, "step", state.step, state.epoch), training.network)
    set_rates(training.optimizer, training.schedule.rate(state.epoch, state.step, state.clock.bends))
    training.optimizer.zero_grad(set_to_none=True)
    whole = 0.0
    for piece, (inputs, truths) in enumerate(pieces):
        mixed = training.mixing(inputs, truths, state.epoch, state.step, piece)
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=training.is_mixed):
            outputs = training.network.classify(mixed.inputs) if is_frozen else training.network(mixed.inputs)
        loss = mixed.loss(training.loss, outputs.float())
        value = loss.item()
        if not math.isfinite(value):
            raise Diverged.of("loss", f"{value} in epoch {state.epoch + 1}, step {state.step + 1}")
        mass = 1.0 if training.config.accumulate == 1 else training.mass(truths)
        (loss if mass == 1.0 else loss * mass).backward()  # type: ignore[no-untyped-call]  # torch's own
        whole += mass
        state.loss += value * len(truths)
        state.count += len(truths)
    if whole not in (0.0, 1.0):  # of nothing that counts there is no mean
        for weight in training.network.parameters():
            if weight.grad is not None:
                weight.grad /= whole
    if training.config.clip:
        clip_grad_norm_(training.network.parameters(), training.config.clip)
    training.optimizer.step()
    training.trained += 1
    if training.config.ema:
        means, weights = (trained_state(one, is_frozen) for one in (training.average, training.network))
        follow(means, weights, training.config.ema, state.epoch * training.schedule.steps + state.step)


def _end_epoch(training: Training, state: State, is_frozen: bool) -> None:
    """Score what an epoch came to, keep it if it is the one to keep, and go on to the next, or to the next phase."""
    schedule, score = training.schedule, training.evaluator(training.average, is_frozen)
    rate = training.optimizer.param_groups[-1]["lr"]  # the head's
    row = {"epoch": state.epoch + 1, "frozen": is_frozen, "rate": rate, "loss": state.loss / state.count}
    state.rows.append(row | score.told)
    state.stale += 1
    is_better = not state.best or score.rank > state.best
    if is_better:
        state.best, state.stale = score.rank, 0
    patience = patience_of(training.config.patience, training.config.keep, schedule.phase(state.epoch)[1])
    is_over = bool(patience) and state.stale >= patience
    shown = Epoch(state.epoch + 1, schedule.total, is_frozen, is_better, dict(state.rows[-1]), training.average)
    asked = [callback(shown) is True for callback in training.callbacks]  # each of them
    is_over = is_over or any(asked)
    following, end = state.epoch + 1, sum(schedule.phase(state.epoch))
    if is_over or schedule.done(state.epoch, state.step) >= _length(schedule, state):
        following = end
    is_kept = is_better if training.config.keep == "best" else following == schedule.total
    if is_kept:
        state.best_epoch = state.epoch
        training.kept = deepcopy({"epoch": state.epoch, "network": trained_state(training.average, is_frozen)})
    if following == end:
        state.stale, state.clock = 0, Clock(state.clock.spent)
    state.epoch, state.step, state.loss, state.count = following, 0, 0.0, 0
    training.log.write(state.rows, is_last=state.epoch == schedule.total)
    if _is_due(training) or state.epoch == schedule.total:
        _save(training, state)


def _is_due(training: Training) -> bool:
    return training.clock() - training.saved >= training.config.checkpoint_seconds


def _save(training: Training, state: State) -> None:
    """Write a checkpoint, and before it the best state, which it names."""
    if training.kept is not None:
        training.checkpoints.save_best(training.kept)
        training.kept = None
    is_frozen = training.schedule.is_frozen(state.epoch)
    kept = {"network": training.network, "average": training.average}
    content = {name: trained_state(network, is_frozen) for name, network in kept.items()}
    training.checkpoints.save(content | {"optimizer": training.optimizer.state_dict(), "state": asdict(state)})
    training.saved = training.clock()


def _resumed(training: Training) -> State:
    """Bring everything to where the last checkpoint was, or leave it at the beginning."""
    training.saved = training.clock()
    content = training.checkpoints.load()
    if content is None:
        return State()
    training.network.load_state_dict(content["network"], strict=False)
    training.average.load_state_dict(content["average"], strict=False)
    training.optimizer.load_state_dict(content["optimizer"])
    kept = content["state"]
    state = State(**{**kept, "clock": Clock(**kept.get("clock", {}))})
    training.log.write(state.rows)
    return state
