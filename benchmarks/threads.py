"""Measure trainings with one and with two threads, from scratch and frozen, each from its process's start to its end.

The pictures are crops of two photographs, as of `benchmarks.second_run`. From scratch a ResNet-18 learns from 96
pixels, and the small network of grey pictures' default from 32. Frozen, features of 224 pixels are computed anew. Runs
with one thread and with two take turns. Beside them stands one run whose threads wait for each other in loops, as
OpenMP's do by themselves: what augkit asks of it, ``OMP_WAIT_POLICY=PASSIVE``, matters where a machine has other work.

Seconds of a processor are those of all threads; those of a clock depend on what else the machine does, which its load
tells. A run may be said to be no slower with two threads where its seconds of a clock are at most those with one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.second_run import middle, pictures, timed
from benchmarks.sets import lay

__all__ = ["measure", "table"]

EACH, REPEATS = 20, 2
PASSIVE, ACTIVE = "PASSIVE", "ACTIVE"
SCRATCH = ("--pipeline", "none", "--keep", "last")
KINDS = {
    "scratch, resnet18, 96 px": ("--model", "resnet18", "--input", "96x96x3", "--epochs", "3", *SCRATCH),
    "scratch, resnet_small, 32 px": ("--model", "resnet_small", "--input", "32x32x3", "--epochs", "12", *SCRATCH),
    "frozen, efficientnet_lite0": ("--epochs", "5", "--no-cache", "--pipeline", "none", "--unfreeze", "0"),
}
LOOPED = "scratch, resnet_small, 32 px"  # whose steps are short, so that threads wait most of the time


def measure() -> dict[str, Any]:
    """Return the median seconds of runs, of a processor and of a clock, by what they do and their threads."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay(root / "data", {"": pictures(EACH)})
        found: dict[str, dict[str, list[dict[str, float]]]] = {kind: {} for kind in KINDS}
        place = 0
        for turn in range(REPEATS):
            for kind, options in KINDS.items():
                arms = [("1", 1, PASSIVE), ("2", 2, PASSIVE)]
                if kind == LOOPED and not turn:
                    arms.append(("2 in loops", 2, ACTIVE))
                for name, threads, policy in arms:
                    place += 1
                    words = ["train", str(root / "data"), "--out", str(root / f"{place}"), "--threads", str(threads)]
                    own = os.environ | {"OMP_WAIT_POLICY": policy, "OMP_NUM_THREADS": str(threads)}
                    found[kind].setdefault(name, []).append(timed("-m", "augkit", *words, *options, environment=own))
    seconds = {kind: {name: middle(runs) for name, runs in by_threads.items()} for kind, by_threads in found.items()}
    return {"threads": [1, 2], "pictures": 10 * EACH, "repeats": REPEATS, "seconds_of_runs": seconds}


def table(found: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = [f"{found['pictures']} pictures; seconds of a processor, of a clock, medians of {found['repeats']}"]
    for kind, by_threads in found["seconds_of_runs"].items():
        for name, seconds in by_threads.items():
            lines.append(f"  {kind:32}{name:>12}{seconds['processor']:8.2f}{seconds['clock']:8.2f}")
    return "\n".join(lines)
