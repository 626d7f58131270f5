"""Folders of small pictures to expand, and ways to look at what came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.expand import Summary, expand
from augkit.images import encode
from augkit.pipeline import Pipeline
from augkit.transforms.colour import Brightness
from augkit.transforms.crops import RandomCrop
from augkit.transforms.geometry import Rotate

SMALL = Pipeline([RandomCrop((16, 16)), Rotate((-20, 20)), Brightness((0.7, 1.3))])
IDS = ("roses/a.jpg", "roses/b.png", "roses/red/a.jpg", "top.jpg", *(f"tulips/{i:03d}.jpg" for i in range(20)))


def picture(seed: int, size: tuple[int, ...] = (24, 32, 3)) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def put(path: Path, image: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(image, "png" if path.suffix == ".png" else "jpeg"))


def fill(root: Path, count: int = len(IDS)) -> Path:
    """Lay the first pictures of `IDS` into a folder."""
    for number, id in enumerate(IDS[:count]):
        put(root / id, picture(number))
    return root


def tree(out: Path) -> dict[str, bytes]:
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    del files[".augkit/source.txt"]
    return files


def outputs(out: Path) -> dict[str, bytes]:
    return {id: data for id, data in tree(out).items() if not id.startswith(".augkit")}


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(x) for p in sorted((out / ".augkit/lineage").iterdir()) for x in p.read_text().splitlines()]


def done(source: Path, out: Path, copies: int = 3, workers: int = 0, **options: Any) -> Summary:
    return expand(source, out, options.pop("pipeline", SMALL), copies, workers=workers, **options)
