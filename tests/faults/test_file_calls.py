"""The injector of faults itself: what every rule does to a program that knows nothing of it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.file_calls import KINDS, TROUBLE, FileCalls, Rule, file_calls, library

PROGRAM = """
import os, sys
place = sys.argv[1]
for turn in range(6):
    try:
        with open(f"{place}/a", "rb", buffering=0) as file:
            got = file.read(100)
        with open(f"{place}/new", "wb", buffering=0) as file:
            file.write(b"12345678")
            os.fsync(file.fileno())
        os.replace(f"{place}/new", f"{place}/b")
        size = os.stat(f"{place}/b").st_size
        if "c" not in os.listdir(place):
            os.mkdir(f"{place}/c")
        os.rmdir(f"{place}/c")
        print(len(got), size, ",".join(sorted(os.listdir(place))))
    except OSError as fault:
        print(fault.errno)
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileCalls]:
    try:
        library()
    except RuntimeError as reason:
        pytest.skip(f"{reason}")
    with file_calls(tmp_path_factory.mktemp("schedule")) as found:
        yield found


def lines(calls: FileCalls, place: Path, *rules: Rule, code: int = 0) -> list[str]:
    place.mkdir()
    (place / "a").write_bytes(b"0123456789")
    calls.name({"place": place, "elsewhere": place / "a/b"})
    calls.arm(rules)
    words = [sys.executable, "-S", "-u", "-c", PROGRAM, str(place)]
    ended = subprocess.run(words, env=os.environ | calls.environment, capture_output=True, text=True, check=False)
    calls.disarm()
    assert ended.returncode == code, ended.stderr
    assert len(calls.struck) == len(rules)
    return ended.stdout.splitlines()


WELL = "10 8 a,b"


KINDS_OF_IT = ["open", "read", "write", "sync", "rename", "unlink", "mkdir", "stat", "list", "close"]


@pytest.mark.parametrize("kind", KINDS_OF_IT)
def test_a_call_fails_as_often_as_it_is_told(calls: FileCalls, tmp_path: Path, kind: str) -> None:
    code, met = TROUBLE[KINDS.index(kind)], 3 if kind == "stat" else 1  # Python passes over it where it opens a file
    found = lines(calls, tmp_path / "x", Rule(("place",), (kind,), "fail", code, after=4, calls=met))
    assert found.count(str(code)) == 1
    assert found.count(WELL) == 5
    assert calls.struck == (met,)
    assert calls.calls("place")[kind] >= 5
    assert not calls.calls("elsewhere")


def test_all_calls_fail_for_a_while_and_no_longer(calls: FileCalls, tmp_path: Path) -> None:
    began = time.monotonic()
    slow = Rule(("place",), ("open",), "slow", 0.05)
    found = lines(calls, tmp_path / "x", slow, Rule(("place",), ("list",), "fail", errno.EIO, seconds=0.15))
    assert time.monotonic() - began > 0.3
    assert found[0] == str(errno.EIO)
    assert found[-1] == WELL


def test_bytes_come_up_short(calls: FileCalls, tmp_path: Path) -> None:
    assert lines(calls, tmp_path / "x", Rule(("place",), ("read", "write"), "short", 3, calls=4))[:3] == [
        *("3 3 a,b", "3 3 a,b", WELL)
    ]


def test_a_call_waits_until_the_time_is_over(calls: FileCalls, tmp_path: Path) -> None:
    began = time.monotonic()
    assert lines(calls, tmp_path / "x", Rule(("place",), ("read",), "block", seconds=0.4)) == [WELL] * 6
    assert time.monotonic() - began > 0.4


def test_a_call_is_the_last_one(calls: FileCalls, tmp_path: Path) -> None:
    killed = Rule(("place",), ("rename",), "kill", after=2, calls=1)
    assert lines(calls, tmp_path / "x", killed, code=-signal.SIGKILL) == [WELL] * 2
    assert calls.struck == (1,)


def test_each_second_call_is_met(calls: FileCalls, tmp_path: Path) -> None:
    found = lines(calls, tmp_path / "x", Rule(("place",), ("sync",), "fail", errno.ESTALE, every=2))
    assert found == [str(errno.ESTALE), WELL] * 3
