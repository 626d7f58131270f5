"""Pictures with masks that fit them: regions of class numbers, each of a colour of its own in a noisy picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augkit.datasets import DataSet
from augkit.datasets.samples import named_sample
from augkit.images import encode

Files = dict[str, bytes | str | dict[str, Any]]

SIZE = (40, 56)
TINTS = np.array([(30, 140, 60), (210, 60, 50), (60, 80, 220), (230, 220, 80)], np.int64)
COLOURS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (0, 0, 192)]


def numbers(seed: int = 0, classes: int = 3, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return a mask of class numbers: rectangles over 0, elsewhere for every seed."""
    rng, mask = np.random.default_rng(seed), np.zeros(size, np.uint8)
    for number in range(1, classes):
        top, left = rng.integers(0, size[0] // 2), rng.integers(0, size[1] // 2)
        mask[top : top + size[0] // 3, left : left + size[1] // 3] = number
    return mask


def photo(mask: NDArray[Any], seed: int = 0) -> NDArray[np.uint8]:
    """Return a picture of a mask: each class has its colour, and noise goes over all."""
    noise = np.random.default_rng(seed + 1000).integers(-25, 25, (*mask.shape, 3))
    made: NDArray[np.uint8] = np.clip(TINTS[np.minimum(mask, 3)] + noise, 0, 255).astype(np.uint8)
    return made


def jpeg(seed: int = 0) -> bytes:
    return encode(photo(numbers(seed), seed), "jpeg", 95)


def png(
    mask: NDArray[Any], mode: str = "", palette: list[tuple[int, int, int]] | None = None, kind: str = "PNG"
) -> bytes:
    """Return a mask as a file; with a palette its numbers are indices."""
    picture, file = Image.fromarray(mask), io.BytesIO()
    if palette is not None:
        picture = Image.fromarray(mask.astype(np.uint8))
        picture.putpalette([value for colour in palette for value in colour])
    if mode:
        picture = picture.convert(mode)
    picture.save(file, kind)
    return file.getvalue()


def coloured(mask: NDArray[Any], colours: list[tuple[int, int, int]] = COLOURS) -> NDArray[np.uint8]:
    made: NDArray[np.uint8] = np.array(colours, np.uint8)[mask]
    return made


def pairs(picture: str, mask: str, count: int = 3, made: Callable[[int], bytes] | None = None, first: int = 0) -> Files:
    """Return pictures and masks under two patterns, number by number."""
    files: Files = {}
    for n in range(first, first + count):
        files |= {picture.format(n): jpeg(n), mask.format(n): png(numbers(n)) if made is None else made(n)}
    return files


def found(data: DataSet) -> dict[str, NDArray[Any] | None]:
    return {source.id: named_sample(data, source).mask for source in data.sources}
