"""Commands of augkit in forks of one process that has imported everything, as each costs an interpreter's start else.

A fork has the exit code, the output and the end of the command itself: it may be killed, and may hang. As a module it
is that process: it reads a command a line and answers a line, both of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LOOK_S = 0.005
LINGER_S = 10.0  # that multiprocessing's tracker of resources and others get to see that all is over
TIMED_OUT = 124


@dataclass(frozen=True)
class Ended:
    """A command's end.

    Args:
        code: its exit code, or the number of the signal that ended it, negated.
        text: what it printed to stderr.
        seconds: it took.
        peak_mb: the most memory that one of its processes held.
        left: processes of its group that lived on, which are killed now.
    """

    code: int
    text: str
    seconds: float
    peak_mb: float
    left: int


def apart(words: Sequence[str], environment: Mapping[str, str], cwd: Path, timeout_s: float) -> Ended:
    """Run a command in an interpreter of its own, as what starts threads or daemons needs."""
    with tempfile.TemporaryFile() as told:
        began = time.monotonic()
        running = subprocess.Popen(
            [sys.executable, "-m", "augkit", *words],
            env={**os.environ, **environment},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            start_new_session=True,
        )
        try:
            code = running.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = TIMED_OUT
        left = _ended_group(running.pid, 0.0 if code == TIMED_OUT else LINGER_S)
        running.wait()
        told.seek(0)
        text = told.read().decode("utf-8", "replace")
        return Ended(code, text, time.monotonic() - began, 0.0, 0 if code == TIMED_OUT else left)


class Forks:
    """A process that runs commands, started with an environment."""

    def __init__(self, environment: Mapping[str, str], imports: Sequence[str] = ("augkit.expand",)) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        self._running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.forks", *imports],
            env={**os.environ, "PYTHONPATH": path, **threads, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object, cwd: Path | None = None, timeout_s: float = 120.0) -> Ended:
        """Run ``augkit`` with words."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        order = {"words": list(map(str, words)), "cwd": str(cwd or Path.cwd()), "timeout_s": timeout_s}
        self._running.stdin.write(json.dumps(order) + "\n")
        self._running.stdin.flush()
        answer = self._running.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process that forks must live, and ended with {self._running.wait()}.")
        return Ended(**json.loads(answer))

    def end(self) -> None:
        """End the process."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.close()
        self._running.wait()
        self._running.stdout.close()


def in_group(leader: int) -> list[int]:
    """Return the processes of a group that run, but for those that wait to be looked after."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = path.read_text("ascii", "replace").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def _ended_group(leader: int, patience_s: float) -> int:
    """Kill the processes of a group that are still there after some seconds; return how many these were."""
    limit = time.monotonic() + patience_s
    while (left := in_group(leader)) and time.monotonic() < limit:
        time.sleep(0.02)
    for process in left:
        with suppress(OSError):
            words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ")
            print(f"process {process} lived on: {words.decode('utf-8', 'replace'):.300}", file=sys.stderr)
    if left:
        os.killpg(leader, signal.SIGKILL)
    return len(left)


def _child(words: Sequence[str], cwd: str, told: int) -> None:
    """Be the command; never return."""
    os.setsid()
    os.chdir(cwd)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, file in enumerate((nothing, nothing, told)):
        os.dup2(file, number)
    from augkit.cli import main

    sys.argv = ["augkit", *words]
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    finally:
        sys.stderr.flush()
        from multiprocessing import resource_tracker, util

        ending: Any = util  # what a process does that ends by itself
        ending._exit_function()
        tracker: Any = resource_tracker._resource_tracker
        if getattr(tracker, "_fd", None) is not None:
            tracker._stop()
    os._exit(code or 0)


def _run(words: Sequence[str], cwd: str, timeout_s: float) -> Ended:
    with tempfile.TemporaryFile() as told:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            try:
                _child(words, cwd, told.fileno())
            finally:
                os._exit(71)
        is_late = False
        while True:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - began > timeout_s:
                is_late = True
                os.killpg(child, signal.SIGABRT)  # faulthandler tells where it hung
                time.sleep(0.2)
                os.killpg(child, signal.SIGKILL)
            time.sleep(LOOK_S)
        seconds, left = time.monotonic() - began, _ended_group(child, LINGER_S)
        told.seek(0)
        code = TIMED_OUT if is_late else os.waitstatus_to_exitcode(status)
        return Ended(code, told.read().decode("utf-8", "replace"), seconds, usage.ru_maxrss / 1024, left)


def main(imports: Sequence[str]) -> None:
    """Run what is asked for, until there is no more."""
    import faulthandler
    from importlib import import_module

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in ("augkit.cli", *imports):
        import_module(name)
    import cv2

    cv2.setNumThreads(1)
    faulthandler.enable()
    for line in sys.stdin:
        order = json.loads(line)
        answers.write(json.dumps(vars(_run(order["words"], order["cwd"], order["timeout_s"]))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
