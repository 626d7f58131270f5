"""Simulate whole choices of an augmentation where nothing helps, and count what is declared all the same.

The search, its judge and the verdict are those of `augkit choose`; what learns is simulated. A network's answer to a
picture is as sure as the picture is easy, which all networks share, plus what this network is better or worse by, what
it drew for this picture, and what the pipeline does to this picture, up or down: with mean 0, so that nothing helps
and nothing harms. Then everything with a step that turns pictures helps by so much, which shows what is found where
there is something.

A choice is wrong if it picks an augmentation, or says that one helps, or helps those that chose it; apart from that, if
it says so of a class. That one harms is right where pipelines move pictures much: surer and less sure by as much, a
network's mean loss grows (Jensen's inequality).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from augkit.choose.candidates import Candidate, Edge, steps, wholes
from augkit.choose.held_out import Judge, folds_of, log_softmax
from augkit.choose.search import Search
from augkit.choose.verdict import verdict_on
from augkit.core.arrays import Array, JsonObject, Reals
from augkit.pipeline import Pipeline
from augkit.train.trials.learner import Learner, Learnt

__all__ = ["measure", "table"]

CHOICES, SCREENING = 200, 2  # and folds of what is no finalist yet
CLASSES, REPEATS, ROUNDS = 10, 3, 3
HARD, SPREAD = 2.5, 2.0  # how sure networks are of the right class on average, and how much that differs by picture
EFFECTS = (0.2, 0.5)


@dataclass(frozen=True)
class World:
    """A kind of data sets and networks: pictures that choose and that confirm, folds, and standard deviations.

    Args:
        name: in a few words.
        choosing: pictures.
        confirming: pictures that have no say.
        folds: into which those that choose are dealt.
        of_networks: what a network is better or worse by.
        of_draws: what it drew for each picture.
        of_pipelines: what a pipeline does to each picture.
    """

    name: str
    choosing: int
    confirming: int
    folds: int
    of_networks: float
    of_draws: float
    of_pipelines: float


WORLDS = (
    World("few, networks differ", 100, 50, 4, 0.3, 1.0, 0.3),
    World("few, draws differ", 100, 50, 4, 0.05, 1.0, 0.0),
    World("few, pipelines move pictures", 100, 50, 4, 0.6, 0.5, 0.5),
    World("more, networks differ", 400, 60, 4, 0.3, 1.0, 0.3),
    World("more, draws differ", 400, 60, 4, 0.05, 1.0, 0.0),
    World("more, pipelines move pictures", 400, 60, 4, 0.1, 0.3, 0.7),
)


@dataclass(frozen=True)
class Simulated(Learnt):
    """A network that learnt from a pipeline's copies, in a simulated world."""

    made: Networks
    code: int
    seed: int

    def log_chances(self, view: Array) -> Reals:
        made, places = self.made, view[:, 0].astype(int)
        random = np.random.default_rng([made.seed, self.code, self.seed])
        sure = made.hard + random.normal(0.0, made.world.of_networks)
        sure = sure + random.normal(0.0, made.world.of_draws, len(sure)) + made.moved(self.code)
        logs = np.zeros((len(places), CLASSES))
        logs[np.arange(len(places)), made.classes[places]] = sure[places]
        return log_softmax(logs)


@dataclass(frozen=True)
class Networks(Learner):
    """All networks of one simulated data set.

    Args:
        world: as above.
        seed: of all that is drawn.
        effect: what a pipeline that helps makes a network surer by.
        codes: the number of each pipeline that was met.
        helpful: those that help.
    """

    world: World
    seed: int
    effect: float = 0.0
    codes: dict[Pipeline, int] = field(default_factory=dict)
    helpful: set[int] = field(default_factory=set)

    @cached_property
    def classes(self) -> Array:
        """The class of each picture, those that choose first."""
        return np.arange(self.world.choosing + self.world.confirming) % CLASSES

    @cached_property
    def hard(self) -> Reals:
        """How sure every network is of each."""
        found: Reals = np.random.default_rng(self.seed).normal(HARD, SPREAD, len(self.classes))
        return found

    def moved(self, code: int) -> Reals:
        """Return what a pipeline does to each picture."""
        random = np.random.default_rng([self.seed, 7, code])
        found: Reals = random.normal(0.0, self.world.of_pipelines * (code > 0), len(self.classes))
        return found + self.effect * (code in self.helpful)

    def view(self, pipeline: Pipeline | None, copy: int) -> Array:
        """Return the pictures that choose, each with the pipeline's number: what a network is shown here."""
        code = 0
        if pipeline is not None:
            code = self.codes.setdefault(pipeline, len(self.codes) + 1)
            if any(type(step).__name__ == "Rotate" for step in pipeline.steps):
                self.helpful.add(code)
        places = np.arange(self.world.choosing)
        return np.column_stack([places, np.full(len(places), code)]).astype(float)

    def learnt(self, views: Sequence[Array], classes: Array, seed: int) -> Simulated:
        return Simulated(self, int(views[0][0, 1]), seed * 1_000_003 + int(views[0][:, 0].sum()))

    def described(self) -> JsonObject:
        return {}


def measure(choices: int = CHOICES, worlds: Sequence[World] = WORLDS) -> dict[str, Any]:
    """Return the figures as JSON can hold them, of so many choices where nothing helps, a quarter where it does."""
    made, whole = list(steps(Edge(None), (28, 28), True)), list(wholes(()))
    rows = []
    for world in worlds:
        for effect in (0.0, *EFFECTS):
            count = choices if effect == 0.0 else choices // 4
            found = [_choice(Networks(world, seed, effect), made, whole) for seed in range(count)]
            levels = Counter(level for level, _, _ in found)
            rows.append(
                {
                    "world": world.name,
                    "effect": effect,
                    "choices": count,
                    "picked": sum(is_picked for _, is_picked, _ in found),
                    "declared": {level: levels[level] for level in ("helps", "likely", "harms")},
                    "declared_of_a_class": sum(of_class for _, _, of_class in found),
                }
            )
            print(_told(rows[-1]), flush=True)
    return {"question": (__doc__ or "").splitlines()[0], "rows": rows}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return "\n".join([found["question"], *map(_told, found["rows"])])


def _told(row: dict[str, Any]) -> str:
    declared = ", ".join(f"{level} {count}" for level, count in row["declared"].items())
    counts = f"picked {row['picked']}, {declared}, of a class {row['declared_of_a_class']}"
    return f"  {row['world']:32}effect {row['effect']:.1f}: of {row['choices']} choices {counts}"


def _choice(made: Networks, single: Sequence[Candidate], whole: Sequence[Candidate]) -> tuple[str, bool, bool]:
    """Return the verdict of a choice, whether it picks anything, and whether it says something of a class."""
    world = made.world
    classes, names = made.classes[: world.choosing], [str(number) for number in range(CLASSES)]
    groups = [str(place) for place in range(world.choosing)]
    seeds = range(made.seed * REPEATS, (made.seed + 1) * REPEATS)
    folds, first = (
        np.stack([folds_of(classes.tolist(), groups, count, seed) for seed in seeds])
        for count in (world.folds, SCREENING)
    )
    judge = Judge(made.view, made, classes, folds, 1, made.seed)
    search = Search(
        judge, Edge(None), (28, 28), REPEATS, ROUNDS, lambda *_: None, replace(judge, folds=first, _plain={})
    )
    found = search.found(single, whole)
    places = np.arange(world.choosing, len(made.classes))
    others = np.column_stack([places, np.zeros(len(places))]).astype(float)
    verdict = verdict_on(found, judge, others, made.classes[world.choosing :], names)
    return verdict.level, found.is_picked, any(row.is_harmed or row.is_helped for row in verdict.classes)
