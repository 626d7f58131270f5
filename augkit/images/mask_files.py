"""Masks as files: PNG, grey or with a palette of the classes' colours."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augkit.core.arrays import Array, Mask
from augkit.errors import SampleError
from augkit.images.encoding import encode
from augkit.images.header import hushed

MOST_COLOURS = 256


def encode_mask(mask: Mask, colours: Array | None = None) -> bytes:
    """Return a mask as a PNG, which `augkit.images.decode_mask` reads back; the same mask gives the same bytes.

    Args:
        mask: class numbers (H, W) from 0 to 65,535, of any integer dtype or bool.
        colours: RGB (n, 3), one a class number of at most 256: the file gets a palette, and shows them.

    Raises:
        SampleError: there are other numbers, or with a palette one that has no colour.
    """
    low, high = int(mask.min(initial=0)), int(mask.max(initial=0))
    most = 65_535 if colours is None else min(len(colours), MOST_COLOURS) - 1
    if mask.ndim != 2 or low < 0 or high > most:
        raise SampleError(
            f"must be class numbers (H, W) from 0 to {most}, got {mask.shape} of {low} to {high}.", "mask"
        )
    if colours is None:
        return encode(mask.astype(np.uint8 if high < 256 and mask.dtype != np.uint16 else np.uint16), "png")
    picture, file = Image.fromarray(mask.astype(np.uint8)), BytesIO()
    picture.putpalette(np.asarray(colours, np.uint8).tobytes())
    picture.save(file, "PNG")
    return file.getvalue()


def palette_of(data: bytes) -> NDArray[np.uint8] | None:
    """Return the colours (n, 3) of a picture file's palette, by index; None of a file without one."""
    try:
        with hushed(), Image.open(BytesIO(data)) as picture:
            colours = picture.getpalette("RGB") if picture.mode == "P" else None
    except Exception:  # of damaged files Pillow raises anything
        return None
    return None if colours is None else np.array(colours, np.uint8).reshape(-1, 3)
