"""Measure what a detector on frozen maps finds of objects, with and without augmentation.

Everything is done as a user does it: a manifest of boxes and `augkit.train.train` with its own defaults but for a few
epochs, the backbone frozen. What is reported on is not learnt from, and chooses nothing; the last epoch is kept, so
that chance does not choose one of few pictures.

- crowns: trees in four aerial photos, 951 boxes; see `benchmarks.crowns`.
- scenes: cut-outs in six classes on photos, whose boxes are exact; see `benchmarks.scenes`.

What is not on this machine is told, and left out. Seconds are of the processor, on one thread: others may be at work.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from augkit.images import encode
from augkit.train import TrainConfig, train
from benchmarks.crowns import lay_crowns
from benchmarks.scenes import CLASSES, scenes
from benchmarks.sets import Absent

__all__ = ["measure", "table"]

AERIAL = str(Path(__file__).with_name("aerial.yaml"))
EPOCHS = 12  # a fifth of the trainer's own number: minutes on one thread
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


TRIALS: dict[str, tuple[Callable[[Path, int], Path], str]] = {"crowns": (_crowns, AERIAL), "scenes": (_scenes, "light")}


def measure(seeds: int = 1, trials: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        seeds: how many.
        trials: by name; None takes all.
        options: settings of all contenders.
    """
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, (lay, pipeline) in TRIALS.items():
        if trials is not None and name not in trials:
            continue
        runs: dict[str, list[dict[str, Any]]] = {"none": [], Path(pipeline).stem: []}
        try:
            for seed in range(seeds):
                with tempfile.TemporaryDirectory(prefix="augkit-bench-") as work:
                    (data := Path(work) / "data").mkdir()
                    manifest = lay(data, seed)
                    for contender, told in runs.items():
                        chosen = "none" if contender == "none" else pipeline
                        told.append(_run(manifest, Path(work) / contender, chosen, seed, options))
                        print(f"{name}, seed {seed}, {contender}: {told[-1]}", flush=True)
        except Absent as fault:
            absent[name] = str(fault)
            continue
        found[name] = {contender: _summary(told) for contender, told in runs.items()}
    return {"question": (__doc__ or "").splitlines()[0], "trials": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, contenders in found["trials"].items():
        for contender, of in contenders.items():
            told = f"AP50 {100 * of['ap50']:5.1f} %, AP {100 * of['ap']:5.1f} %, {of['processor_seconds']:.0f} s"
            lines.append(f"{name:8} {contender:10} {told}")
    return "\n".join([*lines, *(f"!!! {name}: NOT MEASURED. {reason}" for name, reason in found["absent"].items())])


def _run(manifest: Path, out: Path, pipeline: str, seed: int, options: Mapping[str, Any]) -> dict[str, Any]:
    began = time.process_time()
    usual: dict[str, Any] = {"threads": 1, "keep": "last", "patience": 0, "epochs": EPOCHS}
    result = train(TrainConfig(data=str(manifest), out=str(out), pipeline=pipeline, seed=seed, **{**usual, **options}))
    metrics = result.metrics
    return {
        "ap50": round(metrics["ap50"], 4),
        "ap": round(metrics["ap"], 4),
        "interval": [round(metrics["headline"][end], 4) for end in ("low", "high")],
        "per_class": {row["name"]: row["ap50"] for row in metrics["per_class"]},
        "epochs": result.epochs,
        "pictures": dict(result.pictures),
        "processor_seconds": round(time.process_time() - began, 1),
    }


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("ap50", "ap", "processor_seconds")
    return {key: round(statistics.fmean(run[key] for run in runs), 4) for key in keys} | {"runs": runs}
