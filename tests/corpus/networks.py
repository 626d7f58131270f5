"""Networks of the corpus: what they were trained on, how, and what they are asked."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from corpus import sources
from corpus.outcomes import command, lay
from corpus.sources import HERE, Files

SIZE = (28, 28)
NET = b"""input: 28x28x1
layers:
  - conv: {filters: 3, kernel: 5, stride: 2}
  - batch_norm
  - relu
  - pool: {kind: mean, size: 2}
  - flatten
  - dense: classes
"""
# What each was trained with; every one of them is kept as NAME.safetensors in artefacts/.
TRAINED = {
    "classes": "train src --out run --model lenet --input 28x28x1 --epochs 6 --batch-size 8 --threads 1",
    "labels": "train src/list.jsonl --out run --model net.yaml --epochs 6 --batch-size 8 --threads 1",
    "numbers": "train src/list.jsonl --out run --model net.yaml --epochs 6 --batch-size 8 --threads 1 --task numbers",
}
ASKED = {
    "csv": "predict model.safetensors asked -o said.csv",
    "json": "predict model.safetensors asked -o said.jsonl --top 2 --batch-size 3",
    "augmented": "predict model.safetensors asked -o said.csv --tta 3 --pipeline digits",
    "with a broken picture": "predict model.safetensors asked bad.png -o said.jsonl",
}


def taught(name: str) -> Files:
    """Return what a network was trained on."""
    picture = partial(sources.picture, size=SIZE, channels=1)
    if name == "classes":
        return {f"src/{kind}/{n}.png": picture(3 * n + place) for place, kind in enumerate("abc") for n in range(8)}
    labels = [["even"] * (n % 2 == 0) + ["third"] * (n % 3 == 0) if name == "labels" else n / 4 - 1 for n in range(24)]
    rows = [json.dumps({"image": f"{n}.png", "label": label}) for n, label in enumerate(labels)]
    files = {f"src/{n}.png": picture(n) for n in range(24)}
    return files | {"src/list.jsonl": "\n".join(rows).encode(), "net.yaml": NET}


def asked() -> Files:
    """Return the pictures that networks are asked about: of their size and kind, and others; and one that is none."""
    picture = partial(sources.picture, size=SIZE, channels=1)
    files = {f"asked/{n}.png": picture(100 + n) for n in range(5)}
    files |= {"asked/below/rgb.png": sources.picture(7, size=(40, 30)), "asked/deep.png": picture(9, deep=True)}
    return files | {"asked/turned.jpg": sources.kept("turned.jpg"), "bad.png": b"none"}


def said(name: str, question: str, folder: Path) -> dict[str, Any]:
    """Ask a network and return the exit code, and the lines of the file that it wrote."""
    lay(asked() | {"model.safetensors": (HERE / "artefacts" / f"{name}.safetensors").read_bytes()}, folder)
    code = command(folder, ASKED[question])
    (file,) = folder.glob("said.*")
    return {"code": code, "lines": file.read_text(encoding="utf-8").split("\n")}
