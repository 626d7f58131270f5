"""Compression as a JPEG, for all executors: it is a codec's doing."""

from __future__ import annotations

import cv2
import numpy as np

from augkit.core.arrays import Image
from augkit.core.channels import channels_of
from augkit.core.ops import Jpeg
from augkit.core.tonal import RANGE, to_nearest
from augkit.errors import SampleError
from augkit.executors.executor import Sampling, implements

JPEG_SIDE = 65_500  # libjpeg writes no longer side


@implements(Jpeg)
def jpeg(image: Image, op: Jpeg, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) as a JPEG keeps it, of the same dtype.

    Raises:
        SampleError: a side is longer than a JPEG's may be.
    """
    if max(image.shape[:2]) > JPEG_SIDE:
        raise SampleError(f"must have sides of at most {JPEG_SIDE} pixels, got {image.shape[:2]}.", "Jpeg")
    top = RANGE[image.dtype]
    levels = to_nearest(image.astype(np.float64) * (255.0 / top)).astype(np.uint8) if top != 255.0 else image
    if channels_of(image) == 3:
        coded = _coded(np.ascontiguousarray(levels[..., ::-1]), op.quality)[..., ::-1]
    elif image.ndim == 2:
        coded = _coded(levels, op.quality)
    else:
        planes = np.moveaxis(levels, -1, 0)
        coded = np.stack([_coded(np.ascontiguousarray(plane), op.quality) for plane in planes], axis=-1)
    if top == 255.0:
        return np.ascontiguousarray(coded)
    values = coded.astype(np.float64) * (top / 255.0)
    return (to_nearest(values) if image.dtype.kind == "u" else values).astype(image.dtype)


def _coded(levels: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert decoded is not None  # written just now
    return decoded
