"""Measure every transform alone that a peer has as well, on 500 x 375 photos, beside the peers and OpenCV by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.peers.augkit_cases import ALONE
from benchmarks.peers.contender import contenders
from benchmarks.peers.environments import PEERS
from benchmarks.peers.given import given_from
from benchmarks.photos import photos
from benchmarks.race import race
from benchmarks.standings import standings, told

__all__ = ["measure", "table"]

KIND = "photos"


def measure(
    count: int = 16, rounds: int = 7, cases: Sequence[str] = tuple(ALONE), names: Sequence[str] = tuple(PEERS)
) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    with contenders({KIND: given_from(photos(count))}, names) as (crew, absent):
        figures = race(crew, cases, KIND, count, rounds)
        versions = {contender.name: contender.versions for contender in crew}
    return {
        "question": (__doc__ or "").splitlines()[0],
        "photos": {"count": count, "shape": [375, 500, 3], "rounds": rounds},
        "contenders": versions,
        "absent": absent,
        "cases": figures,
        "standings": standings(figures),
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return f"{found['question']}\n{told(found['cases'])}"
