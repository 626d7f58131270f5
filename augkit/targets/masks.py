"""Masks: class numbers, pixel on pixel."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Mask
from augkit.core.spatial import Size
from augkit.targets.rows import named_arrays, refuse
from augkit.targets.surfaces import Canvas
from augkit.targets.target import Given, PixelTarget, target


@target
class Masks(PixelTarget):
    """A mask (H, W) or (H, W, M) of class numbers, and more of them by name; the nearest pixel is always taken."""

    kind = "masks"
    rank = 40
    is_picture = False
    shown_by = ("mask", "masks")

    mask: Mask | None = None
    masks: Mapping[str, Mask] | None = None

    @classmethod
    def checked(cls, given: Given, size: Size) -> Self | None:
        mask = _checked("mask", given["mask"], size) if "mask" in given else None
        if "masks" not in given:
            return cls(mask)
        named = named_arrays("masks", given["masks"])
        return cls(mask, {name: _checked(keyword, array, size) for name, keyword, array in named})

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        if self.mask is not None:
            canvas.tint(self.mask)


def _checked(keyword: str, mask: object, size: Size) -> Mask:
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biu":
        refuse(keyword, "must be an array of whole numbers or bool", getattr(mask, "dtype", type(mask).__name__))
    if mask.ndim not in (2, 3) or mask.shape[:2] != size:
        refuse(keyword, f"must have the image's shape {size}", mask.shape)
    return mask
