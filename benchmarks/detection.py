"""Measure what a detector on frozen maps finds of objects, with and without augmentation.

Manifests of boxes are learnt from as `benchmarks.dense_trials` says, the backbone frozen, in bfloat16. What is reported
on is not learnt from, and chooses nothing; the last epoch is kept, so that chance does not choose one of few pictures.
Each contender has epochs that suit it: in validation, crowns that are always the same are found at an average precision
of 8.0 % after 12 epochs and 10.5 % after 24, and are learnt by heart after 40 (seed 0).

- crowns: trees in four aerial photos, 951 boxes; see `benchmarks.crowns`.
- scenes: cut-outs in six classes on photos, whose boxes are exact; see `benchmarks.scenes`.

What is not on this machine is told, and left out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from augkit.images import encode
from benchmarks.crowns import lay_crowns
from benchmarks.dense_trials import Trial, lines_of, measured, summary
from benchmarks.scenes import CLASSES, scenes

__all__ = ["measure", "table"]

COMPOSED, CROWNS = (str(Path(__file__).with_name(f"{name}.yaml")) for name in ("composed", "crowns"))
FIGURES = {"ap50": "AP50", "ap": "AP"}
COUNTS = {"train": 96, "val": 24, "test": 80}  # scenes


def _crowns(folder: Path, seed: int) -> Path:
    """Write the tiles; the seed plays no part."""
    return lay_crowns(folder)


def _scenes(folder: Path, seed: int) -> Path:
    names, rows = list(CLASSES), list[str]()
    for split, count in COUNTS.items():
        for place, scene in enumerate(scenes(split, count, seed)):
            name = f"{split}-{place:03d}.png"
            (folder / name).write_bytes(encode(scene.image, "png"))
            labels = [names[number - 1] for number, _ in scene.objects]
            boxes = [list(box) for _, box in scene.objects]
            rows.append(json.dumps({"image": name, "split": split, "boxes": boxes, "box_labels": labels}))
    (folder / "scenes.jsonl").write_text("\n".join(rows) + "\n")
    return folder / "scenes.jsonl"


TRIALS = {
    "crowns": Trial(_crowns, CROWNS, {"epochs": 48, "views": 8}, {"epochs": 24}),
    "scenes": Trial(_scenes, COMPOSED, {"epochs": 24, "views": 8}),
}


def measure(seeds: Sequence[int] = range(5), trials: Collection[str] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        seeds: of scenes, and of trainings.
        trials: by name; None takes all.
        options: settings of all contenders.
    """
    usual: dict[str, Any] = {"keep": "last", "patience": 0, "precision": "bfloat16"}
    rows, absent = measured(TRIALS, list(FIGURES), "ap50", seeds, trials, usual | options)
    return summary((__doc__ or "").splitlines()[0], rows, absent, list(FIGURES))


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    return lines_of(found, FIGURES)
