"""Judging for a choice: pictures read, the network of a training at work, and who judges what it learns."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from augkit.choose.candidates import Edge, edge_of
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.held_out import Judge, Keeping, Look, folds_of
from augkit.choose.pool import Pool, pool_of
from augkit.core.arrays import Array, Indices
from augkit.errors import ArgumentError
from augkit.pipeline import Pipeline
from augkit.storage.patience import Patience
from augkit.train.setup import Setup, prepare
from augkit.train.tasks.dense import Dense
from augkit.train.telling import Progress, Tell, silent
from augkit.train.train_config import NO_PIPELINE, TrainConfig
from augkit.train.trials.workbench import Workbench, workbench

LOOKED_AT = 60  # pictures whose edges are looked at
MOST_BYTES = 512 * 2**20  # of views that are remembered
CLASSES = "classes"  # the task of which there is a choice
KEPT = "judgements"  # the folder of what an interrupted choice goes on from, in that of the choice


@dataclass(frozen=True)
class Judging:
    """All that pipelines are judged with.

    Args:
        setup: of the training that an augmentation is chosen for.
        pool: the pictures that are looked at.
        bench: what looks at them, and what learns.
        edge: of the pictures.
        folds: into which they are dealt, in each repeat of the finalists.
    """

    config: ChooseConfig
    setup: Setup
    pool: Pool
    bench: Workbench
    edge: Edge
    folds: int

    @classmethod
    def of(cls, config: ChooseConfig, tell: Tell, progress: Progress) -> "Judging":
        """Read the pictures, and tell what looks at them.

        Raises:
            AugkitError: the data set or an option is not what it must be.
        """
        setup = prepare(_as_training(config), tell, progress)
        task = setup.task
        if task.kind != CLASSES:
            kind = task.target_kind if isinstance(task, Dense) else task.kind
            advice = "Pipelines for it are compared by augkit train --compare none,light."
            raise ArgumentError(f"must be a data set of classes, got one of {kind}. {advice}", config.data)
        pool = pool_of(setup, config.pictures, config.groups, config.seed, tell)
        parts, kept = (pool.part, pool.confirming), Path(config.out) / KEPT
        bench = workbench(setup, *parts, len(pool.names), config.side, config.steps, kept, silent)
        tell(bench.sentence)
        edge = _edge(pool, config)
        tell(edge.sentence())
        # There are no more folds than what stays together can fill.
        folds = max(2, min(config.folds, len(set(pool.groups))))
        return cls(config, setup, pool, bench, edge, folds)

    def judge(self) -> Judge:
        """Return who judges: of several learners the one that knows most of pictures as they are."""
        config, pool, bench = self.config, self.pool, self.bench
        classes, folds = np.array(pool.classes), self._dealt(self.folds, config.repeats)
        keeping = Keeping(Path(config.out) / KEPT, bench.views.deciding, bench.confirming.deciding(None))
        look, copies = _remembered(bench), config.copies or bench.copies
        judges = [
            Judge(look, one, classes, folds, copies, config.seed, keeping, bench.threads) for one in bench.learners
        ]
        return min(judges, key=lambda one: float(one.outcome(None).loss.mean())) if len(judges) > 1 else judges[0]

    def screening(self, judge: Judge) -> Judge:
        """Return who judges what is no finalist yet: in fewer folds, where each costs a training from scratch."""
        folds = min(self.folds, self.bench.screening_folds or self.folds)
        return judge if folds == self.folds else replace(judge, folds=self._dealt(folds, 1), _plain={})

    def _dealt(self, count: int, repeats: int) -> Indices:
        pool, seeds = self.pool, range(self.config.seed, self.config.seed + repeats)
        return np.stack([folds_of(pool.classes, pool.groups, count, seed) for seed in seeds])


def _remembered(bench: Workbench) -> Look:
    """Return what gives views, of which those that were looked at last are remembered, as far as memory may go."""
    known: dict[tuple[Pipeline | None, int], Array] = {}

    def look(pipeline: Pipeline | None, copy: int) -> Array:
        found = known.pop((pipeline, copy), None)
        known[pipeline, copy] = bench.look(pipeline, copy) if found is None else found
        while len(known) > 1 and sum(view.nbytes for view in known.values()) > MOST_BYTES:
            del known[next(iter(known))]
        return known[pipeline, copy]

    return look


def _edge(pool: Pool, config: ChooseConfig) -> Edge:
    patience = Patience(config.wait)
    step = -(-len(pool.part.sources) // LOOKED_AT)
    decoded = [
        patience.asked(partial(pool.part.data.decoded, source), lambda: None) for source in pool.part.sources[::step]
    ]
    # Of what is transparent the reflection is transparent, and of 16 bits a level is told by its pipeline's range.
    is_plain = all(not one.alpha and one.image.dtype == np.uint8 for one in decoded)
    return edge_of([one.image for one in decoded]) if is_plain else Edge(None)


def _as_training(config: ChooseConfig) -> TrainConfig:
    """Return the training that an augmentation is chosen for, without one."""
    return TrainConfig(
        data=config.data,
        out=config.out,
        model=config.model,
        weights=config.weights,
        pipeline=NO_PIPELINE,
        unfreeze=0,
        label=config.label,
        fit=config.fit,
        paper=config.paper,
        duplicates=config.duplicates,
        near_duplicates=config.near_duplicates,
        split=config.split,
        split_seed=config.split_seed,
        groups=config.groups,
        ignore=config.ignore,
        allow_urls=config.allow_urls,
        allow_links=config.allow_links,
        seed=config.seed,
        threads=config.threads,
        max_rejected=config.max_rejected,
        wait=config.wait,
        device="cpu",
        keep="last",
    )
