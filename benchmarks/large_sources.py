"""Measure chains on sources of 12 megapixels, shown at 224 and 512 pixels: three in turn, and one again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.peers.contender import contenders
from benchmarks.peers.environments import PEERS
from benchmarks.peers.given import given_from
from benchmarks.photos import Photo, photos
from benchmarks.race import race
from benchmarks.standings import standings, told

__all__ = ["large_photos", "measure", "table"]

KIND = "12 megapixels"
SIZE = (3000, 4000)
CASES = (
    "Resize",
    "Resize, all antialias",
    "RandomResizedCrop, all antialias",
    "crop + flip",
    "resized crop + flip",
    "resized crop + flip, 512",
    "resized crop + flip + rotation + light",
    "crop + flip + rotation + light, 512",
    "six tactics, elastic",
)


def large_photos(count: int) -> list[Photo]:
    """Return photos of 12 megapixels: enlarged ones with the noise of a sensor, so that files of them are not small."""
    random = np.random.default_rng(0)
    found = []
    for photo in photos(count, SIZE):
        noise = random.normal(0.0, 4.0, (SIZE[0] // 8, SIZE[1], 3)).astype(np.float32)
        noisy = photo + np.concatenate([noise] * 8)
        found.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    return found


def measure(count: int = 3, rounds: int = 5, names: Sequence[str] = tuple(PEERS)) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    with contenders({KIND: given_from(large_photos(count))}, names) as (crew, absent):
        figures = {
            "cold": race(crew, CASES, KIND, count, rounds),
            "hot": race(crew, CASES, KIND, count, rounds, hot=True),
        }
        versions = {contender.name: contender.versions for contender in crew}
    return {
        "question": (__doc__ or "").splitlines()[0],
        "photos": {"count": count, "shape": [*SIZE, 3], "rounds": rounds},
        "contenders": versions,
        "absent": absent,
        **figures,
        "standings": {mode: standings(cases) for mode, cases in figures.items()},
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return "\n".join([found["question"], *(f"{mode}:\n{told(found[mode])}" for mode in ("cold", "hot"))])
