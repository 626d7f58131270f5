"""Calls of the file system fail for a while: the job waits or ends in a sentence, and then in the undisturbed tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.file_calls import TROUBLE, Rule, library
from benchmarks.faults.jobs import jobs
from benchmarks.faults.schedules import Bench, Outage, complaints
from benchmarks.outages import bench, outages_of

JOBS = {job.name: job for job in jobs()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    try:
        library()
    except RuntimeError as reason:
        pytest.skip(f"{reason}")
    with bench(tmp_path_factory.mktemp("outages"), forms=("parquet",)) as found:
        yield found


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
@pytest.mark.parametrize(
    ("kind", "after"), [("pipeline", 0), ("out", 0), ("out", 3), ("books", 0), ("source", 0), ("source", 9)]
)
def test_trouble_of_any_place_ends_in_a_sentence_and_in_exit_code_1(
    place: Bench, tmp_path: Path, code: int, kind: str, after: int
) -> None:
    job, out = JOBS["folder"], tmp_path / "out"
    outage = Outage((Rule((kind,), ("open", "stat", "list", "read"), "fail", code, after=after, seconds=60),), 0.0)
    place.name(out)
    place.calls.arm(outage.rules)
    ended = place.run(job, job.steps[0], out, ("--wait", "0") if job.can_wait else ())
    place.calls.disarm()
    assert sum(place.calls.struck)
    may_be_misnamed = kind == "source" and code == errno.EACCES
    assert ended.code in ((1, 2) if may_be_misnamed else (1,)), ended.text
    assert not complaints(ended, outage)


@pytest.mark.parametrize(("name", "first"), [("folder", 0), ("parquet", 100), ("more copies", 300)])
def test_outages_change_nothing_in_the_end(place: Bench, name: str, first: int) -> None:
    calls = place.prepare(JOBS[name])
    for seed in range(first, first + 2):
        outages = outages_of(seed, calls)
        wrong, _ = place.trial(JOBS[name], outages, f"{seed}")
        assert not wrong, (seed, *map(str, outages), *wrong)


@pytest.mark.parametrize(("name", "seed"), [("split", 1), ("split", 7), ("replay", 1), ("show", 3), ("verify", 2)])
def test_outages_of_commands_that_look_are_sentences(place: Bench, name: str, seed: int) -> None:
    outages = outages_of(seed, place.prepare(JOBS[name]))
    wrong, _ = place.trial(JOBS[name], outages, f"{name}-{seed}")
    assert not wrong, (*map(str, outages), *wrong)


def test_there_are_twenty_errors_and_more() -> None:
    assert len(TROUBLE) > 20
