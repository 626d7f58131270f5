"""Further images: pictures beside the picture, such as depth, and what every image of a sample must be."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Self

import numpy as np

from augkit.core.arrays import Image
from augkit.core.spatial import Size
from augkit.core.tonal import RANGE
from augkit.targets.rows import named_arrays, refuse
from augkit.targets.surfaces import Canvas
from augkit.targets.target import Given, PixelTarget, target


@target
class FurtherImages(PixelTarget):
    """Pictures (H, W) or (H, W, C) by name: moved and sampled as the picture is, but never coloured."""

    rank = 70
    is_picture = True

    images: Mapping[str, Image]

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        images = {}
        for name, keyword, image in named_arrays("images", given["images"]):
            images[name] = require_image(keyword, image)
            if images[name].shape[:2] != size:
                refuse(keyword, f"must have the image's shape {size}", images[name].shape)
        return cls(images)

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        pass


def require_image(keyword: str, image: object) -> Image:
    """Return what is an image: (H, W) or (H, W, C); uint8, uint16, or float32 in [0, 1].

    Raises:
        SampleError: it is something else.
    """
    if not isinstance(image, np.ndarray):
        advice = f" Write ak.read({str(image)!r})." if isinstance(image, str | PurePath) else ""
        refuse(keyword, "must be a NumPy array", type(image).__name__, advice)
    if image.ndim not in (2, 3) or 0 in image.shape:
        refuse(keyword, "must have shape (H, W) or (H, W, C) without an empty side", image.shape)
    if image.dtype not in RANGE:
        known = ", ".join(dtype.name for dtype in RANGE)
        refuse(keyword, f"must be {known} in this machine's byte order", image.dtype, " Convert it first.")
    if image.dtype.kind == "f":
        low, high = image.min(), image.max()
        if not (low >= 0.0 and high <= 1.0):  # NaN is in neither
            refuse(keyword, "must lie in [0, 1] where it is float32", f"{low} to {high}", " Scale it first.")
    return image
