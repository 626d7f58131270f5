"""The photos that benchmarks work on: windows of the pictures that scikit-learn and scikit-image ship."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SOURCES", "photos"]

Photo = NDArray[np.uint8]

SOURCES = {  # nothing is downloaded: these lie in the wheels
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "skimage": (
        "data/astronaut.png",
        "data/chelsea.png",
        "data/coffee.png",
        "data/hubble_deep_field.jpg",
        "data/motorcycle_left.png",
        "data/rocket.jpg",
    ),
}
SMALLEST_WINDOW = 0.7  # of the largest that fits


def photos(count: int, size: tuple[int, int] = (375, 500), seed: int = 0) -> list[Photo]:
    """Return `count` distinct RGB photos, each an array of its own: windows of the sources, every other one flipped."""
    random = np.random.default_rng(seed)
    sources = _sources()
    return [_window(sources[index % len(sources)], size, bool(index % 2), random) for index in range(count)]


def _sources() -> list[Photo]:
    found = []
    for package, names in SOURCES.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"benchmarks: {package} must be installed. Run: make bench")
        for name in names:
            picture = cv2.imread(str(Path(spec.origin).parent / name), cv2.IMREAD_COLOR)
            if picture is None:
                raise SystemExit(f"benchmarks: {package} must ship {name}, but no picture could be read there.")
            found.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
    return found


def _window(picture: Photo, size: tuple[int, int], flipped: bool, random: np.random.Generator) -> Photo:
    """Return a random window of the wanted aspect, resized to the wanted size."""
    largest = min(picture.shape[0] / size[0], picture.shape[1] / size[1])
    zoom = largest * random.uniform(SMALLEST_WINDOW, 1.0)
    height, width = int(size[0] * zoom), int(size[1] * zoom)
    top, left = random.integers(picture.shape[0] - height + 1), random.integers(picture.shape[1] - width + 1)
    window = picture[top : top + height, left : left + width, :]
    method = cv2.INTER_AREA if zoom > 1 else cv2.INTER_CUBIC
    shown = cv2.resize(window[:, ::-1] if flipped else window, (size[1], size[0]), interpolation=method)
    return np.ascontiguousarray(shown)
