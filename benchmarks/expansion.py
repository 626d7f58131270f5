"""Measure an expansion, files to files, tars and Parquet, against the codec alone and a script with Albumentations.

The six tactics, ten copies of each photo, everything an expansion does: names, lineage, hashes, markers, renames and
syncs. All in one run, in interleaved rounds, each ratio within its round:

- The floor decodes every photo once and encodes ten pictures of the outputs' size, distinct ones that the pipeline
  made, in memory, with augkit's own codec, in one process on one thread.
- An expansion is timed from its `workers`-th finished shard to its last: starting processes and opening and closing the
  books of a job cost the same whatever its size. What they cost is told beside it.
- The bare loop reads, decodes, draws, runs, encodes and writes the same outputs, and does nothing else: what an
  expansion by one worker takes longer is bookkeeping and syncs.
- The script reads, augments and writes with Albumentations in a pool of processes: see albumentations_script.py.

Every round writes to new folders and nothing is removed before the end: a file system that has just removed thousands
of files makes new ones slowly. TMPDIR chooses the disk.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

import augkit as ak
from augkit.expand import Progress, expand
from augkit.images import decode, encode
from benchmarks.peers.environments import ROOT, interpreter, missing
from benchmarks.photos import photos

__all__ = ["BARE", "FLOOR", "measure", "ratios_of", "table", "timed"]

Seconds = float
Timed = Callable[[Path], tuple[Seconds, Seconds]]
"""Does all of it into a new folder; returns the seconds an output takes, and those that are no part of it."""
Times = Mapping[str, Sequence[tuple[Seconds, Seconds]]]

COPIES, QUALITY, SIDE = 10, 90, 224
KEPT = 64  # photos whose outputs are kept in memory for the floor: 96 MB
FEWER = 8  # photos that the script does: a part in so many, as it is slow and takes as long for each
GOALS = {"of_floor": 0.40, "tars_of_floor": 0.50, "two_workers": 1.9, "overhead": 0.10}  # the last at most
FLOOR, BARE = "decode and encode alone", "bare loop"
ONE, TWO, TARS, PARQUET = "expand, 1 worker", "expand, 2 workers", "expand to tars", "expand to Parquet"
SCRIPT, SCRIPTS = "Albumentations, 1 process", "Albumentations, 2 processes"
PAIRS = {  # of ratios: what is by what
    "of_floor": (FLOOR, ONE),
    "tars_of_floor": (FLOOR, TARS),
    "parquet_of_floor": (FLOOR, PARQUET),
    "two_workers": (ONE, TWO),
    "script": (SCRIPT, ONE),
    "scripts": (SCRIPTS, TWO),
    "bare": (BARE, ONE),
}


def measure(count: int = 400, rounds: int = 5, script: bool = True) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    cv2.setNumThreads(1)
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        source, few = work / "photos", work / "few"
        files = _written(source, count)
        few.mkdir()
        for path in files[: count // FEWER]:
            shutil.copy(path, few)
        pipeline = ak.load("six")
        kept = files[:KEPT]
        outputs = [_outputs(pipeline, path) for path in kept]
        parts: dict[str, list[Seconds]] = {}
        contenders: dict[str, Timed] = {
            FLOOR: lambda out: _floor(kept, outputs),
            BARE: lambda out: _bare(pipeline, files, out, parts),
            ONE: lambda out: _expanded(source, out, pipeline, 1),
            TWO: lambda out: _expanded(source, out, pipeline, 2),
            TARS: lambda out: _expanded(source, out, pipeline, 1, form="webdataset"),
            PARQUET: lambda out: _expanded(source, out, pipeline, 1, form="parquet"),
        }
        if script and not missing("albumentations"):
            contenders |= {SCRIPT: lambda out: _script(few, out, 1), SCRIPTS: lambda out: _script(few, out, 2)}
        times = timed(contenders, rounds, work)
        return {
            "question": (__doc__ or "").splitlines()[0],
            "photos": {"count": count, "copies": COPIES, "rounds": rounds, "file_system": _file_system(work)},
            "goals": GOALS,
            **ratios_of(times, PAIRS),
            "bare_parts_ms": {name: round(statistics.median(took[1:]) * 1e3, 4) for name, took in parts.items()},
        }
    finally:
        shutil.rmtree(work)


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'':28}{'ms an output':>14}{'start and end, s':>19}"]
    lines += [
        f"{name:28}{figures['ms']:14.3f}{figures['fixed_s']:19.2f}" for name, figures in found["contenders"].items()
    ]
    lines += [f"  {name:26}{ms:14.3f}" for name, ms in found["bare_parts_ms"].items()]
    for name, figures in found["ratios"].items():
        low, high = figures["spread"]
        goal = f", goal {GOALS[name]:.2f}" if name in GOALS else ""
        lines.append(f"{figures['median']:8.3f} ({low:.3f} - {high:.3f}{goal}) {name}")
    return "\n".join(lines)


def timed(contenders: Mapping[str, Timed], rounds: int, work: Path) -> dict[str, list[tuple[Seconds, Seconds]]]:
    """Time all in turn, round by round, each into a new folder; the first round warms up and is not told."""
    times: dict[str, list[tuple[Seconds, Seconds]]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for number, (name, contender) in enumerate(contenders.items()):
            took = contender(work / f"round {turn}, {number}")
            if turn:
                times[name].append(took)
    return times


def ratios_of(times: Times, pairs: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return medians of the times, and medians and spreads of ratios within a round."""
    each = {name: [took for took, _ in theirs] for name, theirs in times.items()}
    fixed = {name: statistics.median(rest for _, rest in theirs) for name, theirs in times.items()}
    ratios = {
        name: [one / other for one, other in zip(each[left], each[right], strict=True)]
        for name, (left, right) in pairs.items()
        if left in each and right in each
    }
    if "bare" in ratios:
        ratios["overhead"] = [1.0 - bare for bare in ratios.pop("bare")]
    return {
        "ratios": {
            name: {"median": round(statistics.median(found), 3), "spread": [round(min(found), 3), round(max(found), 3)]}
            for name, found in ratios.items()
        },
        "contenders": {
            name: {"ms": round(statistics.median(took) * 1e3, 4), "fixed_s": round(fixed[name], 3)}
            for name, took in each.items()
        },
    }


def _written(folder: Path, count: int) -> list[Path]:
    """Write the photos as JPEG files in class folders."""
    files = []
    for number, photo in enumerate(photos(count)):
        path = folder / f"class {number % 4}" / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(photo, "jpeg", QUALITY))
        files.append(path)
    return files


def _outputs(pipeline: ak.Pipeline, path: Path) -> list[ak.Sample]:
    sample = ak.Sample(decode(path.read_bytes()).image)
    return [pipeline(sample, ak.Key(0, path.name, copy)) for copy in range(COPIES)]


def _floor(files: Sequence[Path], outputs: Sequence[Sequence[ak.Sample]]) -> tuple[Seconds, Seconds]:
    held = [path.read_bytes() for path in files]
    started = time.perf_counter()
    for data, made in zip(held, outputs, strict=True):
        decode(data)
        for output in made:
            encode(output.image, "jpeg", QUALITY)
    return (time.perf_counter() - started) / (COPIES * len(files)), 0.0


def _bare(
    pipeline: ak.Pipeline, files: Sequence[Path], out: Path, parts: dict[str, list[Seconds]]
) -> tuple[Seconds, Seconds]:
    """Make the outputs with nothing around; gather what each verb takes an output."""
    out.mkdir()
    spent = dict.fromkeys(("read and decode", "draw", "run", "encode", "write"), 0.0)
    started = last = time.perf_counter()

    def tick(part: str) -> None:
        nonlocal last
        now = time.perf_counter()
        spent[part] += now - last
        last = now

    for number, path in enumerate(files):
        sample = ak.Sample(decode(path.read_bytes()).image)
        scene = ak.Scene.of(sample)
        tick("read and decode")
        for copy in range(COPIES):
            plan = pipeline.draw(ak.Key(0, path.name, copy), scene)
            tick("draw")
            made = ak.run(plan, sample)
            tick("run")
            data = encode(made.image, "jpeg", QUALITY)
            tick("encode")
            _write(f"{out}/{number}-{copy}.jpg", data)
            tick("write")
    for part, seconds in spent.items():
        parts.setdefault(part, []).append(seconds / (COPIES * len(files)))
    return (last - started) / (COPIES * len(files)), 0.0


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)  # the fastest way there is
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _expanded(
    source: Path, out: Path, pipeline: ak.Pipeline, workers: int, form: str = "folder"
) -> tuple[Seconds, Seconds]:
    """Expand, and return the seconds an output takes when all workers work, and the seconds that are not part of it.

    The clock starts with the `workers`-th shard: each worker has then done about one.
    """
    seen: list[tuple[Seconds, int]] = []

    def watch(progress: Progress) -> None:
        if not seen or progress.written > seen[-1][1]:
            seen.append((time.perf_counter(), progress.written))

    began = time.perf_counter()
    summary = expand(source, out, pipeline, COPIES, workers=workers, quality=QUALITY, form=form, progress=watch)
    whole = time.perf_counter() - began
    assert summary.written == summary.planned, f"{summary.rejected} of {summary.planned} outputs were rejected"
    assert len(seen) > 3 * workers, f"{len(seen)} shards are too few to see the rate of {workers} workers"
    (first, before), (last, after) = seen[workers - 1], seen[-1]
    each = (last - first) / (after - before)
    return each, whole - each * summary.written


def _script(folder: Path, out: Path, workers: int) -> tuple[Seconds, Seconds]:
    command = [str(interpreter("albumentations")), "-m", "benchmarks.albumentations_script", str(folder), str(out)]
    numbers = map(str, (COPIES, workers, SIDE, QUALITY))
    began = time.perf_counter()
    there = os.environ | {"PYTHONPATH": str(ROOT), "NO_ALBUMENTATIONS_UPDATE": "1"}
    done = subprocess.run([*command, *numbers], capture_output=True, text=True, check=True, cwd=ROOT, env=there)
    whole, worked = time.perf_counter() - began, float(done.stdout)
    return worked / (COPIES * len(list(folder.iterdir()))), whole - worked


def _file_system(folder: Path) -> str:
    """Return the type of the file system that a folder lies on, where it can be known."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return "unknown"
    fields = [line.split() for line in mounts.read_text("utf-8").splitlines()]
    holders = [(len(place), kind) for _, place, kind, *_ in fields if folder.is_relative_to(place)]
    return max(holders)[1]
