"""Content that is another one when a job goes on: sources that were replaced, outputs that are gone or changed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from augkit.errors import ArgumentError, JobError
from augkit.expand import expand, expansion, verify, work_plan
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.work_plan import WorkPlan
from augkit.images import encode
from support.folders import SMALL, done, fill, tree

FORMS = ["folder", "webdataset", "parquet"]


@pytest.fixture(autouse=True)
def few_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 3)


def plain(value: int) -> bytes:
    """A picture of one value; all of them have one size in bytes."""
    return encode(np.full((24, 24, 3), value, np.uint8), "png")


@pytest.fixture
def src(tmp_path: Path) -> Path:
    for number in range(9):
        path = tmp_path / f"src/{'ab'[number % 2]}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(plain(10 + number))
    return tmp_path / "src"


def unfinish(out: Path) -> None:
    """Take away what the last shard and the closing of the books wrote."""
    (out / ".augkit/done.json").unlink()
    sorted((out / ".augkit/shards").iterdir())[-1].unlink()


def changes(out: Path) -> dict[str, Path]:
    """Return a file of each kind that a shard writes: an output, and its lines."""
    first = sorted(path for path in out.rglob("*-c0.*") if ".augkit" not in path.parts) or sorted(
        path for path in out.rglob("*00000.*") if ".augkit" not in path.parts
    )
    return {"output": first[0], "lines": out / ".augkit/lineage/00000.jsonl"}


def removed(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def turned(path: Path) -> None:
    """Change a bit, and nothing of the size; a while later, as users do."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_finished", [False, True], ids=["unfinished", "finished"])
def test_what_is_gone_or_changed_is_made_anew(form: str, is_finished: bool, src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "whole", form=form)
    for what in ("output", "lines"):
        for harm in (removed, cut, turned):
            out = tmp_path / f"{what}-{harm.__name__}"
            done(src, out, form=form)
            harm(path := changes(out)[what])
            if not is_finished:
                unfinish(out)
            summary = done(src, out, form=form)
            assert tree(out) == tree(tmp_path / "whole"), (what, harm)
            assert [note for note in summary.notes if note.endswith("gone or changed: 1 shard is made anew.")] == [
                f"{path.relative_to(out).as_posix()} of an earlier run is gone or changed: 1 shard is made anew."
            ]
            assert summary.is_complete
            assert not done(src, out, form=form).notes


def test_a_part_looks_after_its_own_shards(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "whole")
    out = tmp_path / "out"
    done(src, out, shards="0/2")
    removed(changes(out)["output"])
    assert not done(src, out, shards="1/2").notes
    assert done(src, out, shards="0/2").notes
    assert tree(out) == tree(tmp_path / "whole")


def test_outputs_that_are_gone_come_back_before_more_are_added(src: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "whole", tmp_path / "out"):
        done(src, out, copies=1)
        if out.name == "out":
            removed(changes(out)["output"])
            turned(changes(out)["lines"])
        done(src, out, copies=2, extend=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert verify(tmp_path / "out").is_sound


def test_an_output_of_a_bucket_that_is_gone_is_made_anew(src: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    files, url = fsspec.filesystem("memory"), "memory://resumed/out"
    expand(src, url, SMALL, 2, workers=0)
    before = {path: files.cat_file(path) for path in files.find("/resumed/out")}
    gone = next(path for path in before if path.endswith("-c0.jpg"))
    files.rm_file(gone)
    summary = expand(src, url, SMALL, 2, workers=0)
    assert {path: files.cat_file(path) for path in files.find("/resumed/out")} == before
    assert [note for note in summary.notes if "gone or changed" in note]


def replace_source(path: Path, value: int = 200) -> None:
    """Put another picture of the same size in bytes where one was, with its time."""
    was = path.stat()
    new = path.with_name("new")
    new.write_bytes(plain(value))
    assert new.stat().st_size == was.st_size
    os.utime(new, ns=(was.st_atime_ns, was.st_mtime_ns))
    new.replace(path)


REPLACED = r"sources: 'a/0\.png' holds something else than when it was expanded, of the same size"


@pytest.mark.parametrize("how", ["more copies", "new sources", "resumed", "finished"])
def test_a_source_that_was_replaced_is_refused(how: str, src: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done(src, out, copies=1)
    before, was = tree(out), (src / "a/0.png").read_bytes()
    replace_source(src / "a/0.png")
    if how == "resumed":
        unfinish(out)
        before = tree(out)
    elif how == "new sources":
        (src / "a/99.png").write_bytes(plain(99))
    extends = how in ("more copies", "new sources")
    copies = 2 if how == "more copies" else 1
    with pytest.raises(ArgumentError, match=REPLACED):
        done(src, out, copies=copies, extend=extends)
    assert tree(out) == before
    (src / "a/0.png").write_bytes(was)  # brought back, it is the same, whatever its time
    done(src, out, copies=copies, extend=extends)
    assert verify(out).is_sound


def test_a_member_that_was_replaced_is_refused(src: Path, tmp_path: Path) -> None:
    def pack() -> Path:
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(src.rglob("*.png")):
                archive.write(path, path.relative_to(src))
        return tmp_path / "a.zip"

    out = tmp_path / "out"
    done(pack(), out, copies=1)
    replace_source(src / "a/0.png")
    with pytest.raises(ArgumentError, match=REPLACED):
        done(pack(), out, copies=2, extend=True)


def test_sources_that_were_touched_and_not_changed_are_the_same(src: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done(src, out, copies=1)
    for path in src.rglob("*.png"):
        os.utime(path)
    assert done(src, out, copies=2, extend=True).written


def test_what_was_not_touched_is_not_read_again(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set of terabytes is not read again for its hashes: books that are older than a change tell of it."""
    from augkit.datasets import DataSet
    from augkit.expand import recheck

    out = tmp_path / "out"
    done(src, out, copies=1)
    monkeypatch.setattr(recheck, "DOUBTED_NS", -(10**12))
    monkeypatch.setattr(DataSet, "read", None)
    assert not done(src, out, copies=1).notes


def test_names_in_any_form_are_found_again(tmp_path: Path) -> None:
    src, out = fill(tmp_path / "src", 2), tmp_path / "out"
    (src / 'roses/"quo\\ted" e\u0301.png').write_bytes(plain(5))
    done(src, out, copies=1)
    replace_source(src / 'roses/"quo\\ted" e\u0301.png')
    with pytest.raises(ArgumentError, match="holds something else than when it was expanded"):
        done(src, out, copies=2, extend=True)


def test_a_source_that_grows_while_the_job_is_at_work_is_told(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that another program is still writing is not taken half for the one that was planned."""
    out, planned = tmp_path / "out", work_plan.make_plan

    def make_plan(config: ExpandConfig) -> WorkPlan:
        plan = planned(config)
        (src / "b/1.png").write_bytes((src / "b/1.png").read_bytes() + b"more")
        return plan

    monkeypatch.setattr(expansion, "make_plan", make_plan)
    with pytest.raises(JobError, match=r"1\.png: must have \d+ bytes, as when it was listed, got \d+"):
        done(src, out, wait=0.0)
    monkeypatch.undo()
    done(src, out, fresh=True)
    assert verify(out).is_sound


def test_a_class_that_was_changed_is_refused(src: Path, tmp_path: Path) -> None:
    """Copies of one picture with two classes would be in one data set."""
    rows = [f"{path.relative_to(src)},{path.parent.name}" for path in sorted(src.rglob("*.png"))]
    (src / "m.csv").write_text("\n".join(["image,label", *rows]))
    out = tmp_path / "out"
    done(src / "m.csv", out, copies=1)
    (src / "m.csv").write_text("\n".join(["image,label", f"{rows[0][:-1]}b", *rows[1:]]))
    with pytest.raises(ArgumentError, match=r"'a/0\.png' must be of the class \"a\", as when it was expanded, got 'b'"):
        done(src / "m.csv", out, copies=2, extend=True)
    (src / "m.csv").write_text("\n".join(["image,label", *rows]))
    done(src / "m.csv", out, copies=2, extend=True)
    assert verify(out).is_sound
