"""Masks of objects over the whole picture: their sizes, and the boxes around them."""

import numpy as np

from augkit.core.arrays import Mask
from augkit.core.spatial import Size
from augkit.errors import FileError

MOST_PIXELS = 200_000_000  # of a mask: more than of any picture that is decoded


def require_held(size: Size, where: str) -> None:
    """Refuse the size (height, width) of a mask that no picture has, before memory is taken for it.

    Raises:
        FileError: it has more than `MOST_PIXELS`.
    """
    if size[0] * size[1] > MOST_PIXELS:
        what = f"must be of a picture of at most {MOST_PIXELS:,} pixels, got {size[0]:,} x {size[1]:,}."
        raise FileError(what, where)


def box_of_mask(mask: Mask) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of what is not 0 in a mask (H, W); None where all is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
