"""Reads that block, and memory that is short: no time limit and no MemoryError makes a picture a bad one."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from augkit.images import encode
from benchmarks.faults.file_calls import FileCalls, Rule, library
from support.folders import fill, picture, put, tree
from support.processes import AUGKIT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lies below the C library of Linux")
PEAK = """
import sys
from augkit.expand import expand
expand(*sys.argv[1:], "light", 1, workers=0)
print(open("/proc/self/status").read())
"""
OPTIONS = ("--pipeline", "light", "--copies", "2", "--encoding", "png", "--max-rejected", "1")


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("time") / "src", 8)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> FileCalls:
    try:
        compiled = library()
    except RuntimeError as reason:
        pytest.skip(f"{reason}")
    file = tmp_path_factory.mktemp("calls") / "schedule"
    file.touch()
    return FileCalls(file, compiled)


def expanded(src: Path, out: Path, *options: str, calls: FileCalls | None = None, bytes: int = 0) -> tuple[int, str]:
    """Run `expand`; return its exit code and what it said."""

    def little() -> None:
        if bytes:
            resource.setrlimit(resource.RLIMIT_AS, (bytes, bytes))

    command = [*AUGKIT, "expand", str(src), str(out), *OPTIONS, *options]
    environment = os.environ | (calls.environment if calls else {})
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, preexec_fn=little)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def whole(src: Path) -> dict[str, bytes]:
    assert expanded(src, src.parent / "whole", "--workers", "0")[0] == 0
    return tree(src.parent / "whole")


def test_reads_that_block_for_longer_than_the_time_limit_reject_nothing(
    src: Path, whole: dict[str, bytes], tmp_path: Path, calls: FileCalls
) -> None:
    calls.name({"src": src})
    calls.arm((Rule(("src",), ("open", "read"), "block", 60, after=20, seconds=7),))
    code, said = expanded(src, tmp_path / "out", "--workers", "2", "--timeout", "1.5", calls=calls)
    assert sum(calls.struck)
    calls.disarm()
    assert (code, "Rejected" in said) in ((0, False), (1, False)), said
    if code:
        assert "the same command goes on" in said
    assert expanded(src, tmp_path / "out", "--workers", "2")[0] == 0
    assert tree(tmp_path / "out") == whole


def test_too_little_memory_for_a_picture_is_told_and_rejects_nothing(src: Path, tmp_path: Path) -> None:
    large = tmp_path / "src/tulips/large.png"
    put(large, picture(0))
    for path in src.glob("tulips/*.jpg"):
        (large.parent / path.name).write_bytes(path.read_bytes())
    words = [sys.executable, "-c", PEAK, str(tmp_path / "src"), str(tmp_path / "first")]
    peak = next(line for line in subprocess.check_output(words, text=True).splitlines() if line.startswith("VmPeak"))
    large.write_bytes(encode(np.zeros((9000, 9000, 3), np.uint8), "png"))
    for workers in ("0", "1"):
        out = tmp_path / workers
        code, said = expanded(
            tmp_path / "src", out, "--workers", workers, bytes=int(peak.split()[1]) * 1024 + (200 << 20)
        )
        assert code == 1, said
        assert re.search(r"large\.png: must get the memory.*Nothing was rejected.*the same command goes on", said), said
