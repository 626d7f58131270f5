"""Outages around a training and a prediction: waited for, or told with exit code 1; never a picture left out."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from augkit.errors import FileError, OutOfMemory, Unreachable
from augkit.storage import patience
from augkit.train import predict, train
from augkit.train.features.feature_packs import Kept
from augkit.train.loop import training_loop
from augkit.train.loop.checkpoint import Checkpoints
from augkit.train.parts import survey
from augkit.train.parts.parts import divide
from augkit.train.run_folder import law_of
from augkit.train.trainer import begin
from support import trainings
from support.trainings import Stopped, assert_same_weights, fitted, prepared, settings

SCRATCH = {"epochs": 2, "batch_size": 8, "pipeline": "digits", "checkpoint_seconds": 0.0}
NUMBERS = (
    *(
        "EIO",
        "EACCES",
        "EPERM",
        "ENOENT",
        "ENOTDIR",
        "EKEYEXPIRED",
        "ESTALE",
        "ETIMEDOUT",
        "EMFILE",
        "EAGAIN",
    ),
    *("EREMOTEIO", "ENOTCONN", "EHOSTDOWN", "ENETUNREACH", "ECONNRESET", "ENODEV", "ENXIO", "EBUSY", "EINTR"),
)


@contextmanager
def away(place: Path, number: int = errno.EIO, calls: int = 10**9) -> Iterator[list[str]]:
    """Let the next calls that look at files below a place fail; give a list of what they were."""
    failed, opened, stat = list[str](), io.open, os.stat
    lock = threading.Lock()

    def check(path: Any) -> None:
        with lock:
            if str(path).startswith(str(place)) and len(failed) < calls:
                failed.append(str(path))
                raise OSError(number, os.strerror(number), str(path))

    def failing_open(file: Any, *args: Any, **options: Any) -> Any:
        check(file)
        return opened(file, *args, **options)

    def failing_stat(path: Any, *args: Any, **options: Any) -> Any:
        check(path)
        return stat(path, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", failing_open)
        patch.setattr(os, "stat", failing_stat)
        yield failed


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("outages") / "pictures", each=8)


@pytest.mark.parametrize("name", [name for name in NUMBERS if hasattr(errno, name)])
def test_no_outage_leaves_a_picture_out(pictures: Path, name: str) -> None:
    from augkit.datasets import read

    parts, number = divide(read(str(pictures))), getattr(errno, name)
    whole = survey.survey(parts, 1.0, lambda *_: None)
    with away(pictures, number) as failed, pytest.raises(Unreachable) as caught:
        survey.survey(parts, 1.0, lambda *_: None)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert failed
    with away(pictures, number, calls=9):
        assert survey.survey(parts, 1.0, lambda *_: None, wait_s=60.0) == whole


@pytest.mark.parametrize("workers", [0, 1])
def test_a_training_goes_on_after_an_outage(pictures: Path, tmp_path: Path, workers: int) -> None:
    """With workers they meet it as it is there: the outage is a folder of another name."""
    _, whole = fitted(settings(pictures, tmp_path / "whole", **SCRATCH))
    wanted = settings(pictures, tmp_path / "run", **SCRATCH, workers=workers, wait=0.0)
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    (tmp_path / "run").mkdir()
    hidden = pictures.with_name("hidden")
    ready = prepared(wanted)
    pictures.rename(hidden)
    training, _ = begin(ready)
    with pytest.raises(Unreachable) as caught:
        training_loop.fit(training)
    assert caught.value.exit_code == 1
    assert "Traceback" not in str(caught.value)
    patient = wanted.replaced(wait=60.0)
    threading.Timer(0.5, hidden.rename, (pictures,)).start()
    training, evaluators = begin(trainings.replaced_wait(ready, patient))
    training_loop.fit(training)
    evaluators["train"].stream.pool.close()
    found = {"network": training.network.state_dict(), "average": training.average.state_dict()}
    assert_same_weights(found | {"best": training.checkpoints.best_state()}, whole)


def test_a_checkpoint_that_cannot_be_read_now_is_not_lost(pictures: Path, tmp_path: Path) -> None:
    """Else all that was learnt would be learnt again, and written over it."""
    _, whole = fitted(settings(pictures, tmp_path / "whole", **SCRATCH))
    wanted = settings(pictures, tmp_path / "run", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=5)
    before = (tmp_path / "run/checkpoints/last.pt").read_bytes()
    for name in ("last.pt", "best.pt"):
        with away(tmp_path / "run/checkpoints" / name), pytest.raises(Unreachable, match=name) as caught:
            fitted(wanted)
        assert caught.value.exit_code == 1
        assert "Nothing is lost: run the same command again" in str(caught.value)
    assert (tmp_path / "run/checkpoints/last.pt").read_bytes() == before
    told: list[str] = []
    assert_same_weights(fitted(wanted, told=told)[1], whole)
    assert not told


def test_a_run_that_cannot_be_read_now_is_told(pictures: Path, tmp_path: Path) -> None:
    wanted = settings(pictures, tmp_path / "run", **SCRATCH)
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=5)
    with away(tmp_path / "run"), pytest.raises(Unreachable) as caught:
        train(wanted)
    assert caught.value.exit_code == 1


def test_features_that_go_away_are_told(tmp_path: Path) -> None:
    """A file that is mapped would kill the process, where its disk is gone or it was cut."""
    import numpy as np

    path, rows = tmp_path / "rows.npy", torch.arange(12.0).reshape(4, 3)
    np.save(path, rows.numpy())
    kept = Kept(path)
    assert torch.equal(kept.at([3, 0, 3]), rows[[3, 0, 3]])
    os.truncate(path, path.stat().st_size - 6)
    assert torch.equal(kept.at([2]), rows[[2]])
    with pytest.raises(Unreachable, match="must be as long as it was written"):
        kept.at([3])


def test_want_of_memory_is_told(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is met while a picture is decoded or in a step, of Python's kind or of torch's."""
    wanted = settings(pictures, tmp_path / "run", **SCRATCH)

    def none(*_: object, **__: object) -> None:
        raise MemoryError

    def none_of_torch(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    for module, name, fault in (
        (survey, "apart", none),
        (training_loop, "_step", none),
        (training_loop, "_step", none_of_torch),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, fault)
            with pytest.raises(OutOfMemory) as caught:
                train(wanted)
        assert caught.value.exit_code == 1
    assert train(wanted).rejected == 0


def test_a_prediction_passes_over_no_outage(pictures: Path, tmp_path: Path) -> None:
    train(settings(pictures, tmp_path / "run", epochs=1))
    whole = [row.answers.tolist() for row in predict(tmp_path / "run", str(pictures)) if row.answers is not None]
    assert len(whole) == 24
    rows = predict(tmp_path / "run", str(pictures), batch_size=8)
    next(rows)
    with away(pictures), pytest.raises(Unreachable) as caught:
        list(rows)
    assert caught.value.exit_code == 1
    single = pictures / "plain/000.png"
    with away(single, errno.EACCES), pytest.raises(Unreachable):
        list(predict(tmp_path / "run", str(single)))
    (row,) = predict(tmp_path / "run", str(pictures / "none.png"))  # a slip of the pen
    assert row.answers is None
    assert "none.png" in row.reason
    with away(tmp_path / "run"), pytest.raises(Unreachable):
        list(predict(tmp_path / "run", str(pictures)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
@pytest.mark.parametrize("name", ["settings.json", "checkpoints/last.pt", "checkpoints/best.pt"])
def test_a_pipe_in_the_place_of_a_run_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    pipe = tmp_path / name
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    told = list[str]()

    def look() -> None:
        checkpoints = Checkpoints(tmp_path / "checkpoints", told.append)
        with suppress(FileError):
            if name == "settings.json":
                law_of(tmp_path)
            elif name.endswith("best.pt"):
                checkpoints.best_state()
            else:
                checkpoints.load()
        told.append("ended")

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(10)
    assert told[-1:] == ["ended"]
