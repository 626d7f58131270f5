"""The work plan: frozen, cut by count, found again as it was written, and small enough for a million pictures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import Source
from augkit.errors import ArgumentError
from augkit.expand.books import open_books
from augkit.expand.job import Job
from augkit.expand.work_plan import SHARD_OUTPUTS, WorkPlan
from augkit.pipeline import Pipeline
from augkit.storage.disk import Disk
from support.folders import SMALL
from support.processes import TESTS
from support.work_plans import plan_of


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    store, plan = Disk(str(tmp_path / "out")), plan_of(2500)
    with store.lock(is_shared=False):
        opened = open_books(store, plan, False)
        again = open_books(store, plan, False)
    assert list(again.shards()) == list(opened.shards())
    assert sorted(task.source.id for shard in again.shards() for task in shard.tasks) == sorted(plan.groups)


def test_shards_are_cut_by_count(tmp_path: Path) -> None:
    store = Disk(str(tmp_path / "out"))
    with store.lock(is_shared=False):
        plan = open_books(store, plan_of(5000, copies=10), False)
    sizes = list(plan.shard_outputs())
    assert sum(sizes) == 50_000
    assert all(SHARD_OUTPUTS <= size < SHARD_OUTPUTS + 10 for size in sizes[:-1])
    assert len(sizes) == plan.shard_count == len(list(plan.shards()))


def changed(job: Job, **change: Any) -> Job:
    if "versions" in change:
        return replace(job, **change)
    return replace(job, config=job.config.replaced(**change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "seed must be 0, got 1"),
        ({"copies": 4}, "copies must be 3, got 4"),
        ({"quality": 80}, "quality must be 90, got 80"),
        ({"encoding": "png"}, 'encoding must be "jpeg", got "png"'),
        ({"form": "webdataset"}, 'format must be "folder", got "webdataset"'),
        ({"balance": "max"}, 'balance must be "none", got "max"'),
        ({"originals": "include"}, "originals must be false, got true"),
        ({"split_seed": 2}, "split_seed must be 0, got 2"),
        ({"pipeline": Pipeline(SMALL.steps[:1])}, "pipeline.steps must be"),
        ({"pipelines_for": {"c0000": SMALL}}, "pipelines_for.c0000 must be null"),
        ({"versions": (("numpy", "0"),)}, "versions.numpy must be"),
    ],
)
def test_another_job_is_refused_by_the_name_of_what_differs(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    store, plan = Disk(str(tmp_path / "out")), plan_of(20)
    with store.lock(is_shared=False):
        open_books(store, plan, False)
        with pytest.raises(ArgumentError) as caught:
            open_books(store, replace(plan, job=changed(plan.job, **change)), False)
    assert words in str(caught.value)
    assert "--fresh" in str(caught.value)


def test_other_sources_are_refused_by_name(tmp_path: Path) -> None:
    store, plan = Disk(str(tmp_path / "out")), plan_of(20)
    sources = plan.data.sources
    others = {
        "'c0000/0000019.jpg' is gone": sources[:19],
        "'c0000/0000003.jpg' must have 1,003 bytes, got 7": (
            *sources[:3],
            replace(sources[3], size=7),
            *sources[4:],
        ),
        "1 are new, the first is 'd.jpg'": (*sources, Source("d.jpg", 3, "c0000")),
        "a picture's class": (replace(sources[0], label="c0001"), *sources[1:]),
    }
    with store.lock(is_shared=False):
        open_books(store, plan, False)
        for words, found in others.items():
            other = WorkPlan(
                plan.job, replace(plan.data, sources=found), [None] * len(found), [s.id for s in found], plan.classes
            )
            with pytest.raises(ArgumentError) as caught:
                open_books(store, other, False)
            assert words in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_million_sources(tmp_path: Path) -> None:
    """A fifth of them, in a fifth of what a million may take: 60 seconds, and 1 GB with the interpreter's own 90 MB."""
    code = f"""
import sys, time
from pathlib import Path
from typing import Any
sys.path.insert(0, {str(TESTS)!r})
from augkit.expand.books import open_books
from augkit.storage.disk import Disk
from support.work_plans import plan_of
began = time.process_time()  # a busy machine says nothing of us
store = Disk({str(tmp_path / "out")!r})
with store.lock(is_shared=False):
    plan = open_books(store, plan_of(200_000, copies=10, balance="max"), False)
assert next(plan.shards()).tasks
status = Path("/proc/self/status").read_text()  # not getrusage, whose peak begins with that of who started us
print(time.process_time() - began, status.partition("VmHWM:")[2].split()[0])
"""
    for what in ("written", "found again"):
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
        seconds, kilobytes = map(float, ended.stdout.split())
        assert seconds < 12, what
        assert kilobytes < 90e3 + (1e6 - 90e3) / 5, what
