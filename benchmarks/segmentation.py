"""Measure what a head on frozen features learns of the class of every pixel, with and without augmentation.

Folders of pictures and masks are learnt from as `benchmarks.dense_trials` says, the network's weights of others frozen,
a head on its maps learnt. What is reported on is not learnt from, and chooses nothing; the last epoch is kept, so that
chance does not choose one of few pictures. Then the pictures that are reported on are asked again with a mirrored copy
each, whose answer is brought back.

- scenes: cut-outs in six classes on photos, whose truth is exact; see `benchmarks.scenes`. No cut-out is in two splits.
- nuclei: the one microscope picture that the package `stardist` ships with the outlines of its nuclei by hand, cut
  into squares: the left part is learnt from, a stripe chooses, the right part is reported on.

What is not on this machine is told, and left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from augkit.images import decode, encode
from augkit.pipeline import Pipeline
from augkit.train import predict
from augkit.train.files.artefact import load
from augkit.train.tasks.overlap import Overlap, confusion
from augkit.train.tasks.segment_task import Segment
from augkit.transforms.geometry import Mirror
from benchmarks.dense_trials import Row, Trial, lines_of, measured, summary
from benchmarks.scenes import lay_masks, scenes
from benchmarks.sets import Absent

__all__ = ["measure", "table"]

NUCLEI = "AUGKIT_NUCLEI"  # the environment variable that names the folder with img2d.tif and mask2d.tif
HERE = Path(__file__).parent
TILE = 128  # pixels
TRAINED, CHOOSING, TESTED = 48, 16, 60  # scenes
FIGURES = {"mean_iou": "mean IoU", "pixel_accuracy": "pixels", "mirrored": "with mirrored copies"}


def _scenes(folder: Path, seed: int) -> Path:
    counts = {"train": TRAINED, "val": CHOOSING, "test": TESTED}
    lay_masks(folder, {split: scenes(split, count, seed) for split, count in counts.items()})
    return folder


def _nuclei(folder: Path, seed: int) -> Path:
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
    return folder


TRIALS = {
    "scenes": Trial(_scenes, str(HERE / "scenes.yaml"), {"views": 8}),
    "nuclei": Trial(_nuclei, str(HERE / "microscope.yaml"), {}),
}


def measure(seeds: Sequence[int] = range(5), trials: Collection[str] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        seeds: of scenes, and of trainings.
        trials: by name; None takes all.
        options: settings of all contenders.
    """
    rows, absent = trained(seeds, trials, **options)
    return summary((__doc__ or "").splitlines()[0], rows, absent, list(FIGURES))


def trained(
    seeds: Sequence[int], trials: Collection[str] | None = None, **options: Any
) -> tuple[list[Row], dict[str, str]]:
    """Do some of it and return its rows, for `summary`; the arguments are those of `measure`."""
    usual = {"task": "segment", "keep": "last", "patience": 0} | options
    return measured(TRIALS, list(FIGURES)[:2], "iou", seeds, trials, usual, _mirrored)


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return lines_of(found, FIGURES)


def _mirrored(run: Path, data: Path) -> Row:
    """Return the mean IoU where a mirrored copy of each picture is asked too, and the seconds that this takes."""
    began, artefact = time.process_time(), load(run)
    assert isinstance(artefact.task, Segment)
    meant = artefact.task.meant
    images = sorted((data / "test" / "images").iterdir())
    truths = [decode((data / "test" / "masks" / image.name).read_bytes()).image for image in images]
    rows = predict(artefact, images, tta=1, pipeline=Pipeline([Mirror()]))
    found = [
        confusion(meant.places(truth), row.answers, len(meant.names))
        for truth, row in zip(truths, rows, strict=True)
        if row.answers is not None
    ]
    return {
        "mirrored": round(Overlap(np.stack(found)).mean_iou or 0.0, 4),
        "mirrored_seconds": round(time.process_time() - began, 1),
    }
