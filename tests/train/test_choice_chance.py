"""Whole choices in simulated worlds: seldom anything is picked where nothing helps, and mostly what does is."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import chance


@pytest.fixture(scope="module")
def rows() -> dict[float, dict[str, Any]]:
    """Return what a few choices come to in the world of the most noise, by how much turning helps."""
    found = chance.measure(24, chance.WORLDS[:1])["rows"]
    return {row["effect"]: row for row in found}


def test_where_nothing_helps_seldom_anything_is_picked(rows: dict[float, dict[str, Any]]) -> None:
    assert rows[0.0]["picked"] <= 4  # 6 % of 24, and two standard deviations


def test_what_helps_is_mostly_picked(rows: dict[float, dict[str, Any]]) -> None:
    assert rows[0.5]["picked"] >= 3  # of 6, of which five are to be expected
