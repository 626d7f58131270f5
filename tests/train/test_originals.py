"""Decoded pictures are kept in memory as far as there is room, and change nothing of what is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import read
from augkit.loader import Pictures
from augkit.train.batches.framing import laid_flat
from augkit.train.batches.originals import Originals
from augkit.train.models.preprocessing import plain_input
from support import trainings
from support.trainings import Stopped, assert_same_weights, fitted, settings

ONE = 12 * 12 * 3  # bytes of a picture


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (ONE - 1, 0), (5 * ONE + 1, 5), (10**9, 24)])
def test_as_many_are_kept_as_there_is_room_for(
    tmp_path: Path, room: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = list[int]()
    real = Pictures.__getitem__

    def counted(own: Pictures, index: int) -> Any:
        reads.append(index)
        return real(own, index)

    monkeypatch.setattr(Pictures, "__getitem__", counted)
    pictures = Pictures(read(str(trainings.fill(tmp_path, each=8))))
    preprocessing = plain_input((8, 8, 3)).as_asked("auto", (1.0, 1.0, 1.0))
    originals = Originals(pictures, preprocessing, room)
    order = [*range(24), *reversed(range(24)), *range(24)]
    found = [originals[index] for index in order]
    assert len(reads) == 24 + 2 * (24 - kept)
    for index, sample in zip(order, found, strict=True):
        wanted = laid_flat(pictures[index], preprocessing)
        assert (sample.id, sample.label) == (wanted.id, wanted.label)
        assert np.array_equal(sample.image, wanted.image)


@pytest.mark.slow
def test_memory_changes_nothing_nor_does_a_stop(tmp_path: Path) -> None:
    """The same run may go on with more or less of it, and with workers, of which each has its share."""
    pictures = trainings.fill(tmp_path / "pictures", each=8)
    options: dict[str, Any] = {"pipeline": "digits", "batch_size": 5, "checkpoint_every": 2}
    _, whole = fitted(settings(pictures, tmp_path / "whole", **options))
    for name, first, second in (("less", {"memory": 512}, {"memory": 0}), ("more", {"memory": 0}, {"workers": 2})):
        with pytest.raises(Stopped):
            fitted(settings(pictures, tmp_path / name, **options, **first), stop_after=5)
        assert_same_weights(fitted(settings(pictures, tmp_path / name, **options, **second))[1], whole)
