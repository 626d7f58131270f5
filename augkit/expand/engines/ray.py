"""The engine `ray`: shards are tasks of a Ray cluster, each of them idempotent, and no pixel goes through Ray.

Sources and output must lie where every node reaches them: on a shared disk, or behind a URL.
"""

import faulthandler
import os
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from augkit.apart import be_expendable
from augkit.errors import JobError, MissingExtra
from augkit.expand.engines import ENGINES
from augkit.expand.supervision import MOST_NEIGHBOURS, cleared
from augkit.expand.worker import PutOff, Shard, Workable

RETRIES = 3  # by Ray itself, when a node or a worker dies
AHEAD = 2  # shards handed out for each processor, so that none waits


class _Watched:
    """The hand of a task: its process ends itself, with a dump of where it hung, when a picture takes too long."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = min(timeout_s, threading.TIMEOUT_MAX)  # infinity is longer than any system's clock

    def at(self, position: int) -> None:
        self.tick()

    def tick(self) -> None:
        faulthandler.dump_traceback_later(self.timeout_s, exit=True)

    def publishing(self) -> None:
        faulthandler.cancel_dump_traceback_later()


def run_tasks(
    work: Workable,
    shards: Iterable[Shard],
    workers: int,
    *,
    timeout_s: float = 60.0,
    start_method: str = "spawn",
    watch: Callable[[int], None] | None = None,
) -> Generator[Any]:
    """Do all shards on the cluster that RAY_ADDRESS names, or on one of this machine; see `Engine`.

    0 workers take all the cluster's processors. Nothing in hand is counted.
    """
    ray = _ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        address = os.environ.get("RAY_ADDRESS")
        local = {} if address else {"num_cpus": workers or None, "include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False, **local)
    try:
        wanted = workers or int(ray.cluster_resources().get("CPU", 1))
        for result in _run(ray, work, shards, wanted, timeout_s):
            yield result
            if watch is not None:
                watch(0)
    finally:
        if is_ours:
            ray.shutdown()


ENGINES.add("ray", run_tasks)


def _run(ray: Any, work: Workable, shards: Iterable[Shard], workers: int, timeout_s: float) -> Iterator[object]:
    # Ray has the libraries of a task with one processor take one thread (OMP_NUM_THREADS). An environment of its own
    # would have its worker started by a shell, which fails where Python's path holds a space.
    task = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=False)(_do)
    shared, rest = ray.put(work), iter(shards)
    pending: dict[object, Shard] = {}
    again: list[Shard] = []
    deaths = Counter[int]()
    while True:
        while len(pending) < AHEAD * workers and (shard := again.pop() if again else next(rest, None)) is not None:
            pending[task.remote(shared, shard, timeout_s)] = shard
        if not pending:
            return
        (done,), _ = ray.wait(list(pending), num_returns=1)
        shard = pending.pop(done)
        try:
            yield ray.get(done)
        except ray.exceptions.WorkerCrashedError:  # after all retries: a picture is looked for, here
            deaths[shard.index] += RETRIES
            others = [one.tasks[0] for one in pending.values() if one.tasks][:MOST_NEIGHBOURS]
            result = cleared(work, shard, -1, deaths[shard.index], "spawn", timeout_s, others)
            if isinstance(result, PutOff):
                yield result
            else:
                again.append(result)
        except ray.exceptions.RayTaskError as fault:
            raise fault.cause from None
        except ray.exceptions.RayError as fault:
            advice = "Look at the cluster, and run the same command again."
            raise JobError(f"must do the job's tasks, got: {type(fault).__name__}. {advice}", "ray") from fault


def _do(work: Workable, shard: Shard, timeout_s: float) -> object:
    import cv2

    cv2.setNumThreads(1)
    be_expendable()
    try:
        return work.expand(shard, _Watched(timeout_s))
    finally:
        faulthandler.cancel_dump_traceback_later()


def _ray() -> Any:
    # Ray asks neither where it is used nor how, unless it is told to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of what a later Ray will do
    try:
        import ray
    except ImportError:
        advice = "Run: pip install 'augkit[ray]'"
        raise MissingExtra(f"must be installed to use its engine. {advice}", "ray") from None
    return ray
