"""Scenes of discs and squares whose boxes and masks are known, for tasks that say something of every place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from support.folders import put

CLASSES = ("disc", "square")
COLOURS = ((220, 60, 60), (60, 90, 220))


def scene(
    seed: int, side: int = 64, most: int = 3
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[list[float]], list[str]]:
    """Return a picture, its mask (0 for nothing, then the classes), its boxes and their labels."""
    random = np.random.default_rng(seed)
    image = random.integers(90, 140, (side, side, 3))
    mask = np.zeros((side, side), np.uint8)
    boxes, labels = list[list[float]](), list[str]()
    y, x = np.mgrid[:side, :side] + 0.5
    for _ in range(int(random.integers(0, most + 1))):
        kind, radius = int(random.integers(2)), int(random.integers(side // 10, side // 5))
        cx, cy = (float(random.integers(radius, side - radius)) for _ in range(2))
        inside = np.hypot(x - cx, y - cy) <= radius if kind == 0 else np.maximum(abs(x - cx), abs(y - cy)) <= radius
        if (mask[inside] > 0).any():
            continue
        image[inside] = np.array(COLOURS[kind]) + random.integers(-20, 20, 3)
        mask[inside] = kind + 1
        boxes.append([cx - radius, cy - radius, cx + radius, cy + radius])
        labels.append(CLASSES[kind])
    return np.clip(image, 0, 255).astype(np.uint8), mask, boxes, labels


def scenes(root: Path, count: int = 24, side: int = 64, first: int = 0) -> Path:
    """Lay scenes and a manifest of their boxes into a folder, and return the manifest."""
    rows = []
    for place in range(count):
        image, _, boxes, labels = scene(first + place, side)
        put(root / f"{place:03d}.png", image)
        rows.append({"image": f"{place:03d}.png", "boxes": boxes, "box_labels": labels})
    (root / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root / "list.jsonl"


def masked_scenes(root: Path, count: int = 16, side: int = 64) -> Path:
    """Lay scenes and their masks, of which one says of a part that it is ignored, and return their folder."""
    for place in range(count):
        image, mask, *_ = scene(place, side)
        if place == 0:
            mask[:8] = 255
        put(root / "images" / f"{place:03d}.png", image)
        put(root / "masks" / f"{place:03d}.png", mask)
    (root / "classes.csv").write_text("number,name\n0,background\n1,disc\n2,square\n")
    return root
