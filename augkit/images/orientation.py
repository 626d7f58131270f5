"""Orientation of pictures as EXIF tells it: which way is up."""

import struct
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from augkit.core.arrays import Image as Pixels
from augkit.images.header import hushed

ORIENTATION = 274  # the tag
MOST_CHANNELS = 4
# EXIF orientation -> whether to transpose, then what to flip: OpenCV's 0 rows, 1 columns, -1 both
_UPRIGHT = {2: (False, 1), 3: (False, -1), 4: (False, 0), 5: (True, None), 6: (True, 1), 7: (True, -1), 8: (True, 0)}


def is_turned(orientation: int) -> bool:
    """Return whether a picture of this orientation has its height and width exchanged when it is upright."""
    return _UPRIGHT.get(orientation, (False, None))[0]


class Way(NamedTuple):
    """How stored pixels become upright: they are transposed, or not, and then flipped.

    Args:
        transposes: rows become columns.
        flip: as OpenCV counts: 0 exchanges rows, 1 columns, -1 both; None neither.
    """

    transposes: bool = False
    flip: int | None = None

    @property
    def flips_rows(self) -> bool:
        """Whether what was above comes below."""
        return self.flip in (0, -1)

    @property
    def flips_columns(self) -> bool:
        """Whether what was left comes right."""
        return self.flip in (1, -1)


def way_up(exif: bytes) -> Way:
    """Return what an EXIF block says; a damaged one says nothing, as in every viewer."""
    tags = Image.Exif()
    try:
        with hushed():
            tags.load(exif)
        return Way(*_UPRIGHT.get(tags.get(ORIENTATION, 1), (False, None)))
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return Way()


def upright(image: Pixels, exif: bytes) -> Pixels:
    """Turn the picture (H, W[, C]) as its EXIF block says."""
    transposes, flip = way_up(exif)
    if image.shape[2:] > (MOST_CHANNELS,):  # OpenCV turns no more
        image = image.swapaxes(0, 1) if transposes else image
        return image if flip is None else np.flip(image, (0, 1) if flip < 0 else flip)
    image = cv2.transpose(image) if transposes else image
    return image if flip is None else cv2.flip(image, flip)
