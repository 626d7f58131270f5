"""Pipelines in threads and processes: the same bytes from each of them, however they begin."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

import augkit as ak
from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Image
from support import everywhere
from support.everywhere import JOBS, made
from support.pictures import noise

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@cache
def alone() -> list[str]:
    """Return what comes of each job by itself."""
    return [made(job) for job in JOBS]


def differing(found: list[str], jobs: list[everywhere.Job] = JOBS) -> list[str]:
    wanted = dict(zip(JOBS, alone(), strict=True))
    pairs = zip(jobs, found, strict=True)
    return [f"{everywhere.PIPELINES[job[0]]} {job[2]}" for job, text in pairs if text != wanted[job]]


def test_jobs_make_pictures() -> None:
    assert len({text for text in alone() if len(text) == 32}) > len(JOBS) // 3


def test_eight_threads_make_what_one_does() -> None:
    assert not differing(everywhere.in_threads(JOBS))
    turned = JOBS[::-1]  # others meet
    assert not differing(everywhere.in_threads(turned), turned)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_forked_while_threads_work_make_what_one_does() -> None:
    wanted = alone()
    with everywhere.working(JOBS):
        ends = [everywhere.forked(JOBS[first::6], wanted[first::6]) for first in range(3)]
    assert ends == [""] * 3


def test_processes_that_begin_anew_make_what_one_does() -> None:
    jobs = JOBS[::5]
    assert not differing(everywhere.in_processes("spawn", jobs), jobs)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_forked_while_an_attribute_is_computed_waits_for_nobody() -> None:
    has_begun, goes_on = threading.Event(), threading.Event()

    class Slow:
        @cached_attribute
        def value(self) -> int:
            if threading.current_thread() is not threading.main_thread():
                has_begun.set()
                goes_on.wait()
            return 7

    thread = threading.Thread(target=lambda: Slow().value)
    thread.start()
    has_begun.wait()
    try:
        assert everywhere.ended(lambda: Slow().value == 7) == ""
    finally:
        goes_on.set()
        thread.join()


def test_a_fresh_interpreter_may_begin_with_eight_threads() -> None:
    """All of them look into the registers, import what they need and compile nothing twice."""
    code = (
        "import threading; from concurrent.futures import ThreadPoolExecutor\n"
        "import numpy as np; import augkit as ak\n"
        "barrier = threading.Barrier(8)\n"
        "def run(number):\n"
        "    barrier.wait()\n"
        "    sample = ak.Sample(np.arange(30000, dtype=np.uint8).reshape(100, 100, 3))\n"
        "    return ak.load('strong')(sample, ak.Key(0, 'x')).image.tobytes()\n"
        "with ThreadPoolExecutor(8) as pool: print(len(set(pool.map(run, range(8)))))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_one_transform_of_a_data_set_serves_eight_threads() -> None:
    """`as_transform` is keyed by content: whatever the order, a picture comes out the same."""
    transform = ak.load("six").as_transform(seed=0)
    transform.set_epoch(1)
    pictures = [noise((40, 50), seed=seed) for seed in range(24)]

    def bytes_of(picture: Image) -> bytes:
        return transform(picture).tobytes()

    one = [bytes_of(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(bytes_of, pictures)) == one
