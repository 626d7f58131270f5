"""Copies of pictures as a run's network judges them: what was drawn for each, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Array, Reals
from augkit.loader import Draw
from augkit.pipeline import Pipeline
from augkit.targets.scene import Scene
from augkit.train.parts.parts import Part
from augkit.train.telling import Progress
from augkit.train.trials.asked_copies import AskedCopies
from augkit.why.drawn_numbers import TRIED, Number, drawn, numbers_of
from augkit.why.learnt_run import LearntRun
from augkit.why.thresholds import Copies

LEAST = 1e-12  # probability that a logarithm is taken of


@dataclass(frozen=True, eq=False)
class JudgedPictures:
    """Pictures of a part that are looked at.

    Args:
        asked: gives what the run's network answers to copies of them.
        classes: (n,) the number of each one's class.
        plain: (n, k) the probability of each class, of the pictures as they are.
    """

    asked: AskedCopies
    classes: Array
    plain: Reals

    def numbers(self, pipeline: Pipeline) -> list[Number]:
        """Return the numbers that a pipeline draws for these pictures."""
        some = np.linspace(0, len(self.classes) - 1, TRIED).round().astype(int).tolist()
        keys = [self.asked.key(Draw(0, index, place)) for place, index in enumerate(some)]
        return numbers_of(pipeline, keys, [Scene.of(self.asked.originals[index]) for index in some])

    def copies(
        self, pipeline: Pipeline, numbers: Sequence[Number], draws: Sequence[Draw], progress: Progress
    ) -> Copies:
        """Return copies with what was drawn for them, and what they cost."""
        rows = [
            drawn(pipeline, numbers, self.asked.key(draw), Scene.of(self.asked.originals[draw.index])) for draw in draws
        ]
        chances = self.asked.answers(pipeline, draws, progress)
        places = np.array([draw.index for draw in draws])
        classes = self.classes[places]
        rise = losses(chances, classes) - losses(self.plain, self.classes)[places]
        ends = np.array([(one.low, one.high) for one in numbers], np.float64).reshape(-1, 2)
        values = np.array(rows, np.float64).reshape(len(draws), len(numbers))
        return Copies(values, ends[:, 0], ends[:, 1], places, classes, rise, chances.argmax(axis=1) == classes)


def pictures_of(run: LearntRun, part: Part, most: int, progress: Progress) -> JudgedPictures:
    """Return at most `most` pictures of a part, spread evenly over it, as the run's network judges them plainly."""
    count = len(part.sources)
    places = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist()
    some = Part(part.data, tuple(part.sources[at] for at in places), tuple(part.origins[at] for at in places))
    classes = np.array([int(run.artefact.task.encode(label)) for label in some.labels])
    asked = AskedCopies(run.artefact, some, run.setup.config.seed, run.setup.config.wait)
    return JudgedPictures(
        asked, classes, asked.answers(None, [Draw(0, index) for index in range(len(places))], progress)
    )


def losses(chances: Reals, classes: Array) -> Reals:
    """Return the log loss (n,) of probabilities (n, k) for the numbers of classes (n,)."""
    found: Reals = -np.log(np.maximum(chances[np.arange(len(classes)), classes], LEAST))
    return found
