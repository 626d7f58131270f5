"""One sample as a small picture: any dtype and any channels made visible, its mask laid over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augkit.core.arrays import Array
from augkit.core.spatial import Size
from augkit.preview.canvas import PictureCanvas
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget

TINY_PX = 64  # pictures below are enlarged in whole steps, so that their pixels stay squares
LARGEST_ZOOM = 2.0  # of others, which would only blur
CHECKS, CHECK_PX = (255, 204), 8  # the two greys behind what is transparent


def fitted_size(size: Size, cell: int) -> Size:
    """Return the size of a picture fitted into a square cell, its aspect kept."""
    height, width = size
    longer = max(height, width)
    zoom = cell // longer if longer < min(TINY_PX, cell) else min(cell / longer, LARGEST_ZOOM)
    return max(1, round(height * zoom)), max(1, round(width * zoom))


def picture(sample: Sample, cell: int) -> Image.Image:
    """Return the sample's picture fitted into a square of `cell` pixels.

    What is transparent shows a checkerboard, and the classes of the mask are tinted.
    """
    height, width = sample.image.shape[:2]
    fitted = fitted_size((height, width), cell)[::-1]
    smooth = Image.Resampling.NEAREST if max(height, width) < TINY_PX else Image.Resampling.LANCZOS
    shown = Image.fromarray(visible(sample.image)).resize(fitted, smooth)
    if sample.alpha:
        alpha = Image.fromarray(_bytes(sample.image[..., 3])).resize(fitted, smooth)
        shown = Image.composite(shown, _checkerboard(fitted), alpha)
    canvas = PictureCanvas(shown, (height, width))
    for target in sample.targets.values():
        if isinstance(target, PixelTarget):
            target.draw(canvas, ())
    return canvas.shown


def visible(image: Array) -> NDArray[np.uint8]:
    """Return an image of any dtype and channels as RGB (H, W, 3): the first three channels, or the first as grey."""
    levels = _bytes(image)
    if levels.ndim == 3 and levels.shape[2] >= 3:
        return np.ascontiguousarray(levels[..., :3])
    grey = levels if levels.ndim == 2 else levels[..., 0]
    return np.repeat(grey[..., None], 3, axis=2)


def _bytes(image: Array) -> NDArray[np.uint8]:
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype == np.float32:
        return np.rint(image * np.float32(255)).astype(np.uint8)
    return np.ascontiguousarray(image, np.uint8)


def _checkerboard(size: tuple[int, int]) -> Image.Image:
    y, x = np.ogrid[: size[1], : size[0]]
    light = (y // CHECK_PX + x // CHECK_PX) % 2 == 0
    return Image.fromarray(visible(np.where(light, *CHECKS).astype(np.uint8)))
