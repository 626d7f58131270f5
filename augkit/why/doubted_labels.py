"""Labels of training pictures that may be wrong, by what networks say that did not learn from the picture.

They are asked for the picture and for augmented copies of it: the mean of their answers ranks the doubts, and how many
of the views are named otherwise than the label is told beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from augkit.choose.held_out import folds_of, log_softmax, losses
from augkit.choose.pool import Pool, pool_of
from augkit.core.arrays import Indices, Reals
from augkit.train.several.label_doubts import Doubt, doubts
from augkit.train.telling import Progress
from augkit.train.trials.learner import Learner, Learnt
from augkit.train.trials.workbench import Workbench, workbench
from augkit.why.learnt_run import LearntRun
from augkit.why.why_config import WhyConfig

COPIES = 4  # augmented ones of each picture that are asked for


@dataclass(frozen=True)
class Doubted:
    """A label that may be wrong.

    Args:
        doubt: the picture, its label, and what it may be rather.
        otherwise: the share of the picture's views that are named otherwise.
    """

    doubt: Doubt
    otherwise: float


@dataclass(frozen=True)
class Doubts:
    """Labels that may be wrong, the most doubtful first, of the pictures of a pool, and what learnt from these."""

    found: tuple[Doubted, ...]
    pool: Pool
    bench: Workbench


def doubted(run: LearntRun, config: WhyConfig, tell: Callable[[str], None], progress: Progress) -> Doubts:
    """Return the labels of training pictures that may be wrong."""
    setup = run.setup
    pool = pool_of(setup, config.pictures, setup.config.groups, setup.config.seed, tell)
    kept, count = run.folder / "why" / "views", len(pool.names)
    options = config.side, config.steps, kept, progress
    bench = workbench(setup, pool.part, pool.confirming, count, *options)
    with bench.at_work():
        folds = folds_of(pool.classes, pool.groups, max(2, min(config.folds, len(set(pool.groups)))), setup.config.seed)
        chances, named = _chances(run, bench, folds, np.array(pool.classes))
    classes = np.array(pool.classes)
    ids = [source.id for source in pool.part.sources]
    otherwise = dict(zip(ids, (named != classes).mean(axis=0).tolist(), strict=True))
    found = doubts(ids, chances, classes, pool.names)
    return Doubts(tuple(Doubted(one, otherwise[one.id]) for one in found), pool, bench)


def _chances(run: LearntRun, bench: Workbench, folds: Indices, classes: Indices) -> tuple[Reals, Indices]:
    """Return the mean probabilities (n, k) of pictures and their copies, and the class (V, n) each view is named."""
    seed = run.setup.config.seed
    plain = bench.look(None, 0)
    views = [plain, *(bench.look(run.pipeline, copy) for copy in range(COPIES))]

    def taught(learner: Learner) -> list[Learnt]:
        kept = [folds != fold for fold in range(int(folds.max()) + 1)]
        return [learner.learnt([view[some] for view in views], classes[some], seed) for some in kept]

    def answers(learnt: list[Learnt], view: Reals) -> Reals:
        found = np.zeros((len(classes), int(classes.max()) + 1))
        for fold, one in enumerate(learnt):
            found[folds == fold] = log_softmax(one.log_chances(view[folds == fold]))
        return found

    every = [taught(learner) for learner in bench.learners]
    best = min(every, key=lambda one: float(losses(answers(one, plain), classes).mean()))
    said = np.stack([np.exp(answers(best, view)) for view in views])
    weights = np.array([0.5, *[0.5 / COPIES] * COPIES])  # copies may be harmed; the picture as it is counts as all
    return np.einsum("v,vnk->nk", weights, said), said.argmax(axis=2)
