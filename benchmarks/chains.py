"""Measure chains that people use, on 500 x 375 photos: 48 in turn, and one again and again as an expansion has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.peers.augkit_cases import CHAINS
from benchmarks.peers.contender import contenders
from benchmarks.peers.environments import PEERS
from benchmarks.peers.given import given_from
from benchmarks.photos import photos
from benchmarks.race import race
from benchmarks.standings import standings, told

__all__ = ["measure", "table"]

KIND = "photos"


def measure(
    count: int = 48, rounds: int = 7, cases: Sequence[str] = tuple(CHAINS), names: Sequence[str] = tuple(PEERS)
) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    with contenders({KIND: given_from(photos(count))}, names) as (crew, absent):
        figures = {
            "cold": race(crew, cases, KIND, count, rounds),
            "hot": race(crew, cases, KIND, count, rounds, hot=True),
        }
        versions = {contender.name: contender.versions for contender in crew}
    return {
        "question": (__doc__ or "").splitlines()[0],
        "photos": {"count": count, "shape": [375, 500, 3], "rounds": rounds},
        "contenders": versions,
        "absent": absent,
        **figures,
        "standings": {mode: standings(cases) for mode, cases in figures.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return "\n".join([found["question"], *(f"{mode}:\n{told(found[mode])}" for mode in ("cold", "hot"))])
