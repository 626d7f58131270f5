"""Batches of pictures as a network takes them, made on the fly or kept where they are always the same."""

import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from augkit.loader import Augmented, Draw, EpochSampler, Pictures
from augkit.pipeline import Pipeline
from augkit.train.models import Preprocessing
from augkit.train.parts import Part
from augkit.train.train_errors import LostWorker

BATCH = 64  # pictures that go through a network together where nothing is learnt
MOST_HELD = 256 * 2**20  # bytes of prepared pictures


def steps_of(length: int, batch_size: int) -> int:
    """Return how many batches an epoch has."""
    return -(-length // batch_size)


def least_of(length: int, batch_size: int) -> int:
    """Return how many pictures the smallest batch of an epoch has."""
    return length // steps_of(length, batch_size)


def draws_of(length: int, batch_size: int, seed: int, epoch: int) -> list[list[Draw]]:
    """Return the batches of an epoch: every picture once, shuffled, batches as even as can be.

    So none is left with a single picture, of which BatchNorm could tell nothing, unless `batch_size` is below 3.
    """
    sampler = EpochSampler(length, seed=seed)
    sampler.set_epoch(epoch)
    return _cut(list(sampler), steps_of(length, batch_size))


def in_order(length: int, copy: int = 0) -> list[list[Draw]]:
    """Return the fixed batches in which every picture, or one copy of each, goes through a network once."""
    draws = [Draw(0, index, copy) for index in range(length)]
    return [draws[first : first + BATCH] for first in range(0, length, BATCH)]


class Stream:
    """Give prepared pictures of a part, batch by batch: the same for any number of worker processes."""

    def __init__(
        self, part: Part, preprocessing: Preprocessing, pipeline: Pipeline | None, seed: int, workers: int
    ) -> None:
        self.order = _Order()
        self.sources = part.sources
        self.loader: DataLoader[tuple[Tensor, int]] = DataLoader(
            _Prepared(part, preprocessing, pipeline, seed),
            batch_sampler=self.order,
            num_workers=workers,
            collate_fn=_collated,
            generator=torch.Generator(),  # or it would draw from the global one
            multiprocessing_context=_start_method() if workers else None,
            persistent_workers=workers > 0,
        )
        size = len(self.sources) * int(np.prod(preprocessing.input))
        self._is_fixed = pipeline is None and size <= MOST_HELD
        self._held: Tensor | None = None

    def batches(self, draws: Sequence[list[Draw]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield pictures (B, C, h, w), as `Preprocessing.normalise` takes them, and their places in the part (B,)."""
        if not self._is_fixed:
            yield from self._loaded(draws)
            return
        if self._held is None:
            loaded = self._loaded(in_order(len(self.sources)))
            self._held = torch.cat(_alike([pictures for pictures, _ in loaded]))
        for some in draws:
            places = torch.tensor([draw.index for draw in some])
            yield self._held[places], places

    def _loaded(self, draws: Sequence[list[Draw]]) -> Iterator[tuple[Tensor, Tensor]]:
        self.order.batches = draws
        try:
            yield from self.loader
        except RuntimeError as fault:
            if "exited unexpectedly" not in str(fault):
                raise
            advice = "Nothing is lost: run the same command again, with fewer --workers if memory is short."
            raise LostWorker(f"must live as long as the training, got one that ended. {advice}", "workers") from None


class _Order(Sampler[list[Draw]]):
    """The batches that are wanted next; workers that persist are sent them as they come."""

    batches: Sequence[list[Draw]] = ()

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Prepared(Dataset[tuple[Tensor, int]]):
    """A part's pictures as the network takes them, each with its place."""

    def __init__(self, part: Part, preprocessing: Preprocessing, pipeline: Pipeline | None, seed: int) -> None:
        self.pictures = Pictures(part.data, part.sources)
        self.augmented = Augmented(self.pictures, pipeline or Pipeline([]), seed)
        self.preprocessing = preprocessing

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, draw: Draw) -> tuple[Tensor, int]:
        picture = self.augmented[draw][0]
        return self.preprocessing.tensor(picture.permute(1, 2, 0).numpy()), draw.index


def _start_method() -> str:
    """Return how workers are started: from a process that has loaded torch and nothing else, where there is such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload([__name__])
    return "forkserver"


def _cut(draws: list[Draw], pieces: int) -> list[list[Draw]]:
    bounds = [len(draws) * piece // pieces for piece in range(pieces + 1)]
    return [draws[first:end] for first, end in pairwise(bounds)]


def _collated(items: Sequence[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
    return torch.stack(_alike([picture for picture, _ in items])), torch.tensor([place for _, place in items])


def _alike(pictures: list[Tensor]) -> list[Tensor]:
    """Return pictures of one dtype: as real numbers, if they have several."""
    if len({picture.dtype for picture in pictures}) == 1:
        return pictures
    return [p if p.is_floating_point() else p.to(torch.float32) / torch.iinfo(p.dtype).max for p in pictures]
