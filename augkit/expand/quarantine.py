"""Find the picture that kills whoever reads it, and have its shard done without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from augkit.errors import JobError
from augkit.expand.worker import Shard

Trial = Callable[
    [tuple[object, ...]], str
]  # does tasks in a process of their own; what ended it, or nothing if it lived

MOST_DEATHS = 8  # of workers over one shard beyond those that a picture was found for
FROM_OUTSIDE = ("SIGKILL", "SIGTERM")  # someone else, or the system for want of memory, may have sent these


def cleared(shard: Shard, position: int, deaths: int, trial: Trial) -> Shard:
    """Return a shard as it is to be done again after the death of its worker.

    The picture that was in hand is tried once more, alone, and quarantined if that ends its process too; after a signal
    that may have come from outside, after a third time. If it lives, nobody is blamed and the shard is just done again.
    If workers go on dying over it, the first picture is looked for that ends a process which did all those before it.

    Args:
        shard: has ``tasks`` and ``quarantined``, pairs of a place and a reason.
        position: the place that was in hand, or a negative number.
        deaths: how many workers died over this shard, this one among them.
        trial: see `Trial`.

    Raises:
        JobError: workers die again and again, and no picture is to blame.
    """
    held = dict(shard.quarantined)
    if deaths - len(held) > MOST_DEATHS:
        advice = "Look for what kills processes here, such as a lack of memory, and run again with fewer workers."
        raise JobError(f"must live through a shard, but {deaths} died over the same one. {advice}", "a worker process")
    if position >= 0:
        ending = _surely(trial, (shard.tasks[position],))
        if ending:
            return _without(shard, position, f"{ending} twice, the second time alone.")
    if deaths - len(held) < 3:
        return shard
    places = [place for place in range(len(shard.tasks)) if place not in held]
    if not _surely(trial, tuple(shard.tasks[place] for place in places)):
        return shard
    low, high = 0, len(places)  # a process lives through the first `low` of them, and not through the first `high`
    while high - low > 1:
        middle = (low + high) // 2
        if _surely(trial, tuple(shard.tasks[place] for place in places[:middle])):
            high = middle
        else:
            low = middle
    ending = trial(tuple(shard.tasks[place] for place in places[:high]))
    return _without(shard, places[high - 1], f"{ending or 'ended its process'} again and again, after other pictures.")


def _surely(trial: Trial, tasks: tuple[object, ...]) -> str:
    """Return what ends a process that does the tasks; twice in a row, if it may have come from outside."""
    ending = trial(tasks)
    return trial(tasks) if any(name in ending for name in FROM_OUTSIDE) else ending


def _without(shard: Shard, position: int, reason: str) -> Shard:
    return replace(shard, quarantined=(*shard.quarantined, (position, reason)))
