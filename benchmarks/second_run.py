"""Measure a second frozen run of 1,000 pictures whose features are kept, from the start of its process to its end.

The pictures are crops of scikit-learn's two photographs in ten tints, 128 pixels wide. A first run computes their
features; further ones, each into a folder of its own, find them. Beside them stands a process that only imports torch,
which no run can do without. Seconds of a processor are those of the process and of what it waited for; those of a clock
depend on what else the machine does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sets import Labelled, lay

__all__ = ["measure", "table"]

CLASSES, EACH, SIDE, REPEATS = 10, 100, 128, 3
TINT, NOISE = 20.0, 4.0  # levels


def measure() -> dict[str, Any]:
    """Return the seconds of a first run, of second ones and of torch's import, of a processor and of a clock."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay(root / "data", {"": pictures(EACH)})

        def run(name: str) -> dict[str, float]:
            words = ["train", str(root / "data"), "--out", str(root / name), "--cache", str(root / "cache")]
            return timed("-m", "augkit", *words)

        first = run("first")
        seconds = [run(f"second-{place}") for place in range(REPEATS)]
        imports = [timed("-c", "import torch") for _ in range(REPEATS)]
        logs = {(path / "log.jsonl").read_bytes() for path in root.iterdir() if (path / "log.jsonl").exists()}
    return {
        "pictures": CLASSES * EACH,
        "first": first,
        "second": middle(seconds),
        "least": min(one["processor"] for one in seconds),
        "torch": middle(imports),
        "same": len(logs) == 1,
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = [f"{found['pictures']:,} pictures, frozen; seconds of a processor, of a clock"]
    for name, told in (("first", "first run"), ("second", "second run, the median"), ("torch", "import torch alone")):
        lines.append(f"  {told:24}{found[name]['processor']:8.2f}{found[name]['clock']:8.2f}")
    lines.append(f"  the least of {REPEATS} second runs {found['least']:.2f}; all learn the same: {found['same']}")
    return "\n".join(lines)


def pictures(each: int) -> tuple[Labelled, list[int]]:
    """Return as many pictures of each class, and their places."""
    from sklearn.datasets import load_sample_images

    photos, random = [np.asarray(photo) for photo in load_sample_images().images], np.random.default_rng(1)
    images, labels = [], np.repeat(np.arange(CLASSES), each)
    for label in labels:
        photo = photos[label % 2]
        top, left = (int(random.integers(size - SIDE)) for size in photo.shape[:2])
        tint = TINT * np.cos(2 * np.pi * (label / CLASSES + np.arange(3) / 3))
        levels = photo[top : top + SIDE, left : left + SIDE] + tint + random.normal(0, NOISE, (SIDE, SIDE, 3))
        images.append(levels.clip(0, 255).astype(np.uint8))
    return Labelled(images, labels), list(range(len(images)))


def timed(*words: str, environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """Return the seconds of Python with some words."""
    began = time.perf_counter()
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *words], env=environment, stdout=nowhere, stderr=nowhere)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(words)} ended with {status}")
    return {"processor": round(used.ru_utime + used.ru_stime, 2), "clock": round(time.perf_counter() - began, 2)}


def middle(seconds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each kind of seconds."""
    return {name: round(float(np.median([one[name] for one in seconds])), 2) for name in seconds[0]}
