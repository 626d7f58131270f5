"""Pictures and their copies in rows, whatever they are then drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.core.spatial import Size
from augkit.errors import ArgumentError, AugkitError
from augkit.executors import run
from augkit.pipeline import Pipeline
from augkit.preview.canvas import marked, picture
from augkit.preview.numbers import numbers
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene


@dataclass(frozen=True)
class Cell:
    """A source with the plan of its copy, or without one: the original. Copies are made when they are drawn."""

    source: Sample
    plan: Plan | None = None

    @property
    def size(self) -> Size:
        height, width = self.source.image.shape[:2]
        return self.plan.size if self.plan else (height, width)

    @property
    def words(self) -> list[str]:
        return numbers(self.plan) if self.plan else _facts(self.source)

    def shown(self, side: int, known: Sequence[str]) -> Image.Image:
        """Return its picture with its labels drawn in, fitted into a square.

        Args:
            side: of the square, in pixels.
            known: all kinds of labels, as `canvas.kinds` gives them.
        """
        sample = self.sample
        return marked(picture(sample, side), sample, known)

    @property
    def sample(self) -> Sample:
        try:
            return run(self.plan, self.source) if self.plan else self.source
        except AugkitError as error:
            raise error.at(self.source.id) from None


def cells(samples: Sequence[Sample], pipeline: Pipeline, copies: int, seed: int) -> list[list[Cell]]:
    """Return a row for every sample: itself, then its copies.

    Raises:
        ArgumentError: there is nothing to show.
        AugkitError: a copy cannot be drawn; the sentence names the sample.
    """
    if not samples:
        raise ArgumentError("must hold at least one sample, got none.", "samples")
    if copies < 1:
        raise ArgumentError(f"must be at least 1, got {copies}.", "copies")
    return [_row(sample, pipeline, copies, seed) for sample in samples]


def facts_of(samples: Sequence[Sample], copies: int, seed: int) -> list[str]:
    """Return what is shown, in words."""
    pictures = f"{len(samples)} picture" + "s" * (len(samples) != 1)
    return [pictures, f"{copies} cop" + ("ies" if copies != 1 else "y") + " of each", f"seed {seed}"]


def _row(sample: Sample, pipeline: Pipeline, copies: int, seed: int) -> list[Cell]:
    """Return the sample's cell and those of its copies."""
    scene = Scene.of(sample)
    try:
        plans = [pipeline.draw(Key(seed, sample.id, copy), scene) for copy in range(copies)]
    except AugkitError as error:
        raise error.at(sample.id) from None
    return [Cell(sample), *(Cell(sample, plan) for plan in plans)]


def _facts(sample: Sample) -> list[str]:
    height, width = sample.image.shape[:2]
    channels = 1 if sample.image.ndim == 2 else sample.image.shape[2]
    colors = {1: "grey", 3: "RGB"}.get(channels, "RGBA" if sample.alpha else f"{channels} channels")
    return [sample.id or "(no name)", f"{width} x {height}", f"{colors} {sample.image.dtype}"]
