"""A trained network asked for augmented copies of pictures, as a training with the same seed makes them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Image, Reals
from augkit.core.key import Key
from augkit.loader import Draw, Pictures
from augkit.pipeline import Pipeline
from augkit.train.batches.originals import Originals
from augkit.train.batches.stream import BATCH, Prepared
from augkit.train.files.artefact import Artefact
from augkit.train.parts.parts import Part
from augkit.train.telling import Progress
from augkit.train.trainer import reproducible
from augkit.train.trials.views import MOST_BYTES


@dataclass(frozen=True, eq=False)
class AskedCopies:
    """Give the answers of a network to copies of some pictures.

    Args:
        artefact: the network.
        part: whose pictures.
        seed: of what pipelines draw.
        wait_s: seconds that a picture is waited for which cannot be read.
    """

    artefact: Artefact
    part: Part
    seed: int
    wait_s: float

    @cached_attribute
    def originals(self) -> Originals:
        """The pictures as pipelines take them."""
        pictures = Pictures(self.part.data, self.part.sources)
        return Originals(pictures, self.artefact.architecture.preprocessing, MOST_BYTES)

    def key(self, draw: Draw) -> Key:
        """Return the key that a copy is drawn with."""
        return Key(self.seed, self.part.sources[draw.index].id, draw.copy, draw.epoch)

    def answers(self, pipeline: Pipeline | None, draws: Sequence[Draw], progress: Progress) -> Reals:
        """Return the answers (N, k) to copies, or to the pictures as they are."""
        prepared, normalise = self._prepared(pipeline), self.artefact.architecture.preprocessing.normalise
        found = list[Reals]()
        for first in range(0, len(draws), BATCH):
            some = draws[first : first + BATCH]
            pictures, *_ = prepared.joined([prepared.named(draw) for draw in some])
            with torch.inference_mode():
                outputs = self.artefact.network(normalise(pictures)).double().numpy()
            found.append(self.artefact.task.answers(outputs, self.artefact.temperature))
            progress(first + len(some), len(draws), " copies judged")
        whole: Reals = np.concatenate(found)
        return whole

    def image(self, pipeline: Pipeline | None, draw: Draw) -> Image:
        """Return a copy as it goes into the network (h, w, C), uint8."""
        picture = self._prepared(pipeline).named(draw)[0]
        levels = picture if picture.dtype == torch.uint8 else (picture.clamp(0.0, 1.0) * 255).round().byte()
        return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())

    def _prepared(self, pipeline: Pipeline | None) -> Prepared:
        preprocessing = self.artefact.architecture.preprocessing
        found = Prepared(self.part, preprocessing, self.artefact.task, pipeline, self.seed, self.wait_s)
        found.augmented.dataset = self.originals
        return found


@contextmanager
def at_work(threads: int) -> Iterator[None]:
    """Make torch do the same every time, on so many threads, 0 for its own number, and leave it as it was."""
    with reproducible():
        torch.set_num_threads(threads or torch.get_num_threads())
        yield
