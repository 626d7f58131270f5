"""A training that is stopped anywhere and begun again ends with the same weights, to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import ArgumentError
from augkit.train import TrainConfig
from augkit.train.batches.stream import draws_of
from augkit.train.loop.checkpoint import Checkpoints
from augkit.train.loop.training_loop import State
from augkit.train.train_errors import Unwritten
from support import trainings
from support.tiny_backbone import NAME
from support.trainings import Stopped, assert_same_weights, fitted, prepared, settings

pytestmark = pytest.mark.slow  # dozens of trainings, stopped and begun again
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("resume"), each=8)


SCRATCH: dict[str, Any] = {"pipeline": "digits", "ema": 0.9, "batch_size": 5, "checkpoint_every": 2}
TRANSFER: dict[str, Any] = {
    "model": NAME, "epochs": 2, "unfreeze": 1, "pipeline": "digits", "views": 2, "ema": 0.9, "batch_size": 6,
    "checkpoint_every": 1, "optimizer": "sgd", "smoothing": 0.1, "clip": 1.0, "class_weights": "auto",
}  # fmt: skip


@dataclass(frozen=True)
class Whole:
    """A training that nobody stopped: its folder, its state at the end and its weights."""

    out: Path
    state: State
    weights: dict[str, Any]

    @classmethod
    def of(cls, wanted: TrainConfig) -> Whole:
        state, weights = fitted(wanted)
        return cls(Path(wanted.out), state, weights)


@pytest.fixture(scope="module")
def whole(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Return the usual training from scratch, done once for all that end as it does."""
    return Whole.of(settings(pictures, tmp_path_factory.mktemp("whole") / "run", **SCRATCH))


def assert_resumes(wanted: TrainConfig, whole: Whole, stops: list[int]) -> None:
    """Stopped after so many steps, again and again, a training ends as `whole` does that nobody stops."""
    for stop in stops:
        with pytest.raises(Stopped):
            fitted(wanted, stop_after=stop)
    resumed, found = fitted(wanted)
    assert_same_weights(found, whole.weights)
    assert resumed == whole.state
    for name in ("log.jsonl", "log.csv"):
        assert Path(wanted.out, name).read_bytes() == (whole.out / name).read_bytes()


@pytest.mark.parametrize("stop", range(1, 9))
def test_stopped_after_any_step(pictures: Path, tmp_path: Path, whole: Whole, stop: int) -> None:
    assert_resumes(settings(pictures, tmp_path / "stopped", **SCRATCH), whole, [stop])


def test_stopped_again_and_again(pictures: Path, tmp_path: Path, whole: Whole) -> None:
    assert_resumes(settings(pictures, tmp_path / "stopped", **SCRATCH), whole, [3] * 3)


def test_a_run_of_another_augkit_of_the_same_law_goes_on(pictures: Path, tmp_path: Path, whole: Whole) -> None:
    """Its version stands in the books; other versions of what decides the weights are refused."""
    wanted = settings(pictures, tmp_path / "begun", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=5)
    books = Path(wanted.out, "settings.json")
    content = json.loads(books.read_text())
    content["deciding"]["versions"]["augkit"] = "0.1.0"
    books.write_text(json.dumps(content))
    resumed, found = fitted(wanted)
    assert_same_weights(found, whole.weights)
    assert resumed == whole.state
    content["deciding"]["versions"]["numpy"] = "1.0"
    books.write_text(json.dumps(content))
    with pytest.raises(ArgumentError, match=r'versions\.numpy must be "1\.0"'):
        fitted(wanted)


def test_stopped_across_the_unfreezing(pictures: Path, tmp_path: Path) -> None:
    """With dropout, a mean of the weights, momentum and cached views."""
    weights = trainings.weights_file(tmp_path / "w.pt", NAME)
    names = ("stopped", "whole")
    wanted, whole = (settings(pictures, tmp_path / name, weights=weights, **TRANSFER) for name in names)
    assert_resumes(wanted, Whole.of(whole), [1, 1, 2, 1, 1])


def test_workers_change_nothing(pictures: Path, tmp_path: Path, whole: Whole) -> None:
    """Two workers, stopped in the middle of an epoch, end as none does that nobody stops."""
    assert_resumes(settings(pictures, tmp_path / "stopped", workers=2, **SCRATCH), whole, [5])


def test_workers_change_nothing_across_the_unfreezing(pictures: Path, tmp_path: Path) -> None:
    """Of a mean of the weights either: stopped before it, in its first step and after, two workers end as none."""
    options = TRANSFER | {"weights": trainings.weights_file(tmp_path / "w.pt", NAME)}
    wanted, whole = (settings(pictures, tmp_path / str(count), workers=count, **options) for count in (2, 0))
    steps = len(draws_of(len(prepared(wanted).truths["train"]), wanted.batch_size, 0, 0))
    assert_resumes(wanted, Whole.of(whole), [2 * steps - 1, 2, 1])


def test_killed(pictures: Path, tmp_path: Path) -> None:
    """A process that is killed at some moment goes on when the same command is given again."""
    options = {"epochs": 60, "ema": 0.9, "batch_size": 4, "patience": 0}
    whole = settings(pictures, tmp_path / "whole", **options)
    _, expected = fitted(whole)
    out = tmp_path / "killed"
    words = [sys.executable, "-m", "augkit", "train", *settings(pictures, out, checkpoint_every=1, **options).words()]
    for _ in range(2):
        before = _written_at(out)
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and _written_at(out) == before:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (out / "model.safetensors").exists()  # in the middle of it
    _, found = fitted(settings(pictures, out, **options))
    assert_same_weights(found, expected)


def _written_at(out: Path) -> int:
    """Return when the last checkpoint was written, in nanoseconds, 0 where there is none."""
    last = out / "checkpoints" / "last.pt"
    return last.stat().st_mtime_ns if last.exists() else 0


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_checkpoint_cut_short_falls_back(pictures: Path, tmp_path: Path, whole: Whole, kept: int) -> None:
    wanted = settings(pictures, tmp_path / "stopped", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=7)
    last = Path(wanted.out, "checkpoints", "last.pt")
    last.write_bytes(last.read_bytes()[:kept])
    told: list[str] = []
    _, found = fitted(wanted, told=told)
    assert_same_weights(found, whole.weights)
    assert any("goes on from the checkpoint before it" in sentence for sentence in told)


@pytest.mark.parametrize("names", [["last", "previous"], ["best"]])
def test_with_no_checkpoint_that_is_whole_it_begins_again(
    pictures: Path, tmp_path: Path, whole: Whole, names: list[str]
) -> None:
    wanted = settings(pictures, tmp_path / "stopped", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=8)
    for name in names:
        file = Path(wanted.out, "checkpoints", f"{name}.pt")
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    told: list[str] = []
    _, found = fitted(wanted, told=told)
    assert_same_weights(found, whole.weights)
    assert any("begins again" in sentence for sentence in told)


@pytest.mark.parametrize("before", [0, 1, 2, 3])
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_loses_nothing(
    pictures: Path, tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch, call: str, before: int
) -> None:
    """Wherever the disk is full, one sentence says so, and the same settings go on later."""
    wanted = settings(pictures, tmp_path / "full", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=4)
    real, calls = getattr(os, call), 0

    def full(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > before:
            raise OSError(28, "No space left on device")
        return real(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(Unwritten, match=r"No space left on device. Nothing is lost: make room") as caught:
            fitted(wanted)
    assert caught.value.exit_code == 1
    state, found = fitted(wanted)
    assert_same_weights(found, whole.weights)
    assert state == whole.state


CALLS = ("open", "write", "fsync", "replace")


def _call_or_die(real: Callable[..., Any], left: Iterator[int], *args: Any, **more: Any) -> Any:
    if next(left, None) is None:
        raise Stopped
    return real(*args, **more)


def test_a_checkpoint_is_whole_or_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever call of the file system is the last one, what is loaded is one of the two states."""
    for last in range(30):
        checkpoints = Checkpoints(tmp_path / str(last), lambda _: None)
        checkpoints.save({"network": {}, "state": {"best_epoch": -1, "step": 1}})
        with monkeypatch.context() as patch:
            left = iter(range(last))
            for name in CALLS:
                patch.setattr(os, name, partial(_call_or_die, getattr(os, name), left))
            try:
                checkpoints.save({"network": {}, "state": {"best_epoch": -1, "step": 2}})
                is_done = True
            except Stopped:
                is_done = False
        content = checkpoints.load()
        assert content is not None
        assert content["state"]["step"] in ((2,) if is_done else (1, 2))
        if is_done:
            return
    raise AssertionError("30 calls were not enough")
