"""Rates and what is frozen, as pure functions of the step and the epoch; and the optimisers."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import nn, optim

from augkit.train.loop.budget import Bend, progress_of
from augkit.train.loop.optimizers import SGD, AdamW
from augkit.train.models import Network
from augkit.train.models.network import head_names
from augkit.train.train_config import Curve, Keep, Optimizer

MOMENTUM = 0.9
LEAST_PATIENCE = 10  # epochs
RISE, START, END = 0.3, 1 / 25, 1e-4  # of one cycle: its rising part, where it begins and where it ends


@dataclass(frozen=True)
class Schedule:
    """The rate of every step, as a part of the highest, and what is frozen in every epoch.

    Each phase, the head's, the one that follows it and one that a complete run grows by, is a schedule of its own.
    ``cosine`` falls to 0 (Loshchilov and Hutter, 2017); ``onecycle`` rises for 30 % and falls (Smith, 2018).
    """

    epochs: int  # of the first phase
    unfrozen: int  # epochs of the second
    steps: int  # of an epoch
    warmup: float = 0.0  # epochs in which the rate rises from 0, at the beginning of each phase
    curve: Curve = "cosine"
    is_transfer: bool = False  # whether the first phase trains the head alone
    grown: tuple[int, ...] = ()  # epochs after which all was done before, where a phase begins too
    limits: tuple[int, int] | None = None  # steps of the phases, where they end within their last epochs

    @property
    def total(self) -> int:
        """Epochs of both phases."""
        return self.epochs + self.unfrozen

    def is_frozen(self, epoch: int) -> bool:
        """Say whether all but the head is frozen in an epoch."""
        return self.is_transfer and epoch < self.epochs

    def phase(self, epoch: int) -> tuple[int, int]:
        """Return where the phase of an epoch begins, and how many it has."""
        edges = sorted({0, self.epochs, self.total, *self.grown})
        place = min(bisect_right(edges, epoch), len(edges) - 1)
        return edges[place - 1], edges[place] - edges[place - 1]

    def length(self, epoch: int) -> int:
        """Return how many steps the phase of an epoch has."""
        if self.limits is not None:
            return self.limits[epoch >= self.epochs]
        return self.phase(epoch)[1] * self.steps

    def done(self, epoch: int, step: int) -> int:
        """Return how many steps of its phase come before a step of an epoch, both from 0."""
        return (epoch - self.phase(epoch)[0]) * self.steps + step

    def rate(self, epoch: int, step: int, bends: Sequence[Bend] = ()) -> float:
        """Return the rate of a step of an epoch, both from 0, as a part of the highest; `bends` are its phase's."""
        done, total = self.done(epoch, step), self.length(epoch)
        rising = min(round(self.warmup * self.steps), total - 1)
        if done < rising:
            return (done + 1) / (rising + 1)
        progress = progress_of(bends, done) if len(bends) > 1 else (done - rising) / max(1, total - rising)
        if self.curve == "cosine":
            return _between(1.0, 0.0, progress)
        if progress < RISE:
            return _between(START, 1.0, progress / RISE)
        return _between(1.0, END, (progress - RISE) / (1.0 - RISE))


def _between(first: float, last: float, progress: float) -> float:
    """Return what half a period of a cosine gives between two values."""
    return last + (first - last) * (1.0 + math.cos(math.pi * progress)) / 2.0


def optimizer_for(
    network: Network,
    kind: Optimizer,
    rate: float,
    backbone_rate: float,
    weight_decay: float,
    layer_decay: float = 1.0,
) -> optim.Optimizer:
    """Return an optimiser whose groups stay the same whatever is frozen: a frozen weight has no gradient, and rests.

    It is AdamW (Loshchilov and Hutter, 2019), or SGD with Nesterov's momentum of 0.9. `rate` is the highest of the
    head; `backbone_rate` is a part of it, which each block before the last multiplies by `layer_decay` once more, 1 for
    one rate (Howard and Ruder, 2018). Biases and BatchNorm's weights, which have one dimension, do not decay.
    """
    groups = []
    for named, factor in _with_rates(network, backbone_rate, layer_decay):
        highest = rate * factor
        for is_kernel, decay in ((True, weight_decay), (False, 0.0)):
            weights = [weight for weight in named if (weight.ndim > 1) == is_kernel]
            if weights:
                groups.append({"params": weights, "weight_decay": decay, "lr": highest, "highest": highest})
    if kind == "adamw":
        return AdamW(groups)
    return SGD(groups, MOMENTUM)


def _with_rates(
    network: Network, backbone_rate: float, layer_decay: float
) -> Iterator[tuple[list[nn.Parameter], float]]:
    """Yield the weights of each block, from the first to the head, with their part of the head's rate."""
    head = head_names(network)
    blocks: dict[str, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        if name not in head:
            blocks.setdefault("" if layer_decay == 1.0 else _block_of(name), []).append(weight)
    for place, weights in enumerate(blocks.values(), start=1):
        yield weights, backbone_rate * layer_decay ** (len(blocks) - place)
    yield [weight for name, weight in network.named_parameters() if name in head], 1.0


def _block_of(name: str) -> str:
    """Return the block that a weight is of: the module up to its first number, or the first one without.

    >>> [_block_of(name) for name in ("layer1.0.conv1.weight", "features.18.0.weight", "conv1.weight")]
    ['layer1.0', 'features.18', 'conv1']
    """
    parts = name.split(".")[:-1]
    number = next((place for place, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[: number + 1])


def patience_of(wanted: int | None, keep: Keep, epochs: int) -> int:
    """Return how many epochs without a better one end a phase of some epochs, 0 for none.

    Where it is left open: a third of the phase, 10 at least. The curve of the rate makes a network best at its end, so
    that less would end trainings that get better; where the last weights are kept, nothing ends before the curve does.
    """
    if wanted is not None:
        return wanted
    found = max(LEAST_PATIENCE, -(-epochs // 3))
    return found if keep == "best" and found < epochs else 0


def set_rates(optimizer: optim.Optimizer, part: float) -> None:
    """Set the rate of every group to a part of its highest."""
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * part
