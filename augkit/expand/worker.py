"""A worker process from within: it does the work it is sent, and shows where it is in memory that it shares."""

import gc
import multiprocessing
import pickle
from collections.abc import MutableSequence
from dataclasses import Field, dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawValue
from typing import Any, ClassVar, Protocol

from augkit.apart import be_expendable
from augkit.apart.lifetime import end_with_parent
from augkit.errors import AugkitError, outage_of

# What a worker shares: where it is (a task's place, or one of these), how often it has moved, and how many outputs it
# has begun in all.
IDLE, PUBLISHING = -1, -2
POSITION, TICKS, OUTPUTS = 0, 1, 2
BEGUN, LIVED = "begun", "lived"  # what a worker sends beside the results of shards
COLLECTED_AFTER = 5_000  # objects, where Python's 700 cost a small copy a fortieth of its time


@dataclass(frozen=True)
class PutOff:
    """Result of a shard that could not be done now; nothing of it was published, and no picture is to blame.

    Args:
        index: of the shard.
        fault: why, with the place.
        position: of the task that was in hand, or a negative number.
    """

    index: int
    fault: AugkitError
    position: int = -1


class Stopped(Exception):
    """The job was told to end while work was in hand."""


class Stop:
    """A flag in memory that workers share, which tells them to end.

    An `Event` of multiprocessing is made of semaphores: they need room in /dev/shm, which containers may lack, and a
    process that tracks them, which dies of SIGHUP when a terminal is closed, and complains.
    """

    def __init__(self) -> None:
        self._flag = RawValue("b", 0)

    def set(self) -> None:
        self._flag.value = 1

    def is_set(self) -> bool:
        return bool(self._flag.value)


class Shard(Protocol):
    """A shard as an engine sees it: a dataclass with tasks, and those known to kill who does them, (place, reason)."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def index(self) -> int: ...
    @property
    def tasks(self) -> tuple[object, ...]: ...
    @property
    def quarantined(self) -> tuple[tuple[int, str], ...]: ...


class Hand(Protocol):
    """Reports of work in hand to its supervisor; each call may raise `Stopped` when the job is to end."""

    def at(self, position: int) -> None:
        """Tell that a task is begun, by its place in the shard."""

    def tick(self) -> None:
        """Tell that an output is begun."""

    def publishing(self) -> None:
        """Tell that all is made; from now on the shard is not to be stopped."""


class Workable(Protocol):
    """The work that a worker is given once, when it begins."""

    def expand(self, shard: Any, hand: Hand) -> object:
        """Do a shard; what comes out is a `PutOff` where it cannot be done now."""

    def attempt(self, tasks: Any, hand: Hand) -> None:
        """Do some tasks and drop what comes out; an exception says that nothing did."""


Order = Shard | tuple[object, ...]  # for a worker: a shard, or some tasks, to see whether it lives through them


class _SharedHand:
    """The hand of work that is supervised from another process."""

    def __init__(self, shared: MutableSequence[int], stop: Stop) -> None:
        self._shared, self._stop = shared, stop

    def at(self, position: int) -> None:
        self._shared[POSITION] = position
        self._move()

    def tick(self) -> None:
        self._move()
        self._shared[OUTPUTS] += 1

    def publishing(self) -> None:
        self._move()
        self._shared[POSITION] = PUBLISHING

    def _move(self) -> None:
        if self._stop.is_set():
            raise Stopped
        self._shared[TICKS] += 1


def begin(pickled: bytes, pipe: Connection, shared: MutableSequence[int], stop: Stop) -> None:
    """Say BEGUN, then do what comes through the pipe until it is closed; send back what came of it.

    Args:
        pickled: the `Workable`, unpickled here, so that what it cannot import for want of memory is told.
        pipe: to its supervisor.
        shared: where it is, for its supervisor.
        stop: whether the job is to end.
    """
    end_with_parent()
    be_expendable()
    try:
        work: Workable = pickle.loads(pickled)
        _one_thread()
    except Exception as fault:
        if (outage := outage_of(fault, "a worker process")) is None:
            raise
        pipe.send(outage)
        return
    # What was imported stays; and what a shard makes is gone when it is published, by counting references.
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)
    hand = _SharedHand(shared, stop)
    pipe.send(BEGUN)
    while True:
        try:
            order: Order = pipe.recv()
        except EOFError:
            return
        try:
            result: object = LIVED
            if isinstance(order, tuple):
                work.attempt(order, hand)
            else:
                result = work.expand(order, hand)
        except Exception as fault:
            result = fault
        shared[POSITION] = IDLE
        pipe.send(result)


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def is_worker_starting() -> bool:
    """Say whether this process is a new worker that still imports the script that started it."""
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))  # as multiprocessing itself asks
