"""Views of pictures for trials: augmented copies as a learner takes them, made once and kept.

Copies are those that a training with the same seed makes, so that a trial looks at what will be learnt from. Of a
frozen network a view is its features, and is kept as a file, whose name is a hash of all that decides it. Without one
it is the pixels.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Array
from augkit.loader import Draw, Pictures
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import identified
from augkit.storage.durable import unlink
from augkit.train.batches.originals import Originals
from augkit.train.batches.stream import Prepared
from augkit.train.features.extraction import Extraction
from augkit.train.features.features import backbone_hash
from augkit.train.files.artefact import DECIDING, versions
from augkit.train.models import Architecture, Network
from augkit.train.parts.parts import Part
from augkit.train.tasks import Task
from augkit.train.trials.kept_arrays import keep, kept, place_of_array
from augkit.train.trials.remembered import Remembered

BATCH = 64  # pictures that go through the network together


@dataclass(frozen=True, eq=False)
class Views:
    """Give the views of some pictures.

    Args:
        part: whose pictures.
        hashes: of their bytes, in their order.
        architecture: says how pictures become the network's input.
        task: of the training.
        network: frozen, whose features are wanted; None for pixels.
        threads: pictures of which features are computed at once; they play no part in them.
        seed: of what pipelines draw.
        folder: where features are kept; None keeps none.
        wait_s: seconds that a picture is waited for which cannot be read.
        progress: is told how many pictures of a view are done, of how many.
    """

    part: Part
    hashes: Sequence[str]
    architecture: Architecture
    task: Task
    network: Network | None
    threads: int
    seed: int
    folder: Path | None
    wait_s: float
    progress: Callable[[int, int, str], None]

    def view(self, pipeline: Pipeline | None, copy: int) -> Array:
        """Return a copy of every picture that a pipeline makes, or the pictures as they are.

        Returns:
            Features (n, F), float32, or prepared pixels (n, C, h, w).
        """
        if self.network is None or self.folder is None:
            return np.concatenate(list(self._made(pipeline, copy)))
        path = place_of_array(self.folder, self.deciding(pipeline) | {"copy": copy}, "view")
        found = kept(path)
        if found is None:
            found = np.concatenate(list(self._made(pipeline, copy))).astype("<f4", copy=False)
            keep(path, found)
        return found

    def forget(self) -> None:
        """Remove the files of all views in the folder."""
        if self.folder is not None and self.folder.is_dir():
            for path in self.folder.glob("*.view"):
                with suppress(OSError):
                    unlink(os.fspath(path))

    @cached_attribute
    def _backbone(self) -> str:
        return "" if self.network is None else backbone_hash(self.network)

    @cached_attribute
    def _extraction(self) -> Extraction | None:
        if self.network is None:
            return None
        return Extraction(self.network, self.architecture.preprocessing.normalise, self.threads, is_mixed=False)

    @cached_attribute
    def _originals(self) -> Remembered:
        return Remembered(Originals(Pictures(self.part.data, self.part.sources), self.architecture.preprocessing))

    def deciding(self, pipeline: Pipeline | None) -> dict[str, object]:
        """Return all that decides the views of a pipeline, as JSON holds it."""
        return {
            "backbone": self._backbone,
            "model": {name: part for name, part in self.architecture.described().items() if name != "outputs"},
            "pipeline": None if pipeline is None else identified(pipeline),
            "seed": None if pipeline is None else self.seed,
            "pictures": [(source.id, sha) for source, sha in zip(self.part.sources, self.hashes, strict=True)],
            "versions": {name: number for name, number in versions().items() if name in DECIDING},
        }

    def _made(self, pipeline: Pipeline | None, copy: int) -> Iterator[Array]:
        prepared = Prepared(self.part, self.architecture.preprocessing, self.task, pipeline, self.seed, self.wait_s)
        prepared.augmented.dataset = self._originals
        total = len(self.hashes)
        waiting: list[Callable[[], Tensor]] = []  # for a batch whose features are computed while the next one is made
        for first in range(0, total, BATCH):
            draws = [Draw(0, index, copy) for index in range(first, min(first + BATCH, total))]
            pictures, *_ = prepared.joined([prepared.named(draw) for draw in draws])
            if self._extraction is None:
                yield pictures.numpy()
            else:
                waiting.append(self._extraction.begun(pictures))
                yield from (found().numpy() for found in waiting[:-1])
                del waiting[:-1]
            self.progress(first + len(draws), total, " pictures of a view")
        yield from (found().numpy() for found in waiting)
