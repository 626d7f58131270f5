"""Trouble around a run is waited for, then told; it is never taken for bad pictures."""

from __future__ import annotations

import errno
import inspect
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read
from augkit.errors import FileError, OutOfMemory, Unreachable, blame, outage_of
from augkit.expand import JobError, Progress, verify, work_plan
from augkit.pipeline import load
from support.folders import done, fill, picture, put, tree

ERRNOS = [
    *(errno.EIO, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY, errno.EINVAL, errno.ENXIO, errno.ENODEV),
    *(errno.ETIMEDOUT, errno.ENOTCONN, errno.ESTALE, errno.EHOSTDOWN),
]

PLANNED = {"read_origin", "_can_be_read"}  # who reads pictures, after the plan was made


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_plan, "SHARD_OUTPUTS", 4)
    monkeypatch.setattr(work_plan, "PACK_OUTPUTS", 4)
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 1)


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("outages") / "src", 12)


@pytest.fixture(scope="module")
def whole(src: Path) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work_plan, "SHARD_OUTPUTS", 4)
        patch.setattr(work_plan, "PACK_OUTPUTS", 4)
        patch.setattr(work_plan, "FEWEST_SHARDS", 1)
        done(src, src.parent / "whole", copies=2)
    return tree(src.parent / "whole")


@contextmanager
def failing(
    patches: pytest.MonkeyPatch, where: Path, is_down: Callable[[int, Path], BaseException | None]
) -> Iterator[None]:
    """Let reads of pictures whose work has begun raise what `is_down` says, given their number and the path."""
    read_bytes, calls = Path.read_bytes, 0

    def answered(path: Path) -> bytes:
        nonlocal calls
        if path.is_relative_to(where) and PLANNED & {frame.function for frame in inspect.stack(0)}:
            calls += 1
            if fault := is_down(calls, path):
                raise fault
        return read_bytes(path)

    with patches.context() as patched:
        patched.setattr(Path, "read_bytes", answered)
        yield


def refusing(code: int) -> OSError:
    return OSError(code, os.strerror(code))


@pytest.mark.parametrize("code", ERRNOS, ids=lambda code: errno.errorcode[code])
def test_whatever_a_disk_answers_for_a_while_is_waited_for(
    code: int, src: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, src, lambda calls, _: refusing(code) if 4 <= calls < 8 else None):
        assert done(src, tmp_path / "out", copies=2, wait=20).rejected == 0
    assert tree(tmp_path / "out") == whole


@pytest.mark.parametrize("code", ERRNOS, ids=lambda code: errno.errorcode[code])
def test_what_lasts_longer_is_told_and_rejects_nothing(
    code: int, src: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        failing(monkeypatch, src, lambda calls, _: refusing(code) if calls >= 5 else None),
        pytest.raises(JobError, match=f"{os.strerror(code)}.*Nothing was rejected.*the same command goes on") as caught,
    ):
        done(src, tmp_path / "out", copies=2, wait=0)
    assert caught.value.exit_code == 1
    assert not [path for path in (tmp_path / "out/.augkit/shards").iterdir() if b'"rejected": [{' in path.read_bytes()]
    assert done(src, tmp_path / "out", copies=2, wait=0).resumed
    assert tree(tmp_path / "out") == whole


def test_a_shard_that_is_put_off_does_not_keep_the_others(
    src: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one file that cannot be read only its shard waits, and it is tried once more when the others are done."""
    bad, tries = src / "tulips/003.jpg", 0

    def is_down(calls: int, path: Path) -> OSError | None:
        nonlocal tries
        tries += path == bad
        return refusing(errno.EACCES) if path == bad and tries < 2 else None

    with failing(monkeypatch, src, is_down):
        assert done(src, tmp_path / "out", copies=2, wait=0).rejected == 0
    assert tries == 2
    assert tree(tmp_path / "out") == whole
    seen = list[Progress]()
    with (
        failing(monkeypatch, src, lambda _, path: refusing(errno.EACCES) if path == bad else None),
        pytest.raises(JobError, match=r"tulips/003.jpg: .*Permission denied.*Nothing was rejected"),
    ):
        done(src, tmp_path / "other", copies=2, wait=0, progress=seen.append)
    assert seen[-1].written >= seen[-1].planned - 4


def test_several_in_a_row_stop_the_job(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def down(count: int, _: Path) -> OSError:
        nonlocal calls
        calls = count
        return refusing(errno.EIO)

    with failing(monkeypatch, src, down), pytest.raises(JobError, match=r"roses/a\.jpg"):
        done(src, tmp_path / "out", copies=2, wait=0)
    assert calls == 3


def test_an_outage_is_waited_for_once(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards that meet an outage which has outlasted the patience do not begin to wait anew."""
    began = time.monotonic()
    with failing(monkeypatch, src, lambda *_: refusing(errno.EIO)), pytest.raises(JobError):
        done(src, tmp_path / "out", copies=2, wait=1.0)
    assert 1.0 <= time.monotonic() - began < 2.0


def test_what_others_can_read_while_it_cannot_be_read_may_be_rejected(
    src: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = src / "tulips/003.jpg"
    options: dict[str, Any] = {"copies": 2, "wait": 0, "unreadable": "reject", "max_rejected": 1.0}
    with failing(monkeypatch, src, lambda _, path: refusing(errno.EACCES) if path == bad else None):
        summary = done(src, tmp_path / "out", **options)
    assert (summary.rejected, summary.written) == (2, 22)
    assert "Permission denied" in summary.reasons[0][0]
    assert str(src) not in summary.reasons[0][0]
    with (
        failing(monkeypatch, src, lambda calls, _: refusing(errno.EACCES) if calls > 4 else None),
        pytest.raises(JobError),
    ):
        done(src, tmp_path / "all", **options)
    assert not done(src, tmp_path / "out", copies=2, retry_rejected=True).rejected
    assert tree(tmp_path / "out") == whole


@pytest.mark.parametrize("form", ["folder", "webdataset", "parquet", "manifest"])
def test_rejected_ones_are_made_anew(form: str, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an unfinished job, and of a finished one; what is still bad is rejected again."""
    options: dict[str, Any] = {"copies": 2, "form": form, "max_rejected": 1.0, "split": "train=0.5,val=0.5"}
    (tmp_path / "src").mkdir()
    shutil.copytree(src, tmp_path / "src", dirs_exist_ok=True)
    (tmp_path / "src/roses/bad.png").write_bytes(b"no")
    wanted = done(tmp_path / "src", tmp_path / "whole", **options)
    refused: dict[str, Any] = {"wait": 0, "unreadable": "reject"}
    with failing(monkeypatch, tmp_path / "src", lambda calls, _: refusing(errno.EACCES) if calls % 8 == 1 else None):
        assert done(tmp_path / "src", tmp_path / "out", **options, **refused).rejected > wanted.rejected
    again = done(tmp_path / "src", tmp_path / "out", **options, retry_rejected=True)
    assert again.reasons == wanted.reasons
    assert again.resumed > 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_killed_retry_is_an_unfinished_job(
    src: Path, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = {src / "tulips/003.jpg", src / "roses/a.jpg"}
    options: dict[str, Any] = {"copies": 2, "wait": 0, "unreadable": "reject", "max_rejected": 1.0}
    with failing(monkeypatch, src, lambda _, path: refusing(errno.EACCES) if path in bad else None):
        assert done(src, tmp_path / "out", **options).rejected == 4
    with (
        failing(monkeypatch, src, lambda calls, _: KeyboardInterrupt() if calls > 1 else None),
        pytest.raises(KeyboardInterrupt),
    ):
        done(src, tmp_path / "out", copies=2, retry_rejected=True)
    assert verify(tmp_path / "out").unfinished
    assert not done(src, tmp_path / "out", copies=2).rejected
    assert tree(tmp_path / "out") == whole


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOENT, errno.EACCES], ids=lambda code: errno.errorcode[code])
def test_a_reference_that_is_away_for_a_while_rejects_nothing(
    code: int, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it when a plan is drawn, or when it is run."""
    pytest.importorskip("albumentations")
    put(tmp_path / "refs/beside.png", picture(3))
    (tmp_path / "matched.yaml").write_text("steps:\n  - albumentations.FDA: {metadata: [refs/beside.png]}\n")
    pipeline = load(tmp_path / "matched.yaml")
    done(src, tmp_path / "whole", copies=2, pipeline=pipeline)
    stat, asked = os.stat, 0

    def answered(path: Any, *args: Any, **options: Any) -> os.stat_result:
        nonlocal asked
        if str(path).endswith("beside.png"):
            asked += 1
            if asked > 20 and asked % 7 < 3:
                raise refusing(code)
        return stat(path, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", answered)
        assert done(src, tmp_path / "out", copies=2, pipeline=pipeline, wait=20).rejected == 0
    assert asked > 60
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_listing_that_cannot_be_made_is_no_smaller_data_set(src: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        """An entry of a folder whose facts the disk does not give."""

        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name, self.path, self._entry = entry.name, entry.path, entry

        def is_dir(self, *, follow_symlinks: bool = True) -> bool:
            return self._entry.is_dir(follow_symlinks=follow_symlinks)

        def is_symlink(self) -> bool:
            return self._entry.is_symlink()

        def stat(self) -> os.stat_result:
            if self.name == "003.jpg":
                raise refusing(errno.EIO)
            return self._entry.stat()

    scan = os.scandir

    @contextmanager
    def scanned(folder: str) -> Iterator[Iterator[Entry]]:
        with scan(folder) as entries:
            yield map(Entry, entries)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scanned)
        with pytest.raises(Unreachable, match="Input/output error"):
            read(src)


def test_whose_fault_it_is() -> None:
    import zlib

    import cv2

    ClientError = import_module("botocore.exceptions").ClientError

    wrapped = FileError("must be a picture.", "a.png")
    wrapped.__cause__ = refusing(errno.EKEYEXPIRED)
    large = cv2.error("(-4:Insufficient memory) Failed to allocate 99 bytes")
    large.code = -4
    found = {
        "place": [*map(refusing, ERRNOS), wrapped, ClientError({"Error": {"Code": "ExpiredToken"}}, "GetObject")],
        "memory": [MemoryError(), large, zlib.error("Error -4 while decompressing data"), OutOfMemory("no")],
        "content": [OSError("image file is truncated"), ValueError("no"), zlib.error("Error -3 while decompressing")],
    }
    for whose, faults in found.items():
        for fault in faults:
            assert blame(fault) == whose, fault
            assert (outage_of(fault, "there") is None) is (whose == "content")
