"""The laws of expansion: the same tree whoever does the work, and no output moves for another's sake."""

from __future__ import annotations

import json
import os
import socket
import time
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.errors import ArgumentError
from augkit.expand import Progress, replay, verify
from augkit.images import decode, encode
from augkit.pipeline import Pipeline, load
from augkit.storage import durable
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.transforms.geometry import Mirror
from augkit.transforms.transform import Transform
from support.folders import SMALL, done, fill, lines, outputs, picture, put, tree


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return fill(tmp_path / "src")


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_tree(src: Path, tmp_path: Path) -> None:
    (src / "tulips/bad.jpg").write_bytes(b"\xff\xd8 no")
    summaries = [done(src, tmp_path / str(workers), workers=workers) for workers in (0, 1, 2)]
    assert tree(tmp_path / "0") == tree(tmp_path / "1") == tree(tmp_path / "2")
    assert [(s.planned, s.written, s.rejected, s.copied) for s in summaries] == [(75, 72, 3, 0)] * 3
    assert not list(tmp_path.rglob("tmp"))


@pytest.mark.parametrize(("batch", "held_bytes"), [(1, 0), (2, 1 << 20), (16, 0)])
def test_how_many_copies_are_held_at_once_changes_nothing(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, held_bytes: int
) -> None:
    (src / "tulips/bad.jpg").write_bytes(b"\xff\xd8 no")
    done(src, tmp_path / "as it is", 5, originals="include")
    monkeypatch.setattr("augkit.expand.outputs.BATCH", batch)
    monkeypatch.setattr("augkit.expand.outputs.HELD_BYTES", held_bytes)
    done(src, tmp_path / "otherwise", 5, originals="include")
    assert tree(tmp_path / "as it is") == tree(tmp_path / "otherwise")


def test_nothing_written_tells_where_or_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trees = []
    for number, name in enumerate(("here", "there")):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(time, "time", partial(float, 1e9 * (number + 1)))
            elsewhere.setattr(socket, "gethostname", partial(str, name))
            src = fill(tmp_path / name / "src")
            (src / "tulips/bad.jpg").write_bytes(b"no")
            if number == 1:
                for path in src.rglob("*.*"):
                    os.utime(path, (0, 0))
            done(src, tmp_path / name / "out")
        trees.append(tree(tmp_path / name / "out"))
    assert trees[0] == trees[1]
    assert str(tmp_path).encode() not in b"".join(trees[0].values())


def test_another_seed_gives_other_pictures(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "0")
    done(src, tmp_path / "1", seed=1)
    first, second = outputs(tmp_path / "0"), outputs(tmp_path / "1")
    assert first.keys() == second.keys()
    assert all(first[id] != second[id] for id in first)


def test_adding_or_removing_a_source_moves_no_other(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "all")
    (src / "tulips/003.jpg").unlink()
    done(src, tmp_path / "fewer")
    put(src / "aaa/new.jpg", picture(99))
    done(src, tmp_path / "more")
    every, fewer, more = (outputs(tmp_path / name) for name in ("all", "fewer", "more"))
    assert len(every) - 3 == len(fewer) == len(more) - 3
    assert fewer.items() <= every.items()
    assert fewer.items() <= more.items()


def test_more_copies_keep_the_first_ones(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "3", copies=3)
    done(src, tmp_path / "4", copies=4)
    assert outputs(tmp_path / "3").items() <= outputs(tmp_path / "4").items()


def test_outputs_are_what_the_pipeline_makes(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "out", encoding="png", seed=7)
    entries = lines(tmp_path / "out")
    assert len(entries) == 72
    for entry in entries:
        data = (src / entry["source"]).read_bytes()
        sample = Sample(decode(data).image, label=entry["class"], id=entry["source"])
        key = Key(7, entry["source"], entry["copy"])
        made = decode((tmp_path / "out" / entry["id"]).read_bytes()).image
        assert np.array_equal(made, SMALL(sample, key).image)
        assert Plan.from_json(json.dumps(entry["plan"])) == SMALL.draw(key, Scene.of(sample))
        assert entry["key"] == {"seed": 7, "sample": entry["source"], "copy": entry["copy"], "epoch": 0}
        assert entry["source_sha256"] == sha256(data).hexdigest()


def test_names_and_classes(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "out", copies=1, encoding="webp")
    found = {entry["source"]: (entry["id"], entry["class"]) for entry in lines(tmp_path / "out")}
    id, label = found["roses/red/a.jpg"]  # the class is the first folder, however deep the picture lies
    assert label == "roses"
    assert id.startswith("roses/a-")
    assert id.endswith("-c0.webp")
    assert id != found["roses/a.jpg"][0]
    assert found["top.jpg"][1] is None
    assert "/" not in found["top.jpg"][0]


def test_a_bad_picture_costs_its_copies_only(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "good", pipeline=load("six"))
    (src / "roses/zero.jpg").write_bytes(b"")
    put(src / "roses/grey.jpg", picture(5, (24, 32)))
    put(src / "roses/grey2.jpg", picture(6, (24, 32)))
    summary = done(src, tmp_path / "out", pipeline=load("six"), max_rejected=0.1)
    assert outputs(tmp_path / "good") == outputs(tmp_path / "out")
    assert (summary.planned, summary.written, summary.rejected) == (81, 72, 9)
    assert summary.over_budget
    (grey, greys), (_, zeros) = summary.reasons
    assert (greys, zeros) == (6, 3)
    assert "PCAColorShift" in grey
    rejected = [json.loads(x) for x in (tmp_path / "out/.augkit/rejected.jsonl").read_text().splitlines()]
    assert [(r["source"], r["copy"]) for r in rejected[:3]] == [("roses/grey.jpg", copy) for copy in range(3)]
    assert rejected[-1]["reason"].startswith("is empty. ")
    assert verify(tmp_path / "out").is_sound
    with pytest.raises(ArgumentError, match=r"got one rejected: is empty\."):
        replay(tmp_path / "out", rejected[-1]["id"])


@pytest.mark.parametrize("allowed", [0.04, 0.03])
def test_the_budget_decides(src: Path, tmp_path: Path, allowed: float) -> None:
    (src / "roses/zero.jpg").write_bytes(b"")
    assert done(src, tmp_path / "out", max_rejected=allowed).over_budget == (allowed < 1 / 25)


def test_what_an_encoding_cannot_hold_is_rejected(tmp_path: Path) -> None:
    put(tmp_path / "src/rgb.png", picture(0))
    (tmp_path / "src/rgba.png").write_bytes(encode(picture(1, (24, 32, 4)), "png", alpha=True))
    (tmp_path / "src/deep.png").write_bytes(encode(picture(2).astype(np.uint16) * 257, "png"))
    summary = done(tmp_path / "src", tmp_path / "out")
    assert (summary.written, summary.rejected) == (3, 6)
    assert [("channels" in reason, "uint16" in reason) for reason, _ in summary.reasons] == [
        (False, True),
        (True, False),
    ]
    assert all("Use png" in reason for reason, _ in summary.reasons)


def test_progress_counts_up_to_the_plan(src: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    done(src, tmp_path / "out", progress=told.append)
    assert [p.written for p in told] == sorted({p.written for p in told})
    assert told[-1] == Progress(72, 72, 0)


def tree_of(src: Path, tmp_path: Path) -> dict[str, bytes]:
    done(src, tmp_path / "undisturbed")
    return tree(tmp_path / "undisturbed")


def test_without_syncfs_every_file_is_synced(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tree_of(src, tmp_path)
    monkeypatch.setattr(durable, "_syncfs", lambda: None)
    done(src, tmp_path / "out")
    assert tree(tmp_path / "out") == wanted


def test_a_pipeline_that_cannot_travel_is_refused(src: Path, tmp_path: Path) -> None:
    class Local(Transform):
        def draw(self, stream: Any, scene: Any) -> tuple[()]:
            return ()

    with pytest.raises(ArgumentError, match="or use 0 workers"):
        done(src, tmp_path / "out", pipeline=Pipeline([Local(), Mirror()]), workers=1)
