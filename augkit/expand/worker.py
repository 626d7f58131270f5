"""What runs in a worker process: it does the work it is sent, and shows where it is in memory that it shares."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

import cv2

__all__ = [
    "BEGUN",
    "IDLE",
    "OUTPUTS",
    "POSITION",
    "PUBLISHING",
    "TICKS",
    "Hand",
    "Order",
    "Stopped",
    "Workable",
    "begin",
]

# What a worker shares: where it is (a task's place, or one of these), how often it has moved, and how many outputs it
# has begun in all.
IDLE, PUBLISHING = -1, -2
POSITION, TICKS, OUTPUTS = 0, 1, 2
BEGUN, LIVED = "begun", "lived"  # what a worker sends beside the results of shards
_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent ends


class Stopped(Exception):
    """The job was told to end while work was in hand."""


class Workable(Protocol):
    """What a worker is given once, when it begins."""

    def expand(self, shard: Any, hand: Any) -> Any:
        """Do a shard."""

    def attempt(self, tasks: Sequence[Any], hand: Any) -> None:
        """Do some tasks and drop what comes out."""


@dataclass(frozen=True)
class Order:
    """What a worker is to do next: a shard, or, to see whether it lives through them, some tasks."""

    shard: Any = None
    tasks: tuple[Any, ...] = ()


class Hand:
    """How work in hand shows where it is, and learns that it is to stop."""

    def __init__(self, shared: Any, stop: Any) -> None:
        self._shared, self._stop = shared, stop

    def at(self, position: int) -> None:
        """Show that a task is begun."""
        self._shared[POSITION] = position
        self._move()

    def tick(self) -> None:
        """Show that an output is begun.

        Raises:
            Stopped: the job is to end.
        """
        self._move()
        self._shared[OUTPUTS] += 1

    def publishing(self) -> None:
        """Show that all is made, and is being published: that is not stopped."""
        self._move()
        self._shared[POSITION] = PUBLISHING

    def _move(self) -> None:
        if self._stop.is_set():
            raise Stopped
        self._shared[TICKS] += 1


def begin(work: Workable, pipe: Connection, shared: Any, stop: Any) -> None:
    """Say BEGUN, then do what comes through the pipe until it is closed; send back what came of it."""
    _end_with_parent()
    cv2.setNumThreads(1)
    hand = Hand(shared, stop)
    pipe.send(BEGUN)
    while True:
        try:
            order = pipe.recv()
        except EOFError:
            return
        try:
            if order.shard is not None:
                result = work.expand(order.shard, hand)
            else:
                work.attempt(order.tasks, hand)
                result = LIVED
        except Exception as fault:
            result = fault
        shared[POSITION] = IDLE
        pipe.send(result)


def _end_with_parent() -> None:
    """End this process when its parent has been killed: at once where the system can do that, else soon."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux" and os.getppid() == parent.pid:  # forkserver's children have another one
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: Any) -> None:
    parent.join()
    os._exit(1)
