"""Estimation of an expansion: the plan exactly, bytes and time from a sample of the real work."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import NamedTuple

from augkit.core.normal_form import nfc
from augkit.datasets.safe_names import digest
from augkit.errors import JobError
from augkit.expand.books import rows_wanted
from augkit.expand.engines.processes import cpu_count, run_shards
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.output_names import is_class
from augkit.expand.shard import ShardResult, Work
from augkit.expand.work_plan import Row, Shard, WorkPlan, make_plan
from augkit.expand.worker import PutOff
from augkit.pipeline import Pipeline
from augkit.screen_text import printable
from augkit.storage.stores import store_at

SAMPLE_SECONDS = 5.0  # of work at full speed: enough to drown the first pictures, which are slower
FEWEST_ROUNDS = 2  # shards a worker
MOST_COPIES = 256  # of a picture that a sample makes: a shard's worth


@dataclass(frozen=True)
class Estimate:
    """Counts, bytes and time that an expansion would take.

    Args:
        sources, planned, copied, shards: counts, exact; `copied` of the planned are passed through untouched.
        classes: (split, class, sources, outputs) of each, exact.
        left_out: what would not be used, as (what it is, how many).
        ignored: what is left as it was asked to be, as (pattern, how many).
        notes: sentences about what was read, for the user.
        rejected: the fraction of the sample's outputs that was rejected.
        bytes: of everything below OUT, estimated.
        seconds: estimated, on this machine with so many workers.
        sampled: outputs that the estimates come from.
    """

    sources: int
    planned: int
    copied: int
    shards: int
    classes: tuple[tuple[str | None, str | None, int, int], ...]
    left_out: tuple[tuple[str, int], ...]
    ignored: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    rejected: float
    bytes: int
    seconds: float
    sampled: int

    def told(self) -> str:
        """Return the estimate as lines to read."""
        lines = [f"{'split':8}{'class':24}{'pictures':>12}{'outputs':>12}"]
        for split, label, sources, outputs in self.classes:
            lines.append(f"{split or '-':8}{printable(label or '-'):24}{sources:>12,}{outputs:>12,}")
        lines += [f"Left out: {kind} ({count:,})." for kind, count in self.left_out]
        lines += [f"Ignored: {pattern} ({count:,})." for pattern, count in self.ignored]
        lines += self.notes
        lines.append(
            f"{self.sources:,} pictures, {self.planned:,} outputs ({self.copied:,} of them passed through) in"
            f" {self.shards:,} shards: about {self.bytes / 1e6:,.1f} MB in about {self.seconds:,.0f} s"
            f" (from {self.sampled:,} outputs, {self.rejected:.1%} of them rejected)."
        )
        return "\n".join(map(printable, lines))


class _Measured(NamedTuple):
    """Measurements of a sample of rows."""

    outputs: int
    rejected: int
    bytes: int
    startup_s: float
    seconds: float


def estimate(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    pipeline: Pipeline | str | Path,
    copies: int,
    **options: object,
) -> Estimate:
    """Plan an expansion without writing to `out`, and do a few seconds of its work beside it, in a temporary folder.

    Args:
        source: as `expand` takes it, like all others here.
        out: nothing is written there; the sample is made beside it.
        pipeline: what is drawn from.
        copies: outputs a source.
        options: those of `ExpandConfig`; the speed of ``workers`` is measured.

    Raises:
        ArgumentError, FileError: as `expand` raises them.
        JobError: the sample could not be made.
    """
    began = time.perf_counter()
    config = ExpandConfig.of(source=source, out=out, pipeline=pipeline, copies=copies, **options)
    plan = make_plan(config)
    plan = plan.with_part(rows_wanted(plan, {}))
    planning_s = time.perf_counter() - began
    rows = list(chain.from_iterable(plan.parts[0]))
    size, seconds, sampled, rejected, startups = 0.0, 0.0, 0, 0, [0.0]
    for some in ([row for row in rows if row.copies], [row for row in rows if not row.copies]):
        if some:
            measured = _sampled(plan, some)
            share = sum(row.outputs for row in some) / measured.outputs
            size, seconds = size + share * measured.bytes, seconds + share * measured.seconds
            sampled, rejected = sampled + measured.outputs, rejected + measured.rejected
            startups.append(measured.startup_s)
    return Estimate(
        sources=len(rows),
        planned=sum(row.outputs for row in rows),
        copied=sum(row.is_passed for row in rows),
        shards=plan.shard_count,
        classes=_classes(plan),
        left_out=plan.data.left_out,
        ignored=plan.data.ignored,
        notes=plan.notes,
        rejected=rejected / sampled,
        bytes=round(size),
        seconds=planning_s + max(startups) + seconds,
        sampled=sampled,
    )


def _sampled(plan: WorkPlan, rows: list[Row]) -> _Measured:
    """Do some of the rows in a temporary folder."""
    some = [row._replace(copies=min(row.copies, MOST_COPIES)) for row in rows]
    near = _near(plan.job.config.out)
    try:
        with TemporaryDirectory(prefix=".augkit-dry-run-", dir=near) as folder:
            return _measured(plan, some, folder)
    except OSError as fault:
        what = f"must have room for a sample of the work, got: {fault.strerror or fault}."
        raise JobError(what, near or gettempdir()) from fault


def _measured(plan: WorkPlan, rows: list[Row], folder: str) -> _Measured:
    """Do as much of some rows, in random order, as SAMPLE_SECONDS hold, with shards of the real size."""
    config = plan.job.config
    workers = cpu_count() if config.workers is None else config.workers
    began, first = time.perf_counter(), 0.0

    def watch(in_hand: int) -> None:
        nonlocal first
        if in_hand and not first:
            first = time.perf_counter()

    def shards() -> Iterator[Shard]:
        for number, shard in enumerate(_shuffled(plan, rows)):
            if number >= FEWEST_ROUNDS * max(1, workers) and first and time.perf_counter() - first > SAMPLE_SECONDS:
                return
            yield shard

    method = config.start_method
    run = run_shards(
        Work.of(plan, folder), shards(), workers, timeout_s=config.timeout, start_method=method, watch=watch
    )
    with closing(run):  # the workers end before the folder does
        results = list[ShardResult]()
        for result in run:
            if isinstance(result, PutOff):
                raise result.fault
            results.append(result)
    ended = time.perf_counter()
    rejected = sum(count for result in results for _, count in result.reasons)
    store = store_at(folder)
    size = sum(store.size(id) or 0 for id in store.files())
    outputs = sum(result.written for result in results) + rejected
    return _Measured(outputs, rejected, size, max(0.0, first - began), ended - (first or began))


def _shuffled(plan: WorkPlan, rows: list[Row]) -> Iterator[Shard]:
    """Yield shards of the size that the plan cuts, of rows in an order that has nothing to do with their names."""
    order = sorted(rows, key=lambda row: digest(nfc(plan.data.sources[row.source].id)))
    size, held = plan.shard_size(rows), list[Row]()
    index = 0
    for row in order:
        held.append(row)
        if sum(other.outputs for other in held) >= size or row is order[-1]:
            yield Shard(index, plan.splits[row.source], tuple(plan.task(one, 0) for one in held))
            held, index = [], index + 1


def _classes(plan: WorkPlan) -> tuple[tuple[str | None, str | None, int, int], ...]:
    sources, outputs = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in chain.from_iterable(plan.parts[0]):
        label = plan.data.sources[row.source].label
        key = (plan.splits[row.source] or "", str(label) if is_class(label) else "")
        sources[key] += 1
        outputs[key] += row.outputs
    return tuple(
        (split or None, label or None, sources[split, label], outputs[split, label]) for split, label in sorted(sources)
    )


def _near(out: str) -> str | None:
    """Return the folder nearest to OUT that is there and may be written, so on the same disk."""
    above = [] if "://" in out else Path(out).absolute().parents
    return next((str(path) for path in above if path.is_dir() and os.access(path, os.W_OK)), None)
