"""Workers are watched: whoever dies or hangs costs no more than the picture that is to blame."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.context import ForkServerProcess, SpawnProcess
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import JobError
from augkit.expand import supervision
from augkit.expand.engines.processes import run_shards
from augkit.expand.worker import PutOff
from support.processes import TESTS
from support.workers import FakeShard, FakeWork, shards

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="sends signals that Windows has not")


def done(work: list[FakeShard], workers: int = 2, **options: Any) -> dict[int, list[str]]:
    results = list(run_shards(FakeWork(), iter(work), workers, **options))
    assert len(results) == len(work)
    assert len(dict(results)) == len(work)
    return dict(results)


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_shard_is_done_once(workers: int, start_method: str) -> None:
    assert done(shards(20), workers, start_method=start_method) == dict.fromkeys(range(20), ["ok"] * 4)


@needs_signals
@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("segfault", "crashed its process (SIGSEGV) twice, the second time alone."),
        ("abort", "crashed its process (SIGABRT) twice, the second time alone."),
        ("exit", "crashed its process (exit code 3) twice, the second time alone."),
        ("hang", "took longer than 1 s twice, the second time alone."),
    ],
)
def test_a_killer_costs_itself(task: str, reason: str) -> None:
    work = shards(4)
    work[1] = FakeShard(1, ("ok", task, "ok", "ok"))
    assert done(work, timeout_s=1.0) == {
        0: ["ok"] * 4,
        1: ["ok", reason, "ok", "ok"],
        2: ["ok"] * 4,
        3: ["ok"] * 4,
    }


@needs_signals
@pytest.mark.parametrize(
    ("work", "said"),
    [
        (FakeShard(1, ("ok", "kill", "ok")), "SIGKILL.*want of memory"),  # by the system, or by someone
        (FakeShard(1, ("hang", "hang", "hang", "hang")), "took longer than 1 s.*no other picture"),
        (FakeShard(1, ("abort", "abort", "abort", "abort")), "SIGABRT.*no other picture"),
    ],
)
def test_a_shard_is_put_off_where_the_picture_may_not_be_to_blame(work: FakeShard, said: str) -> None:
    first = FakeShard(0, work.tasks if work.tasks[0] != "ok" else ("ok",))
    results = list(run_shards(FakeWork(), [first, work], 1, timeout_s=1.0))
    late = [result for result in results if isinstance(result, PutOff)]
    assert [result.index for result in late] == [0, 1][-len(late) :]
    assert all(re.search(said, str(result.fault)) for result in late)
    assert late[-1].position == work.tasks.index(work.tasks[-1] if work.tasks[0] != "ok" else "kill")


@needs_signals
def test_what_does_not_end_when_it_is_killed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose disk does not answer ends when it does: nobody waits for it, not even the end of Python."""
    monkeypatch.setattr(supervision, "KILLED_S", 0.2)
    monkeypatch.setattr(SpawnProcess, "kill", lambda process: None)
    began, results = time.monotonic(), run_shards(FakeWork(), iter(shards(50, task="slow")), 1)
    next(results)
    (process,) = multiprocessing.active_children()
    results.close()
    assert time.monotonic() - began < 30
    assert process not in multiprocessing.active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


@needs_signals
def test_two_killers_in_a_shard() -> None:
    (found,) = done([FakeShard(0, ("abort", "ok", "exit"))], 1).values()
    assert found[1] == "ok"
    assert "SIGABRT" in found[0]
    assert "exit code 3" in found[2]


@needs_signals
def test_a_crash_that_needs_an_earlier_picture_is_narrowed_down() -> None:
    (found,) = done([FakeShard(0, ("ok", "ok", "poison", "ok", "poisoned", "ok"))], 1).values()
    assert found[:4] == ["ok", "ok", "poison", "ok"]
    assert found[4].startswith("crashed its process (SIGABRT) again and again")
    assert found[5] == "ok"


def children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [pid for pid in map(int, text.split()) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="sees processes in /proc, and has none")


@needs_proc
def test_kills_from_outside_lose_nothing_and_blame_nobody() -> None:
    rng, is_over, kills = random.Random(1), threading.Event(), 0

    def kill() -> None:
        nonlocal kills
        while kills < 20 and not is_over.wait(rng.uniform(0.2, 0.8)):
            for pid in rng.sample(children(), 1):
                try:
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = done(shards(60, size=6, task="slow"), 3)
    finally:
        is_over.set()
        killer.join()
    assert kills >= 5
    assert found == dict.fromkeys(range(60), ["slow"] * 6)


@needs_proc
def test_a_stopped_worker_is_replaced() -> None:
    work, seen = shards(12, task="slow"), list[int]()
    for result in run_shards(FakeWork(), iter(work), 2, timeout_s=1.0):
        if not seen:
            os.kill(children()[0], signal.SIGSTOP)
        seen.append(result)
    assert dict(seen) == dict.fromkeys(range(12), ["slow"] * 4)  # type: ignore[arg-type]
    assert not children()


def test_faults_of_the_output_travel() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        done([*shards(2), FakeShard(2, ("full",))])
    assert caught.value.errno == 28


@needs_proc
def test_closing_ends_the_workers() -> None:
    results = run_shards(FakeWork(), iter(shards(50, task="slow")), 2)
    next(results)
    assert children()
    results.close()
    assert not children()


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from support.processes import TESTS
from support.workers import FakeWork, shards
from augkit.expand.engines.processes import run_shards

if __name__ == "__main__":
    for result in run_shards(FakeWork(), iter(shards(1000, task="slow")), 2, start_method={method!r}):
        print(result, flush=True)
"""


@needs_proc
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_end_with_their_parent(tmp_path: Path, method: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.format(tests=str(TESTS), method=method))
    command = [sys.executable, str(tmp_path / "script.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.kill()
    limit = time.monotonic() + 5
    while (left := group(running.pid)) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not left


def group(leader: int) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == leader and state != "Z":
            found.append(path.parent.name)
    return found


def test_death_without_a_culprit_ends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augkit.expand.supervision.ending_alone", lambda *_, **__: "")
    with pytest.raises(JobError, match="died over the same one"):
        done([FakeShard(0, ("abort",))], 1)


def test_outputs_in_hand_are_counted_once() -> None:
    seen: list[int] = []
    for _ in run_shards(FakeWork(), iter(shards(6, size=20, task="slow")), 1, watch=seen.append):
        pass
    assert 0 < max(seen) <= 20


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_a_worker_starts_leaves_none(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start = SpawnProcess.start

    def interrupted(process: Any) -> None:
        start(process)
        os.kill(os.getpid(), number)
        time.sleep(0.01)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    before, over = signal.signal(number, signal.default_int_handler), threading.Event()
    other = threading.Thread(target=over.wait)  # libraries have threads, too, and a signal goes to any
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(run_shards(FakeWork(), [FakeShard(0, ("a",))], 1))
    finally:
        over.set()
        signal.signal(number, before)
    assert not multiprocessing.active_children()


@needs_signals
@pytest.mark.parametrize("fault", [EOFError(), BrokenPipeError()])
def test_a_fork_server_that_is_killed_is_started_again(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    start, failures = ForkServerProcess.start, [fault]

    def failing(process: Any) -> None:
        if failures:
            raise failures.pop()
        start(process)

    monkeypatch.setattr(ForkServerProcess, "start", failing)
    assert list(run_shards(FakeWork(), [FakeShard(0, ("a",))], 1, start_method="forkserver")) == [(0, ["a"])]
    failures += [fault] * 20
    with pytest.raises(JobError, match="was killed each time"):
        list(run_shards(FakeWork(), [FakeShard(0, ("a",))], 1, start_method="forkserver"))
