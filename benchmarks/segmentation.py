"""Measure what a head on frozen features learns of the class of every pixel, with and without augmentation.

Everything is done as a user does it: folders of pictures and masks, and `augkit.train.train`, the network's weights of
others frozen, a head on its maps learnt, with the settings that the trainer takes by itself. What is reported on is
not learnt from, and chooses nothing.

- scenes: cut-outs in six classes on photos, whose truth is exact; see `benchmarks.scenes`. No cut-out is in two splits.
- nuclei: the one microscope picture that the package `stardist` ships with the outlines of its nuclei by hand, cut
  into squares: the left part is learnt from, a stripe chooses, the right part is reported on.

What is not on this machine is told, and left out.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from augkit.images import decode, encode
from augkit.train import TrainConfig, train
from benchmarks.scenes import lay_masks, scenes
from benchmarks.sets import Absent

__all__ = ["measure", "table"]

NUCLEI = "AUGKIT_NUCLEI"  # the environment variable that names the folder with img2d.tif and mask2d.tif
TILE = 128  # pixels
TRAINED, CHOOSING, TESTED = 48, 16, 60  # scenes
PIPELINE = """\
border: reflect
steps:
  - RandomResizedCrop: {size: [%d, %d], scale: [0.5, 1.0]}
  - Mirror: {chance: 0.5}
  - Rotate: {degrees: [-15, 15]}
  - Brightness: {factor: [0.8, 1.2]}
  - Contrast: {factor: [0.8, 1.2]}
"""


def _scenes(folder: Path, seed: int) -> None:
    counts = {"train": TRAINED, "val": CHOOSING, "test": TESTED}
    lay_masks(folder, {split: scenes(split, count, seed) for split, count in counts.items()})


def _nuclei(folder: Path, seed: int) -> None:
    """Write the squares of the picture; the seed plays no part."""
    home = Path(os.environ.get(NUCLEI) or "node_modules/nuclei")
    if not (home / "img2d.tif").is_file():
        raise Absent(
            f"{home} has no nuclei. Unpack stardist/data/images of the wheel of stardist; name it in {NUCLEI}."
        )
    levels = decode((home / "img2d.tif").read_bytes()).image
    objects = decode((home / "mask2d.tif").read_bytes()).image
    low, high = np.quantile(levels, [0.001, 0.999])
    grey = np.clip((levels.astype(np.float64) - low) / (high - low) * 255.0, 0, 255).astype(np.uint8)
    columns = grey.shape[1] // TILE
    for top in range(0, grey.shape[0] - TILE + 1, TILE):
        for column in range(columns):
            split = "train" if column < columns - 2 else "val" if column == columns - 2 else "test"
            place = np.s_[top : top + TILE, column * TILE : (column + 1) * TILE]
            for kind, plane in (("images", grey), ("masks", (objects > 0).astype(np.uint8))):
                (folder / split / kind).mkdir(parents=True, exist_ok=True)
                (folder / split / kind / f"{top:04d}-{column}.png").write_bytes(encode(plane[place], "png"))


TRIALS: dict[str, tuple[Callable[[Path, int], None], int]] = {"scenes": (_scenes, 256), "nuclei": (_nuclei, TILE)}


def measure(seeds: int = 3, trials: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        seeds: how many.
        trials: by name; None takes all.
        options: settings that are to replace those of every contender.
    """
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, (lay, side) in TRIALS.items():
        if trials is not None and name not in trials:
            continue
        runs: dict[str, list[dict[str, Any]]] = {"none": [], "augmented": []}
        try:
            for seed in range(seeds):
                with tempfile.TemporaryDirectory(prefix="augkit-bench-") as work:
                    lay(Path(work) / "data", seed)
                    for contender, told in runs.items():
                        told.append(_run(Path(work), contender, seed, side, options))
                        print(f"{name}, seed {seed}, {contender}: {told[-1]}", flush=True)
        except Absent as fault:
            absent[name] = str(fault)
            continue
        found[name] = {it: _summary(told) for it, told in runs.items()}
    return {"question": (__doc__ or "").splitlines()[0], "trials": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, contenders in found["trials"].items():
        for it, figures in contenders.items():
            told = f"{100 * figures['mean_iou']:5.1f} % mean IoU, {100 * figures['pixel_accuracy']:5.1f} % of pixels"
            lines.append(f"{name:8} {it:10} {told}, {figures['seconds']:.0f} s")
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _run(work: Path, contender: str, seed: int, side: int, options: Mapping[str, Any]) -> dict[str, Any]:
    pipeline = work / "augmented.yaml"
    pipeline.write_text(PIPELINE % (side, side), "utf-8")
    began = time.perf_counter()
    config = TrainConfig(
        data=str(work / "data"),
        out=str(work / f"run {contender}"),
        task="segment",
        pipeline="none" if contender == "none" else str(pipeline),
        seed=seed,
        threads=1,
        **options,
    )
    result = train(config)
    metrics = result.metrics
    return {
        "epochs": result.epochs,
        "mean_iou": round(metrics["mean_iou"], 4),
        "pixel_accuracy": round(metrics["pixel_accuracy"], 4),
        "per_class": {row["name"]: row["iou"] for row in metrics["per_class"]},
        "epoch": result.best_epoch,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("mean_iou", "pixel_accuracy", "seconds")
    return {key: round(statistics.fmean(run[key] for run in runs), 4) for key in keys} | {"runs": runs}
