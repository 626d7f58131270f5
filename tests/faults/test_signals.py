"""Signals as batch systems, containers and terminals send them: every long command ends, cleanly, and leaves nobody."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from augkit.cli.stopping import AGAIN_S, terminated_as_interrupted
from support.folders import put
from support.processes import AUGKIT, WITH_TESTS, assert_gone, group, needs_proc

pytestmark = [needs_proc, pytest.mark.slow]
MANY = 2000
BUSY_S = 1.5  # that a command and its workers have computed when they are at work


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set that no command gets through in the time that a test takes."""
    root = tmp_path_factory.mktemp("signals") / "src"
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    put(root / "a/first.png", noise)
    (root / "b").mkdir()
    for number in range(MANY):
        os.link(root / "a/first.png", root / "ab"[number % 2] / f"{number}.png")
    return root


LONG = {
    "expand": ("expand", "src", "out", "--pipeline", "six", "--copies", "50", "--workers", "2"),
    "train": ("train", "src", "--out", "out", "--model", "lenet", "--workers", "2", "--pipeline", "six"),
    "fit-pca": ("fit-pca", "src", "-o", "out.yaml"),
    "show": ("show", "src", "--pipeline", "six", "-o", "out.png", "--rows", "100", "--copies", "50"),
}


def busy_s(leader: int) -> float:
    """Return the seconds that all of a group have computed."""
    total = 0
    for pid in group(leader):
        with suppress(OSError):
            user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            total += int(user) + int(system)
    return total / os.sysconf("SC_CLK_TCK")


def at_work(words: Sequence[str], cwd: Path, terminal: int | None = None) -> subprocess.Popen[str]:
    """Return a command that has had the time to get to work, in a session of its own."""
    piped = subprocess.PIPE if terminal is None else terminal

    def own_terminal() -> None:
        if terminal is not None:
            import fcntl
            import termios

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    env = WITH_TESTS | {"OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        [*AUGKIT, *words],
        cwd=cwd,
        env=env,
        text=True,
        start_new_session=True,
        preexec_fn=own_terminal,
        stdin=terminal,
        stdout=piped,
        stderr=piped,
    )
    limit = time.monotonic() + 60
    while running.poll() is None and busy_s(running.pid) < BUSY_S and time.monotonic() < limit:
        time.sleep(0.02)
    assert running.poll() is None, running.communicate()
    return running


def assert_clean(running: subprocess.Popen[str], folder: Path) -> None:
    told = running.communicate(timeout=40)[1]
    assert running.returncode == 130, told
    assert_gone(running.pid)
    if told is not None:
        assert "Traceback" not in told
        assert told.splitlines()[-1].startswith("augkit: interrupted.")
    assert not list(folder.glob(".*")), "a temporary file is left"
    assert not any((folder / "out/.augkit").glob("tmp*"))
    assert not (folder / "out.yaml").exists()


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "src").symlink_to(source)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "number", "everyone"),
    [
        ("expand", "SIGTERM", True),  # Slurm, to all of a step
        ("train", "SIGTERM", True),
        ("fit-pca", "SIGTERM", False),  # Kubernetes, to the first process
        ("show", "SIGHUP", True),
    ],
)
def test_a_signal_ends_a_command(folder: Path, name: str, number: str, everyone: bool) -> None:
    running = at_work(LONG[name], folder)
    (os.killpg if everyone else os.kill)(running.pid, getattr(signal, number))
    if everyone:
        os.killpg(running.pid, signal.SIGTERM)  # systems send more than one
    assert_clean(running, folder)


def test_a_terminal_that_is_closed_ends_a_command(folder: Path) -> None:
    ours, theirs = pty.openpty()
    running = at_work(LONG["expand"], folder, theirs)
    os.close(theirs)
    os.close(ours)
    assert_clean(running, folder)


def test_what_nohup_runs_goes_on(folder: Path) -> None:
    """It does not hear the terminal, and loses no work for what it cannot print any more."""
    (folder / "few/a").mkdir(parents=True)
    for number in range(40):
        os.link(folder / "src/a/0.png", folder / f"few/a/{number}.png")
    ours, theirs = pty.openpty()
    words = ("expand", "few", "out", "--pipeline", "six", "--copies", "40", "--workers", "1")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        running = at_work(words, folder, theirs)
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(theirs)
    os.close(ours)
    running.wait(60)
    assert (folder / "out/.augkit/done.json").exists()
    assert_gone(running.pid)


def test_signals_count_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first one raised may have been lost in a library; those that come with it are the same one."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with terminated_as_interrupted():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        now += AGAIN_S
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert sys.exc_info() == (None, None, None)


def test_an_interruption_while_a_text_is_executed_ends_as_any() -> None:
    """Python would remember it for ever, and end by SIGINT: while modules are imported, dataclasses execute texts."""
    script = (
        "import os, signal, sys\nfrom augkit.cli.stopping import terminated_as_interrupted\n"
        "try:\n    with terminated_as_interrupted():\n"
        "        exec('import os, signal; os.kill(os.getpid(), signal.SIGINT); [0 for _ in range(9)]')\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], env=WITH_TESTS, check=False).returncode == 130


def test_a_thread_that_waits_for_a_dead_disk_keeps_no_command() -> None:
    script = (
        "import sys, threading\nfrom augkit import cli\n"
        "threading.Thread(target=threading.Event().wait).start()\ncli.app = lambda *_, **__: 3\ncli.main()\n"
    )
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", script], env=WITH_TESTS, timeout=60, check=False).returncode == 3
    assert time.monotonic() - began < 30
