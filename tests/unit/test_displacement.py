"""Displacements of few points and of many are the same numbers, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import augkit as ak
from augkit.core import warp
from augkit.core.ops import Warp


@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (7,), (100,), (1, 1), (3, 5), (4000,)])
def test_few_points_are_moved_as_many_are(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ak.Pipeline([ak.LocalWarp(0.05, 8)]).draw(ak.Key(0, "a"), ak.Scene((375, 500)))
    (op,) = (op for step in plan.steps for op in getattr(step, "ops", ()) if isinstance(op, Warp))
    grid, points = warp.grid_of(op), np.random.default_rng(0).uniform(-50, 550, (*shape, 2))
    few = warp.displacement(grid, points)
    monkeypatch.setattr(warp, "FEW", -1)
    assert np.array_equal(few, warp.displacement(grid, points))
