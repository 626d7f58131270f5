"""Candidates: pipelines that compete to augment a data set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from augkit.choose.families import FAMILIES, Family
from augkit.core.arrays import Image
from augkit.core.spatial import Size
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import bundled, load
from augkit.transforms.policies import TrivialAugment

NONE, LIGHT, TRIVIAL = "none", "light", "TrivialAugment"
ALWAYS = (NONE, LIGHT, TRIVIAL)  # compete to the end, whatever comes of them
# Of those that are bundled: `identity` is `none`, and `lines` makes another picture than the network is to judge.
NO_CANDIDATES = ("identity", "lines")
ALIKE_LEVELS, ALIKE_SHARE = 8, 0.9  # grey levels of 255 and share of an edge within which it is of one colour

Kind = Literal["step", "whole", "own", "built"]


@dataclass(frozen=True)
class Candidate:
    """A pipeline that competes.

    Args:
        name: that people know it by.
        pipeline: None for no augmentation.
        kind: one step of a family; a whole pipeline of augkit's; the user's own; or built here of several steps.
        family: of a step.
        strength: of a step.
    """

    name: str
    pipeline: Pipeline | None
    kind: Kind = "whole"
    family: Family | None = None
    strength: float = 0.0


@dataclass(frozen=True)
class Edge:
    """What lies at the edges of the pictures, and so what comes in where a step moves them.

    Args:
        fill: the level or levels of one colour that most edges have, or None where they show more.
    """

    fill: float | tuple[float, ...] | None

    def pipeline(self, *steps: Candidate | None, size: Size) -> Pipeline:
        """Return a pipeline of the steps of single candidates, in the order of their families."""
        found = sorted((step for step in steps if step is not None), key=_order)
        made = [one.family.step(one.strength, size) for one in found if one.family is not None]
        return Pipeline(made) if self.fill is None else Pipeline(made, border="constant", fill=self.fill)

    def sentence(self) -> str:
        """Say what comes in, and why."""
        if self.fill is None:
            return "Edges show more than one colour: what comes in where a step moves pictures is their reflection."
        levels = self.fill if isinstance(self.fill, tuple) else (self.fill,)
        shown = ", ".join(f"{level:g}" for level in levels)
        return f"Edges have one colour, {shown}: it is what comes in where a step moves pictures."


def edge_of(pictures: Sequence[Image]) -> Edge:
    """Return what lies at the edges of pictures (H, W[, C]) of 8 bits: one colour, if most have it all around."""
    found: list[tuple[float, ...]] = []
    for picture in pictures:
        levels = picture.reshape(*picture.shape[:2], -1).astype(np.float64)
        rim = np.concatenate([levels[0], levels[-1], levels[1:-1, 0], levels[1:-1, -1]])
        middle = np.median(rim, axis=0)
        is_alike = (np.abs(rim - middle).max(axis=1) <= ALIKE_LEVELS).mean() >= ALIKE_SHARE
        found += [tuple(middle.tolist())] * bool(is_alike)
    if len(found) < ALIKE_SHARE * len(pictures) or len({len(one) for one in found}) != 1:
        return Edge(None)
    middle = np.median(found, axis=0)
    near = (np.abs(np.array(found) - middle).max(axis=1) <= ALIKE_LEVELS).mean()
    fill = tuple(float(round(level)) for level in middle)
    return Edge((fill[0] if len(fill) == 1 else fill) if near >= ALIKE_SHARE else None)


def steps(edge: Edge, size: Size, is_grey: bool) -> Iterator[Candidate]:
    """Yield every family at every strength, as pipelines of one step."""
    for family in FAMILIES:
        for strength in family.strengths:
            if not (is_grey and family.is_of_colour):
                one = Candidate(family.told(strength), None, "step", family, strength)
                yield Candidate(one.name, edge.pipeline(one, size=size), "step", family, strength)


def wholes(own: Sequence[str]) -> Iterator[Candidate]:
    """Yield the pipelines that come with augkit, TrivialAugment, and the user's own, by their files."""
    for name in bundled():
        if name not in NO_CANDIDATES:
            yield Candidate(name, load(name))
    yield Candidate(TRIVIAL, Pipeline([TrivialAugment()]))
    for place in own:
        if place not in bundled() and place != NONE:
            yield Candidate(place, load(place), "own")


def _order(one: Candidate) -> int:
    return next(place for place, family in enumerate(FAMILIES) if family is one.family)
