"""File systems unlike ours: without locks, without a sync of folders, in several pieces, that give no name twice."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import JobError
from augkit.expand import verify
from augkit.storage import durable
from augkit.train import train
from support import trainings
from support.folders import done, fill, tree
from support.trainings import settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no locks on folders, and syncs none")

LACKING = ("ENOSYS", "EOPNOTSUPP", "EINVAL")


class OddOS:
    """`os`, one of whose functions is another."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name, self._function = name, function

    def __getattr__(self, name: str) -> Any:
        return self._function if name == self._name else getattr(os, name)


def refusing(code: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        number: int = getattr(errno, code)
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("code", [*LACKING, "ENOLCK"])
def test_without_locks_all_is_written_and_it_is_told_once(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = fill(tmp_path / "src", 4)
    assert not any("no locks" in note for note in done(src, tmp_path / "whole", copies=1).notes)
    monkeypatch.setattr(fcntl, "flock", refusing(code))
    summary = done(src, tmp_path / "out", copies=1)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert [note for note in summary.notes if "no locks" in note] == [
        f"The file system has no locks ({os.strerror(getattr(errno, code))}): "
        "let nothing else write there at the same time."
    ]


def test_train_goes_by_the_same_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = settings(trainings.fill(tmp_path / "pictures", each=8), tmp_path / "run", epochs=1)
    monkeypatch.setattr(fcntl, "flock", refusing("EOPNOTSUPP"))
    assert [note for note in train(wanted).notes if "no locks" in note]


def test_a_lock_that_fails_otherwise_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    src = fill(tmp_path / "src", 2)
    monkeypatch.setattr(fcntl, "flock", refusing("EIO"))
    with pytest.raises(JobError, match=os.strerror(errno.EIO)):
        done(src, tmp_path / "out", copies=1)


@pytest.mark.parametrize("code", LACKING)
def test_what_cannot_be_synced_is_written_all_the_same(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = fill(tmp_path / "src", 4)
    done(src, tmp_path / "whole", copies=1)
    monkeypatch.setattr(durable, "os", OddOS("fsync", refusing(code)))
    monkeypatch.setattr(durable, "_syncfs", lambda: lambda _: -1)
    done(src, tmp_path / "out", copies=1)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_sync_that_fails_is_never_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    src = fill(tmp_path / "src", 4)
    monkeypatch.setattr(durable, "os", OddOS("fsync", refusing("EIO")))
    monkeypatch.setattr(durable, "_syncfs", lambda: lambda _: -1)
    with pytest.raises(JobError, match=os.strerror(errno.EIO)):
        done(src, tmp_path / "out", copies=1)


@pytest.mark.parametrize("form", ["folder", "webdataset"])
def test_an_output_in_several_file_systems(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class's folder may be a link to another disk, or a union of disks may put it there."""
    src = fill(tmp_path / "src", 8)
    done(src, tmp_path / "whole", copies=1, form=form)

    def replace(place: str, path: str) -> None:
        if Path(place).parent != Path(path).parent:
            refusing("EXDEV")()
        Path(place).replace(path)

    monkeypatch.setattr(durable, "os", OddOS("replace", replace))
    done(src, tmp_path / "out", copies=1, form=form)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert verify(tmp_path / "out").is_sound


def test_a_name_that_is_taken_is_made_free_where_the_system_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = fill(tmp_path / "src", 8)
    done(src, tmp_path / "whole", copies=1)
    done(src, tmp_path / "whole", copies=2, extend=True)

    def replace(place: str, path: str) -> None:
        if Path(path).exists():
            refusing("EEXIST")()
        Path(place).replace(path)

    monkeypatch.setattr(durable, "os", OddOS("replace", replace))
    done(src, tmp_path / "out", copies=1)
    done(src, tmp_path / "out", copies=2, extend=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
