"""Masks: pictures whose values are class numbers, not colours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augkit.errors import DecodeError
from augkit.images.decoding import decode

__all__ = ["decode_mask"]

_PNG, _COLOR_TYPE, _PALETTE = (
    b"\x89PNG\r\n\x1a\n",
    25,
    3,
)  # where IHDR says how colours are given


def decode_mask(data: bytes) -> NDArray[Any]:
    """Return the class numbers (H, W) of a mask; of a PNG with a palette its indices, as Pascal VOC's masks are meant.

    Raises:
        DecodeError: it cannot be decoded, or has more than one channel.
    """
    image = decode(data).image  # also where there is a palette: it checks the header, the size and the data
    if data.startswith(_PNG) and data[_COLOR_TYPE] == _PALETTE:
        with Image.open(BytesIO(data), formats=["PNG"]) as picture:
            return np.array(picture)
    if image.ndim != 2:
        raise DecodeError(f"must be a mask of one channel or with a palette, got {image.shape[2]} channels.")
    return image
