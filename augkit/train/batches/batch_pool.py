"""Processes that make batches of pictures: the same ones, in order, for any number of them, whoever is killed.

Torch's own loader hands pictures over in /dev/shm, which containers keep to 64 MB, and waits for ever where that is
full. Here every worker has a pipe of its own, which closes when it dies, also in the middle of a batch: another worker
then makes its batches again.
"""

import gc
import multiprocessing
import signal
from bisect import insort
from collections import Counter, deque
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from typing import Protocol
from weakref import finalize

import cv2
import torch
from torch import Tensor

from augkit.apart import be_expendable
from augkit.apart.lifetime import end_with_parent
from augkit.apart.starting import KILLED, MOST_FALSE_STARTS, received, started_process
from augkit.core.arrays import Array
from augkit.loader import Draw
from augkit.train.parts.parts import Role
from augkit.train.train_errors import LostWorker

AHEAD = 2  # batches that a worker is given: one to make, and one for while that is being taken
MOST_DEATHS = 5  # of workers over one batch
MOST_KILLED_STARTS = 20  # workers in a row that a signal ends before they begin
LOOK_S = 0.25  # between looks at workers that do not answer
END_S = 5.0  # that a killed worker is waited for: one that waits for a dead disk ends when that answers
_BEGUN = "begun"


Made = tuple[Tensor, ...]  # a picture, or several in one tensor, and what moves with it


class Maker(Protocol):
    """Whatever makes batches of one part; it is sent to the workers once."""

    def name(self, draw: Draw) -> str:
        """Return what the picture of a draw is called."""

    def one(self, draw: Draw) -> Made:
        """Return a picture (C, h, w), and what is to be learnt of it where that moves with it."""

    def joined(self, made: list[Made]) -> Made:
        """Return the same as a batch: (B, C, h, w), and likewise."""


@dataclass(frozen=True, order=True)
class _Batch:
    """A batch that a worker is to make: its place among all, the part it is of, and the draws of its pictures."""

    index: int
    part: Role
    draws: tuple[Draw, ...]


def _work(makers: Mapping[Role, Maker], pipe: Connection, position: MutableSequence[int]) -> None:
    """Make the batches that come through the pipe, until it is closed: the life of a worker.

    An array is sent as its bytes, where a tensor would go through shared memory.
    """
    end_with_parent()
    be_expendable()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    gc.freeze()
    pipe.send(_BEGUN)
    while True:
        try:
            batch: _Batch = pipe.recv()
        except EOFError:
            return
        try:
            maker, made = makers[batch.part], list[Made]()
            for position[0], draw in enumerate(batch.draws):
                made.append(maker.one(draw))
            answer: object = (batch.index, [tensor.numpy() for tensor in maker.joined(made)])
        except Exception as fault:
            answer = fault
        pipe.send(answer)


@dataclass
class _Worker:
    """A worker as its pool sees it, and the batches that it has been sent, in order."""

    process: BaseProcess
    pipe: Connection
    position: MutableSequence[int]  # of the picture in its batch that is in hand
    batches: deque[_Batch] = field(default_factory=deque)
    has_begun: bool = False

    def send(self, batch: _Batch) -> None:
        self.batches.append(batch)
        with suppress(OSError):  # it has just died, which its sentinel tells
            self.pipe.send(batch)

    def answer(self) -> object:
        """Return what it has sent, or None."""
        return received(self.pipe)

    def end(self) -> None:
        self.process.kill()
        self.process.join(END_S)
        self.pipe.close()


class BatchPool:
    """Make batches in worker processes, which live until `close`, or here where there are to be none.

    Args:
        makers: by the role of their part.
        size: processes, 0 for none.
    """

    def __init__(self, makers: Mapping[Role, Maker], size: int) -> None:
        self.makers, self.size = makers, size
        self.workers: list[_Worker] = []
        self.false_starts = 0
        self._ending = finalize(self, _end, self.workers)

    def close(self) -> None:
        """End the processes; they begin anew where batches are asked for again."""
        _end(self.workers)

    def batches(self, part: Role, wanted: Sequence[Sequence[Draw]]) -> Iterator[Made]:
        """Yield batches (B, C, h, w) and what moves with them, one at a time, of one part at a time.

        Raises:
            AugkitError: a picture cannot be read or made.
            LostWorker: the processes that make a batch die, again and again.
        """
        if self.size == 0:
            maker = self.makers[part]
            yield from (maker.joined([maker.one(draw) for draw in draws]) for draws in wanted)
            return
        if any(worker.batches for worker in self.workers):  # of somebody who wants them no more
            self.close()
        todo = deque(_Batch(index, part, tuple(draws)) for index, draws in enumerate(wanted))
        made, deaths = dict[int, list[Array]](), Counter[int]()
        try:
            for index in range(len(wanted)):
                self._send(todo, index)
                while index not in made:
                    self._take(made, todo, deaths)
                    self._send(todo, index)
                yield tuple(torch.from_numpy(array) for array in made.pop(index))
        finally:
            if any(worker.batches for worker in self.workers):
                self.close()

    def _send(self, todo: deque[_Batch], index: int) -> None:
        """Keep every worker in work, as far as batches may lie ready from `index` on."""
        while todo and todo[0].index < index + AHEAD * self.size:
            idle = min(self.workers, key=lambda worker: len(worker.batches), default=None)
            if (idle is None or idle.batches) and len(self.workers) < self.size:
                idle = self._started()
            if idle is None or len(idle.batches) >= AHEAD:
                return
            idle.send(todo.popleft())

    def _started(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        position = RawArray("q", 1)
        process = started_process(_start_method(), _work, (self.makers, theirs, position))
        theirs.close()
        worker = _Worker(process, ours, position)
        self.workers.append(worker)
        return worker

    def _take(self, made: dict[int, list[Array]], todo: deque[_Batch], deaths: Counter[int]) -> None:
        """Take what workers have made; what those that died had in hand is to be made again."""
        wait([handle for worker in self.workers for handle in (worker.pipe, worker.process.sentinel)], LOOK_S)
        for worker in list(self.workers):
            answer = worker.answer()
            if isinstance(answer, Exception):
                raise answer
            if answer == _BEGUN:
                worker.has_begun, self.false_starts = True, 0
            elif isinstance(answer, tuple):
                worker.batches.popleft()
                made[answer[0]] = answer[1]
            elif not worker.process.is_alive():
                self._remove_dead(worker, todo, deaths)

    def _remove_dead(self, worker: _Worker, todo: deque[_Batch], deaths: Counter[int]) -> None:
        self.workers.remove(worker)
        worker.end()
        code = worker.process.exitcode or 0
        if not worker.has_begun:
            self._count_start(code)
        elif worker.batches:
            first = worker.batches[0]
            deaths[first.index] += 1
            if deaths[first.index] >= MOST_DEATHS:
                raise self._lost(first, worker.position[0], code)
        again = list(todo)
        for batch in worker.batches:
            insort(again, batch)
        todo.clear()
        todo.extend(again)

    def _count_start(self, code: int) -> None:
        self.false_starts += 1
        if code >= 0 and self.false_starts >= MOST_FALSE_STARTS:
            advice = 'In a script, call train() below `if __name__ == "__main__":`. 0 workers do all in one process.'
            raise LostWorker(f"must be able to begin, and ended before it did. {advice}", "workers")
        if self.false_starts >= MOST_KILLED_STARTS:
            raise LostWorker(KILLED, "workers")

    def _lost(self, batch: _Batch, position: int, code: int) -> LostWorker:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        at = self.makers[batch.part].name(batch.draws[position]) if 0 <= position < len(batch.draws) else "workers"
        what = f"must be read by a process that lives, but {MOST_DEATHS} ended over it, the last by {how}"
        advice = "Nothing is lost: run the same command again, with fewer --workers if memory is short."
        return LostWorker(f"{what}. {advice}", at)


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.process.kill()
    for worker in workers:
        worker.end()
    workers.clear()


def _start_method() -> str:
    """Return how workers are started: from a process that has loaded torch and nothing else, where there is such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload([__name__])
    return "forkserver"
