"""The engine that does shards in worker processes of this machine, or in this process.

Workers are spawned, never forked: OpenCV's and BLAS's threads do not survive a fork. Each computes on one thread.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.synchronize import Event

import cv2

from augkit.errors import ArgumentError
from augkit.expand.job import Shard
from augkit.expand.layout import JobError
from augkit.expand.shard import ShardResult, Work, expand_shard

__all__ = ["cpu_count", "is_worker_starting", "run_shards"]

AHEAD = 2  # shards handed out for each worker, so that none waits and memory stays bounded
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_BROKEN = (
    "ended abruptly: killed, out of memory, or crashed by a picture. "
    "Remove the output and run again with fewer workers; 0 workers do all in one process."
)
_UNBEGUN = (
    "must be able to import the script that calls expand(), and ended while it did. In the script, call expand() "
    'below `if __name__ == "__main__":`; remove the output and run again. 0 workers do all in one process.'
)


def cpu_count() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run_shards(work: Work, shards: Iterable[Shard], workers: int) -> Iterator[ShardResult]:
    """Do all shards and yield each result as it comes; closing the iterator ends the workers.

    Args:
        work: what is to be done.
        shards: taken as workers get free.
        workers: how many processes; 0 does everything in this one.

    Raises:
        ArgumentError: the pipeline cannot be handed to other processes.
        JobError: a worker died, or none could begin.
        OSError: the output cannot be written.
    """
    if workers == 0:
        yield from _run_here(work, shards)
        return
    try:
        pickle.dumps(work)
    except Exception as fault:
        advice = "Define its transforms at the top of a module, or use 0 workers."
        raise ArgumentError(f"must be importable by other processes, got: {fault}. {advice}", "pipeline") from None
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    pool = ProcessPoolExecutor(workers, context, _begin, (work, begun, stop))
    rest, pending = iter(shards), set[Future[ShardResult]]()
    try:
        while True:
            for shard in islice(rest, AHEAD * workers - len(pending)):
                with _single_threaded(), _no_interrupts():  # workers are started here, and nowhere else
                    pending.add(pool.submit(_do, shard))
            if not pending:
                return
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise JobError(_BROKEN if begun.is_set() else _UNBEGUN, "a worker process") from None
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def is_worker_starting() -> bool:
    """Return whether this process is a new worker that still imports the script that started it."""
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))  # as multiprocessing itself asks


def _run_here(work: Work, shards: Iterable[Shard]) -> Iterator[ShardResult]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for shard in shards:
            yield expand_shard(work, shard, lambda: False)
    finally:
        cv2.setNumThreads(threads)


class _Worker:
    """What a worker process knows: set once, when it begins."""

    work: Work
    stop: Event


def _begin(work: Work, begun: Event, stop: Event) -> None:
    begun.set()
    cv2.setNumThreads(1)
    _Worker.work, _Worker.stop = work, stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent has been killed: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(shard: Shard) -> ShardResult:
    return expand_shard(_Worker.work, shard, _Worker.stop.is_set)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Tell the libraries of processes that are started now to compute on one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started now; it is this process that tells them to end."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
