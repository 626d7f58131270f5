"""Batches of pictures as a network takes them, made on the fly or kept where they are always the same."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from augkit.errors import AugkitError, raise_outage
from augkit.loader import Augmented, Draw, EpochSampler, Pictures
from augkit.loader.drawing import plainly
from augkit.pipeline import Pipeline
from augkit.storage.patience import Patience
from augkit.targets.sample import Sample
from augkit.train.batches.batch_pool import BatchPool, Made
from augkit.train.batches.framing import Framing, framed, laid_flat
from augkit.train.batches.originals import Originals
from augkit.train.models import Preprocessing
from augkit.train.parts.parts import Part, Role
from augkit.train.tasks import Task
from augkit.train.tasks.dense import Dense

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


class Batch(NamedTuple):
    """Prepared pictures (B, C, h, w), their places in their part (B,), and what is to be learnt if that moves too."""

    pictures: Tensor
    places: Tensor
    targets: Tensor | None = None  # (B, ...)


class Prepared:
    """Pictures of a part as a network takes them, for a `BatchPool`.

    Args:
        part: whose pictures.
        preprocessing: of the network.
        task: that it is to learn.
        pipeline: augments them, or None.
        seed: of what it draws.
        wait_s: seconds that a picture is waited for which cannot be read.
        most_bytes: of decoded pictures that each process keeps in memory, where they are augmented.
        own: pipelines of classes, in the place of `pipeline`, where that is one.
    """

    def __init__(
        self,
        part: Part,
        preprocessing: Preprocessing,
        task: Task,
        pipeline: Pipeline | None,
        seed: int,
        wait_s: float = 0.0,
        most_bytes: int = 0,
        own: Mapping[str, Pipeline] | None = None,
    ) -> None:
        self.dense = task if isinstance(task, Dense) else None
        self.pictures = Pictures(part.data, part.sources)
        self.originals = Originals(self.pictures, preprocessing, 0 if pipeline is None else most_bytes)
        self.is_fixed = pipeline is None
        self.is_framed = preprocessing.is_once and not self.is_fixed
        self.outside = 0 if self.dense is None else self.dense.outside
        drawing = Framing(preprocessing, self.outside) if self.is_framed else plainly
        self.augmented = Augmented(self.originals, pipeline or Pipeline([]), seed, drawing=drawing)
        of_classes = {} if pipeline is None or own is None else own
        self.own = {label: Augmented(self.originals, one, seed, drawing=drawing) for label, one in of_classes.items()}
        self.preprocessing = preprocessing
        self.patience = Patience(wait_s)

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, draw: Draw) -> str:
        """Return what the picture of a draw is called."""
        return f"{self.pictures.data.root}/{self.pictures.sources[draw.index].id}"

    def one(self, draw: Draw) -> Made:
        """Return a picture (C, h, w), and what is to be learnt of it where that moves with it."""
        sample = self.patience.asked(lambda: self._augmented(draw).made(draw).sample, lambda: None)
        if self.dense is None:
            how = self.preprocessing.tensor_of if self.is_framed else self.preprocessing.tensor
            return (how(sample.image),)
        if not self.is_framed:
            sample = framed(laid_flat(sample, self.preprocessing), self.preprocessing.shape, self.outside)
        return self.preprocessing.tensor_of(sample.image), self.dense.target(sample, self.preprocessing.size)

    def _augmented(self, draw: Draw) -> Augmented:
        """Return what makes the copies of the picture's class."""
        return (
            self.own.get(str(self.pictures.sources[draw.index].label), self.augmented) if self.own else self.augmented
        )

    def original(self, place: int) -> Sample:
        """Return a picture as it lies in the data set, on the network's paper, with all that moves with it."""
        return self.patience.asked(lambda: self.originals[place], lambda: None)

    def named(self, draw: Draw) -> tuple[Tensor, ...]:
        """Return the same as `one`; what is raised names the picture."""
        try:
            return self.one(draw)
        except AugkitError as fault:
            raise_outage(fault, self.name(draw))
            raise fault.at(self.name(draw)) from fault.__cause__

    def joined(self, made: list[Made]) -> Made:
        """Return the same as a batch."""
        pictures = torch.stack(_alike([one[0] for one in made]))
        return (pictures,) if self.dense is None else (pictures, self.dense.joined([one[1] for one in made]))

    def whole(self, batches: list[Made]) -> Made:
        """Return batches as one."""
        pictures = torch.cat(_alike([batch[0] for batch in batches]))
        if self.dense is None:
            return (pictures,)
        return pictures, self.dense.joined([target for batch in batches for target in batch[1]])


class Stream:
    """Give prepared pictures of a part, batch by batch: the same for any number of worker processes.

    Args:
        part: whose pictures.
        prepared: makes them.
        pool: does so in its processes, under the name `role`.
    """

    def __init__(self, part: Part, prepared: Prepared, pool: BatchPool, role: Role) -> None:
        self.sources, self.prepared, self.pool, self.role = part.sources, prepared, pool, role
        size = len(self.sources) * int(np.prod(prepared.preprocessing.input))
        self._is_fixed = prepared.is_fixed and size <= MOST_HELD
        self._held: Made | None = None

    def batches(self, draws: Sequence[list[Draw]]) -> Iterator[Batch]:
        """Yield pictures as `Preprocessing.normalise` takes them, with their places in the part."""
        if self._is_fixed and self._held is None:
            whole = in_order(len(self.sources))
            self._held = self.prepared.whole(list(self.pool.batches(self.role, whole)))
        yield from self.once(draws)

    def once(self, draws: Sequence[list[Draw]]) -> Iterator[Batch]:
        """Yield likewise what is asked for once: it is made alone, where no more of the part was made before."""
        held = self._held
        made = self.pool.batches(self.role, draws) if held is None else (_at(held, _places(some)) for some in draws)
        for some, (pictures, *targets) in zip(draws, made, strict=True):
            yield Batch(pictures, _places(some), *targets)


def _at(held: Made, places: Tensor) -> Made:
    return tuple(tensor[places] for tensor in held)


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
