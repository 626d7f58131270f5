"""The script that expands a data set with Albumentations and a pool of processes, as people write it.

Run as ``python -m benchmarks.albumentations_script FOLDER OUT COPIES WORKERS SIDE QUALITY`` by the interpreter of that
peer's environment. It prints the seconds that the pool works, from the first picture to the last; starting processes is
not counted. Nothing is recorded, synced or keyed: a second run makes other pictures.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

__all__: list[str] = []

PIPELINE: list[Any] = []


def begin(side: int) -> None:
    """Make the pipeline of a process: the six tactics with the fastest local warp, as in six_tactics.py."""
    cv2.setNumThreads(1)
    A: Any = import_module("albumentations")
    sure = {"border_mode": cv2.BORDER_REFLECT, "interpolation": cv2.INTER_LINEAR, "p": 1}
    steps = [
        A.RandomResizedCrop(size=(side, side), scale=(0.5, 1), p=1),
        A.HorizontalFlip(p=0.5),
        A.Rotate(limit=(-15, 15), **sure),
        A.Affine(shear={"x": (-10, 10), "y": (0, 0)}, **sure),
        A.GridDistortion(num_steps=8, distort_limit=0.17, **sure),
        A.FancyPCA(alpha=0.1, p=1),
    ]
    PIPELINE[:] = [A.Compose(steps)]


def ready(_: int) -> int:
    """Return the process, once it is there."""
    time.sleep(0.05)
    return os.getpid()


def expanded(path: Path, out: Path, copies: int, quality: int) -> None:
    """Write the copies of one picture."""
    read = cv2.imread(str(path))
    assert read is not None
    picture = cv2.cvtColor(read, cv2.COLOR_BGR2RGB)
    for copy in range(copies):
        made = cv2.cvtColor(PIPELINE[0](image=picture)["image"], cv2.COLOR_RGB2BGR)
        cv2.imwrite(f"{out}/{path.stem}-{copy}.jpg", made, [cv2.IMWRITE_JPEG_QUALITY, quality])


def main(folder: Path, out: Path, copies: int, workers: int, side: int, quality: int) -> None:
    """Expand a folder and print the seconds."""
    paths = sorted(folder.rglob("*.jpg"))
    out.mkdir(parents=True)
    with ProcessPoolExecutor(workers, get_context("spawn"), begin, (side,)) as pool:
        assert set(pool.map(ready, range(8 * workers)))
        started = time.perf_counter()
        tasks = [pool.submit(expanded, path, out, copies, quality) for path in paths]
        for task in tasks:
            task.result()
        print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
