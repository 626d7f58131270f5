"""Views of pictures for trials: augmented copies as a learner takes them, made once and kept.

Copies are those that a training with the same seed makes, so that a trial looks at what will be learnt from. Of a
frozen network a view is its features, and is kept in packs, picture by picture, as those of a training are. Without one
it is the pixels.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
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
from augkit.train.features.feature_packs import SUFFIXES, FeaturePacks, key_of
from augkit.train.features.features import backbone_hash
from augkit.train.files.artefact import DECIDING, versions
from augkit.train.models import Architecture, Network
from augkit.train.parts.parts import Part
from augkit.train.tasks import Task

BATCH = 64  # pictures that go through the network together
MOST_BYTES = 512 << 20  # of decoded pictures that are kept in memory


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
        packs = self._packs
        if packs is None:
            return self._made(pipeline, copy, range(len(self.hashes)))
        drawn = None if pipeline is None else {"pipeline": identified(pipeline), "seed": self.seed}
        named = zip(self.part.sources, self.hashes, strict=True)
        keys = [key_of(json.dumps([drawn, source.id, sha], sort_keys=True), copy) for source, sha in named]
        absent = set(packs.missing(keys))
        wanted = [place for place, key in enumerate(keys) if key in absent]
        if wanted:
            made = self._made(pipeline, copy, wanted)
            packs.write([keys[place] for place in wanted], torch.from_numpy(made))
        return packs.rows(keys).at(range(len(keys))).numpy()

    def forget(self) -> None:
        """Remove the files of all views in the folder."""
        if self.folder is not None and self.folder.is_dir():
            for path in (path for suffix in SUFFIXES for path in self.folder.glob(f"*{suffix}")):
                with suppress(OSError):
                    unlink(os.fspath(path))

    @cached_attribute
    def _backbone(self) -> str:
        return "" if self.network is None else backbone_hash(self.network)

    @cached_attribute
    def _packs(self) -> FeaturePacks | None:
        if self.network is None or self.folder is None:
            return None
        return FeaturePacks(self.folder, {"view": True, **self._family})

    @cached_attribute
    def _extraction(self) -> Extraction | None:
        if self.network is None:
            return None
        return Extraction(self.network, self.architecture.preprocessing.normalise, self.threads, is_mixed=False)

    @cached_attribute
    def _originals(self) -> Originals:
        pictures = Pictures(self.part.data, self.part.sources)
        return Originals(pictures, self.architecture.preprocessing, MOST_BYTES)

    def deciding(self, pipeline: Pipeline | None) -> dict[str, object]:
        """Return all that decides the views of a pipeline, as JSON holds it."""
        return self._family | {
            "pipeline": None if pipeline is None else identified(pipeline),
            "seed": None if pipeline is None else self.seed,
            "pictures": [(source.id, sha) for source, sha in zip(self.part.sources, self.hashes, strict=True)],
        }

    @property
    def _family(self) -> dict[str, object]:
        """All that decides the views of any picture."""
        return {
            "backbone": self._backbone,
            "model": {name: part for name, part in self.architecture.described().items() if name != "outputs"},
            "versions": {name: number for name, number in versions().items() if name in DECIDING},
        }

    def _made(self, pipeline: Pipeline | None, copy: int, places: Sequence[int]) -> Array:
        if self._extraction is None:
            return np.concatenate([pictures.numpy() for pictures in self._drawn(pipeline, copy, places)])
        begun, found = list[Callable[[], Tensor]](), list[Tensor]()
        with closing(self._extraction) as extraction:
            for pictures in self._drawn(pipeline, copy, places):  # a batch is computed while the next one is made
                begun.append(extraction.begun(pictures))
                found += [wait() for wait in begun[:-1]]
                del begun[:-1]
            found += [wait() for wait in begun]
        return torch.cat(found).numpy()

    def _drawn(self, pipeline: Pipeline | None, copy: int, places: Sequence[int]) -> Iterator[Tensor]:
        """Yield batches of prepared pictures (B, C, h, w)."""
        prepared = Prepared(self.part, self.architecture.preprocessing, self.task, pipeline, self.seed, self.wait_s)
        prepared.augmented.dataset = self._originals
        for first in range(0, len(places), BATCH):
            draws = [Draw(0, place, copy) for place in places[first : first + BATCH]]
            yield prepared.joined([prepared.named(draw) for draw in draws])[0]
            self.progress(first + len(draws), len(places), " pictures of a view")
