"""The commands as a shell sees them: what they print, their exit codes, and how they end when they are ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from augkit.compiled import missing
from augkit.images import decode
from support.commands import augkit
from support.folders import fill, lines, outputs, picture, put
from support.processes import AUGKIT, assert_gone, group, hear_interrupts, needs_proc


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return fill(tmp_path / "src")


def test_expand_verify_replay(src: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out", tmp_path / "again.jpg"
    (src / "notes.bin").write_text("x")
    ended = augkit("expand", src, out, "--pipeline", "light", "--copies", 2, "--workers", 0)
    assert ended.stdout.startswith("24 pictures: 48 planned = 48 written + 0 rejected")
    assert "Left out: no picture by its name (1)." in ended.stderr
    assert augkit("verify", out).stdout.endswith("48 files checked, all is as it was written.\n")
    id = lines(out)[3]["id"]
    assert "identical" in augkit("replay", out, id, "-o", again).stdout
    assert again.read_bytes() == (out / id).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.jpg", "out", "src"]
    assert "Did you mean" in augkit("replay", out, id + "x", "-o", again, code=2).stderr
    (out / id).unlink()
    assert f"missing {id}\n" in augkit("verify", out, code=1).stdout
    augkit("verify", src, code=2)


def test_json_is_all_that_is_printed(src: Path, tmp_path: Path) -> None:
    for id in ("g.jpg", "h.jpg"):
        put(src / "roses" / id, picture(0, (20, 20)))
    arguments = ("expand", src, tmp_path / "out", "--pipeline", "six", "--copies", 2, "--workers", 1, "--json")
    ended = augkit(*arguments, code=1)  # 2 of 26 rejected
    summary = json.loads(ended.stdout)
    counts = {name: summary[name] for name in ("sources", "planned", "written", "rejected", "copied")}
    assert counts == {"sources": 26, "planned": 52, "written": 48, "rejected": 4, "copied": 0}
    assert summary["seconds"] > 0
    assert "--max-rejected 0.01" in ended.stderr


def test_a_reason_is_told_once(src: Path, tmp_path: Path) -> None:
    for id in ("g.jpg", "h.jpg"):
        put(src / "roses" / id, picture(0, (20, 20)))
    arguments = ("--pipeline", "six", "--copies", 2, "--workers", 0, "--max-rejected", 0.1)
    ended = augkit("expand", src, tmp_path / "out", *arguments)
    assert ended.stderr.count("must get an RGB picture") == 1
    assert "Rejected 4 outputs: " in ended.stderr


def test_refusals_are_one_sentence(src: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("")
    for source, out, *options in (
        (tmp_path / "empty", tmp_path / "out"),
        (tmp_path / "nowhere", tmp_path / "out"),
        (src, src / "out"),
        ("", tmp_path / "out"),
        (src, ""),
        (src, tmp_path / "full"),
        (src, tmp_path / "out", "--encoding", "gif"),
        (src, tmp_path / "out", "--encoding", "png", "--quality", 0),
        (src, tmp_path / "out", "--pipeline", "nosuch"),
    ):
        ended = augkit(
            "expand",
            source,
            out,
            "--copies",
            1,
            *(options or ("--pipeline", "six")),
            *(("--pipeline", "six") if "--encoding" in options else ()),
            code=2,
        )
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.startswith("augkit: ")
    assert not (tmp_path / "out").exists()
    augkit("expand", src, tmp_path / "out", "--pipeline", "six", code=2)  # without --copies


def started(src: Path, out: Path, copies: int = 40) -> subprocess.Popen[str]:
    """Return a long expansion that has published something, in a process group of its own."""
    arguments = ["expand", src, out, "--pipeline", "light", "--copies", copies, "--workers", 2]
    running = subprocess.Popen(
        [*AUGKIT, *map(str, arguments)],
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )
    markers, limit = out / ".augkit/shards", time.monotonic() + 30
    while not (markers.is_dir() and any(markers.iterdir())) and time.monotonic() < limit:
        time.sleep(0.005)
    return running


def assert_whole(out: Path) -> None:
    """Assert that every file under a final name is a whole picture, and that some shard is missing."""
    left = outputs(out)
    assert left
    for data in left.values():
        decode(data)
    assert not (out / ".augkit/done.json").exists()
    assert "unfinished" in augkit("verify", out, code=1).stdout


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(400):
        put(tmp_path / f"src/c{number % 3}/{number}.png", picture(number, (200, 200, 3)))
    return tmp_path / "src"


@pytest.mark.slow
@needs_proc
def test_a_killed_parent_leaves_no_half_picture(many: Path, tmp_path: Path) -> None:
    running = started(many, tmp_path / "out")
    running.kill()
    running.communicate()
    assert_gone(running.pid)
    assert_whole(tmp_path / "out")


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("everyone", [False, True])
def test_an_interruption_ends_cleanly(many: Path, tmp_path: Path, everyone: bool) -> None:
    running = started(many, tmp_path / "out")
    (os.killpg if everyone else os.kill)(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 130, told
    *before, last = told.splitlines()
    assert "interrupted" in last
    # Progress, on a busy machine; and that there is no library in C, where there is none.
    assert all(" a second, " in line or line == missing for line in before), told
    assert_gone(running.pid)
    assert not (tmp_path / "out/.augkit/tmp").exists()
    assert_whole(tmp_path / "out")


@pytest.mark.slow
@needs_proc
def test_a_killed_worker_is_replaced(many: Path, tmp_path: Path) -> None:
    running = started(many, tmp_path / "out", copies=5)
    workers = [pid for pid in group(running.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(workers[0]), signal.SIGKILL)
    told, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "2,000 planned = 2,000 written + 0 rejected" in told
    assert_gone(running.pid)
