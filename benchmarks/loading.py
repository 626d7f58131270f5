"""Measure what a DataLoader of augkit's adds to decoding and augmenting, and how much faster two workers are than one.

The six tactics on 500 x 375 JPEG photos, batches of 32, all in one run in interleaved rounds, each ratio within its
round:

- The bare loop reads, decodes, draws and runs in one process on one thread, and does nothing else. What the loader
  takes longer without workers, for tensors and batches too, is its overhead.
- Loaders with workers persist, and are timed over their second epoch from its third batch on: the start of processes is
  not part of a rate, and neither are batches that were made before the clock started.

A second worker can only be as fast as the machine's second processor: so two processes that run the bare loop at once,
with nothing to share, are timed beside them. So is torch's own loader over a data set that reads with OpenCV and
augments with Albumentations, the six tactics with its fastest local warp.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import torch
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader, Dataset

import augkit as ak
from augkit.datasets import DataSet, read
from augkit.images import decode, encode
from augkit.loader import folder
from benchmarks.photos import photos

__all__ = ["measure", "table"]

Seconds = float

BATCH, SKIPPED, QUALITY = 32, 2, 90
GOALS = {"two_workers": 1.7, "overhead": 0.15}  # at least, at most
BARE, NONE, ONE, TWO = "decode and augment alone", "loader, no workers", "loader, 1 worker", "loader, 2 workers"
BOTH = "two bare loops at once"
THEIRS = "Albumentations, torch's loader, 2 workers"


def measure(count: int = 480, rounds: int = 4) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    cv2.setNumThreads(1)
    threadpool_limits(1)
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        for number, photo in enumerate(photos(count)):
            path = work / f"class {number % 4}" / f"{number:05d}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encode(photo, "jpeg", QUALITY))
        data = read(work)
        contenders: dict[str, Callable[[], Seconds]] = {
            BARE: lambda: _bare(data),
            NONE: lambda: _loaded(data, 0),
            ONE: lambda: _loaded(data, 1),
            TWO: lambda: _loaded(data, 2),
            BOTH: lambda: _both(data),
            THEIRS: lambda: _of_peer(sorted(work.rglob("*.jpg"))),
        }
        times: dict[str, list[Seconds]] = {name: [] for name in contenders}
        for turn in range(rounds + 1):
            for name, contender in contenders.items():
                took = contender()
                if turn:  # round 0 warms up and is not told
                    times[name].append(took)
        return _summary(times, count, rounds)
    finally:
        shutil.rmtree(work)


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'':42}{'ms a picture':>14}"]
    lines += [f"{name:42}{ms:14.3f}" for name, ms in found["ms"].items()]
    texts = {
        "two_workers": "times one worker's rate with two",
        "overhead": "of decoding and augmenting is what the loader adds",
        "two_processes": "times one bare loop's rate with two, which share nothing",
        "peer": "times as fast as Albumentations in torch's loader, two workers each",
    }
    for name, text in texts.items():
        low, high = found["ratios"][name]["spread"]
        goal = f", goal {GOALS[name]:.2f}" if name in GOALS else ""
        lines.append(f"{found['ratios'][name]['median']:6.3f} ({low:.3f} - {high:.3f}{goal}) {text}")
    return "\n".join(lines)


def _bare(data: DataSet) -> Seconds:
    cv2.setNumThreads(1)
    pipeline = ak.load("six")
    started = time.perf_counter()
    for source in data.sources:
        sample = ak.Sample(decode(data.read(source.id)).image)
        ak.run(pipeline.draw(ak.Key(0, source.id), ak.Scene.of(sample)), sample)
    return (time.perf_counter() - started) / len(data.sources)


def _both(data: DataSet) -> Seconds:
    with get_context("fork").Pool(2) as pool:
        return max(pool.map(_bare, [data, data], chunksize=1)) / 2


def _loaded(data: DataSet, workers: int) -> Seconds:
    """Return the seconds a picture takes in the second epoch."""
    loader = folder(data, "six", BATCH, workers=workers, drop_last=True, start_method="fork")
    return _second_epoch(loader, workers)


class _Augmented(Dataset[torch.Tensor]):
    """Pictures read with OpenCV and augmented with Albumentations, as its documentation writes it."""

    def __init__(self, files: Sequence[Path]) -> None:
        A: Any = import_module("albumentations")
        sure = {"border_mode": cv2.BORDER_REFLECT, "p": 1}
        self.files = files
        self.composed = A.Compose(
            [
                A.RandomResizedCrop(size=(224, 224), scale=(0.5, 1), p=1),
                A.HorizontalFlip(p=0.5),
                A.Rotate(limit=(-15, 15), **sure),
                A.Affine(shear={"x": (-10, 10), "y": (0, 0)}, **sure),
                A.GridDistortion(num_steps=8, distort_limit=0.17, **sure),
                A.FancyPCA(alpha=0.1, p=1),
                A.ToTensorV2(),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        read = cv2.imread(str(self.files[index]))
        assert read is not None
        made: torch.Tensor = self.composed(image=cv2.cvtColor(read, cv2.COLOR_BGR2RGB))["image"]
        return made


def _of_peer(files: Sequence[Path]) -> Seconds:
    loader = DataLoader(
        _Augmented(files),
        BATCH,
        shuffle=True,
        num_workers=2,
        drop_last=True,
        persistent_workers=True,
        multiprocessing_context="fork",
        worker_init_fn=_on_one_thread,
    )
    return _second_epoch(loader, 2)


def _on_one_thread(worker: int) -> None:
    cv2.setNumThreads(1)


def _second_epoch(loader: DataLoader[Any], workers: int) -> Seconds:
    for _ in loader:
        pass
    times = [time.perf_counter()]
    for _ in loader:
        times.append(time.perf_counter())
    first = SKIPPED if workers else 0
    return (times[-1] - times[first]) / (BATCH * (len(times) - 1 - first))


def _summary(times: dict[str, list[Seconds]], count: int, rounds: int) -> dict[str, Any]:
    pairs = {
        "two_workers": [one / two for one, two in zip(times[ONE], times[TWO], strict=True)],
        "overhead": [none / bare - 1.0 for none, bare in zip(times[NONE], times[BARE], strict=True)],
        "two_processes": [bare / both for bare, both in zip(times[BARE], times[BOTH], strict=True)],
        "peer": [theirs / two for theirs, two in zip(times[THEIRS], times[TWO], strict=True)],
    }
    return {
        "question": (__doc__ or "").splitlines()[0],
        "photos": {"count": count, "batch": BATCH, "rounds": rounds},
        "goals": GOALS,
        "ratios": {
            name: {"median": round(statistics.median(found), 3), "spread": [round(min(found), 3), round(max(found), 3)]}
            for name, found in pairs.items()
        },
        "ms": {name: round(statistics.median(took) * 1e3, 4) for name, took in times.items()},
    }
