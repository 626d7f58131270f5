"""Expand a data set: plan the work, do its shards, close the books."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from augkit.errors import Unreachable
from augkit.expand.books import open_books, require_free, start_afresh
from augkit.expand.finalize import close_books, is_complete, read_done, read_marker
from augkit.expand.job import Balance
from augkit.expand.layout import JobError
from augkit.expand.planning import Pipelines, make_plan, require_apart
from augkit.expand.pool import cpu_count, is_worker_starting, run_shards
from augkit.expand.run_options import require_one_aim, require_runnable
from augkit.expand.shard import ShardResult, Work
from augkit.expand.work_plan import Shard, WorkPlan
from augkit.pipeline import Pipeline
from augkit.storage.root import Root
from augkit.storage.store import Store, store_at

__all__ = ["Progress", "Summary", "expand"]


@dataclass(frozen=True)
class Progress:
    """How far an expansion is, in outputs; those in hand have to be made again if it is interrupted now."""

    planned: int
    written: int
    rejected: int
    in_hand: int = 0


@dataclass(frozen=True)
class Summary:
    """What an expansion came to; ``planned == written + rejected``.

    Args:
        sources: pictures that were expanded or passed through.
        planned, written, rejected: outputs.
        copied: those of the written that were passed through untouched.
        seconds: from the first look at the sources to the last byte.
        left_out: what lies below the sources and is not used, as (what it is, how many).
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
    reasons: tuple[tuple[str, int], ...]
    over_budget: bool
    absent: tuple[tuple[str, str], ...]
    leaks: int
    resumed: int
    is_complete: bool


def expand(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    pipeline: Pipeline | str | Path,
    copies: int,
    *,
    seed: int = 0,
    workers: int | None = None,
    form: str | None = None,
    encoding: str = "jpeg",
    quality: int = 90,
    balance: Balance = "none",
    split: str | None = None,
    split_seed: int = 0,
    groups: str | None = None,
    originals: Literal["omit", "include"] = "omit",
    pipelines_for: Pipelines | None = None,
    engine: Literal["processes", "ray"] = "processes",
    start_method: Literal["spawn", "forkserver"] = "spawn",
    timeout: float = 60.0,
    shards: tuple[int, int] | None = None,
    finish: bool = False,
    fresh: bool = False,
    extend: bool = False,
    max_rejected: float = 0.01,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Write augmented copies of every picture of a data set, with the books that explain each.

    The tree is the same, byte by byte, for any number of workers, and however often the job was killed and run again.
    A picture that cannot be read or does not fit the pipeline is rejected with its reason.

    Args:
        source: a data set in any form that `augkit.datasets.read` knows; never written to.
        out: a new or empty folder outside of `source`, or one that the same call has begun.
        pipeline: a pipeline, a bundled name or a YAML file.
        copies: outputs a source, at least 1.
        seed: any whole number.
        workers: processes; 0 works in this one, unsupervised; None takes as many as there are processors.
        form: of what is written, one of `augkit.datasets.writers()`; None takes that of the source.
        encoding: ``jpeg``, ``png`` or ``webp``.
        quality: 1 to 100, for jpeg and webp.
        balance: ``none``; or ``max`` or a number, the outputs that every class is brought to.
        split: as ``train=0.8,val=0.1,test=0.1``; only train is expanded, the others are passed through untouched.
        split_seed: another one, another split.
        groups: what must stay together in a split: a pattern over ids, a CSV file of id and group, or a column.
        originals: whether pictures that are expanded are passed through, too.
        pipelines_for: other pipelines for some classes.
        engine: ``processes`` of this machine, or ``ray``.
        start_method: of the processes.
        timeout: seconds that one picture may take; it is rejected if it takes longer a second time, alone.
        shards: (i, n) does the i-th of n parts only, counted from 0; the last to end closes the books.
        finish: only close the books of a job whose parts are all done.
        fresh: remove what an earlier job left in `out`, and begin anew.
        extend: add copies, or new sources, to a job that is complete.
        max_rejected: fraction of the planned outputs, 0 to 1; more rejected ones set `Summary.over_budget`.
        progress: called as the work goes on, first with what earlier runs had done.

    Raises:
        ArgumentError: an argument is not what it must be, or `out` was begun with others.
        FileError: the sources cannot be read, or the output is in the way.
        JobError: the job could not be finished: the disk is full, workers died again and again.
    """
    began = time.perf_counter()
    if workers != 0 and is_worker_starting():  # a script without `if __name__ == "__main__":`; run_shards tells why
        sys.exit(1)
    require_runnable(workers, timeout, max_rejected, engine, start_method)
    require_one_aim(shards, finish=finish, fresh=fresh, extend=extend)
    plan = make_plan(
        source,
        pipeline,
        copies,
        seed=seed,
        form=form,
        encoding=encoding,
        quality=quality,
        balance=balance,
        split=split,
        split_seed=split_seed,
        groups=groups,
        originals=originals,
        pipelines_for=pipelines_for,
    )
    require_apart(plan.data, out)
    store = store_at(out)
    with _writing(store):
        require_free(store)
    with _writing(store), store.lock(is_shared=shards is not None), _swept(store, shards is None):
        if fresh:
            start_afresh(store)
        plan = open_books(store, plan, extend)
        tally = _Tally(store, plan, shards or (0, 1))
        if not finish:
            run = _engine(engine, store, plan, cpu_count() if workers is None else workers, start_method, timeout)
            _do(run, plan, tally, progress or (lambda _: None))
        if not is_complete(store) and (finish or tally.ends_all()):
            with store.closing():
                if not is_complete(store):
                    close_books(store, plan)
        leaks = read_done(store)["leaks"] if is_complete(store) else 0
    return tally.summary(time.perf_counter() - began, max_rejected, leaks)


class _Tally:
    """What the shards of this run come to, those that an earlier one had done among them."""

    def __init__(self, store: Store, plan: WorkPlan, shards: tuple[int, int]) -> None:
        self.store, self.plan = store, plan
        self.counts, self.reasons = Counter[str](), Counter[str]()
        self.missing: set[int] = set()
        for index, outputs in enumerate(plan.shard_outputs()):
            if index % shards[1] != shards[0]:
                continue
            self.counts["planned"] += outputs
            marker = read_marker(store, index)
            if marker is None:
                self.missing.add(index)
            else:
                reasons = Counter(entry["reason"] for entry in marker["rejected"])
                self._add(marker["sources"], marker["written"], marker["copied"], reasons)
        self.resumed = self.done

    @property
    def done(self) -> int:
        """Outputs written or rejected."""
        return self.counts["written"] + self.reasons.total()

    def add(self, result: ShardResult) -> None:
        """Count a shard."""
        self.missing.discard(result.index)
        self._add(result.sources, result.written, result.copied, Counter(dict(result.reasons)))

    def _add(self, sources: int, written: int, copied: int, reasons: Counter[str]) -> None:
        self.counts.update(sources=sources, written=written, copied=copied)
        self.reasons.update(reasons)

    def ends_all(self) -> bool:
        """Say whether every shard of the job is done, whoever did it."""
        every = range(self.plan.shard_count)
        return not self.missing and all(read_marker(self.store, index) is not None for index in every)

    def progress(self, in_hand: int) -> Progress:
        """Return how far the run is."""
        return Progress(self.counts["planned"], self.counts["written"], self.reasons.total(), in_hand)

    def summary(self, seconds: float, max_rejected: float, leaks: int) -> Summary:
        """Return what the run came to."""
        rejected, planned = self.reasons.total(), self.counts["planned"]
        return Summary(
            sources=self.counts["sources"],
            planned=planned,
            written=self.counts["written"],
            rejected=rejected,
            copied=self.counts["copied"],
            seconds=seconds,
            left_out=self.plan.data.left_out,
            reasons=tuple(sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))),
            over_budget=rejected > max_rejected * planned,
            absent=self.plan.absent,
            leaks=leaks,
            resumed=self.resumed,
            is_complete=is_complete(self.store),
        )


Run = Callable[[Iterator[Shard], Callable[[int], None]], Generator[ShardResult]]


def _engine(name: str, store: Store, plan: WorkPlan, workers: int, start_method: str, timeout: float) -> Run:
    """Return what does shards: an engine with all that it needs to know."""
    root = Root.at(os.fsdecode(plan.data.root.lasting))  # who does the work may be at home in another folder
    work = Work(plan.job, replace(plan.data, root=root, sources=(), columns={}), str(store), plan.classes)
    if name == "ray":
        from augkit.expand.ray_engine import run_tasks

        return lambda shards, watch: run_tasks(work, shards, workers, timeout, watch)
    return lambda shards, watch: run_shards(
        work, shards, workers, timeout_s=timeout, start_method=start_method, watch=watch
    )


def _do(run: Run, plan: WorkPlan, tally: _Tally, progress: Callable[[Progress], None]) -> None:
    missing = frozenset(tally.missing)
    todo = (shard for shard in plan.shards() if shard.index in missing)
    in_hand = 0

    def watch(now: int) -> None:
        nonlocal in_hand
        in_hand = now
        progress(tally.progress(in_hand))

    progress(tally.progress(0))  # what earlier runs did
    with closing(run(todo, watch)) as results:
        for result in results:
            before = tally.done
            tally.add(result)
            watch(max(0, in_hand - (tally.done - before)))  # what others have in hand stays counted


@contextmanager
def _swept(store: Store, is_alone: bool) -> Iterator[None]:
    """Remove what killed runs left unpublished, and what this one leaves; not while others may be at work."""
    if is_alone:
        store.sweep()
    try:
        yield
    finally:
        if is_alone:
            with suppress(OSError):
                store.sweep()


@contextmanager
def _writing(store: Store) -> Iterator[None]:
    advice = "Nothing half-written is left; the same command goes on from here."
    try:
        yield
    except Unreachable as fault:
        raise JobError(f"{fault.message} {advice}", fault.where) from fault
    except OSError as fault:
        raise JobError(f"must be writable to the end, got: {fault.strerror or fault}. {advice}", str(store)) from fault
