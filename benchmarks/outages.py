"""Disturb jobs by seeded outages of disks and stores, and see that the same command then ends in the undisturbed tree.

As a command: ``python -m benchmarks.outages [--seeds FIRST:LAST] [--jobs PATTERN] [--anew]``; seeds that were right are
remembered in build/outages.jsonl and not run again. All of them take an hour or more.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.faults.file_calls import file_calls
from benchmarks.faults.forks import ROOT, Forks
from benchmarks.faults.jobs import Job, jobs, lay_others, lay_sources
from benchmarks.faults.schedules import Bench, Calls, Outage, drawn
from benchmarks.faults.store_trials import FORMS, StoreBench, drawn_rules, store_bench

__all__ = ["bench", "chosen", "measure", "outages_of", "table"]

SEEDS = 1000
STORE = "in a store, "  # begins the names of these jobs
KNOWN = ROOT / "build/outages.jsonl"
MOST_OUTAGES = 3  # one after the other


@contextmanager
def bench(
    work: Path, imports: Sequence[str] = ("augkit.expand.expansion",), forms: Sequence[str] | None = None
) -> Iterator[Bench]:
    """Give a bench of trials in a folder, with sources of some formats, or of all."""
    places = {name: work / name for name in ("source", "labels", "reference")} | {"pipeline": work / "pipeline.yaml"}
    lay_sources(places["source"], forms=forms)
    lay_others(places)
    for name in ("whole", "trials"):
        (work / name).mkdir()
    with ExitStack() as stack:
        calls = stack.enter_context(file_calls(work))
        forks = Forks(calls.environment, imports)
        stack.callback(forks.end)
        yield Bench(places, work / "whole", work / "trials", calls, forks)


def chosen(seed: int, known: Sequence[Job]) -> Job:
    """Return the job of a seed: dear ones are rarer."""
    return random.Random(f"job {seed}").choices(known, [1.0 / max(0.5, job.cost) for job in known])[0]


def outages_of(seed: int, calls: Calls) -> list[Outage]:
    """Return the outages of a seed, one run after the other."""
    draw = random.Random(f"outages {seed}")
    return [drawn(draw, calls) for _ in range(draw.randint(1, MOST_OUTAGES))]


def available(pattern: str = "*") -> list[Job]:
    """Return the jobs whose packages are installed."""
    every = (*jobs(), *(Job(f"{STORE}{form}", (), cost=3.0, needs=("s3fs", "moto")) for form in FORMS))
    return [job for job in every if fnmatch(job.name, pattern) and all(map(find_spec, job.needs))]


class Trials:
    """Trials of jobs, each prepared when it is first tried; a store is started when it is first needed."""

    def __init__(self, work: Path, stack: ExitStack) -> None:
        self._work, self._stack = work, stack
        self._disk = stack.enter_context(bench(work, ("augkit.expand.expansion", "augkit.train")))
        self._requests: dict[str, int] = {}
        self._store: StoreBench | None = None

    def of(self, seed: int, job: Job) -> tuple[list[str], list[str], int]:
        """Return the outages of a seed, what was wrong under them, and how much they struck."""
        if job.name.startswith(STORE):
            return self._in_store(seed, job.name.removeprefix(STORE))
        outages = outages_of(seed, self._disk.prepare(job))
        wrong, struck = self._disk.trial(job, outages, f"{seed}")
        return list(map(str, outages)), wrong, sum(struck)

    def _in_store(self, seed: int, form: str) -> tuple[list[str], list[str], int]:
        if self._store is None:
            self._store = self._stack.enter_context(store_bench(self._work, self._work / "source"))
        if form not in self._requests:
            self._requests[form] = self._store.prepare(form)
        rules = drawn_rules(seed, self._requests[form])
        wrong, struck = self._store.trial(form, rules, f"{seed}", (0.0, 0.2, 2.0)[seed % 3])
        return list(map(str, rules)), wrong, struck


def measure(seeds: Sequence[int] = range(SEEDS), pattern: str = "*", known: Path | None = KNOWN) -> dict[str, Any]:
    """Run schedules; return what they came to."""
    all_jobs, began = available(pattern), time.monotonic()
    right = _known(known)
    results = {seed: right[seed] for seed in seeds if seed in right}
    work = Path(tempfile.mkdtemp(prefix="augkit-outages-"))
    with ExitStack() as stack:
        trials = Trials(work, stack)
        for seed in (seed for seed in seeds if seed not in right):
            job, started = chosen(seed, all_jobs), time.monotonic()
            outages, wrong, struck = trials.of(seed, job)
            seconds = round(time.monotonic() - started, 1)
            entry = {"seed": seed, "job": job.name, "struck": struck, "seconds": seconds, "wrong": wrong}
            results[seed] = entry
            if wrong:
                told = "\n    ".join((*outages, *wrong))
                print(f"seed {seed}, {job.name}: struck {struck}, {seconds} s\n    {told}", flush=True)
            elif known is not None:
                known.parent.mkdir(parents=True, exist_ok=True)
                with known.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
    if not any(entry["wrong"] for entry in results.values()):
        shutil.rmtree(work)
    counts = Counter(entry["job"] for entry in results.values())
    return {
        "question": (__doc__ or "").splitlines()[0],
        "schedules": len(results),
        "struck": sum(entry["struck"] for entry in results.values()),
        "not_struck": sum(not entry["struck"] for entry in results.values()),
        "wrong": sorted(seed for seed, entry in results.items() if entry["wrong"]),
        "minutes": round(sum(entry["seconds"] for entry in results.values()) / 60, 1),
        "minutes_now": round((time.monotonic() - began) / 60, 1),
        "jobs": dict(sorted(counts.items())),
    }


def _known(file: Path | None) -> dict[int, dict[str, Any]]:
    if file is None or not file.exists():
        return {}
    entries = map(json.loads, file.read_text().splitlines())
    return {entry["seed"]: entry for entry in entries}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{found['schedules']:6,} schedules, {found['struck']:,} calls struck"]
    lines.append(f"{len(found['wrong']):6,} wrong{': seeds ' if found['wrong'] else ''}{str(found['wrong'])[1:-1]}")
    lines += [f"{count:6,} {job}" for job, count in found["jobs"].items()]
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Run what is asked for, print and write figures; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="benchmarks.outages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", default=f"0:{SEEDS}")
    parser.add_argument("--jobs", default="*")
    parser.add_argument("--anew", action="store_true", help="also run seeds that were right before")
    given = parser.parse_args(words)
    first, _, last = given.seeds.partition(":")
    seeds = range(int(first), int(last or int(first) + 1))
    known = None if given.anew or given.jobs != "*" else KNOWN
    found = measure(seeds, given.jobs, known)
    print(table(found))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
