"""Functions in helper processes: whatever ends those is a sentence, and this process goes on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from augkit.apart import Limits, calling, run_apart
from augkit.errors import FileError, OutOfMemory, Unreachable
from support import ends
from support.processes import needs_proc

LIMITS = Limits(cpu_s=20.0, bytes=1 << 28, still_s=20.0)
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are kept by Linux")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_ends(pid: int) -> None:
    limit = time.monotonic() + 10
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_helper_answers_and_is_kept() -> None:
    (two, first), (four, second) = (run_apart("a", LIMITS, ends.doubled, number) for number in (1, 2))
    assert (two, four) == (2, 4)
    assert first == second != os.getpid()


def test_what_a_function_raises_is_raised() -> None:
    with pytest.raises(FileError, match=r"^a\.parquet: must be whole\.$"):
        run_apart("b", LIMITS, ends.refused)
    with pytest.raises(RuntimeError, match="Odd: this and that"):
        run_apart("b", LIMITS, ends.odd)


def test_a_file_is_lent() -> None:
    data = os.urandom(9 << 20)
    assert run_apart("a", LIMITS, ends.last_and_first, io.BytesIO(data), 5) == (len(data), data[-5:], data[:5])
    half = len(data) // 2
    assert run_apart("a", LIMITS, ends.last_and_first, io.BytesIO(data), half)[1:] == (data[-half:], data[:half])


def test_the_fault_of_a_lent_files_disk_is_raised_as_it_is() -> None:
    with pytest.raises(OSError, match="Input/output error") as told:
        run_apart("a", LIMITS, ends.last_and_first, ends.Failing(b"abc"), 2)
    assert told.value.errno == 5
    assert run_apart("b", LIMITS, ends.doubled, 4)[0] == 8


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGILL", "SIGFPE", "SIGBUS"])
def test_a_crash_is_a_sentence(name: str) -> None:
    with pytest.raises(FileError, match=rf"^a\.parquet: must be whole, but crashed .* \({name}\)") as told:
        run_apart("a.parquet", LIMITS, ends.signalled, name)
    assert not isinstance(told.value, Unreachable)
    assert run_apart("b", LIMITS, ends.doubled, 4)[0] == 8


def test_other_ends_are_sentences() -> None:
    with pytest.raises(FileError, match=r"crashed .* \(SIGSEGV\)"):
        run_apart("a", LIMITS, ends.read_null)
    with pytest.raises(FileError, match=r"crashed .* \(exit code 0\)"):
        run_apart("a", LIMITS, ends.left, 0)


@linux
def test_time_is_limited_by_what_is_computed() -> None:
    began = time.monotonic()
    with pytest.raises(FileError, match="must be read within 1 s of computing"):
        run_apart("a", Limits(cpu_s=1.0), ends.spun)
    assert time.monotonic() - began < 15.0
    assert run_apart("a", Limits(cpu_s=1.0), ends.slept, 2.5) == "slept"  # a slow disk is no fault of the file


@linux
def test_a_dead_disk_is_not_the_files_fault() -> None:
    with pytest.raises(Unreachable, match=r"^a: must answer, but did nothing for 1 s"):
        run_apart("a", Limits(still_s=1.0), ends.slept, 60.0)


@linux
def test_memory_is_limited() -> None:
    assert run_apart("a", LIMITS, ends.asked_for, 200 << 20) == 200 << 20
    with pytest.raises(FileError, match=r"^a: must be read in 0\.25 GiB of memory, and asks for more"):
        run_apart("a", LIMITS, ends.asked_for, 3 << 30)


@linux
def test_a_small_machine_is_not_the_files_fault() -> None:
    """Where the system gives less than the limit, nothing is said of the file."""
    code = (
        "import resource, sys; from support import ends; from augkit.apart import *; from augkit.errors import *\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "try: run_apart('a', Limits(bytes=4 << 30), ends.asked_for, 2 << 30)\n"
        "except OutOfMemory as fault: print(fault)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == "a: must be read, but this machine has too little memory for it now. Free some.\n"


@linux
def test_what_earlier_calls_left_is_not_the_files_fault() -> None:
    first = run_apart("a", LIMITS, ends.kept, 200 << 20)
    assert [run_apart("b", LIMITS, ends.kept, 200 << 20) for _ in range(3)] != [first] * 3


def test_a_kill_from_outside_is_not_the_files_fault(tmp_path: Path) -> None:
    assert run_apart("a", LIMITS, ends.killed_once, str(tmp_path / "note")) == "lived"
    with pytest.raises(OutOfMemory, match=r"^a: .* ended 3 times \(SIGKILL\)"):
        run_apart("a", LIMITS, ends.signalled, "SIGKILL")


def test_a_machine_without_room_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "_state", calling._State())
    monkeypatch.setattr(subprocess, "Popen", ends.no_process)
    with pytest.raises(Unreachable, match=r"^a: .* none can be begun: Resource temporarily unavailable"):
        run_apart("a", LIMITS, ends.doubled, 1)


@needs_proc
def test_an_idle_helper_that_was_killed_is_replaced() -> None:
    _, pid = run_apart("a", LIMITS, ends.doubled, 1)
    os.kill(pid, 9)
    assert run_apart("a", LIMITS, ends.doubled, 3)[0] == 6


def test_threads_have_helpers_of_their_own() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: run_apart("a", LIMITS, ends.doubled, number)[0], range(40)))
    assert found == [2 * number for number in range(40)]


@needs_proc
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_helpers_of_its_own() -> None:
    """A fork while another thread asks a helper: both get their answers, and no helper serves two."""
    code = (
        "import os, threading, time; from support import ends; from augkit.apart import *\n"
        "busy = threading.Thread(target=run_apart, args=('a', Limits(), ends.slept, 1.0))\n"
        "busy.start(); time.sleep(0.2)\n"
        "_, ours = run_apart('a', Limits(), ends.doubled, 1)\n"
        "if (child := os.fork()) == 0:\n"
        "    _, theirs = run_apart('a', Limits(), ends.doubled, 1)\n"
        "    os._exit(0 if theirs != ours else 1)\n"
        "print(os.waitpid(child, 0)[1], run_apart('a', Limits(), ends.doubled, 1)[1] == ours)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == "0 True\n"


@needs_proc
@pytest.mark.parametrize("ending", ["sys.exit()", "os.kill(os.getpid(), 9)", "os._exit(0)"])
def test_a_helper_ends_with_its_parent(ending: str) -> None:
    """Also one that is busy, and of a script that has no ``if __name__ == "__main__":``."""
    code = (
        "import os, sys, threading, time; from support import ends; from augkit.apart import *\n"
        "threading.Thread(target=run_apart, args=('a', Limits(), ends.slept, 60.0), daemon=True).start()\n"
        "print(run_apart('a', Limits(), ends.doubled, 1)[1], flush=True)\n"
        "time.sleep(0.3); from augkit.apart import calling\n"
        "print(*[one.process.pid for one in calling._state.all], flush=True)\n"
        f"{ending}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert not done.stderr
    pids = {int(word) for word in done.stdout.split()}
    assert len(pids) == 2
    for pid in pids:
        assert_ends(pid)


def test_an_expendable_process_needs_no_helper() -> None:
    code = (
        "import os; from support import ends; from augkit.apart import *; be_expendable()\n"
        "print(run_apart('a', Limits(), os.getpid) == os.getpid())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == "True\n"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
