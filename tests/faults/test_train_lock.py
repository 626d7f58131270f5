"""One training at a time writes to a run's folder, and one that was killed keeps no other out."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from augkit.errors import FileError
from augkit.storage import durable
from augkit.train import train
from support import trainings
from support.trainings import settings

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks on folders")


def test_a_second_training_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    wanted = settings(trainings.fill(tmp_path / "pictures", each=8), tmp_path / "run", epochs=20, batch_size=2)
    words = [sys.executable, "-m", "augkit", "train", *wanted.words()]
    first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first.poll() is None and not (tmp_path / "run/log.jsonl").exists():
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)  # it will not end before the second one comes
    with pytest.raises(FileError, match="run: must be written by one training at a time, got a second one") as caught:
        train(wanted)
    with pytest.raises(FileError, match="by one training at a time"):
        train(wanted, fresh=True)
    assert caught.value.exit_code == 2
    first.kill()
    assert first.wait() == -signal.SIGKILL
    assert train(wanted).epochs == 20


def test_where_there_are_no_locks_it_trains_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    wanted = settings(trainings.fill(tmp_path / "pictures", each=8), tmp_path / "run", epochs=1)

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    train(wanted)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    pictures = trainings.fill(tmp_path / "pictures", each=8)
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file/run"):
        with pytest.raises(FileError, match=r"file(/run)?: must be a folder that can be written to, got: "):
            train(settings(pictures, out, epochs=1))


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    with durable.held(str(tmp_path)), pytest.raises(BlockingIOError), durable.held(str(tmp_path)):
        pass
    with durable.held(str(tmp_path)):
        pass
    with durable.held(str(tmp_path), is_shared=True), durable.held(str(tmp_path), is_shared=True):
        pass
