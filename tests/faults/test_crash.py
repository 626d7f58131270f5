"""Whatever fails, dies or loses power, at any call of the file system: the same command ends at the same tree."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import AugkitError
from augkit.expand import JobError, verify, work_plan
from augkit.pipeline import Pipeline
from augkit.storage import durable
from augkit.transforms.geometry import Mirror
from support.faulty_disk import Death, FaultyOS
from support.folders import done, picture, put, tree

SIMPLE = Pipeline([Mirror()])


@pytest.fixture(autouse=True)
def few_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 2)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    for number, id in enumerate(("a/1.png", "a/2.png", "b/3.png", "b/4.png")):
        put(tmp_path / "src" / id, picture(number, (6, 8, 3)))
    (tmp_path / "src/b/bad.png").write_bytes(b"no")
    return tmp_path / "src"


Job = Callable[[Path, Path], Any]


def fresh(src: Path, out: Path, **options: Any) -> None:
    done(src, out, copies=1, pipeline=SIMPLE, encoding="png", max_rejected=1.0, **options)


def packed(src: Path, out: Path) -> None:
    fresh(src, out, form="webdataset")


def split(src: Path, out: Path) -> None:
    fresh(src, out, split="train=0.5,val=0.5", originals="include")


def extended(src: Path, out: Path) -> None:
    done(src, out, copies=2, pipeline=SIMPLE, encoding="png", max_rejected=1.0, extend=True)


def anew(src: Path, out: Path) -> None:
    fresh(src, out, seed=3, fresh=True)


# What is done, and what lies there before it.
JOBS: dict[str, tuple[Job, Job | None]] = {
    "fresh": (fresh, None),
    "packed": (packed, None),
    "split": (split, None),
    "extended": (extended, fresh),
    "anew": (anew, fresh),
}


def crashed(
    jobs: tuple[Job, Job | None], src: Path, place: Path, patches: pytest.MonkeyPatch, has_syncfs: bool, **fault: Any
) -> FaultyOS:
    """Do a job on a file system with a fault; return what became of that."""
    job, before = jobs
    place.mkdir()
    if before is not None:
        if not (kept := src.parent / "before").exists():
            before(src, kept)
        shutil.copytree(kept, place / "out")
    faulty = FaultyOS(place, **fault)
    with patches.context() as patched:
        patched.setattr(durable, "os", faulty)
        patched.setattr(durable, "_syncfs", lambda: faulty.syncfs if has_syncfs else None)
        with suppress(Death, JobError):
            job(src, place / "out")
    faulty.release()
    return faulty


# The first are tried at every call. The others go the same ways, with another error, another state of what a loss of
# power leaves or file by file: at every third call, beginning at another one for each job.
EVERYWHERE = [("fails", True), ("dies", True), ("loses power", True), ("loses power", False)]
HERE_AND_THERE = [("is full", True), ("loses power otherwise", True), ("fails", False)]


@pytest.mark.parametrize(
    ("how", "has_syncfs"),
    EVERYWHERE + HERE_AND_THERE,
    ids=lambda value: value if isinstance(value, str) else "syncfs" if value else "fsync",
)
@pytest.mark.parametrize("name", JOBS)
def test_the_tree_is_the_same_in_the_end(
    name: str, how: str, has_syncfs: bool, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = JOBS[name]
    whole = crashed(JOBS[name], src, tmp_path / "whole", monkeypatch, has_syncfs)
    wanted = tree(tmp_path / "whole/out")
    assert whole.calls > 40
    assert verify(tmp_path / "whole/out").is_sound
    kind = {"fails": "fails", "is full": "fails"}.get(how, "dies")
    code = errno.ENOSPC if how == "is full" else errno.EIO
    first, step = (1, 1) if (how, has_syncfs) in EVERYWHERE else (1 + list(JOBS).index(name) % 3, 3)
    for at in range(first, whole.calls + 1, step):
        place = tmp_path / f"{at}"
        faulty = crashed(JOBS[name], src, place, monkeypatch, has_syncfs, at=at, how=kind, code=code)
        if how.startswith("loses power"):
            faulty.lose_power(seed=2 * at + (how == "loses power"))
        job(src, place / "out")
        assert tree(place / "out") == wanted, (at, how)
        assert verify(place / "out").is_sound, (at, how)
        assert sorted(path.name for path in (place / "out/.augkit").iterdir()) == sorted(
            path.name for path in (tmp_path / "whole/out/.augkit").iterdir()
        )


@pytest.mark.parametrize("has_syncfs", [True, False], ids=["syncfs", "fsync"])
@pytest.mark.parametrize("name", JOBS)
def test_what_was_told_to_be_done_is_there_after_a_loss_of_power(
    name: str, has_syncfs: bool, src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        place = tmp_path / str(seed)
        faulty = crashed(JOBS[name], src, place, monkeypatch, has_syncfs)
        whole = tree(place / "out")
        faulty.lose_power(seed)
        assert tree(place / "out") == whole, seed


def test_the_model_loses_what_was_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is judged: without syncs, some state after a loss of power is not the one before it."""
    losses = 0
    for seed in range(20):
        place = tmp_path / str(seed)
        place.mkdir()
        faulty = FaultyOS(place)
        with monkeypatch.context() as patched:
            patched.setattr(durable, "os", faulty)
            durable.write(f"{place}/a", [b"content"])
            faulty.replace(f"{place}/a", f"{place}/b")
        faulty.lose_power(seed)
        losses += not (place / "b").exists() or (place / "b").read_bytes() != b"content"
    assert 5 < losses < 20


def test_without_its_syncs_the_commit_would_not_survive(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "sync_all", lambda *_: None)
    with pytest.raises((AssertionError, AugkitError)):
        test_the_tree_is_the_same_in_the_end("fresh", "loses power", True, src, tmp_path, monkeypatch)
