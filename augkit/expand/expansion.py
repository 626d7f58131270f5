"""Expansion: the work is planned, its shards are done by an engine, and the books are finalized."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from augkit.errors import ArgumentError, JobError, OutOfMemory, Unreachable, listed
from augkit.expand.books import as_begun, forget_rejections, open_books, require_free, start_afresh
from augkit.expand.engines import ENGINES
from augkit.expand.engines.processes import cpu_count
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.finalize import finalize
from augkit.expand.layout import PLANS, read_done, read_markers
from augkit.expand.outages import Outages
from augkit.expand.recheck import forget_changed
from augkit.expand.shard import ShardResult, Work
from augkit.expand.work_plan import WorkPlan, make_plan
from augkit.expand.worker import PutOff, is_worker_starting
from augkit.images.colour_profiles import told
from augkit.pipeline import Pipeline
from augkit.storage.store import Store
from augkit.storage.stores import store_at


@dataclass(frozen=True)
class Progress:
    """Progress of an expansion, in outputs; those in hand have to be made again if it is interrupted now."""

    planned: int
    written: int
    rejected: int
    in_hand: int = 0


@dataclass(frozen=True)
class Summary:
    """Result of an expansion; ``planned == written + rejected``.

    Args:
        sources: pictures that were expanded or passed through.
        planned, written, rejected: outputs.
        copied: those of the written that were passed through untouched.
        seconds: from the first look at the sources to the last byte.
        left_out: what lies below the sources and is not used, as (what it is, how many).
        ignored: what was left as it was asked to be, as (pattern, how many).
        notes: sentences about what was read, for the user.
        reasons: of rejection, as (reason, how many outputs), the commonest first.
        over_budget: more outputs were rejected than `max_rejected` allows.
        absent: classes that a split has no picture of, as (split, class).
        leaks: sets of pictures that are the same, or nearly, and lie in different splits.
        resumed: outputs, written or rejected, that an earlier run had done.
        is_complete: whether all is done; not so while other parts of `shards` are not.
    """

    sources: int
    planned: int
    written: int
    rejected: int
    copied: int
    seconds: float
    left_out: tuple[tuple[str, int], ...]
    ignored: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]
    over_budget: bool
    absent: tuple[tuple[str, str], ...]
    leaks: int
    resumed: int
    is_complete: bool


def expand(
    source: str | os.PathLike[str] | ExpandConfig,
    out: str | os.PathLike[str] | None = None,
    pipeline: Pipeline | str | Path | None = None,
    copies: int | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    **options: object,
) -> Summary:
    """Write augmented copies of every picture of a data set, with the books that explain each.

    The tree is the same, byte by byte, for any number of workers, and however often the job was killed and run again.
    A picture that cannot be read or does not fit the pipeline is rejected with its reason.

    Args:
        source: a data set in any form that `augkit.datasets.read` knows, never written to; or a configuration, alone.
        out: a new or empty folder outside of `source`, or beside it where that is a file; or one that the same call has
            begun.
        pipeline: a pipeline, a bundled name or a YAML file.
        copies: outputs a source, at least 1.
        progress: called as the work goes on, first with what earlier runs had done.
        options: those of `ExpandConfig`; texts stand for values as on the command line.

    Options:
    {options}

    Raises:
        ArgumentError: an argument is not what it must be, or `out` was begun with others.
        FileError: the sources cannot be read, or the output is in the way.
        JobError: the job could not be finished: the disk is full, workers died again and again.
    """
    began = time.perf_counter()
    places = {"out": out, "pipeline": pipeline, "copies": copies}
    options |= {name: value for name, value in places.items() if value is not None}
    if isinstance(source, ExpandConfig):
        if options:
            what = f"must hold all that is wanted, got {listed(options)} beside it"
            raise ArgumentError(f"{what}. Write ak.expand(config.replaced({next(iter(options))}=...)).", "expand")
        config = source
    else:
        config = ExpandConfig.of(source=source, **options)
    if config.workers != 0 and is_worker_starting():  # a script without `if __name__ == "__main__":`
        sys.exit(1)  # the engine tells why
    config = as_begun(config)
    plan = make_plan(config)
    store, is_alone = store_at(config.out), config.shards is None
    with _writing(store):
        require_free(store)
    with _writing(store), store.lock(is_shared=not is_alone) as unlocked, _swept(store, is_alone):
        if config.fresh:
            start_afresh(store)
        plan = open_books(store, plan, config.extend)
        notes = tuple(note for note in (unlocked, *forget_changed(store, plan)) if note)
        if config.retry_rejected:
            with store.closing(PLANS):
                forget_rejections(store, plan, config.shards or (0, 1))
        tally = _Tally(store, plan, config.shards or (0, 1), notes)
        if not config.finish:
            _do(config, plan, tally, progress or (lambda _: None))
        if read_done(store) is None and (config.finish or tally.ends_all()):
            with store.closing(PLANS):  # parts of a job may end at one moment
                if read_done(store) is None:
                    finalize(store, plan)
    return tally.summary(time.perf_counter() - began, config.max_rejected)


expand.__doc__ = (expand.__doc__ or "").replace("    {options}", ExpandConfig.documented())


class _Tally:
    """Running totals of the shards, those that an earlier run had done among them."""

    def __init__(self, store: Store, plan: WorkPlan, shards: tuple[int, int], notes: tuple[str, ...]) -> None:
        self.store, self.plan, self.notes = store, plan, notes
        self.counts, self.reasons, self.profiles = Counter[str](), Counter[str](), Counter[str]()
        self.missing: set[int] = set()
        for index, outputs in enumerate(plan.shard_outputs()):
            if index % shards[1] == shards[0]:
                self.counts["planned"] += outputs
                self.missing.add(index)
        self.others = set(range(plan.shard_count)) - self.missing
        for _, marker in read_markers(store, sorted(self.missing)):
            if marker is not None:
                self.add(ShardResult.of(marker))
        self.resumed = self.done

    @property
    def done(self) -> int:
        """Outputs written or rejected."""
        return self.counts["written"] + self.reasons.total()

    def add(self, result: ShardResult) -> None:
        """Count a shard."""
        self.missing.discard(result.index)
        self.counts.update(sources=result.sources, written=result.written, copied=result.copied)
        self.reasons.update(dict(result.reasons))
        self.profiles.update(dict(result.profiles))

    def ends_all(self) -> bool:
        """Say whether every shard of the job is done, whoever did it."""
        return not self.missing and all(marker for _, marker in read_markers(self.store, sorted(self.others)))

    def summary(self, seconds: float, max_rejected: float) -> Summary:
        """Return what the run came to."""
        done = read_done(self.store)
        rejected, planned = self.reasons.total(), self.counts["planned"]
        profiles = (told(fate, count) for fate, count in sorted(self.profiles.items()))
        return Summary(
            sources=self.counts["sources"],
            planned=planned,
            written=self.counts["written"],
            rejected=rejected,
            copied=self.counts["copied"],
            seconds=seconds,
            left_out=self.plan.data.left_out,
            ignored=self.plan.data.ignored,
            notes=(*self.plan.notes, *self.notes, *profiles),
            reasons=tuple(sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))),
            over_budget=rejected > max_rejected * planned,
            absent=self.plan.absent,
            leaks=done["leaks"] if done else 0,
            resumed=self.resumed,
            is_complete=done is not None,
        )


def _do(config: ExpandConfig, plan: WorkPlan, tally: _Tally, progress: Callable[[Progress], None]) -> None:
    """Have an engine do the shards that are missing."""
    in_hand = 0

    def watch(now: int) -> None:
        nonlocal in_hand
        in_hand = now
        counts = tally.counts
        progress(Progress(counts["planned"], counts["written"], tally.reasons.total(), in_hand))

    watch(0)  # what earlier runs did
    workers = cpu_count() if config.workers is None else config.workers
    run, method = ENGINES[config.engine], config.start_method

    def do(missing: frozenset[int], wait_s: float) -> Outages:
        """Do some shards; return those that are put off."""
        outages, work = Outages(), Work.of(plan, tally.store.lasting, wait_s)
        todo = (shard for shard in plan.shards() if shard.index in missing)
        with closing(run(work, todo, workers, timeout_s=config.timeout, start_method=method, watch=watch)) as results:
            for result in results:
                if isinstance(result, PutOff):
                    outages.add(result, _in_hand(plan, result))
                    continue
                outages.done()
                before = tally.done
                tally.add(result)
                watch(max(0, in_hand - (tally.done - before)))  # what others have in hand stays counted
        return outages

    outages = do(frozenset(tally.missing), config.wait)
    if outages.put_off:
        # Where nothing could be done since, there is nothing to wait for.
        do(frozenset(outages.put_off), 0.0 if outages.in_a_row else config.wait).end()


def _in_hand(plan: WorkPlan, result: PutOff) -> str:
    """Return the id of the source that was in hand when a shard was put off, or an empty text."""
    if result.position < 0:
        return ""
    return next(shard.tasks[result.position].source.id for shard in plan.shards() if shard.index == result.index)


@contextmanager
def _swept(store: Store, is_alone: bool) -> Iterator[None]:
    """Remove what killed runs left unpublished, and what this one leaves; not while others may be at work."""
    if not is_alone:
        yield
        return
    store.sweep()
    try:
        yield
    finally:
        with suppress(OSError):
            store.sweep()


@contextmanager
def _writing(store: Store) -> Iterator[None]:
    advice = "Nothing half-written is left; the same command goes on from here."
    try:
        yield
    except (Unreachable, OutOfMemory) as fault:
        raise JobError(f"{fault.message} {advice}", fault.where) from fault
    except OSError as fault:
        raise JobError(f"must be writable to the end, got: {fault.strerror or fault}. {advice}", str(store)) from fault
