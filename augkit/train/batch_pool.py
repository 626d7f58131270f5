"""Processes that make batches of pictures: the same ones, in order, for any number of them, whoever is killed.

Torch's own loader hands pictures over in /dev/shm, which containers keep to 64 MB, and waits for ever where that is
full. Here every worker has a pipe of its own, which closes when it dies, also in the middle of a batch: another worker
then makes its batches again.
"""

import multiprocessing
import signal
from bisect import insort
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Protocol
from weakref import finalize

import torch
from torch import Tensor

from augkit.core.arrays import Array
from augkit.expand.supervision import LOOK_S, MOST_FALSE_STARTS, Worker, started
from augkit.expand.worker import BEGUN, POSITION, Hand, Stop
from augkit.loader import Draw
from augkit.train.parts import Role
from augkit.train.train_errors import LostWorker

AHEAD = 2  # batches that a worker is given: one to make, and one for while that is being taken
MOST_DEATHS = 5  # of workers over one batch
MOST_KILLED_STARTS = 20  # workers in a row that a signal ends before they begin


class Maker(Protocol):
    """Whatever makes batches of one part; it is sent to the workers once."""

    def name(self, draw: Draw) -> str:
        """Return what the picture of a draw is called."""

    def one(self, draw: Draw) -> Tensor:
        """Return a picture (C, h, w)."""

    def joined(self, pictures: list[Tensor]) -> Tensor:
        """Return pictures as a batch (B, C, h, w)."""


@dataclass(frozen=True, order=True)
class _Batch:
    """A batch that a worker is to make: its place among all, the part it is of, and the draws of its pictures."""

    index: int
    part: Role
    tasks: tuple[Draw, ...]
    quarantined: tuple[tuple[int, str], ...] = ()  # nothing is ever left out of a batch


class _Making:
    """The work of a worker."""

    def __init__(self, makers: Mapping[Role, Maker]) -> None:
        self.makers = dict(makers)

    def expand(self, batch: _Batch, hand: Hand) -> tuple[int, Array]:
        """Make a batch; an array is sent as its bytes, where a tensor would go through shared memory."""
        torch.set_num_threads(1)
        maker, pictures = self.makers[batch.part], list[Tensor]()
        for position, draw in enumerate(batch.tasks):
            hand.at(position)
            pictures.append(maker.one(draw))
        return batch.index, maker.joined(pictures).numpy()

    def attempt(self, tasks: object, hand: Hand) -> None:
        raise NotImplementedError  # batches are made, or not


@dataclass
class _Member:
    """A worker, and the batches that it has been sent, in order."""

    worker: Worker
    batches: deque[_Batch] = field(default_factory=deque)


class BatchPool:
    """Make batches in worker processes, which live until `close`, or here where there are to be none.

    Args:
        makers: by the role of their part.
        size: processes, 0 for none.
    """

    def __init__(self, makers: Mapping[Role, Maker], size: int) -> None:
        self.makers, self.size = makers, size
        self.members: list[_Member] = []
        self.false_starts = 0
        self.stop = Stop()  # nobody sets it: what is in hand may be dropped at any moment
        self._ending = finalize(self, _end, self.members)

    def close(self) -> None:
        """End the processes; they begin anew where batches are asked for again."""
        _end(self.members)

    def batches(self, part: Role, wanted: Sequence[Sequence[Draw]]) -> Iterator[Tensor]:
        """Yield batches (B, C, h, w), one at a time, of one part at a time.

        Raises:
            AugkitError: a picture cannot be read or made.
            LostWorker: the processes that make a batch die, again and again.
        """
        if self.size == 0:
            maker = self.makers[part]
            yield from (maker.joined([maker.one(draw) for draw in draws]) for draws in wanted)
            return
        if any(member.batches for member in self.members):  # of somebody who wants them no more
            self.close()
        todo = deque(_Batch(index, part, tuple(draws)) for index, draws in enumerate(wanted))
        made, deaths = dict[int, Array](), Counter[int]()
        try:
            for index in range(len(wanted)):
                self._send(todo, index)
                while index not in made:
                    self._take(made, todo, deaths)
                    self._send(todo, index)
                yield torch.from_numpy(made.pop(index))
        finally:
            if any(member.batches for member in self.members):
                self.close()

    def _send(self, todo: deque[_Batch], index: int) -> None:
        """Keep every worker in work, as far as batches may lie ready from `index` on."""
        while todo and todo[0].index < index + AHEAD * self.size:
            idle = min(self.members, key=lambda member: len(member.batches), default=None)
            if (idle is None or idle.batches) and len(self.members) < self.size:
                idle = self._started()
            if idle is None or len(idle.batches) >= AHEAD:
                return
            batch = todo.popleft()
            idle.batches.append(batch)
            idle.worker.send(batch)

    def _started(self) -> _Member:
        member = _Member(started(_Making(self.makers), _start_method(), self.stop))
        self.members.append(member)
        return member

    def _take(self, made: dict[int, Array], todo: deque[_Batch], deaths: Counter[int]) -> None:
        """Take what workers have made; what those that died had in hand is to be made again."""
        workers = [member.worker for member in self.members]
        wait([*(worker.pipe for worker in workers), *(worker.process.sentinel for worker in workers)], LOOK_S)
        for member in list(self.members):
            answer = member.worker.answer()
            if isinstance(answer, Exception):
                raise answer
            if answer == BEGUN:
                member.worker.has_begun, self.false_starts = True, 0
            elif isinstance(answer, tuple):
                member.batches.popleft()
                made[answer[0]] = answer[1]
            elif not member.worker.process.is_alive():
                self._remove_dead(member, todo, deaths)

    def _remove_dead(self, member: _Member, todo: deque[_Batch], deaths: Counter[int]) -> None:
        self.members.remove(member)
        worker = member.worker
        position, code = worker.shared[POSITION], worker.process.exitcode or 0
        worker.end()
        if not worker.has_begun:
            self._count_start(code)
        elif member.batches:
            first = member.batches[0]
            deaths[first.index] += 1
            if deaths[first.index] >= MOST_DEATHS:
                raise self._lost(first, position, code)
        again = list(todo)
        for batch in member.batches:
            insort(again, batch)
        todo.clear()
        todo.extend(again)

    def _count_start(self, code: int) -> None:
        self.false_starts += 1
        if code >= 0 and self.false_starts >= MOST_FALSE_STARTS:
            advice = 'In a script, call train() below `if __name__ == "__main__":`. 0 workers do all in one process.'
            raise LostWorker(f"must be able to begin, and ended before it did. {advice}", "workers")
        if self.false_starts >= MOST_KILLED_STARTS:
            what = "must be able to begin, and was killed each time it did. Look for what kills processes here."
            raise LostWorker(what, "workers")

    def _lost(self, batch: _Batch, position: int, code: int) -> LostWorker:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        at = self.makers[batch.part].name(batch.tasks[position]) if 0 <= position < len(batch.tasks) else "workers"
        what = f"must be read by a process that lives, but {MOST_DEATHS} ended over it, the last by {how}"
        advice = "Nothing is lost: run the same command again, with fewer --workers if memory is short."
        return LostWorker(f"{what}. {advice}", at)


def _end(members: list[_Member]) -> None:
    for member in members:
        member.worker.end()
    members.clear()


def _start_method() -> str:
    """Return how workers are started: from a process that has loaded torch and nothing else, where there is such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload([__name__])
    return "forkserver"
