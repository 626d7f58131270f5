"""Sources of an expansion: pictures among other files, names of outputs, and refusals before anything is written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from augkit.datasets import read
from augkit.datasets.safe_names import safe
from augkit.errors import AugkitError, FileError
from augkit.expand import verify
from augkit.expand.output_names import Names
from support.folders import done, fill, lines, outputs, picture, put


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return fill(tmp_path / "src")


def test_what_a_folder_holds(src: Path, tmp_path: Path) -> None:
    (src / "README.txt").write_text("x")
    (src / "model.bin").write_text("x")
    (src / ".hidden.jpg").write_bytes(b"")
    (src / "loop").symlink_to(src, target_is_directory=True)
    (src / "self.jpg").symlink_to("self.jpg")
    (src / "gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(src / "pipe.jpg")
    (src / "link.jpg").symlink_to("roses/a.jpg")
    folder = read(src)
    ids = [source.id for source in folder.sources]
    assert ids == sorted(ids)
    assert len(ids) == 25
    assert "link.jpg" in ids
    assert dict(folder.left_out) == {
        "documentation": 1,
        "no picture by its name": 1,
        "hidden": 1,
        "a link to a folder": 1,
        "a broken link": 2,
        "no regular file": 1,
    }
    assert done(src, tmp_path / "out").left_out == folder.left_out


def test_odd_names_become_safe_ones(tmp_path: Path) -> None:
    names = ("-rf.jpg", "a\nb.jpg", "a b.jpg", "..x.jpg", "con.jpg", "é" * 120 + ".jpg", "caf\udce9.jpg", "東京.jpg")
    for number, name in enumerate(n for n in names if not n.startswith(".")):
        put(tmp_path / "src/a:b" / name, picture(number))
    assert done(tmp_path / "src", tmp_path / "out", copies=1).written == 7
    for id in outputs(tmp_path / "out"):
        assert id.isprintable()
        folder, name = id.split("/")
        assert folder == "a%3Ab"
        assert safe(name, 250) == name
        assert len(id.split("/")[-1].encode()) < 200
    assert verify(tmp_path / "out").is_sound
    assert {entry["class"] for entry in lines(tmp_path / "out")} == {"a:b"}


def test_names_never_meet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for id in ("Rose/x.jpg", "rose/x.jpg", "r?/x.jpg", "r*/x.jpg", "r_/x.jpg", "r_/y/x.jpg"):
        put(tmp_path / id, picture(0))
    sources = read(tmp_path).sources
    stems = [Names(sources).stem(source) for source in sources]
    folders = {stem.partition("/")[0].casefold() for stem in stems}
    assert len(folders) == 5
    monkeypatch.setattr("augkit.expand.output_names.DIGITS", 0)  # every hash now collides
    names = Names(sources)
    assert len({names.stem(source).casefold() for source in sources}) == len(sources)


def test_refusals(src: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("")
    (tmp_path / "link").symlink_to(src / "roses")
    before = sorted(path for path in tmp_path.rglob("*"))
    for source, out in (
        (tmp_path / "nowhere", tmp_path / "out"),
        (tmp_path / "empty", tmp_path / "out"),
        (src / "top.jpg", tmp_path / "out"),
        (src, tmp_path / "full"),
        (src, tmp_path / "full/x"),
        (src, Path(os.devnull)),
        (src, src),
        (src, src / "out"),
        (src, tmp_path / "link/out"),
        (src / "roses", src),
        (src / "roses", tmp_path),
    ):
        with pytest.raises(FileError) as caught:
            done(source, out)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
    for wrong in (
        {"copies": 0},
        {"quality": 101},
        {"encoding": "gif"},
        {"workers": -1},
        {"timeout": 0.0},
        {"engine": "dask"},
        {"start_method": "fork"},
        {"pipelines_for": {"rosse": "identity"}},
        {"max_rejected": 2.0},
        {"seed": 0.5},
        {"pipeline": "sixx"},
    ):
        with pytest.raises(AugkitError):
            done(src, tmp_path / "out", **wrong)
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_splits_are_not_expanded_as_classes(tmp_path: Path) -> None:
    put(tmp_path / "src/train/roses/a.jpg", picture(0))
    put(tmp_path / "src/val/roses/b.jpg", picture(1))
    summary = done(tmp_path / "src", tmp_path / "out")
    assert (summary.written, summary.copied) == (4, 1)
    assert {(entry["split"], entry["class"]) for entry in lines(tmp_path / "out")} == {
        ("train", "roses"),
        ("val", "roses"),
    }
    (passed,) = (tmp_path / "out/val/roses").iterdir()
    assert passed.read_bytes() == (tmp_path / "src/val/roses/b.jpg").read_bytes()


def test_a_folder_that_may_not_be_read_is_named() -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to others
        put(Path(folder, "tulips/a.jpg"), picture(0))
        Path(folder).chmod(0o755)
        Path(folder, "tulips").chmod(0)
        try:
            if user == 0:  # whom nothing is forbidden
                os.seteuid(65534)
            with pytest.raises(FileError, match=r"tulips: must be readable, got: Permission denied\.$"):
                read(folder)
        finally:
            os.seteuid(user)
            Path(folder, "tulips").chmod(0o755)
