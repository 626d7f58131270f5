"""Truths of frozen views that move with the picture: each picture of a view is made once, and never again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from augkit.loader import Draw
from augkit.train.batches.stream import Batch, Prepared
from augkit.train.features.moved_truths import MovedTruths
from augkit.train.tasks.detect_task import Detect
from support.folders import put
from support.scenes import scene, scenes
from support.tiny_backbone import NAME
from support.trainings import assert_same_weights, fitted, settings, weights_file

VIEWS = 2
FROZEN: dict[str, Any] = {
    "model": NAME, "input": (64, 64, 3), "batch_size": 4, "epochs": 3, "views": VIEWS, "pipeline": "digits",
}  # fmt: skip


def masks(root: Path) -> Path:
    for place in range(16):
        image, mask, *_ = scene(place)
        put(root / "images" / f"{place:03d}.png", image)
        put(root / "masks" / f"{place:03d}.png", mask)
    return root


@pytest.mark.parametrize("lay", [lambda root: scenes(root, 16), masks], ids=["boxes", "masks"])
def test_a_picture_of_a_view_is_made_once_for_all_runs(
    lay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a first run each, by a second one with the same folder none; both learn what a run without a folder does."""
    data = lay(tmp_path / "data")
    weights = weights_file(tmp_path / "w.pt", NAME)
    made = Counter[tuple[str, int]]()
    one = Prepared.one

    def counted(self: Prepared, draw: Draw) -> Any:
        made[self.name(draw), draw.copy] += 1
        return one(self, draw)

    monkeypatch.setattr(Prepared, "one", counted)
    found = []
    for name, cache in (("first", tmp_path / "kept"), ("second", tmp_path / "kept"), ("plain", False)):
        wanted = settings(data, tmp_path / name, **FROZEN, weights=weights, cache=str(cache) if cache else False)
        found.append(fitted(wanted))
        if name == "first":
            assert set(made.values()) == {1}
            assert {copy for _, copy in made} == set(range(VIEWS))
        elif name == "second":
            assert not made
        made.clear()
    for state, network in found[1:]:
        assert_same_weights(network, found[0][1])
        assert state == found[0][0]


class FakeStream:
    """Of each picture as many boxes as its place and view say."""

    def __init__(self) -> None:
        self.asked = list[Draw]()

    def once(self, draws: list[list[Draw]]) -> Any:
        for some in draws:
            self.asked += some
            rows = [torch.full((draw.index + draw.copy, 6), float(draw.index)) for draw in some]
            yield Batch(torch.zeros(len(some), 1), torch.tensor([draw.index for draw in some]), TASK.joined(rows))


TASK = Detect(tuple("abcdefgh"))


def truths(folder: Path | None, pictures: str) -> tuple[FakeStream, MovedTruths]:
    stream = FakeStream()
    return stream, MovedTruths(TASK, stream, list(pictures), {}, folder, lambda *_: None)  # type: ignore[arg-type]


def test_a_picture_that_comes_along_is_made_alone_and_no_other_shows_in_it(tmp_path: Path) -> None:
    """Truths of several packs, some of them noted, are what one pass over all gives, to the last empty row."""
    _, whole = truths(None, "abcd")
    stream, first = truths(tmp_path, "abc")
    first.note(1, [1], TASK.joined([torch.full((2, 6), 1.0), torch.zeros(9, 6)])[:1])  # with rows that are none
    first.view(1)
    assert [draw.index for draw in stream.asked] == [0, 2]
    stream, second = truths(tmp_path, "abcd")
    assert torch.equal(second.view(1), whole.view(1))
    assert [draw.index for draw in stream.asked] == [3]
    assert torch.equal(second.view(0), whole.view(0))
    assert np.array_equal((whole.view(0)[..., 0] >= 0).sum(1), [0, 1, 2, 3])
    stream, fewer = truths(tmp_path, "ab")
    assert fewer.view(1).shape == (2, 2, 6)
    assert not stream.asked
