"""The outputs of a network for pictures that it does not learn from, and how good they are."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from augkit.train.features import Features
from augkit.train.models import Network
from augkit.train.stream import BATCH, Stream, in_order
from augkit.train.tasks import Evaluation, Task
from augkit.train.train_errors import Diverged


@dataclass(frozen=True)
class Score:
    """The quality of a network: numbers to compare by, and the figures behind them."""

    rank: list[float]  # compared from its first number on; more is better
    told: dict[str, float]  # for the log


@dataclass(frozen=True)
class Evaluator:
    """Score networks by the pictures of one part, which are never augmented but where it is learnt from."""

    task: Task
    truths: Tensor  # encoded, in the part's order
    stream: Stream
    features: Features  # of the backbone as it was at the beginning
    prepared: Callable[[Tensor], Tensor]  # brings a batch of pictures to the network's input

    @torch.no_grad()
    def outputs(self, network: Network, is_frozen: bool) -> Tensor:
        """Return the outputs (n, k) for the part's pictures, in its order; the network is left in evaluation mode.

        While its backbone is frozen, known features serve. Outputs that are no numbers raise Diverged: the last step of
        an epoch has no loss after it that would tell.
        """
        network.eval()
        if is_frozen:
            device = self.truths.device
            view, count = self.features.view(0), len(self.truths)
            some = (view.at(range(first, min(first + BATCH, count))) for first in range(0, count, BATCH))
            made = [network.classify(features.to(device)) for features in some]
        else:
            made = [network(self.prepared(some)) for some, _ in self.stream.batches(in_order(len(self.truths)))]
        outputs = torch.cat(made)
        if not outputs.isfinite().all():
            raise Diverged.of("all that the network says", "NaN or infinity")
        return outputs

    def evaluate(self, network: Network) -> Evaluation:
        """Return a network's outputs for the part's pictures, beside the truth."""
        return self._evaluation(self.outputs(network, is_frozen=False))

    def _evaluation(self, outputs: Tensor) -> Evaluation:
        ids = tuple(source.id for source in self.stream.sources)
        return Evaluation(ids, outputs.double().cpu().numpy(), self.truths.cpu().numpy(), self.task)

    def __call__(self, network: Network, is_frozen: bool) -> Score:
        """Score a network: by accuracy, mean average precision or R2, and among equals by its loss."""
        outputs = self.outputs(network, is_frozen)
        loss = float(self.task.loss()(outputs, self.truths))
        found = self.task.score(self._evaluation(outputs))
        return Score([found, -loss], {"val_loss": loss, "val_score": found})
