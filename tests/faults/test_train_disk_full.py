"""A full disk ends a training with one sentence wherever it comes; the same command then ends as if it never had."""

from __future__ import annotations

import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from augkit.train import train
from augkit.train.features import feature_packs
from augkit.train.files.artefact import load
from augkit.train.loop.log import Log
from augkit.train.train_errors import Unwritten
from support import trainings
from support.trainings import assert_same_weights, fitted, settings, weights_file

ROOT = Path(__file__).parent.parent.parent
ROWS = [{"epoch": epoch, "rate": 0.1, "loss": 1 / epoch} for epoch in (1, 2, 3)]
# In the order in which a run writes them: after each, the same command comes as far as the next.
FILES = (
    "pictures.jsonl", "rejected.jsonl", "settings.json", "*.npy", "*.sha256", "best.pt", "log.jsonl", "log.csv",
    "last.pt", "model.safetensors", "learning_curves.png",
    "predictions.csv", "report.html",
)  # fmt: skip


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_command_goes_on_from_wherever_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = trainings.fill(tmp_path / "pictures", each=8)
    options = {"weights": weights_file(tmp_path / "w.pt", "lenet"), "epochs": 2, "unfreeze": 1, "ema": 0.9}
    wanted, whole = (settings(pictures, tmp_path / name, **options) for name in ("full", "whole"))
    real = os.replace
    for name in FILES:
        before: dict[str, bytes] = {}

        def full(place: Any, path: Any, name: str = name, before: dict[str, bytes] = before) -> None:
            if fnmatch(Path(path).name, name):
                before.update(tree(Path(wanted.out)))
                raise OSError(28, "No space left on device")
            real(place, path)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            with pytest.raises(Unwritten, match=r"^\S+: must be writable, got: No space left on device\. ") as caught:
                train(wanted)
        assert caught.value.exit_code == 1
        assert "Nothing is lost: make room and run the same command again" in str(caught.value)
        kept = tree(Path(wanted.out))
        assert {path for path in before if not path.endswith((".augkit", ".unfinished"))} <= kept.keys(), name
        assert all(before[path] == kept[path] for path in kept.keys() & before.keys()), name
    train(wanted)
    train(whole)
    for name in ("log.jsonl", "log.csv", "predictions.csv", "learning_curves.png"):
        assert (tmp_path / "full" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert weights_of(tmp_path / "full") == weights_of(tmp_path / "whole")


def weights_of(run: Path) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in load(run).network.state_dict().items()}


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounting needs Linux and root")
def test_a_disk_that_is_full_in_earnest(tmp_path: Path) -> None:
    """With TensorBoard's file on it too."""
    pytest.importorskip("tensorboard")
    pictures, place = trainings.fill(tmp_path / "pictures", each=8), tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(place)], check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        wanted = settings(pictures, place / "run", epochs=2, tensorboard=True)
        command = [sys.executable, "-m", "augkit", "train", *wanted.words()]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        last = ended.stderr.splitlines()[-1]
        assert last.startswith(f"augkit: {place}/run")
        assert last.endswith("No space left on device. Nothing is lost: make room and run the same command again.")
        subprocess.run(["mount", "-o", "remount,size=100m", str(place)], check=True)
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
        train(settings(pictures, tmp_path / "whole", epochs=2))
        assert weights_of(place / "run") == weights_of(tmp_path / "whole")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def told_to_tensorboard(folder: Path) -> list[tuple[str, int, float]]:
    """Return what TensorBoard's own reader finds."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    (path,) = (folder / "tensorboard").iterdir()
    events = list(EventFileLoader(str(path)).Load())
    return [
        (value.tag, event.step, round(value.tensor.float_val[0], 6))
        for event in events
        for value in event.summary.value
    ]


def test_tensorboard_is_told_every_epoch_once(tmp_path: Path) -> None:
    """Whether it was stopped, or its file was cut short by a full disk."""
    pytest.importorskip("tensorboard")
    first, second = Log(tmp_path, has_tensorboard=True), Log(tmp_path, has_tensorboard=True)
    for count in (1, 2):
        first.write(ROWS[:count])
    with next((tmp_path / "tensorboard").iterdir()).open("ab") as file:
        file.write(b"half a record")
    second.write(ROWS[:1])
    for count in (2, 3):
        second.write(ROWS[:count])
    expected = [(name, row["epoch"], round(float(row[name]), 6)) for row in ROWS for name in ("rate", "loss")]
    assert told_to_tensorboard(tmp_path) == expected


def test_tensorboards_file_is_a_file_of_the_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "tensorboard").write_text("in the way")
    with pytest.raises(Unwritten, match=r"got: .*\. Nothing is lost: mend that and run"):
        Log(tmp_path, has_tensorboard=True).write(ROWS)


def test_a_cache_that_does_not_fit_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = weights_file(tmp_path / "w.pt", "lenet")
    wanted = settings(trainings.fill(tmp_path / "pictures", each=8), tmp_path / "run", weights=weights, epochs=1)

    def too_large(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(feature_packs, "_put", too_large)
        with pytest.raises(Unwritten, match=r"\.npy: .* run the same command again, or pass --no-cache\."):
            fitted(wanted)
        _, found = fitted(wanted.replaced(cache=False))
    _, expected = fitted(wanted.replaced(out=str(tmp_path / "whole")))
    assert_same_weights(found, expected)
