"""Measure whether mistakes that were put into a data set are found: how many, and which.

Into scikit-learn's 1,797 digits, in class folders: pictures once more under another name, copies of an expansion
without its books, one class of ten pictures among the others, and a twentieth of the pictures moved to another class at
random, of which `augkit train --folds` ranks doubts, and without folds those of its validation and test pictures. Of
these it is told how many were found, how many of what was told was right, and how many of as many as were moved are
right at the head of the ranking.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from augkit.errors import FileError
from augkit.expand import ExpandConfig, expand
from augkit.train import TrainConfig, train
from augkit.train.parts.parts import ROLES
from augkit.train.setup import Setup, prepare
from benchmarks.sets import Labelled, digits, lay

__all__ = ["measure", "table"]

SEEDS = (0, 1)
TWICE, RARE, SHARE, FOLDS, EPOCHS = 40, 10, 0.05, 5, 10
COPIES, EXPANDED = 3, 200


def measure() -> dict[str, Any]:
    """Return what was planted and what was told of it, for each seed."""
    return {"seeds": list(SEEDS), "runs": [_run(seed) for seed in SEEDS]}


def table(found: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = ["planted and told, scikit-learn's digits"]
    for seed, run in zip(found["seeds"], found["runs"], strict=True):
        lines += [
            f"  seed {seed}: {name}: {', '.join(f'{k} {v}' for k, v in row.items())}" for name, row in run.items()
        ]
    return "\n".join(lines)


def _run(seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return {
            "twice": _twice(root / "twice", seed),
            "stripped": _stripped(root / "stripped", seed),
            "rare": _rare(root / "rare", seed),
            "relabelled": _relabelled(root / "relabelled", seed, FOLDS),
            "relabelled, no folds": _relabelled(root / "no folds", seed, 0),
        }


def _laid(root: Path, known: Labelled) -> list[Path]:
    lay(root, {"": (known, np.arange(len(known.labels)))})
    return sorted(root.rglob("*.png"))


def _ready(data: Path, **options: Any) -> tuple[Setup, list[str]]:
    told: list[str] = []
    config = TrainConfig.of(data=str(data), out=str(data.parent / "run"), model="lenet", threads=1, **options)
    return prepare(config, told.append, lambda *_: None), told


def _twice(root: Path, seed: int) -> dict[str, Any]:
    files = _laid(root, digits())
    for place in np.random.default_rng(seed).choice(len(files), TWICE, replace=False):
        shutil.copy(files[place], files[place].with_name(f"again-{files[place].name}"))
    setup, told = _ready(root)
    roles = {source.id: role for role in ROLES for source in setup.surveyed.parts[role].sources}
    named = [one for one in setup.alike if one.kind == "same"]
    crossed = sum(len({roles[twin.id] for twin in one.twins}) > 1 for one in named)
    is_told = any(sentence.startswith(f"{2 * TWICE} pictures hold the same bytes") for sentence in told)
    return {"planted": TWICE, "found": len(named), "in two parts": crossed, "told": is_told}


def _stripped(root: Path, seed: int) -> dict[str, Any]:
    files = _laid(root / "source", digits())
    for place in np.random.default_rng(seed).permutation(len(files))[EXPANDED:]:
        files[place].unlink()
    options: dict[str, Any] = {"pipeline": "digits", "copies": COPIES, "encoding": "png", "seed": seed, "workers": 0}
    expand(ExpandConfig.of(source=str(root / "source"), out=str(root / "data"), **options))
    shutil.rmtree(root / "data" / ".augkit")
    told = ""
    try:
        _ready(root / "data")
    except FileError as refused:
        told = str(refused)
    wanted = f"{EXPANDED * COPIES} files named as copies of {EXPANDED} pictures"
    return {"planted": EXPANDED * COPIES, "refused": bool(told), "counted": wanted in told}


def _rare(root: Path, seed: int) -> dict[str, Any]:
    files = [path for path in _laid(root, digits()) if path.parent.name == "7"]
    for place in np.random.default_rng(seed).permutation(len(files))[RARE:]:
        files[place].unlink()
    _, told = _ready(root)
    named = [sentence for sentence in told if sentence.startswith("A class has at most a tenth")]
    return {"planted": RARE, "told": bool(named), "named": any("'7' " in sentence for sentence in named)}


def _relabelled(root: Path, seed: int, folds: int) -> dict[str, Any]:
    generator, files = np.random.default_rng(seed), _laid(root / "data", digits())
    moved = set[str]()
    for place in generator.choice(len(files), round(SHARE * len(files)), replace=False):
        own = int(files[place].parent.name)
        to = root / "data" / str((own + int(generator.integers(1, 10))) % 10) / files[place].name
        files[place].rename(to)
        moved.add(to.relative_to(root / "data").as_posix())
    options: dict[str, Any] = {"model": "lenet", "epochs": EPOCHS, "threads": 1, "seed": seed, "keep": "last"}
    config = TrainConfig.of(data=str(root / "data"), out=str(root / "run"), folds=folds, **options)
    result = train(config)
    with (root / "run/label_doubts.csv").open(encoding="utf-8") as file:
        ranked = [row["path"] for row in csv.DictReader(file)]
    if not folds:
        lines = [json.loads(line) for line in (root / "run/pictures.jsonl").read_text("utf-8").splitlines()]
        moved &= {line["id"] for line in lines if line["role"] != "train"}
    right = len(moved & set(ranked))
    return {
        "planted": len(moved),
        "told": len(ranked),
        "found": round(right / len(moved), 3),
        "right of told": round(right / max(1, len(ranked)), 3),
        "right at the head": round(len(moved & set(ranked[: len(moved)])) / len(moved), 3),
        "accuracy": round(result.metrics["accuracy"], 4),
    }
