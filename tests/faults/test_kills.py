"""Fifty kills, a full disk, too few files, no permission: the command, run again, ends at the undisturbed tree."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from augkit.expand import JobError, Progress, verify
from augkit.storage import durable
from support.faulty_disk import FaultyOS
from support.folders import done, lines, picture, put, tree
from support.processes import AUGKIT, assert_gone, group

KILLS = 50


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kills") / "src"
    for number in range(120):
        put(root / f"c{number % 3}/{number}.png", picture(number, (120, 120, 3)))
    (root / "c0/bad.png").write_bytes(b"no")
    return root


OPTIONS = ["--pipeline", "light", "--copies", "8", "--workers", "2", "--max-rejected", "0.1"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sees processes in /proc, and has none")
def test_fifty_kills_lose_nothing_and_leave_nothing(src: Path, tmp_path: Path) -> None:
    command = [*AUGKIT, "expand", str(src), str(tmp_path / "out"), *OPTIONS]
    subprocess.run([*AUGKIT, "expand", str(src), str(tmp_path / "whole"), *OPTIONS], check=True, capture_output=True)
    rng, kills, ends = random.Random(3), 0, 0
    while kills < KILLS:
        words, quiet = [*command, *["--fresh"] * ends], subprocess.DEVNULL
        running = subprocess.Popen(words, start_new_session=True, stdout=quiet, stderr=quiet)
        ends = 0
        while running.poll() is None and kills < KILLS:
            time.sleep(rng.uniform(0.05, 0.5))
            others = [int(pid) for pid in group(running.pid) if int(pid) != running.pid]
            victim = rng.choice(["worker", "worker", "parent", "group"])
            kills += 1
            if victim == "worker" and others:
                try:
                    os.kill(rng.choice(others), signal.SIGKILL)
                except ProcessLookupError:
                    kills -= 1
            elif victim == "parent":
                running.kill()
            elif victim == "group":
                os.killpg(running.pid, signal.SIGKILL)
        if running.poll() == 0:
            ends = 1  # it ended before it was killed: the next one begins anew
        running.wait(timeout=60)
        assert_gone(running.pid)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert verify(tmp_path / "out").is_sound
    assert not list((tmp_path / "out/.augkit").glob("tmp*"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.EROFS])
def test_what_the_system_refuses_ends_the_job_in_one_sentence(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    done(src, tmp_path / "whole", copies=2, max_rejected=0.1)
    (tmp_path / "place").mkdir()
    for at in (3, 60, 400):
        with monkeypatch.context() as patched:
            faulty = FaultyOS(tmp_path / "place", at=at, how="fails", code=code)
            patched.setattr(durable, "os", faulty)
            with pytest.raises(JobError) as caught:
                done(src, tmp_path / "place/out", copies=2)
            faulty.release()
        assert caught.value.exit_code == 1
        assert os.strerror(code) in str(caught.value)
        assert "the same command goes on" in str(caught.value)
    done(src, tmp_path / "place/out", copies=2, max_rejected=0.1)
    assert tree(tmp_path / "place/out") == tree(tmp_path / "whole")


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ESTALE, errno.ENOMEM])
def test_an_outage_rejects_no_picture(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A network disk that is gone, or a machine that is short of files, says nothing about the pictures."""
    whole = done(src, tmp_path / "whole", copies=2, max_rejected=0.1)
    read, calls = Path.read_bytes, 0

    def read_at_first(path: Path) -> bytes:
        nonlocal calls
        if path.is_relative_to(src):
            calls += 1
            if calls > 50:
                raise OSError(code, os.strerror(code), str(path))
        return read(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", read_at_first)
        with pytest.raises(JobError, match=f"{os.strerror(code)}.*the same command goes on"):
            done(src, tmp_path / "out", copies=2, wait=0)
    again = done(src, tmp_path / "out", copies=2, max_rejected=0.1)
    assert again.reasons == whole.reasons
    assert 0 < again.resumed < whole.planned
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.parametrize("workers", [0, 2])
def test_sources_that_vanish_as_a_whole_reject_no_picture(src: Path, tmp_path: Path, workers: int) -> None:
    shutil.copytree(src, tmp_path / "src")
    done(src, tmp_path / "whole", copies=2, max_rejected=0.1)

    def take_away(progress: Progress) -> None:
        if progress.written and (tmp_path / "src").exists():
            (tmp_path / "src").rename(tmp_path / "away")

    with pytest.raises(JobError, match="the same command goes on"):
        done(tmp_path / "src", tmp_path / "out", copies=2, workers=workers, progress=take_away, wait=0)
    (tmp_path / "away").rename(tmp_path / "src")
    done(tmp_path / "src", tmp_path / "out", copies=2, max_rejected=0.1)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounting needs Linux and root")
def test_a_disk_that_is_full_in_earnest(src: Path, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        command = [*AUGKIT, "expand", str(src), str(place / "out"), *OPTIONS]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-1].startswith("augkit: ")
        assert "No space left on device" in ended.stderr
        assert "Traceback" not in ended.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        assert verify(place / "out").is_sound
        assert len(lines(place / "out")) == 960
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_too_few_open_files(src: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    command = [*AUGKIT, "expand", str(src), str(tmp_path / "out"), *OPTIONS]

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, hard))

    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=few)
    assert ended.returncode in (1, 2), ended.stderr
    assert "Too many open files" in ended.stderr
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert verify(tmp_path / "out").is_sound
