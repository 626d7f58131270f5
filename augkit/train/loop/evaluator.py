"""The outputs of a network for pictures that it does not learn from, and how good they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, Image
from augkit.core.spatial import Size
from augkit.images import in_bytes
from augkit.images.network_input import Placement
from augkit.loader import Draw
from augkit.train.batches.stream import BATCH, Batch, Stream, in_order
from augkit.train.features.features import Features
from augkit.train.models import Network
from augkit.train.tasks import Evaluation, Task
from augkit.train.tasks.dense import Dense
from augkit.train.train_errors import Diverged

MOST_ANSWERED = 1 << 24  # numbers that a dense task has in hand at once, for each class and part of the truth: 64 MB


@dataclass(frozen=True)
class Score:
    """The quality of a network: numbers to compare by, and the figures behind them."""

    rank: list[float]  # compared from its first number on; more is better
    told: dict[str, float]  # for the log


@dataclass(frozen=True)
class Evaluator:
    """Score networks by the pictures of one part, which are never augmented but where it is learnt from."""

    task: Task
    truths: Tensor  # encoded, in the part's order; nothing of each picture (n, 0) where they move with the picture
    stream: Stream
    features: Features  # of the backbone as it was at the beginning
    prepared: Callable[[Tensor], Tensor]  # brings a batch of pictures to the network's input
    fits: tuple[tuple[Placement, Size], ...] = ()  # of dense tasks: where each picture lies in the input, and its size

    def truths_of(self, batch: Batch) -> Tensor:
        """Return the truths of a batch of the part's stream."""
        device = self.truths.device
        return self.truths[batch.places.to(device)] if batch.targets is None else batch.targets.to(device)

    def view(self, number: int) -> Tensor:
        """Return the truths (n, ...) of one view of every picture, in the part's order."""
        moved = self.features.truths
        return self.truths if moved is None else moved.view(number).to(self.truths.device)

    @torch.no_grad()
    def outputs(self, network: Network, is_frozen: bool) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield outputs (B, ...) for the part's pictures and their truths; what made them is left in evaluation mode.

        While its backbone is frozen, known features serve, and what `classify` uses makes them alone. Outputs that are
        no numbers raise Diverged: the last step of an epoch has no loss after it that would tell.
        """
        for module in [network.get_submodule(name) for name in network.classifying] if is_frozen else [network]:
            module.eval()
        for made, truths in self._known(network) if is_frozen else self._seen(network):
            if not made.isfinite().all():
                raise Diverged.of("all that the network says", "NaN or infinity")
            yield made, truths

    def _known(self, network: Network) -> Iterator[tuple[Tensor, Tensor]]:
        features, truths, count = self.features.view(0), self.view(0), len(self.truths)
        for first in range(0, count, BATCH):
            places = range(first, min(first + BATCH, count))
            yield network.classify(features.at(places).to(truths.device)), truths[first : first + BATCH]

    def _seen(self, network: Network) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.stream.batches(in_order(len(self.truths))):
            yield network(self.prepared(batch.pictures)), self.truths_of(batch)

    def evaluate(self, network: Network, is_frozen: bool = False) -> Evaluation:
        """Return a network's outputs for the part's pictures, beside the truth; `is_frozen` as `outputs` takes it."""
        return self._evaluated(network, is_frozen)[0]

    @torch.no_grad()
    def answers(self, network: Network, is_frozen: bool = False) -> Iterator[Array] | None:
        """Return the answers of a dense task to all pictures, each in its own frame; None of other tasks."""
        if not isinstance(self.task, Dense):
            return None
        task, outputs = self.task, (output for made, _ in self.outputs(network, is_frozen) for output in made)
        return (task.placed(output, *fit) for output, fit in zip(outputs, self.fits, strict=True))

    @torch.no_grad()
    def judged(self, network: Network, is_frozen: bool = False) -> Evaluation:
        """Return the same as `evaluate`, of a dense task with each picture in its own frame, as people are told it."""
        if not isinstance(self.task, Dense):
            return self.evaluate(network, is_frozen)
        made, told, places = list[Tensor](), list[Tensor](), iter(range(len(self.truths)))
        for outputs, truths in self.outputs(network, is_frozen):
            for output, truth, place in zip(outputs, truths, places, strict=False):
                original = partial(self.stream.prepared.original, place)
                kept, target = self.task.judged(output, truth, *self.fits[place], original)
                made.append(kept)
                told.append(target)
        return self._evaluation(torch.stack(made), self.task.joined(told))

    @torch.no_grad()
    def overlay(self, network: Network, id: str) -> Image:
        """Return a picture by its id as a network of a dense task took it, with the truth and the answer on it."""
        assert isinstance(self.task, Dense)
        place = next(place for place, source in enumerate(self.stream.sources) if source.id == id)
        (batch,) = self.stream.batches([[Draw(0, place)]])
        return overlaid(self.task, network, self.prepared, batch.pictures, self.truths_of(batch)[0])

    def _evaluated(self, network: Network, is_frozen: bool) -> tuple[Evaluation, float]:
        """Return the outputs beside the truth, and the mean loss."""
        loss = self.task.loss()
        if isinstance(self.task, Dense):
            made, told, total = list[Tensor](), list[Tensor](), 0.0
            for outputs, truths in self.outputs(network, is_frozen):
                count = max(1, MOST_ANSWERED // (self.task.outputs * max(truths[0].numel(), 1)))
                for some, true in zip(torch.split(outputs, count), torch.split(truths, count), strict=True):
                    total += float(loss(some, true)) * len(some)
                    kept, target = self.task.kept(some, true)
                    made.append(kept)
                    told += target
            outputs, truths = torch.cat(made), self.task.joined(told)
            return self._evaluation(outputs, truths), total / len(outputs)
        outputs = torch.cat([outputs for outputs, _ in self.outputs(network, is_frozen)])
        return self._evaluation(outputs.double(), self.truths), float(loss(outputs, self.truths))

    def _evaluation(self, outputs: Tensor, truths: Tensor) -> Evaluation:
        ids = tuple(source.id for source in self.stream.sources)
        return Evaluation(ids, outputs.cpu().numpy(), truths.cpu().numpy(), self.task)

    def __call__(self, network: Network, is_frozen: bool) -> Score:
        """Score a network: by accuracy, average precision or what its task has, and among equals by its loss."""
        evaluation, loss = self._evaluated(network, is_frozen)
        found = self.task.score(evaluation)
        return Score([found, -loss], {"val_loss": loss, "val_score": found})


@torch.no_grad()
def overlaid(
    task: Dense, network: Network, prepared: Callable[[Tensor], Tensor], pictures: Tensor, target: Tensor
) -> Image:
    """Return a picture, a batch of one, as a network took it, with the truth and the answer on it."""
    network.eval()
    picture = in_bytes(pictures[0].numpy().transpose(1, 2, 0), False, None)
    picture = picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2)
    return task.overlay(picture, network(prepared(pictures))[0], target)
