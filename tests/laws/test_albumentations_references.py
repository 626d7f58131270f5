"""References of steps, pictures and fonts: named by their content, wherever they lie and wherever a job runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

import augkit as ak
from augkit.errors import ArgumentError, FileError, SampleError
from augkit.expand import replay, work_plan
from augkit.images import encode
from support.folders import done, fill, lines, outputs, tree

STEPS = """steps:
  - albumentations.FDA: {metadata: ["../refs/x.png"]}
  - albumentations.TextImage: {font_path: ../refs/font.ttf, metadata: {text: hello, bbox: [0.1, 0.1, 0.9, 0.4]}}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 2)
    lay(tmp_path / "first")
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    return tmp_path


def lay(home: Path) -> None:
    """Lay a pipeline's file, and beside its folder what it names."""
    for name in ("refs", "conf"):
        (home / name).mkdir(parents=True)
    (home / "refs/x.png").write_bytes(encode(np.random.default_rng(1).integers(0, 255, (20, 20, 3), np.uint8), "png"))
    shutil.copy(font_manager.findfont("DejaVu Sans"), home / "refs/font.ttf")
    (home / "conf/p.yaml").write_text(STEPS)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return fill(tmp_path / "src", 6)


def test_a_job_goes_on_from_any_folder(place: Path, src: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    for name, folder, file in (("one", place, "first/conf/p.yaml"), ("two", place / "elsewhere/deep", None)):
        monkeypatch.chdir(folder)
        file = file or str(place / "first/conf/p.yaml")
        done(src, place / name, 1, pipeline=ak.load(file), encoding="png")
        made[name] = tree(place / name)
    assert made["one"] == made["two"]
    (place / "one/.augkit/done.json").unlink()
    sorted((place / "one/.augkit/shards").iterdir())[-1].unlink()
    done(src, place / "one", 1, pipeline=ak.load(place / "first/conf/p.yaml"), encoding="png")
    assert tree(place / "one") == made["one"]


def test_no_book_but_the_hint_tells_where_a_reference_lies(place: Path, src: Path) -> None:
    lay(place / "second")
    for name in ("first", "second"):
        done(src, place / f"out {name}", 1, pipeline=ak.load(place / name / "conf/p.yaml"), encoding="png")
    assert tree(place / "out first") == tree(place / "out second")
    for id, data in tree(place / "out first").items():
        assert b"refs" not in data, id
        assert str(place).encode() not in data, id
    assert b"first/refs/x.png" in (place / "out first/.augkit/source.txt").read_bytes()
    job = json.loads((place / "out first/.augkit/job.json").read_bytes())
    (named,) = job["pipeline"]["steps"][0]["albumentations.FDA"]["metadata"]
    assert named["path"] == "x.png"
    assert len(named["sha256"]) == 64


def test_every_output_is_made_again_from_any_folder(place: Path, src: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = place / "out"
    monkeypatch.chdir(place)
    done(src, out, 1, pipeline=ak.load("first/conf/p.yaml"), encoding="png")
    monkeypatch.chdir(place / "elsewhere/deep")
    for id, data in outputs(out).items():
        assert replay(out, id).data == data
    (place / "first/refs").rename(place / "elsewhere/deep/refs")
    id = lines(out)[0]["id"]
    with pytest.raises(FileError, match="must be a picture that exists"):
        replay(out, id)


def test_a_reference_of_another_content_is_another_job(place: Path, src: Path) -> None:
    out, file = place / "out", place / "first/conf/p.yaml"
    done(src, out, 1, pipeline=ak.load(file), encoding="png")
    (place / "first/refs/x.png").write_bytes(encode(np.zeros((20, 20, 3), np.uint8), "png"))
    with pytest.raises(ArgumentError, match=r"pipeline\.steps"):
        done(src, out, 2, pipeline=ak.load(file), encoding="png", extend=True)
    with pytest.raises(SampleError, match="must be the picture that the plan was drawn with"):
        replay(out, lines(out)[0]["id"])


def test_a_font_that_changed_is_refused_at_replay(place: Path, src: Path) -> None:
    out = place / "out"
    done(src, out, 1, pipeline=ak.load(place / "first/conf/p.yaml"), encoding="png")
    shutil.copy(font_manager.findfont("DejaVu Serif"), place / "first/refs/font.ttf")
    with pytest.raises(SampleError, match="must be the file that the plan was drawn with"):
        replay(out, lines(out)[0]["id"])
