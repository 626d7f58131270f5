"""The command in processes of its own, and who is left in their group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent  # on the path of a process that imports what the tests share
AUGKIT = (sys.executable, "-m", "augkit")
WITH_TESTS = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}


PRIVATE = ("unshare", "--user", "--map-root-user", "--mount")  # file systems of one's own

needs_small_memory = pytest.mark.skipif(
    sys.platform != "linux" or subprocess.run([*PRIVATE, "true"], capture_output=True, check=False).returncode != 0,
    reason="only Linux has /dev/shm, and this one lets nobody mount a small one",
)
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sees processes in /proc, and has none")


def hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell runs in the background ignores Ctrl-C, and its children


def group(leader: int) -> list[str]:
    """Return the state of every process left in a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == leader and state != "Z":
            found.append(path.parent.name)
    return found


def assert_gone(pid: int) -> None:
    """Assert that no worker waits for ever; multiprocessing's resource tracker sees a moment later that all is over."""
    limit = time.monotonic() + 10
    while group(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not group(pid)


def in_small_memory(size: str, *words: str) -> str:
    """Run a command where /dev/shm holds `size`; return what it prints."""
    mount = f"mount -t tmpfs -o size={size} none /dev/shm"
    shell = [*PRIVATE, "sh", "-c", f'{mount} && exec "$@" 2>&1', "sh", *words]
    ended = subprocess.run(shell, env=WITH_TESTS, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout
