"""Measure an expansion of 12-megapixel JPEGs to 224 x 224: at a scale that suffices, whole, and as release 0.3 did it.

Ten copies of each by the pipeline `light`, in this process (`workers=0`), so that no start of processes counts.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

import augkit as ak
from augkit.expand import expand
from augkit.images import encode
from benchmarks.expansion import COPIES, QUALITY, Seconds, ratios_of, timed
from benchmarks.large_sources import large_photos

__all__ = ["measure", "table"]

DISTINCT = 4
SCALED, WHOLE, BEFORE = "decode: scaled", "decode: full", "as 0.3: behaviour 1, executor cpu"
GOALS = {"times_0.3": 2.5}
PAIRS = {"times_0.3": (BEFORE, SCALED), "whole_times_0.3": (BEFORE, WHOLE), "scaled": (WHOLE, SCALED)}


def measure(count: int = 12, rounds: int = 3) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    cv2.setNumThreads(1)
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        source = work / "photos"
        source.mkdir()
        made = [encode(photo, "jpeg", QUALITY) for photo in large_photos(min(count, DISTINCT))]
        for number in range(count):
            (source / f"{number:03d}.jpg").write_bytes(made[number % len(made)])
        steps = ak.load("light").steps
        before = ak.Pipeline(steps, behaviour=1)
        times = timed(
            {
                SCALED: lambda out: _expanded(source, out, ak.Pipeline(steps, decode="scaled")),
                WHOLE: lambda out: _expanded(source, out, ak.Pipeline(steps)),
                BEFORE: lambda out: _expanded(source, out, before, executor="cpu"),
            },
            rounds,
            work,
        )
    finally:
        shutil.rmtree(work)
    return {
        "question": (__doc__ or "").splitlines()[0],
        "photos": {"count": count, "copies": COPIES, "rounds": rounds, "megabytes": round(len(made[0]) / 2**20, 1)},
        "goals": GOALS,
        **ratios_of(times, PAIRS),
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'':36}{'ms an output':>14}"]
    lines += [f"{name:36}{figures['ms']:14.3f}" for name, figures in found["contenders"].items()]
    for name, figures in found["ratios"].items():
        low, high = figures["spread"]
        goal = f", goal {GOALS[name]:.2f}" if name in GOALS else ""
        lines.append(f"{figures['median']:8.3f} ({low:.3f} - {high:.3f}{goal}) {name}")
    return "\n".join(lines)


def _expanded(source: Path, out: Path, pipeline: ak.Pipeline, executor: str = "native") -> tuple[Seconds, Seconds]:
    began = time.perf_counter()
    summary = expand(source, out, pipeline, COPIES, workers=0, quality=QUALITY, executor=executor)
    assert summary.written == summary.planned
    return (time.perf_counter() - began) / summary.written, 0.0
