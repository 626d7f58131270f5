"""Masks of objects as run lengths over the whole picture, in NumPy alone, and the boxes around them."""

from itertools import pairwise

import numpy as np

from augkit.core.arrays import Mask
from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.run_lengths import compressed, expanded

MOST_PIXELS = 200_000_000  # of a mask: more than of any picture that is decoded


def require_held(size: Size, where: str) -> None:
    """Refuse the size (height, width) of a mask that no picture has, before memory is taken for it.

    Raises:
        FileError: it has more than `MOST_PIXELS`.
    """
    if size[0] * size[1] > MOST_PIXELS:
        what = f"must be of a picture of at most {MOST_PIXELS:,} pixels, got {size[0]:,} x {size[1]:,}."
        raise FileError(what, where)


def run_lengths_of(mask: Mask) -> str:
    """Return the run lengths of a mask (H, W) of 0 and others, as COCO's text.

    >>> run_lengths_of(np.array([[0, 1], [0, 1]]))
    '22'
    """
    flat = np.asarray(mask != 0).ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = [0, *changes.tolist(), flat.size]
    counts = [end - start for start, end in pairwise(ends)]
    return compressed([0, *counts] if flat.size and flat[0] else counts)


def mask_of(rle: str, size: Size) -> Mask:
    """Return a mask (H, W) of 0 and 1 of COCO's run lengths, which were checked."""
    counts = expanded(rle)
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return flat.astype(np.uint8).reshape(size, order="F")


def box_of_mask(mask: Mask) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of what is not 0 in a mask (H, W); None where all is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
