"""Supervision of worker processes: whether one lives and moves, and which picture is to blame if it does not."""

import multiprocessing
import pickle
import signal
import time
from bisect import bisect_left
from collections.abc import MutableSequence, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray

from augkit.apart.starting import KILLED_S, MOST_FALSE_STARTS, received, started_process
from augkit.errors import JobError
from augkit.expand.worker import (
    BEGUN,
    IDLE,
    LIVED,
    OUTPUTS,
    POSITION,
    PUBLISHING,
    TICKS,
    Order,
    PutOff,
    Shard,
    Stop,
    Workable,
    begin,
)

LOOK_S = 0.25  # between looks at workers that do not answer
START_S = 300.0  # that a worker may take to begin: on a cold network disk imports take minutes
PUBLISH_S = 900.0  # that a shard may take to be synced: a slow disk holds gigabytes of others' writes
MOST_DEATHS = 8  # of workers over one shard beyond those that a picture was found for
FROM_OUTSIDE = ("SIGKILL", "SIGTERM")  # someone else, or the system for want of memory, may have sent these
OVERDUE, UNPROVEN = "took longer than", " while no other was done"
BESIDE_S = 5.0  # after which a picture that is tried alone is compared with others
MOST_NEIGHBOURS = 3
_CHILDREN: set[BaseProcess] = getattr(multiprocessing.process, "_children", set())  # all are waited for at the exit


@dataclass
class Worker:
    """A worker process as its supervisor sees it."""

    process: BaseProcess
    pipe: Connection
    shared: MutableSequence[int]
    order: Order | None = None  # in hand
    has_begun: bool = False
    last: tuple[int, int] = (IDLE, 0)
    since: float = field(default_factory=time.monotonic)  # when it was last seen to move
    outputs_before: int = 0
    is_lost: bool = False  # killed, and does not end

    @property
    def is_alive(self) -> bool:
        """Whether something is still to be expected of it."""
        return not self.is_lost and self.process.is_alive()

    def send(self, order: Order) -> None:
        """Give it work."""
        self.order = order
        self.since = time.monotonic()
        self.outputs_before = self.shared[OUTPUTS]
        with suppress(OSError):  # it has just died, which its sentinel tells
            self.pipe.send(order)

    @property
    def in_hand(self) -> int:
        """Outputs begun of what it has in hand."""
        return self.shared[OUTPUTS] - self.outputs_before if self.order is not None else 0

    def overdue(self, timeout_s: float) -> bool:
        """Look whether it moves; say whether it has not for longer than what it does may take."""
        now = (self.shared[POSITION], self.shared[TICKS])
        if now != self.last or (self.has_begun and self.order is None):
            self.last, self.since = now, time.monotonic()
        limit = timeout_s
        if not self.has_begun:
            limit = max(START_S, timeout_s)
        elif now[0] == PUBLISHING:
            limit = max(PUBLISH_S, timeout_s)
        return time.monotonic() - self.since > limit

    def answer(self) -> object:
        """Return what it has sent, or None."""
        return received(self.pipe)

    def end(self) -> None:
        """Kill it, if it still runs, and wait for its end, but not for ever."""
        self.kill()
        self.pipe.close()

    def kill(self) -> None:
        """Kill it; what does not end, as it waits for a disk, is no child any more that this process waits for."""
        self.process.kill()
        self.process.join(KILLED_S)
        self.is_lost = self.process.is_alive()
        if self.is_lost:
            _CHILDREN.discard(self.process)


def started(work: Workable, start_method: str, stop: Stop) -> Worker:
    """Start a worker.

    Raises:
        JobError: the server that forks workers is killed again and again.
    """
    ours, theirs = multiprocessing.Pipe()
    shared = RawArray("q", [IDLE, 0, 0])
    process = started_process(start_method, begin, (pickle.dumps(work), theirs, shared, stop))
    theirs.close()
    return Worker(process, ours, shared)


def ending_alone(
    work: Workable,
    tasks: tuple[object, ...],
    start_method: str,
    timeout_s: float,
    neighbours: Sequence[object] = (),
) -> str:
    """Do some tasks in a process of their own; return what ended it, or nothing if it lived.

    Args:
        work: what they belong to.
        tasks: to be done.
        start_method: of the process.
        timeout_s: seconds that one output may take.
        neighbours: other tasks, one of which is done by another process while these take their time: if it is not done
            either, or there is none, the ending says that time proves nothing.
    """
    stop = Stop()
    for _ in range(MOST_FALSE_STARTS):
        worker = started(work, start_method, stop)
        patient_until, is_others = time.monotonic() + min(BESIDE_S, timeout_s / 2), None
        try:
            worker.send(tasks)
            while True:
                wait([worker.pipe, worker.process.sentinel], LOOK_S)
                answer = worker.answer()
                if answer == BEGUN:
                    worker.has_begun, worker.since = True, time.monotonic()
                    patient_until = worker.since + min(BESIDE_S, timeout_s / 2)
                elif answer is not None:
                    return ""
                elif not worker.process.is_alive():
                    break
                elif worker.has_begun and is_others is None and time.monotonic() > patient_until:
                    is_others = _some_live(work, neighbours, start_method, timeout_s)
                    if is_others:  # from now on, with all within reach, it may take as long as ever
                        worker.since = time.monotonic()
                elif worker.overdue(timeout_s):
                    return f"{OVERDUE} {timeout_s:g} s{'' if is_others else UNPROVEN}"
            if worker.shared[TICKS]:  # else it was ended before it came to the tasks
                code = worker.process.exitcode or 0
                return f"crashed its process ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"
        finally:
            worker.end()
    return ""


def _some_live(work: Workable, tasks: Sequence[object], start_method: str, timeout_s: float) -> bool:
    """Say whether one of some tasks is done, well and in time, by a process of its own; no other follows a late one."""
    stop = Stop()
    for task in tasks:
        worker, answer, is_late = started(work, start_method, stop), None, False
        try:
            worker.send((task,))
            while answer is None and worker.is_alive and not is_late:
                wait([worker.pipe, worker.process.sentinel], LOOK_S)
                answer = worker.answer()
                if answer == BEGUN:
                    worker.has_begun, answer, worker.since = True, None, time.monotonic()
                is_late = worker.overdue(timeout_s)
            answer = worker.answer() if answer is None else answer
        finally:
            worker.end()
        if answer == LIVED or is_late:
            return answer == LIVED
    return False


def cleared(
    work: Workable,
    shard: Shard,
    position: int,
    deaths: int,
    start_method: str,
    timeout_s: float,
    others: Sequence[object] = (),
) -> Shard | PutOff:
    """Return a shard as it is to be done again after the death of its worker, or that it is put off.

    The picture that was in hand is tried once more, alone, and quarantined if that ends its process too, while another
    picture is done well and in time by a process like it. If it lives, nobody is blamed and the shard is just done
    again. A signal that may have come from outside, twice, puts the shard off; so does what no other picture lives
    through either. If workers go on dying over it, the first picture is looked for that ends a process which did all
    those before it.

    Args:
        work: what the shard belongs to.
        shard: it was in hand.
        position: the place that was in hand, or a negative number.
        deaths: how many workers died over this shard, this one among them.
        start_method: of the processes in which pictures are tried.
        timeout_s: seconds that one output may take there.
        others: tasks of other shards.

    Raises:
        JobError: workers die again and again, and no picture is to blame.
    """

    def neighbours(place: int) -> Sequence[object]:
        """Return other tasks, those first that were not read yet: what was read may be in memory."""
        rest = [other for other in range(len(shard.tasks)) if other not in {place, position, *held}]
        later = [shard.tasks[other] for other in rest if other > place]
        earlier = [shard.tasks[other] for other in rest if other < place]
        return [*later, *others, *earlier][:MOST_NEIGHBOURS]

    def trial(places: list[int]) -> str:
        """Return what ends a process that does some tasks; twice in a row, if it may have come from outside."""
        tasks, beside = tuple(shard.tasks[place] for place in places), neighbours(places[-1])
        ending = ending_alone(work, tasks, start_method, timeout_s, beside)
        is_ours = not any(name in ending for name in FROM_OUTSIDE)
        return ending if is_ours else ending_alone(work, tasks, start_method, timeout_s, beside)

    def judged(place: int, ending: str, how: str) -> Shard | PutOff:
        """Return the shard without a picture, if what ended its process says something of it."""
        is_outside, is_unproven = any(name in ending for name in FROM_OUTSIDE), ending.endswith(UNPROVEN)
        beside = neighbours(place)
        if not is_outside and not is_unproven and not ending.startswith(OVERDUE) and beside:
            is_unproven = not _some_live(work, beside, start_method, timeout_s)
        if not is_outside and not is_unproven:
            return _without(shard, place, f"{ending} {how}")
        said = ending.removesuffix(UNPROVEN)
        why = "that may be for want of memory" if is_outside else "no other picture fared better"
        what = f"must live through a picture, but one {said} again and again; {why}."
        return PutOff(shard.index, JobError(what, "a worker process"), place)

    held = dict(shard.quarantined)
    if deaths - len(held) > MOST_DEATHS:
        advice = "Look for what kills processes here, such as a lack of memory, and run again with fewer workers."
        raise JobError(f"must live through a shard, but {deaths} died over the same one. {advice}", "a worker process")
    if position >= 0:
        ending = trial([position])
        if ending:
            return judged(position, ending, "twice, the second time alone.")
    if deaths - len(held) < 3:
        return shard
    places = [place for place in range(len(shard.tasks)) if place not in held]
    if not trial(places):
        return shard
    # A process does not live through the first `count` of them, and through fewer it does.
    count = 1 + bisect_left(range(1, len(places)), True, key=lambda count: bool(trial(places[:count])))
    ending = trial(places[:count]) or "ended its process"
    return judged(places[count - 1], ending, "again and again, after other pictures.")


def _without(shard: Shard, position: int, reason: str) -> Shard:
    return replace(shard, quarantined=(*shard.quarantined, (position, reason)))
