"""Copies of pictures as a run's network judges them: what was drawn for each, and what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, Image, Reals
from augkit.core.key import Key
from augkit.errors import AugkitError, raise_outage
from augkit.loader import Draw
from augkit.pipeline import Pipeline
from augkit.targets.scene import Scene
from augkit.train.parts import Part
from augkit.train.stream import BATCH, Prepared
from augkit.train.trials.remembered import Remembered
from augkit.why.drawn_numbers import TRIED, Number, drawn, numbers_of
from augkit.why.learnt_run import LearntRun
from augkit.why.thresholds import Copies

LEAST = 1e-12  # probability that a logarithm is taken of

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of a part that are looked at.

    Args:
        run: whose network judges them.
        part: whose pictures.
        classes: (n,) the number of each one's class.
        plain: (n, k) the probability of each class, of the pictures as they are.
        originals: the pictures, decoded.
    """

    run: LearntRun
    part: Part
    classes: Array
    plain: Reals
    originals: Remembered

    @property
    def plain_loss(self) -> Reals:
        """(n,) the log loss of the pictures as they are."""
        return losses(self.plain, self.classes)

    def chances(self, pipeline: Pipeline, draws: Sequence[Draw], progress: Progress) -> Reals:
        """Return the probability of each class (N, k) of copies."""
        return _chances(self.run, self._prepared(pipeline), draws, progress)

    def image(self, pipeline: Pipeline, draw: Draw) -> Image:
        """Return a copy as it goes into the network (h, w, C), uint8."""
        picture = _one(self._prepared(pipeline), draw)[0]
        levels = picture if picture.dtype == torch.uint8 else (picture.clamp(0.0, 1.0) * 255).round().byte()
        return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())

    def numbers(self, pipeline: Pipeline) -> list[Number]:
        """Return the numbers that a pipeline draws for these pictures."""
        some = np.linspace(0, len(self.part.sources) - 1, TRIED).round().astype(int).tolist()
        keys = [self._key(Draw(0, index, 1000 + place)) for place, index in enumerate(some)]
        return numbers_of(pipeline, keys, [Scene.of(self.originals[index]) for index in some])

    def values(self, pipeline: Pipeline, numbers: Sequence[Number], draws: Sequence[Draw]) -> Reals:
        """Return what was drawn for copies (N, V)."""
        rows = [drawn(pipeline, numbers, self._key(draw), Scene.of(self.originals[draw.index])) for draw in draws]
        return np.array(rows, np.float64).reshape(len(draws), len(numbers))

    def copies(self, numbers: Sequence[Number], values: Reals, draws: Sequence[Draw], chances: Reals) -> Copies:
        """Return copies with what they cost."""
        places = np.array([draw.index for draw in draws])
        classes = self.classes[places]
        rise = losses(chances, classes) - self.plain_loss[places]
        ends = np.array([(one.low, one.high) for one in numbers], np.float64).reshape(-1, 2)
        return Copies(values, ends[:, 0], ends[:, 1], places, classes, rise, chances.argmax(axis=1) == classes)

    def _key(self, draw: Draw) -> Key:
        return Key(self.run.setup.config.seed, self.part.sources[draw.index].id, draw.copy, draw.epoch)

    def _prepared(self, pipeline: Pipeline | None) -> Prepared:
        found = _prepared(self.run, self.part, pipeline)
        found.augmented.dataset = self.originals
        return found


def pictures_of(run: LearntRun, part: Part, most: int, progress: Progress) -> Pictures:
    """Return at most `most` pictures of a part, spread evenly over it, as the run's network judges them plainly."""
    count = len(part.sources)
    places = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist()
    some = Part(part.data, tuple(part.sources[at] for at in places), tuple(part.origins[at] for at in places))
    task = run.artefact.task
    classes = np.array([int(task.encode(label)) for label in some.labels])
    prepared = _prepared(run, some, None)
    plain = _chances(run, prepared, [Draw(0, index) for index in range(len(places))], progress)
    return Pictures(run, some, classes, plain, Remembered(_prepared(run, some, run.pipeline).originals))


def losses(chances: Reals, classes: Array) -> Reals:
    """Return the log loss (n,) of probabilities (n, k) for the numbers of classes (n,)."""
    found: Reals = -np.log(np.maximum(chances[np.arange(len(classes)), classes], LEAST))
    return found


def _prepared(run: LearntRun, part: Part, pipeline: Pipeline | None) -> Prepared:
    config = run.setup.config
    preprocessing = run.artefact.architecture.preprocessing
    return Prepared(part, preprocessing, run.artefact.task, pipeline, config.seed, config.wait)


def _one(prepared: Prepared, draw: Draw) -> tuple[Tensor, ...]:
    try:
        return prepared.one(draw)
    except AugkitError as fault:
        raise_outage(fault, prepared.name(draw))
        raise fault.at(prepared.name(draw)) from fault.__cause__


def _chances(run: LearntRun, prepared: Prepared, draws: Sequence[Draw], progress: Progress) -> Reals:
    artefact = run.artefact
    found = list[Reals]()
    for first in range(0, len(draws), BATCH):
        some = draws[first : first + BATCH]
        pictures, *_ = prepared.joined([_one(prepared, draw) for draw in some])
        with torch.inference_mode():
            outputs = artefact.network(artefact.architecture.preprocessing.normalise(pictures))
        found.append(artefact.task.answers(outputs.double().numpy(), artefact.temperature))
        progress(first + len(some), len(draws), " copies judged")
    whole: Reals = np.concatenate(found)
    return whole
