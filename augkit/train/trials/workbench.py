"""A workbench for trials: what is looked at, and what learns from it, for the network that a training would take.

Where that network is frozen, its features are looked at, of a smaller input where it takes any, and linear probes learn
from them. Where it is trained from its first layer on, pixels are looked at and the network learns for some hundred
steps: the one that a training would take, for what helps one of few layers need not help another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from augkit.core.arrays import Array
from augkit.pipeline import Pipeline
from augkit.train.models import MODELS, Architecture
from augkit.train.models.network import set_mode
from augkit.train.parts.parts import ROLES, Part
from augkit.train.parts.survey import Facts
from augkit.train.setup import Setup
from augkit.train.trainer import reproducible
from augkit.train.trials.learner import Learner
from augkit.train.trials.network_learner import NetworkLearner
from augkit.train.trials.probe import Directions, ProbeLearner, directions
from augkit.train.trials.views import Views

FROZEN_COPIES, SMALL_COPIES = 2, 8
SCREENING_FOLDS = 2  # of networks from scratch
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # of a probe's penalty, of which the data choose


@dataclass(frozen=True, eq=False)
class Workbench:
    """All that trials are made with.

    Args:
        size: height and width of a training's input, which crops are made for.
        learners: to choose one of, by pictures as they are.
        sentence: says what looks at the pictures, and what learns.
        views: of the pictures that are judged.
        confirming: of those that confirm.
        reduced: the directions of the features that are looked at; None for pixels.
        threads: learners that may learn side by side; they play no part in what is learnt.
    """

    size: tuple[int, int]
    learners: tuple[Learner, ...]
    sentence: str
    views: Views
    confirming: Views
    reduced: Directions | None
    threads: int

    @property
    def copies(self) -> int:
        """How many copies of each picture are learnt from: few where each costs a pass through a large network."""
        return SMALL_COPIES if self.reduced is None else FROZEN_COPIES

    @property
    def screening_folds(self) -> int | None:
        """Into how many parts pictures are dealt for a first look, where each costs a training; None for any number."""
        return SCREENING_FOLDS if self.reduced is None else None

    def look(self, pipeline: Pipeline | None, copy: int) -> Array:
        """Return a view of the pictures that are judged, as learners take it."""
        return self._reduced(self.views.view(pipeline, copy))

    def look_at_confirming(self) -> Array:
        """Return the pictures that confirm, as they are."""
        return self._reduced(self.confirming.view(None, 0))

    def forget(self) -> None:
        """Remove the files of views, of which there are megabytes."""
        self.views.forget()
        self.confirming.forget()

    def _reduced(self, view: Array) -> Array:
        return view if self.reduced is None else self.reduced.of(view)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Make torch and NumPy do the same every time, on one thread for each sum, and leave them as they were."""
        with reproducible(), threadpool_limits(1):
            torch.set_num_threads(1)
            yield


def workbench(
    setup: Setup,
    part: Part,
    confirming: Part,
    classes: int,
    side: int,
    steps: int,
    folder: Path,
    progress: Callable[[int, int, str], None],
) -> Workbench:
    """Return a workbench.

    Args:
        setup: of a training without augmentation.
        part: whose pictures are judged; some of train.
        confirming: those that confirm.
        classes: how many these have.
        side: pixels of a frozen network's input, at most.
        steps: of a small network.
        folder: where features are kept.
        progress: is told how many pictures of a view are done.
    """
    made, config = setup.architecture, setup.config
    is_frozen = config.weights is not None
    looked = _looked_with(made, classes, side, is_frozen)
    network = None
    if is_frozen:
        network = setup.network.cpu()
        set_mode(network, True)
        network.eval()
    threads = config.threads or torch.get_num_threads()
    facts = {role: setup.surveyed.facts[role] for role in ROLES}
    views, others = (
        Views(
            its,
            _hashes(its, facts[role]),
            looked,
            setup.task,
            network,
            threads,
            config.seed,
            folder,
            config.wait,
            progress,
        )
        for its, role in ((part, ROLES[0]), (confirming, ROLES[1]))
    )
    size = f"{looked.preprocessing.size[0]} pixels"
    if not is_frozen:
        learner = NetworkLearner(looked, steps, config.batch_size, config.smoothing, config.ema)
        told = f"A network ({looked.name}, {size}) learns from pixels, in {steps:,} steps each."
        return Workbench(made.preprocessing.size, (learner,), told, views, others, None, threads)
    reduced = directions(views.view(None, 0))
    told = f"Linear probes learn from features of {looked.name}, frozen, at {size}."
    learners = tuple(ProbeLearner(classes, strength) for strength in STRENGTHS)
    return Workbench(made.preprocessing.size, learners, told, views, others, reduced, threads)


def _looked_with(made: Architecture, classes: int, side: int, is_frozen: bool) -> Architecture:
    """Return the network that looks at the pictures of trials."""
    is_any_size = made.name in MODELS and MODELS[made.name].layers is None
    if is_frozen:
        height, width = made.preprocessing.size
        if not is_any_size or max(height, width) <= side:
            return made
        own = made.preprocessing
        resize = None if own.resize is None else round(own.resize / max(height, width) * side)
        return replace(made, preprocessing=replace(own, size=(side, side), resize=resize))
    return replace(made, outputs=classes)


def _hashes(part: Part, known: Mapping[str, Facts]) -> Sequence[str]:
    return [known[source.id].sha256 for source in part.sources]
