"""Files of features: any may be removed, the oldest are those that nobody reads, and their size is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor

from augkit.train.batches.originals import told_memory
from augkit.train.features import feature_packs
from augkit.train.features.feature_packs import FeaturePacks, told_room

ROWS = torch.arange(12, dtype=torch.float32).view(3, 4)
KEYS = ["a", "b", "c"]


@pytest.mark.parametrize("rows", [ROWS, ROWS.view(3, 2, 2).to(torch.uint8), ROWS.view(3, 2, 2), ROWS[:, None, :0]])
def test_rows_come_back_in_their_shape_and_type(tmp_path: Path, rows: Tensor) -> None:
    FeaturePacks(tmp_path, {"some": 1}).write(KEYS, rows)
    packs = FeaturePacks(tmp_path, {"some": 1})
    assert packs.missing([*KEYS, "d"]) == ["d"]
    for place, row in zip((2, 0), packs.each(["c", "a"]), strict=True):
        assert row.dtype == rows.dtype
        assert torch.equal(row, rows[place])
    assert FeaturePacks(tmp_path, {"some": 2}).missing(KEYS) == KEYS


@pytest.mark.parametrize("suffix", [".npy", ".sha256"])
def test_any_file_may_be_removed(tmp_path: Path, suffix: str) -> None:
    FeaturePacks(tmp_path, 1).write(KEYS, ROWS).with_suffix(suffix).unlink()
    packs = FeaturePacks(tmp_path, 1)
    assert packs.missing(KEYS) == KEYS
    packs.write(KEYS, ROWS)
    assert torch.equal(FeaturePacks(tmp_path, 1).rows(KEYS).at([1]), ROWS[1:2])


def test_what_is_read_is_not_old(tmp_path: Path) -> None:
    packs = FeaturePacks(tmp_path, 1)
    read, unread = packs.write(KEYS, ROWS), packs.write(["d"], ROWS[:1])
    for path in (read, unread):
        os.utime(path, (0, 0))
    FeaturePacks(tmp_path, 1).rows(KEYS)
    assert read.stat().st_mtime > 10**9
    assert unread.stat().st_mtime == 0


def test_a_full_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs = FeaturePacks(tmp_path, 1)
    packs.write(KEYS, torch.zeros(3, 1 << 20))
    assert told_room(tmp_path, packs.written) is None  # there is no need to
    monkeypatch.setattr(feature_packs, "TOLD_BYTES", 1 << 20)
    assert str(told_room(tmp_path, packs.written)).startswith("12 MB of what the frozen network says are kept in")
    assert told_room(tmp_path, 0) is None  # nothing is new


def test_too_little_memory_is_told_by_what_each_worker_has() -> None:
    assert told_memory(500 << 20, 512, 0) is None
    assert told_memory(500 << 20, 0, 0) is None  # none was wanted
    assert "take 600 MB decoded, of which 512 MB are kept" in str(told_memory(600 << 20, 512, 1))
    assert "take 500 MB decoded, of which each of 4 workers keeps 128 MB" in str(told_memory(500 << 20, 512, 4))
