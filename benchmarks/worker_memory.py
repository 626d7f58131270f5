"""Measure the memory of its own that a loader's worker comes to hold, as the list of pictures gets longer.

A worker that is forked shares its parent's memory until one of both writes to it, and a Python object is written to
when it is looked at. So a worker holds more and more of a list of objects; the sources of `augkit.loader` lie in one
array. Each picture has a class and two boxes. Linux alone tells what memory is a process's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import augkit as ak
from augkit.datasets import DataSet, Source
from augkit.datasets.data_set import Annotations
from augkit.images import encode
from augkit.loader import folder
from augkit.storage.root import Folder
from augkit.targets.records import Instance, of_instances

__all__ = ["measure", "table"]

METHODS = ("fork", "spawn")
BATCH, BATCHES = 64, 300
GOAL = 0.05  # KB a picture, at most
QUESTION = "What memory of its own does a worker hold?"


def measure(count: int = 150_000, few: int = 1000, batches: int = BATCHES) -> dict[str, Any]:
    """Run a loader over few and over many sources, each in a process of its own; return figures as JSON has them."""
    found = {str(number): _of(number, batches) for number in (few, count)}
    each = {
        method: 1024 * (found[str(count)][method]["later"] - found[str(few)][method]["later"]) / (count - few)
        for method in METHODS
    }
    return {"question": QUESTION, "megabytes": found, "kilobytes_a_picture": each, "goal": GOAL}


def _of(count: int, batches: int) -> dict[str, dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks.worker_memory", str(count), str(batches)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'pictures':>10}  {'start':6}{'first batch':>14}{'later':>10}"]
    for count, methods in found["megabytes"].items():
        for method, held in methods.items():
            lines.append(f"{int(count):10,}  {method:6}{held['first']:11.1f} MB{held['later']:7.1f} MB")
    lines += [f"{each:8.3f} KB a picture and worker: {method}" for method, each in found["kilobytes_a_picture"].items()]
    return "\n".join(lines)


def _private(process: int) -> float:
    """Return the megabytes that are a process's own."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
    held = (line.split()[1] for line in lines if line.startswith(("Private_Dirty", "Private_Clean")))
    return sum(map(int, held)) / 1024


def _held(data: DataSet, method: Any, batches: int) -> dict[str, float]:
    loader = folder(data, ak.Pipeline([]), BATCH, workers=2, start_method=method, world=1)
    batch = iter(loader)
    next(batch)
    workers = [worker.pid for worker in batch._workers]  # type: ignore[attr-defined]
    first = max(map(_private, workers))
    for _ in range(batches):
        if next(batch, None) is None:
            break
    return {"first": first, "later": max(map(_private, workers))}


def _sources(count: int) -> tuple[Source, ...]:
    found = []
    for number in range(count):
        boxes = [Instance(f"{name}", (1.0, 1.0, 5.0, 5.0)) for name in ("cat", "dog")]
        carried = Annotations(of_instances(boxes))
        found.append(Source(f"shelf/{number:07d}.png", 200, f"c{number % 10}", place="a.png", annotations=carried))
    return tuple(found)


def main(count: int, batches: int) -> None:
    """Print the figures of one number of sources."""
    with TemporaryDirectory() as place:
        (Path(place) / "a.png").write_bytes(encode(np.zeros((8, 8, 3), np.uint8), "png"))
        data = DataSet("folder", Folder(Path(place)), _sources(count))
        print(json.dumps({method: _held(data, method, batches) for method in METHODS}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
