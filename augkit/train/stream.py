"""Batches of pictures as a network takes them, made on the fly or kept where they are always the same."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from augkit.loader import Augmented, Draw, EpochSampler, Pictures
from augkit.loader.drawing import plainly
from augkit.pipeline import Pipeline
from augkit.storage.patience import Patience
from augkit.train.batch_pool import BatchPool
from augkit.train.framing import Framing
from augkit.train.models import Preprocessing
from augkit.train.originals import Originals
from augkit.train.parts import Part, Role

BATCH = 64  # pictures that go through a network together where nothing is learnt
MOST_HELD = 256 * 2**20  # bytes of prepared pictures


def steps_of(length: int, batch_size: int) -> int:
    """Return how many batches an epoch has."""
    return -(-length // batch_size)


def least_of(length: int, batch_size: int) -> int:
    """Return how many pictures the smallest batch of an epoch has."""
    return length // steps_of(length, batch_size)


def draws_of(
    length: int, batch_size: int, seed: int, epoch: int, weights: Sequence[float] | None = None
) -> list[list[Draw]]:
    """Return the batches of an epoch: every picture once, shuffled, batches as even as can be.

    So none is left with a single picture, of which BatchNorm could tell nothing, unless `batch_size` is below 3. With
    weights, one a picture, as many are drawn in proportion to them, with replacement: again means as a further copy.
    """
    sampler = EpochSampler(length, seed=seed, weights=weights)
    sampler.set_epoch(epoch)
    return _cut(list(sampler), steps_of(length, batch_size))


def pieces_of(draws: list[Draw], count: int) -> list[list[Draw]]:
    """Return a batch cut into as many even pieces, or into as many as it has pictures."""
    return _cut(draws, min(count, len(draws)))


def in_order(length: int, copy: int = 0) -> list[list[Draw]]:
    """Return the fixed batches in which every picture, or one copy of each, goes through a network once."""
    draws = [Draw(0, index, copy) for index in range(length)]
    return [draws[first : first + BATCH] for first in range(0, length, BATCH)]


class Prepared:
    """Pictures of a part as a network takes them, for a `BatchPool`.

    Args:
        part: whose pictures.
        preprocessing: of the network.
        pipeline: augments them, or None.
        seed: of what it draws.
        wait_s: seconds that a picture is waited for which cannot be read.
    """

    def __init__(
        self, part: Part, preprocessing: Preprocessing, pipeline: Pipeline | None, seed: int, wait_s: float = 0.0
    ) -> None:
        self.pictures = Pictures(part.data, part.sources)
        self.originals = Originals(self.pictures, preprocessing)
        self.is_fixed = pipeline is None
        self.is_framed = preprocessing.is_once and not self.is_fixed
        drawing = Framing(preprocessing) if self.is_framed else plainly
        self.augmented = Augmented(self.originals, pipeline or Pipeline([]), seed, drawing=drawing)
        self.preprocessing = preprocessing
        self.patience = Patience(wait_s)

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, draw: Draw) -> str:
        """Return what the picture of a draw is called."""
        return f"{self.pictures.data.root}/{self.pictures.sources[draw.index].id}"

    def one(self, draw: Draw) -> Tensor:
        """Return a picture (C, h, w)."""
        image = self.patience.asked(lambda: self.augmented.made(draw).sample, lambda: None).image
        return self.preprocessing.tensor_of(image) if self.is_framed else self.preprocessing.tensor(image)

    def joined(self, pictures: list[Tensor]) -> Tensor:
        """Return pictures as a batch (B, C, h, w)."""
        return torch.stack(_alike(pictures))


class Stream:
    """Give prepared pictures of a part, batch by batch: the same for any number of worker processes.

    Args:
        part: whose pictures.
        prepared: makes them.
        pool: does so in its processes, under the name `role`.
    """

    def __init__(self, part: Part, prepared: Prepared, pool: BatchPool, role: Role) -> None:
        self.sources, self.pool, self.role = part.sources, pool, role
        size = len(self.sources) * int(np.prod(prepared.preprocessing.input))
        self._is_fixed = prepared.is_fixed and size <= MOST_HELD
        self._held: Tensor | None = None

    def batches(self, draws: Sequence[list[Draw]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield pictures (B, C, h, w), as `Preprocessing.normalise` takes them, and their places in the part (B,)."""
        if self._is_fixed and self._held is None:
            whole = in_order(len(self.sources))
            self._held = torch.cat(_alike(list(self.pool.batches(self.role, whole))))
        held = self._held
        made = self.pool.batches(self.role, draws) if held is None else (held[_places(some)] for some in draws)
        for some, pictures in zip(draws, made, strict=True):
            yield pictures, _places(some)


def _places(draws: Sequence[Draw]) -> Tensor:
    return torch.tensor([draw.index for draw in draws])


def _cut(draws: list[Draw], pieces: int) -> list[list[Draw]]:
    bounds = [len(draws) * piece // pieces for piece in range(pieces + 1)]
    return [draws[first:end] for first, end in pairwise(bounds)]


def _alike(pictures: list[Tensor]) -> list[Tensor]:
    """Return pictures of one dtype: as real numbers, if they have several."""
    if len({picture.dtype for picture in pictures}) == 1:
        return pictures
    return [p if p.is_floating_point() else p.to(torch.float32) / torch.iinfo(p.dtype).max for p in pictures]
