"""A choice from beginning to end: pictures read, candidates judged, and what was found written down."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augkit.choose.candidates import Candidate, Edge, edge_of, steps, wholes
from augkit.choose.choice_files import write
from augkit.choose.choice_report import ChoiceReport
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.held_out import Judge, Keeping, Look, folds_of
from augkit.choose.pool import Pool, pool_of
from augkit.choose.search import Search
from augkit.choose.suited import suited
from augkit.choose.verdict import verdict_on
from augkit.core.arrays import Array
from augkit.pipeline import Pipeline
from augkit.storage.patience import Patience
from augkit.train.run_folder import require_apart
from augkit.train.setup import Setup, prepare
from augkit.train.telling import Progress, Tell, silent
from augkit.train.train_config import NO_PIPELINE, TrainConfig
from augkit.train.train_errors import trouble_told
from augkit.train.trials.workbench import Workbench, workbench

LOOKED_AT = 60  # pictures whose edges are looked at
MOST_BYTES = 512 * 2**20  # of views that are remembered
KEPT = "judgements"  # the folder of what an interrupted choice goes on from, in that of the choice


@dataclass(frozen=True)
class Chosen:
    """What came of a choice.

    Args:
        out: its folder.
        pipeline: the file of the pipeline that is picked; one without steps where none is.
        page: with the evidence.
        report: all that was found.
    """

    out: str
    pipeline: str
    page: str
    report: ChoiceReport


def choose(config: ChooseConfig, tell: Tell = silent, progress: Progress = silent) -> Chosen:
    """Find out which augmentation helps on a data set, and write it down with the evidence.

    Nothing of its test part is looked at: of train it is learnt and chosen, fold by fold, and val confirms.

    Args:
        config: the options.
        tell: is given sentences that a user should read.
        progress: is told how many of what are done, of how many.

    Raises:
        AugkitError: the data set or an option is not what it must be.
    """
    require_apart(config.data, config.out, "out")
    own = list(wholes(config.pipelines))  # refuses what is none, before pictures are read
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    out = Path(config.out)
    with trouble_told(config.out):
        setup = prepare(_as_training(config), noted, progress)
        pool = pool_of(setup, config.pictures, config.groups, config.seed, noted)
        bench = workbench(
            setup,
            pool.part,
            pool.confirming,
            len(pool.names),
            config.side,
            config.steps,
            out / KEPT,
            silent,
        )
        noted(bench.sentence)
        with bench.at_work():
            report = _found(config, setup, pool, bench, own, noted, progress)
        report = report.after(time.perf_counter() - began, notes)
        page = write(out, report, pool)
        bench.forget()  # whose judgements are kept
    return Chosen(config.out, str(out / report.file), str(page), report)


def _found(
    config: ChooseConfig,
    setup: Setup,
    pool: Pool,
    bench: Workbench,
    own: list[Candidate],
    tell: Tell,
    progress: Progress,
) -> ChoiceReport:
    edge = _edge(pool, config)
    tell(edge.sentence())
    classes = np.array(pool.classes)
    count = _folds(config.folds or bench.folds, pool)
    folds = np.stack(
        [folds_of(pool.classes, pool.groups, count, config.seed + repeat) for repeat in range(config.repeats)]
    )
    look, keeping = _remembered(bench), _keeping(config, bench)
    copies = config.copies or bench.copies
    judges = [Judge(look, one, classes, folds, copies, config.seed, keeping, bench.threads) for one in bench.learners]
    judge = min(judges, key=lambda one: float(one.outcome(None).loss.mean())) if len(judges) > 1 else judges[0]
    search = Search(judge, edge, bench.size, config.repeats, config.rounds, progress)
    able = list(suited(own, pool, setup.surveyed.facts["train"], tell))
    found = search.found(list(steps(edge, bench.size, setup.surveyed.is_grey)), able)
    confirming = bench.look_at_confirming() if pool.confirming.sources else np.zeros((0, 1))
    verdict = verdict_on(found, judge, confirming, np.array(pool.confirming_classes), pool.names)
    return ChoiceReport(config, found, verdict, len(classes), len(pool.confirming_classes), count)


def _keeping(config: ChooseConfig, bench: Workbench) -> Keeping:
    return Keeping(Path(config.out) / KEPT, bench.views.deciding, bench.confirming.deciding(None))


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
        patience.asked(lambda source=source: pool.part.data.decoded(source), lambda: None)  # type: ignore[misc]  # a default's
        for source in pool.part.sources[::step]
    ]
    # Of what is transparent the reflection is transparent, and of 16 bits a level is told by its pipeline's range.
    is_plain = all(not one.alpha and one.image.dtype == np.uint8 for one in decoded)
    return edge_of([one.image for one in decoded]) if is_plain else Edge(None)


def _folds(wanted: int, pool: Pool) -> int:
    """Return how many folds there are: no more than what stays together can fill."""
    return max(2, min(wanted, len(set(pool.groups))))


def _as_training(config: ChooseConfig) -> TrainConfig:
    """Return the training that an augmentation is chosen for, without one."""
    return TrainConfig(
        data=config.data,
        out=config.out,
        model=config.model,
        weights=config.weights,
        pipeline=NO_PIPELINE,
        unfreeze=0,
        task="classes",
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
