"""Cases written by hand with OpenCV and NumPy's generator: no library around a kernel, no labels, no plan."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES"]

PACKAGES = ("opencv-python-headless", "numpy")
SIDE = 224
LEVELS = np.arange(256)
Image = NDArray[Any]
Random = np.random.Generator

cv2.setNumThreads(1)


def by(function: Callable[[Image, Random], Any]) -> Maker:
    """Return a case of a function of a picture and a generator."""

    def make(given: Sequence[Given]) -> Case:
        random = np.random.default_rng(0)
        return lambda number, turn: np.ascontiguousarray(function(given[number].image, random))

    return make


def crop(image: Image, random: Random) -> Image:
    """Return a random window."""
    top, left = random.integers(image.shape[0] - SIDE + 1), random.integers(image.shape[1] - SIDE + 1)
    return image[top : top + SIDE, left : left + SIDE]


def resized_crop(image: Image, random: Random, side: int = SIDE, least: float = 0.5) -> Image:
    """Return a random window of random area and aspect, resized."""
    rows, columns = image.shape[:2]
    area, aspect = random.uniform(least, 1) * rows * columns, math.exp(random.uniform(-0.287, 0.287))
    height, width = min(rows, round(math.sqrt(area / aspect))), min(columns, round(math.sqrt(area * aspect)))
    top, left = random.integers(rows - height + 1), random.integers(columns - width + 1)
    return cv2.resize(image[top : top + height, left : left + width], (side, side))


def flipped(image: Image, random: Random) -> Image:
    """Return a picture, turned over in half of the calls."""
    return cv2.flip(image, 1) if random.random() < 0.5 else image


def turned(image: Image, random: Random, degrees: float = 15) -> Image:
    """Return a picture, turned by up to so many degrees."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-degrees, degrees), 1)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def table(image: Image, values: NDArray[Any]) -> Image:
    """Return a picture through a table of 256 levels."""
    return cv2.LUT(image, np.clip(np.rint(values), 0, 255).astype(np.uint8))


def light(image: Image, random: Random, most: float = 0.2) -> Image:
    """Return a picture of another brightness and contrast."""
    gain, slope = random.uniform(1 - most, 1 + most, 2)
    return table(image, (LEVELS * gain - 127.5) * slope + 127.5)


def noisy(image: Image, random: Random, levels: float) -> Image:
    """Return a picture with normal noise."""
    noise = np.empty(image.shape, np.int16)
    cv2.randn(noise, np.zeros(1), np.full(1, levels))
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def jpeg(image: Image, random: Random) -> Image:
    """Return what a JPEG leaves."""
    read = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    assert read is not None
    return read


def warped(image: Image, random: Random, alpha: float, sigma: float) -> Image:
    """Return a picture, warped by smoothed noise."""
    height, width = image.shape[:2]
    x, y = (cv2.GaussianBlur(random.random((height, width), np.float32) * 2 - 1, (0, 0), sigma) for _ in range(2))
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(image, columns + x * alpha, rows + y * alpha, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def grey(image: Image, random: Random) -> Image:
    """Return a grey picture of three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def hue(image: Image, random: Random) -> Image:
    """Return a picture of other hues."""
    h, s, v = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
    h = cv2.LUT(h, np.mod(LEVELS + random.integers(-5, 6), 180).astype(np.uint8))
    return cv2.cvtColor(cv2.merge((h, s, v)), cv2.COLOR_HSV2RGB)


def equalized(image: Image, random: Random) -> Image:
    """Return a picture of even histograms."""
    return cv2.merge([cv2.equalizeHist(plane) for plane in cv2.split(image)])


def sharp(image: Image, random: Random) -> Image:
    """Return a sharpened picture."""
    amount = random.uniform(0.3, 1)
    return cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), 1), -amount, 0)


def motion(image: Image, random: Random) -> Image:
    """Return a picture, moved along a line of nine pixels."""
    kernel = np.zeros((9, 9), np.float32)
    angle = random.uniform(0, math.pi)
    across, down = round(4 * math.cos(angle)), round(4 * math.sin(angle))
    cv2.line(kernel, (4 - across, 4 - down), (4 + across, 4 + down), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def perspective(image: Image, random: Random) -> Image:
    """Return a picture seen from the side."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + random.uniform(-0.1, 0.1, (4, 2)).astype(np.float32) * [width, height]
    matrix = cv2.getPerspectiveTransform(moved.astype(np.float32), corners)
    return cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def erased(image: Image, random: Random) -> Image:
    """Return a picture with a black rectangle."""
    made = image.copy()
    height, width = (int(random.uniform(0.1, 0.5) * side) for side in image.shape[:2])
    top, left = random.integers(image.shape[0] - height), random.integers(image.shape[1] - width)
    made[top : top + height, left : left + width] = 0
    return made


def smaller(image: Image, random: Random) -> Image:
    """Return a picture, shrunk and enlarged."""
    size = image.shape[1::-1]
    return cv2.resize(cv2.resize(image, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA), size)


CASES: dict[str, Maker] = {
    "Mirror": by(lambda image, random: cv2.flip(image, 1)),
    "Mirror, vertical": by(lambda image, random: cv2.flip(image, 0)),
    "QuarterTurn": by(lambda image, random: cv2.rotate(image, int(random.integers(3)))),
    "RandomCrop": by(crop),
    "RandomResizedCrop": by(lambda image, random: resized_crop(image, random, least=0.08)),
    "Resize": by(lambda image, random: cv2.resize(image, (SIDE, SIDE))),
    "Resize, all antialias": by(lambda image, random: cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)),
    "Resize, larger": by(lambda image, random: cv2.resize(image, (800, 600))),
    "Pad": by(lambda image, random: cv2.copyMakeBorder(image, 16, 16, 16, 16, cv2.BORDER_REFLECT)),
    "Rotate": by(lambda image, random: turned(image, random, 30)),
    "Perspective": by(perspective),
    "LocalWarp": by(lambda image, random: warped(image, random, 290, 16)),
    "ElasticWarp": by(lambda image, random: warped(image, random, 34, 4)),
    "Brightness": by(lambda image, random: table(image, LEVELS * random.uniform(0.8, 1.2))),
    "Contrast": by(lambda image, random: table(image, (LEVELS - 127.5) * random.uniform(0.8, 1.2) + 127.5)),
    "Gamma": by(lambda image, random: table(image, (LEVELS / 255) ** random.uniform(0.7, 1.4) * 255)),
    "Hue": by(hue),
    "Grayscale": by(grey),
    "Solarize": by(lambda image, random: table(image, np.where(LEVELS < 128, LEVELS, 255 - LEVELS))),
    "Posterize": by(lambda image, random: image & np.uint8(0xF0)),
    "Invert": by(lambda image, random: cv2.bitwise_not(image)),
    "Equalize": by(equalized),
    "Binarize": by(
        lambda image, random: cv2.threshold(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 127, 255, cv2.THRESH_BINARY)[1]
    ),
    "Blur, gaussian": by(lambda image, random: cv2.GaussianBlur(image, (0, 0), 1.5)),
    "Blur, gaussian, wide": by(lambda image, random: cv2.GaussianBlur(image, (0, 0), 5.0)),
    "Blur, motion": by(motion),
    "Blur, median": by(lambda image, random: cv2.medianBlur(image, 3)),
    "Sharpen": by(sharp),
    "Pool, max": by(lambda image, random: cv2.dilate(image, np.ones((3, 3), np.uint8))),
    "Noise": by(lambda image, random: noisy(image, random, 12.75)),
    "Jpeg": by(jpeg),
    "Downscale": by(smaller),
    "Erase": by(erased),
    "crop + flip": by(lambda image, random: flipped(crop(image, random), random)),
    "resized crop + flip": by(lambda image, random: flipped(resized_crop(image, random), random)),
    "resized crop + flip + rotation + light": by(
        lambda image, random: light(turned(flipped(resized_crop(image, random), random), random), random, 0.1)
    ),
    "blur + noise + JPEG": by(
        lambda image, random: jpeg(noisy(cv2.GaussianBlur(image, (0, 0), 1.5), random, 7.65), random)
    ),
    "flip + shift, scale, rotation + light": by(
        lambda image, random: light(turned(flipped(image, random), random, 45), random)
    ),
    "resized crop + flip + erasing": by(
        lambda image, random: erased(flipped(resized_crop(image, random), random), random)
    ),
    "resized crop + flip, 512": by(lambda image, random: flipped(resized_crop(image, random, 512), random)),
}
