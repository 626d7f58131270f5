"""The pictures that all contenders get, with boxes and a mask each, in one file that every process reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "Given", "Maker", "given_from", "read_given", "write_given"]

BOXES = 6  # a picture


@dataclass(frozen=True)
class Given:
    """A picture (H, W, 3) of uint8, boxes (n, 4) as left, top, right, bottom in pixels, and a mask (H, W) of uint8."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    mask: NDArray[np.uint8]


Case = Callable[[int, int], Any]
"""What is timed: called with the number of a picture and the turn, it returns a picture in the contender's own form."""
Maker = Callable[[Sequence[Given]], Case]
"""What makes a case of the pictures, and what is not timed: composing, compiling, converting to the peer's own form."""


def given_from(images: Sequence[NDArray[np.uint8]], seed: int = 0) -> list[Given]:
    """Return the pictures with random boxes, and the boxes' numbers as masks."""
    random = np.random.default_rng(seed)
    found = []
    for image in images:
        height, width = image.shape[:2]
        centres, sides = random.uniform(0.2, 0.8, (BOXES, 2)), random.uniform(0.1, 0.3, (BOXES, 2))
        boxes = np.concatenate([centres - sides / 2, centres + sides / 2], 1) * [width, height, width, height]
        mask = np.zeros((height, width), np.uint8)
        for number, (left, top, right, bottom) in enumerate(boxes.astype(int), 1):
            mask[top:bottom, left:right] = number
        found.append(Given(image, boxes, mask))
    return found


def write_given(path: Path, given: Sequence[Given]) -> None:
    """Write pictures of one size."""
    arrays = {name: np.stack([getattr(one, name) for one in given]) for name in ("image", "boxes", "mask")}
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes keywords for options


def read_given(path: Path) -> list[Given]:
    """Return what `write_given` wrote, every array by itself."""
    with np.load(path) as arrays:
        names = ("image", "boxes", "mask")
        together = zip(*(arrays[name] for name in names), strict=True)
        return [Given(*(np.array(part) for part in parts)) for parts in together]
