"""Hashes of what every transform and bundled pipeline makes, in threads and in processes that begin in every way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from multiprocessing import get_context

import numpy as np

import augkit as ak
from support.pictures import full_sample
from support.table import BUNDLED, ROWS

THREADS = 8
LIMIT_S = 40.0  # that a forked process may take
EXECUTORS = ("native", "cpu")
Job = tuple[int, int, str]  # a pipeline's place, a seed, an executor
PIPELINES = [*(ak.Pipeline([step]) for step in ROWS), *map(ak.load, BUNDLED)]
JOBS: list[Job] = [(place, 0, name) for place in range(len(PIPELINES)) for name in EXECUTORS]


def made(job: Job) -> str:
    """Return a hash of the picture and the labels that a pipeline makes, or its complaint."""
    place, seed, executor = job
    sample = full_sample((48, 64))
    try:
        plan = PIPELINES[place].draw(ak.Key(seed, "everywhere", place), ak.Scene.of(sample))
        out = ak.run(plan, sample, executor=executor)
    except ak.AugkitError as fault:
        return str(fault)
    digest = blake2b(out.image.tobytes(), digest_size=16)
    for part in (out.mask, out.boxes, out.keypoints):
        digest.update(b"" if part is None else np.asarray(part).tobytes())
    return digest.hexdigest()


def in_threads(jobs: Sequence[Job]) -> list[str]:
    """Do jobs in threads that begin at once."""
    barrier = threading.Barrier(THREADS)

    def share(first: int) -> list[tuple[int, str]]:
        barrier.wait()
        return [(number, made(jobs[number])) for number in range(first, len(jobs), THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [text for _, text in sorted(pair for pairs in pool.map(share, range(THREADS)) for pair in pairs)]


def forked(jobs: Sequence[Job], wanted: Sequence[str]) -> str:
    """Do jobs in a process that is forked here; say what ended it, or nothing where they came out as wanted."""
    return ended(lambda: [made(job) for job in jobs] == list(wanted))


def ended(is_fine: Callable[[], bool]) -> str:
    """Ask in a process that is forked here; say what ended it, or nothing where the answer is yes."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if is_fine() else 3
        finally:
            os._exit(code)
    limit = time.monotonic() + LIMIT_S
    while time.monotonic() < limit:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return f"status {status}" if status else ""
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "it hangs"


@contextmanager
def working(jobs: Sequence[Job]) -> Iterator[None]:
    """Have threads do jobs over and over meanwhile."""
    is_over = threading.Event()

    def work(first: int) -> None:
        number = first
        while not is_over.is_set():
            made(jobs[number % len(jobs)])
            number += 1

    threads = [threading.Thread(target=work, args=(first,)) for first in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def in_processes(method: str, jobs: Sequence[Job]) -> list[str]:
    """Do jobs in a process that begins in one of Python's ways."""
    with get_context(method).Pool(1) as pool:
        return pool.map(made, jobs, chunksize=len(jobs))
