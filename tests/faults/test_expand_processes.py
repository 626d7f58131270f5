"""Worker processes: what they are told, and what their parent's process keeps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from augkit.expand.engines.processes import run_shards
from support.folders import fill
from support.processes import TESTS
from support.workers import FakeShard, Telling

SCRIPT = """
from augkit.expand import expand
from augkit.transforms.geometry import Mirror
from augkit.pipeline import Pipeline

expand({src!r}, {out!r}, Pipeline([Mirror()]), 1, workers=2)
"""


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_workers_are_told_and_their_parent_stays_as_it_is(monkeypatch: pytest.MonkeyPatch, start_method: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    told = []
    for result in run_shards(Telling(), [FakeShard(number, ()) for number in range(8)], 2, start_method=start_method):
        assert dict(os.environ) == before
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        told.append(result)
    assert dict(os.environ) == before
    assert len(told) == 8
    for pid, threads, blocked in told:
        assert pid != os.getpid()
        assert set(threads) == {1}
        assert signal.SIGINT in blocked


def test_a_script_without_its_guard_is_told_so_once(tmp_path: Path) -> None:
    text = SCRIPT.format(src=str(fill(tmp_path / "src")), out=str(tmp_path / "out"))
    (tmp_path / "script.py").write_text(text)
    ended = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.count("Traceback") == 1  # the script's own
    assert 'call expand() below `if __name__ == "__main__":`' in ended.stderr.splitlines()[-1]


def test_a_script_with_its_guard_works(tmp_path: Path) -> None:
    text = SCRIPT.format(src=str(fill(tmp_path / "src")), out=str(tmp_path / "out"))
    (tmp_path / "script.py").write_text(text.replace("\nexpand(", '\nif __name__ == "__main__":\n    expand('))
    subprocess.run([sys.executable, tmp_path / "script.py"], check=True, timeout=60)
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 24


KILLED = """
import os, signal
from augkit.expand.engines.processes import run_shards
from support.workers import FakeShard, Late

if __name__ == "__main__":
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    list(run_shards(Late(os.getpid()), [FakeShard(0, ())], 1))
"""


def test_a_worker_whose_parent_was_killed_while_it_began_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(KILLED)
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    words = [sys.executable, str(tmp_path / "script.py")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": paths})
    assert ended.returncode == -signal.SIGKILL
    assert ended.stderr == ""  # whose end the worker's own copy of the pipe has waited for
