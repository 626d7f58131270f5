"""Expand a folder of pictures: plan the work, do its shards, close the books."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from augkit.datasets import read_folder
from augkit.errors import ArgumentError
from augkit.expand.books import close_books, open_books
from augkit.expand.job import Job, WorkPlan, require_apart
from augkit.expand.layout import JobError, Layout
from augkit.expand.processes import cpu_count, is_worker_starting, run_shards
from augkit.expand.shard import ShardResult, Work
from augkit.pipeline import Pipeline
from augkit.pipeline_file import load

__all__ = ["Progress", "Summary", "expand"]


@dataclass(frozen=True)
class Progress:
    """How far an expansion is, in outputs."""

    planned: int
    written: int
    rejected: int


@dataclass(frozen=True)
class Summary:
    """What an expansion came to; ``planned == written + rejected``.

    Args:
        sources: pictures found.
        planned, written, rejected: outputs.
        copied: files passed through untouched.
        seconds: from the first look at the sources to the last byte.
        left_out: files below the sources that are no pictures, as (what they are, how many).
        reasons: of rejection, as (reason, how many outputs), the commonest first.
        over_budget: more outputs were rejected than `max_rejected` allows.
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


def expand(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    pipeline: Pipeline | str | Path,
    copies: int,
    *,
    seed: int = 0,
    workers: int | None = None,
    encoding: str = "jpeg",
    quality: int = 90,
    max_rejected: float = 0.01,
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Write `copies` augmented copies of every picture below `source` to `out`, with the books that explain each.

    The tree is the same, byte by byte, for any number of workers. A picture that cannot be read or does not fit the
    pipeline is rejected with its reason.

    Args:
        source: class folders of pictures, or one flat folder; never written to.
        out: a new or empty folder outside of `source`.
        pipeline: a pipeline, a bundled name or a YAML file.
        copies: outputs a source, at least 1.
        seed: any whole number.
        workers: processes; 0 works in this one, None takes as many as there are processors.
        encoding: ``jpeg``, ``png`` or ``webp``.
        quality: 1 to 100, for jpeg and webp.
        max_rejected: fraction of the planned outputs, 0 to 1; more rejected ones set `Summary.over_budget`.
        progress: called after every shard.

    Raises:
        ArgumentError: an argument is not what it must be.
        FileError: the sources cannot be read, or the output is in the way.
        JobError: the job could not be finished: the disk is full, a worker died.
    """
    began = time.perf_counter()
    if workers != 0 and is_worker_starting():  # a script without `if __name__ == "__main__":`; run_shards tells why
        sys.exit(1)
    if workers is not None and (type(workers) is not int or workers < 0):
        raise ArgumentError(f"must be a whole number, at least 0, got {workers!r}.", "workers")
    if not 0.0 <= max_rejected <= 1.0:
        raise ArgumentError(f"must lie within 0 and 1, got {max_rejected!r}.", "max_rejected")
    loaded = pipeline if isinstance(pipeline, Pipeline) else load(pipeline)
    job = Job(loaded, copies, seed, encoding, quality)
    folder = read_folder(source)
    plan = WorkPlan(job, folder)
    require_apart(folder.root, Path(out))
    layout = Layout(Path(out).absolute())
    wanted = min(cpu_count() if workers is None else workers, plan.shard_count)
    work = Work(job, folder.root.absolute(), layout.out)
    written, reasons = 0, Counter[str]()
    try:
        with _writing(layout.out):
            open_books(layout, plan)
        with closing(_checked(run_shards(work, plan.shards(), wanted), layout.out)) as results:
            for result in results:
                written += result.written
                reasons.update(dict(result.reasons))
                if progress is not None:
                    progress(Progress(plan.planned, written, reasons.total()))
        with _writing(layout.out):
            close_books(layout)
    finally:
        shutil.rmtree(layout.temporary, ignore_errors=True)
    rejected = reasons.total()
    return Summary(
        sources=len(folder.sources),
        planned=plan.planned,
        written=written,
        rejected=rejected,
        copied=0,
        seconds=time.perf_counter() - began,
        left_out=folder.left_out,
        reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        over_budget=rejected > max_rejected * plan.planned,
    )


def _checked(results: Iterable[ShardResult], out: Path) -> Generator[ShardResult]:
    # What the taker of a result raises is not seen here: only what making one does.
    with _writing(out):
        yield from results


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        advice = "Nothing half-written is left. Remove it and run again."
        raise JobError(f"must be writable to the end, got: {fault.strerror or fault}. {advice}", str(out)) from fault
