"""MixUp and CutMix of the batches that a network learns from: a function of the seed, the epoch and the step alone.

Each batch is mixed with itself in another order, at one share and, of CutMix, one rectangle. The truth is soft: the
loss of a mix is the share of the one truth's loss and the rest of the other's, which of cross-entropies is the mixed
truth's own. `augkit.loader.mixing` mixes sample by sample, for data loaders.

References: Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR 2018; Yun et al.,
"CutMix: regularization strategy to train strong classifiers", ICCV 2019; of features, Verma et al., "Manifold mixup",
ICML 2019.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from augkit.core.key import Key, Stream
from augkit.loader.mixing import beta, stretch
from augkit.train.tasks import Loss


@dataclass(frozen=True)
class Mixed:
    """A batch that was mixed."""

    inputs: Tensor  # (B, ...)
    truths: Tensor  # of the pictures (B, ...)
    others: Tensor  # of those that were mixed in
    share: float  # of the first, 0 to 1

    def loss(self, loss: Loss, outputs: Tensor) -> Tensor:
        """Return the loss of outputs (B, k): by the truths, each by its share."""
        if self.share == 1.0:
            return loss(outputs, self.truths)
        return self.share * loss(outputs, self.truths) + (1.0 - self.share) * loss(outputs, self.others)


@dataclass(frozen=True)
class BatchMixing:
    """Mix batches: by MixUp, by CutMix, or by either with even chances.

    While all but the head is frozen, its features are mixed. They have no area, so CutMix leaves them as they are.
    """

    mixup: float  # alpha of Beta(alpha, alpha), which the share of the first is drawn from; 0 for none
    cutmix: float  # likewise
    seed: int

    def __call__(self, inputs: Tensor, truths: Tensor, epoch: int, step: int, piece: int = 0) -> Mixed:
        """Return a batch mixed: pictures (B, C, H, W), or features (B, F)."""
        alphas = [("mixup", self.mixup), ("cutmix", self.cutmix if inputs.ndim == 4 else 0.0)]
        kinds = [(kind, alpha) for kind, alpha in alphas if alpha > 0.0]
        if not kinds or len(truths) < 2:
            return Mixed(inputs, truths, truths, 1.0)
        stream = Key(self.seed, "mixing", step, epoch).stream(str(piece))
        kind, alpha = kinds[stream.integers(len(kinds))]
        shift = 1 + stream.integers(len(truths) - 1)  # an epoch's order is random: so none is paired with itself
        share = beta(stream, alpha)
        partners, others = inputs.roll(shift, 0), truths.roll(shift, 0)
        if kind == "mixup":
            return Mixed(torch.lerp(partners, inputs, share), truths, others, share)
        return _cut(inputs, partners, truths, others, share, stream)


def _cut(inputs: Tensor, partners: Tensor, truths: Tensor, others: Tensor, share: float, stream: Stream) -> Mixed:
    """Lay a rectangle of the partners over the pictures."""
    height, width = inputs.shape[2:]
    rows, columns = (stretch(stream, (1.0 - share) ** 0.5, side) for side in (height, width))
    mixed = inputs.clone()
    mixed[:, :, rows, columns] = partners[:, :, rows, columns]
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    return Mixed(mixed, truths, others, 1.0 - area / (height * width))
