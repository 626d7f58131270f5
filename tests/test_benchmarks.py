"""The benchmarks run, and compare like with like; what they measure is theirs to tell."""

import json

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks import loading, six_tactics
from benchmarks.photos import photos


def test_photos_are_distinct_and_the_same_every_time() -> None:
    several = photos(16)
    assert {(photo.shape, photo.dtype.name, photo.flags.c_contiguous) for photo in several} == {
        ((375, 500, 3), "uint8", True)
    }
    assert len({photo.tobytes() for photo in several}) == 16
    assert all(np.array_equal(one, other) for one, other in zip(several, photos(16), strict=True))


def test_six_tactics_runs_and_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version
    found = six_tactics.measure(count=2, rounds=1)
    assert json.loads(json.dumps(found)) == found
    stds = [moved["std"] for moved in found["warps_px"].values()]
    assert max(stds) < 1.25 * min(stds)
    assert all(figures["ms"] > 0 for figures in found["distinct"].values())
    assert six_tactics.HEADLINE in six_tactics.table(found)


def test_loading_runs() -> None:
    with threadpool_limits(1):  # after which there are as many as before
        found = loading.measure(count=96, rounds=1)
    assert json.loads(json.dumps(found)) == found
    assert all(ms > 0 for ms in found["ms"].values())
    assert "two workers" in loading.table(found)
