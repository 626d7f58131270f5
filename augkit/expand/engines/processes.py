"""The engine `processes`: shards are done in processes of this machine, under its own supervision, or in this process.

Workers are spawned, or forked from a server that has no threads: OpenCV's and BLAS's do not survive a fork. Each
computes on one thread. A worker that dies or hangs is noticed, and its shard is done again.
"""

import os
import pickle
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any

from augkit.apart.starting import KILLED, MOST_FALSE_STARTS
from augkit.errors import ArgumentError, JobError
from augkit.expand.engines import ENGINES
from augkit.expand.supervision import FROM_OUTSIDE, LOOK_S, MOST_NEIGHBOURS, Worker, cleared, started
from augkit.expand.worker import BEGUN, POSITION, PutOff, Shard, Stop, Workable

STOP_S = 10.0  # that workers get to end after Ctrl-C
MOST_KILLED_STARTS = 100  # likewise, by a signal
_FROM_OUTSIDE = [getattr(signal, name, 0) for name in FROM_OUTSIDE]
_UNBEGUN = (
    "must be able to import the script that calls expand(), and ended while it did. In the script, call expand() "
    'below `if __name__ == "__main__":`, and run again. 0 workers do all in one process.'
)


def cpu_count() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run_shards(
    work: Workable,
    shards: Iterable[Shard],
    workers: int,
    *,
    timeout_s: float = 60.0,
    start_method: str = "spawn",
    watch: Callable[[int], None] | None = None,
) -> Generator[Any]:
    """Do all shards in processes, or, with 0 workers, in this one, without limits; see `Engine`."""
    if workers == 0:
        yield from _run_here(work, shards, watch)
        return
    try:
        pickle.dumps(work)
    except Exception as fault:
        advice = "Define its transforms at the top of a module, or use 0 workers."
        raise ArgumentError(f"must be importable by other processes, got: {fault}. {advice}", "pipeline") from None
    pool = _Pool(work, workers, start_method, timeout_s)
    try:
        yield from pool.run(iter(shards), watch or (lambda _: None))
    finally:
        pool.end()


ENGINES.add("processes", run_shards)


class _Pool:
    """The workers of a run, and what they have in hand."""

    def __init__(self, work: Workable, size: int, start_method: str, timeout_s: float) -> None:
        self.work, self.size, self.start_method, self.timeout_s = work, size, start_method, timeout_s
        self.stop = Stop()
        self.workers: list[Worker] = []
        self.again = deque[Shard]()  # shards whose worker died
        self.seen = deque[tuple[int, object]](maxlen=MOST_NEIGHBOURS + 1)  # the first task of each shard
        self.deaths = Counter[int]()  # of workers, by shard
        self.false_starts = 0

    def run(self, shards: Iterator[Shard], watch: Callable[[int], None]) -> Iterator[object]:
        waiting = deque[Shard]()
        while True:
            waiting.extend(self.again)
            self.again.clear()
            while len(waiting) < self.size and (shard := next(shards, None)) is not None:
                waiting.append(shard)
                self.seen.extend((shard.index, task) for task in shard.tasks[:1])
            self._start_workers(len(waiting))
            for worker in self.workers:
                if worker.has_begun and worker.order is None and waiting:
                    worker.send(waiting.popleft())
            if not waiting and all(worker.order is None for worker in self.workers):
                return
            for worker in self._ready():
                result = self._taken(worker)
                if result is not None:
                    yield result
            watch(sum(worker.in_hand for worker in self.workers))

    def _start_workers(self, waiting: int) -> None:
        busy = sum(worker.order is not None for worker in self.workers)
        while len(self.workers) < min(self.size, busy + waiting):
            self.workers.append(started(self.work, self.start_method, self.stop))

    def _ready(self) -> list[Worker]:
        """Wait until a worker answers, or has ended, or is killed because it hangs."""
        began = time.monotonic()
        handles = [worker.pipe for worker in self.workers] + [worker.process.sentinel for worker in self.workers]
        ready = wait(handles, LOOK_S)
        if time.monotonic() - began > LOOK_S + 1.0:  # this process was itself stopped: nobody is to blame
            for worker in self.workers:
                worker.since = time.monotonic()
        for worker in self.workers:
            if worker.overdue(self.timeout_s):
                worker.kill()
        return [w for w in self.workers if w.pipe in ready or w.process.sentinel in ready or not w.is_alive]

    def _taken(self, worker: Worker) -> object:
        """Take a worker's answer, if it is a shard's result; if the worker has died, have its shard done again."""
        answer = worker.answer()
        if answer is None:
            if not worker.is_alive:
                return self._remove_dead(worker)
            return None
        if answer == BEGUN:
            worker.has_begun, self.false_starts = True, 0
            return None
        worker.order = None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _remove_dead(self, worker: Worker) -> PutOff | None:
        """Have the shard that a dead worker had in hand done again, or return that it is put off."""
        self.workers.remove(worker)
        position, order = worker.shared[POSITION], worker.order
        worker.end()
        if not worker.has_begun:
            self._count_start(worker.process.exitcode or 0)
        if order is not None and not isinstance(order, tuple):
            self.deaths[order.index] += 1
            deaths = self.deaths[order.index]
            others = [task for index, task in self.seen if index != order.index]
            shard = cleared(self.work, order, position, deaths, self.start_method, self.timeout_s, others)
            if isinstance(shard, PutOff):
                return shard
            self.again.append(shard)
        return None

    def _count_start(self, exit_code: int) -> None:
        """Count a worker that ended before it began; give up when that is no accident."""
        self.false_starts += 1
        if -exit_code not in _FROM_OUTSIDE and self.false_starts >= MOST_FALSE_STARTS:
            raise JobError(_UNBEGUN, "a worker process")
        if self.false_starts >= MOST_KILLED_STARTS:
            raise JobError(KILLED, "a worker process")

    def end(self) -> None:
        """End the workers: what is being published is finished, all else is dropped."""
        self.stop.set()
        limit = time.monotonic() + STOP_S
        for worker in self.workers:
            while worker.order is not None and worker.is_alive and time.monotonic() < limit:
                wait([worker.pipe, worker.process.sentinel], LOOK_S)
                if worker.answer() not in (None, BEGUN):
                    break
        for worker in self.workers:
            worker.end()
        self.workers.clear()


def _run_here(work: Workable, shards: Iterable[Shard], watch: Callable[[int], None] | None) -> Iterator[object]:
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for shard in shards:
            yield work.expand(shard, _FreeHand(watch))
    finally:
        cv2.setNumThreads(threads)


class _FreeHand:
    """The hand of work that nobody supervises."""

    def __init__(self, watch: Callable[[int], None] | None) -> None:
        self._watch, self._ticks, self._told = watch, 0, time.monotonic()

    def at(self, position: int) -> None:
        pass

    def tick(self) -> None:
        self._ticks += 1
        if self._watch is not None and time.monotonic() - self._told > LOOK_S:
            self._told = time.monotonic()
            self._watch(self._ticks)

    def publishing(self) -> None:
        pass
