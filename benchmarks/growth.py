"""Measure how planning an expansion and an epoch of a loader grows with the number of sources, from 1e3 to 1e6.

The sources are a list made up here, without pictures: ids, sizes, classes. Each number of them is measured in a process
of its own: the seconds of the whole plan (checks, names, shards, its digest, its first shard), the seconds that one
epoch's order takes, and the megabytes that the list holds, and the plan beside it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import augkit as ak
from augkit.datasets import DataSet, Source
from augkit.expand import work_plan
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.work_plan import Row, make_plan
from augkit.loader import EpochSampler
from augkit.storage.root import Folder

__all__ = ["measure", "table"]

COUNTS = (1_000, 10_000, 100_000, 1_000_000)
COPIES = 10


def measure(counts: tuple[int, ...] = COUNTS) -> dict[str, Any]:
    """Run every number in a process of its own; return figures as JSON can hold them."""
    found = {str(count): _of(count) for count in counts}
    return {"question": (__doc__ or "").splitlines()[0], "copies": COPIES, "sources": found}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    head = f"{'sources':>10}{'plan, s':>10}{'us a source':>13}{'epoch, s':>10}{'list, MB':>10}{'more, MB':>10}"
    lines = [found["question"], head]
    for count, of in found["sources"].items():
        each = of["plan_s"] / int(count) * 1e6
        numbers = f"{of['plan_s']:10.3f}{each:13.1f}{of['epoch_s']:10.3f}{of['list_mb']:10.0f}{of['more_mb']:10.0f}"
        lines.append(f"{int(count):10,}{numbers}")
    return "\n".join(lines)


def _of(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _held() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main(count: int) -> None:
    """Print the figures of one number of sources."""
    with TemporaryDirectory() as place:
        before = _held()
        sources = [Source(f"class {n % 100}/{n:07d}.jpg", 50_000 + n % 1000, f"class {n % 100}") for n in range(count)]
        data = DataSet.of("folder", Folder(Path(place)), sources, Counter())
        held = _held()
        config = ExpandConfig.of(source=place, out=f"{place}-out", pipeline=ak.load("light"), copies=COPIES)
        started = time.process_time()
        with patch.object(work_plan, "read", lambda *args, **options: data):
            plan = make_plan(config).with_part(Row(number, 0, COPIES, False) for number in range(count))
        plan.described()
        list(islice(plan.shards(), 1))
        planned, more = time.process_time() - started, _held() - held
        started = time.process_time()
        for _ in EpochSampler(count):
            pass
        epoch = time.process_time() - started
    figures = {
        "plan_s": round(planned, 4),
        "epoch_s": round(epoch, 4),
        "list_mb": round(held - before, 1),
        "more_mb": round(more, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
