"""`augkit expand` as a user lives with it: terminals, other signals than Ctrl-C, a second run, pipelines of classes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from augkit.expand import verify
from augkit.images import decode
from support.commands import augkit
from support.folders import done, fill, lines, picture, put, tree
from support.processes import AUGKIT, assert_gone, group, needs_proc

COMMAND = ["--pipeline", "light", "--copies", "20", "--workers", "2"]


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("command") / "src"
    for number in range(60):
        put(root / f"c{number % 3}/{number}.png", picture(number, (200, 200, 3)))
    (root / "c0/0.png").write_bytes(b"no")
    return root


@pytest.fixture(scope="module")
def whole(src: Path) -> dict[str, bytes]:
    done(src, src.parent / "whole", pipeline="light", copies=20, max_rejected=1.0)
    return tree(src.parent / "whole")


def begun(src: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """Return an expansion that has published something, in a process group of its own."""
    running = subprocess.Popen(
        [*AUGKIT, "expand", str(src), str(out), *COMMAND, "--max-rejected", "1", *options],
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    markers, limit = out / ".augkit/shards", time.monotonic() + 60
    while not (markers.is_dir() and any(markers.iterdir())) and time.monotonic() < limit:
        time.sleep(0.005)
    return running


@pytest.mark.slow
@needs_proc
def test_a_batch_systems_end_is_as_clean_as_ctrl_c(src: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    running = begun(src, tmp_path / "out")
    running.terminate()
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert "The same command goes on from here" in told
    assert_gone(running.pid)
    assert not (tmp_path / "out/.augkit/tmp").exists()
    augkit("expand", src, tmp_path / "out", *COMMAND, "--max-rejected", 1)
    assert tree(tmp_path / "out") == whole


def stopped_until_it_ends(running: subprocess.Popen[str], worker: int) -> str:
    """Stop a worker while it makes pictures, and return what the expansion says.

    To one that starts or publishes minutes are allowed: if it was stopped there, it goes on for a little.
    """
    for _ in range(10):
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGSTOP)
        try:
            return running.communicate(timeout=15)[0]
        except subprocess.TimeoutExpired:
            os.kill(worker, signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the worker stands still, and nobody notices")


@pytest.mark.slow
@needs_proc
def test_a_worker_that_stands_still_costs_no_picture(src: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    running = begun(src, tmp_path / "out", "--timeout", "2", "--json")
    (worker, *_) = [pid for pid in group(running.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    told = stopped_until_it_ends(running, int(worker))
    assert running.returncode == 0
    assert json.loads(told)["rejected"] == 20  # of the file that is no picture
    assert_gone(running.pid)
    assert tree(tmp_path / "out") == whole


@pytest.mark.slow
@needs_proc
def test_a_second_run_is_refused_and_the_first_is_not_disturbed(
    src: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    running = begun(src, tmp_path / "out")
    os.killpg(running.pid, signal.SIGSTOP)  # so that it is not over before it could be disturbed
    for options in ([], ["--fresh"], ["--shards", "0/2"]):
        ended = augkit("expand", src, tmp_path / "out", *COMMAND, *options, code=1)
        assert "must be written by one run at a time" in ended.stderr
    os.killpg(running.pid, signal.SIGCONT)
    running.communicate(timeout=100)
    assert running.returncode == 0
    assert tree(tmp_path / "out") == whole


ON_A_TERMINAL = """
import os, pty, sys
pid, end = pty.fork()
if pid == 0:
    os.environ |= {"TERM": "xterm", "COLUMNS": "120"}
    os.execv(sys.executable, [sys.executable, "-m", "augkit", *sys.argv[1:]])
shown = b""
try:
    while data := os.read(end, 4096):
        shown += data
except OSError:  # Linux's way to say that the other end is closed
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_a_terminal_shows_how_far_it_is(src: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ON_A_TERMINAL, "expand", str(src), str(tmp_path / "out"), *COMMAND]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stdout  # one of sixty is no picture
    assert "1,200 planned = 1,180 written + 20 rejected" in ended.stdout
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ended.stdout)
    shown = re.findall(
        r"(\d+)/1200 outputs, ([\d,]+) rejected, ([\d,]+) a second (?:\d+|-):(?:\d\d|--):(?:\d\d|--)", plain
    )
    assert shown
    counted = [int(done) for done, *_ in shown]
    assert counted == sorted(counted)
    assert shown[-1][1] == "20"


def test_what_was_done_before_says_nothing_of_the_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from augkit.cli import progress

    now = 0.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)  # type: ignore[attr-defined]
    with progress.progress_shown() as show:
        for done in (900_000, 900_200, 900_600):  # in every ten seconds
            show(done, 1_000_000, "")
            now += 10.0
    assert capsys.readouterr().err == (
        "900,200 of 1,000,000, 20 a second, 4,990 s left\n900,600 of 1,000,000, 30 a second, 3,313 s left\n"
    )


def test_other_work_has_a_rate_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from augkit.cli import progress

    now = 0.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)  # type: ignore[attr-defined]
    with progress.progress_shown() as show:
        for done, total in ((0, 100), (100, 100), (0, 100), (50, 100), (0, 40), (10, 40)):  # in every ten seconds
            show(done, total, "")
            now += 10.0
    assert [line.partition(" left")[0] for line in capsys.readouterr().err.splitlines()] == [
        "100 of 100, 10 a second, 0 s", "50 of 100, 5 a second, 10 s", "10 of 40, 1 a second, 30 s"
    ]  # fmt: skip


def test_a_rate_of_no_time_is_not_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Work that began a moment ago, long after other work, has none."""
    from augkit.cli import progress

    now = 0.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)  # type: ignore[attr-defined]
    with progress.progress_shown() as show:
        now = 60.0
        for done in range(3):
            show(done, 1000, "")
            now += 1e-5
        assert capsys.readouterr().err == ""
        now += 2.0
        show(400, 1000, "")
    assert capsys.readouterr().err == "400 of 1,000, 200 a second, 3 s left\n"


@pytest.mark.parametrize("quiet", [5.0, 0.0])
def test_elsewhere_there_are_plain_lines(
    src: Path, tmp_path: Path, quiet: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from augkit.cli import progress

    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", quiet)
    monkeypatch.setattr(progress, "LEAST_SECONDS", quiet)
    monkeypatch.setattr(sys, "argv", ["augkit", "expand", str(src), str(tmp_path / "out"), "--json"])
    sys.argv += ["--pipeline", "identity", "--copies", "2", "--workers", "0", "--max-rejected", "1"]
    from augkit.cli import main

    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    told = capsys.readouterr()
    assert json.loads(told.out)["planned"] == 120
    of_progress = [line for line in told.err.splitlines() if " of 120 " in line]
    assert bool(of_progress) == (not quiet)
    for line in of_progress:
        assert re.fullmatch(r"\d+ of 120 outputs, \d rejected, [\d,]+ a second, [\d,]+ s left", line), line


def test_a_class_has_a_pipeline_of_its_own(tmp_path: Path) -> None:
    src, out = fill(tmp_path / "src"), tmp_path / "out"
    (tmp_path / "mirrored.yaml").write_text("steps:\n  - Mirror\n")
    options = ("--copies", 1, "--encoding", "png", "--workers", 0)
    asked = ("--pipeline", "identity", "--pipeline-for", f"tulips={tmp_path / 'mirrored.yaml'}")
    augkit("expand", src, out, *options, *asked)
    for entry in lines(out):
        before, after = (decode(path.read_bytes()).image for path in (src / entry["source"], out / entry["id"]))
        assert np.array_equal(after, before[:, ::-1] if entry["class"] == "tulips" else before)
    assert verify(out).is_sound
    changed = augkit("expand", src, out, *options, "--pipeline", "identity", code=2).stderr
    assert "pipelines_for.tulips must be" in changed
    for wrong in ("tulips", "=identity", "tulips="):
        told = augkit("expand", src, out, *options, *asked[:2], "--pipeline-for", wrong, code=2).stderr
        assert told == f"augkit: --pipeline-for: must be CLASS=FILE, got {wrong!r}.\n"
    told = augkit("expand", src, out, *options, *asked[:2], "--shards", "3", code=2).stderr
    assert told == "augkit: --shards: must be I/N, such as 0/3, got '3'.\n"
