"""Rectangles that are painted over, for all executors."""

from __future__ import annotations

import numpy as np

from augkit.core.arrays import Image
from augkit.core.channels import channels_of
from augkit.core.ops import Erase
from augkit.core.tonal import RANGE, finish
from augkit.errors import SampleError
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.noise_kernel import bands, grain


@implements(Erase)
def erase(image: Image, op: Erase, how: Sampling) -> Image:
    """Return the picture with rectangles painted over."""
    out, top, channels = image.copy(), RANGE[image.dtype], channels_of(image)
    if isinstance(op.fill, str):
        painted = np.empty_like(image)
        for band, rows in bands(len(image)):
            painted[rows] = finish(grain(op.fill, band, image[rows].shape) * top, image.dtype)
    else:
        if len(op.fill) not in (1, channels):
            raise SampleError(f"must be one number or {channels} (one a channel), got {op.fill}.", "Erase.fill")
        colour = finish(np.array(op.fill) * top, image.dtype)
        painted = np.broadcast_to(colour if image.ndim == 3 else colour[0], image.shape)
    for left, upper, right, lower in op.rectangles:
        part = slice(max(0, upper), max(0, lower)), slice(max(0, left), max(0, right))
        out[part] = painted[part]
    return out
