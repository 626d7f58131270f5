"""Tables that come from a channel's histogram, for all executors: it is cut in two, spread out, or made even.

Levels are those of the dtype; float32 counts as 65,536 of them.

References: Otsu, "A threshold selection method from gray-level histograms", IEEE SMC 1979; Gonzalez and Woods, "Digital
image processing", on histogram equalisation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, Image, Reals

Counts = NDArray[np.int64]

OTSU_LEVELS = 256


def levels_of(image: Image) -> Array:
    """Return the picture as whole numbers, the indices of its histogram."""
    return image if image.dtype.kind == "u" else np.rint(image * np.float32(65535.0)).astype(np.uint16)


def _cut(counts: Counts) -> Reals:
    """Black and white, on the two sides of the level that tells them apart best: Otsu's, of 256."""
    coarse = counts.reshape(OTSU_LEVELS, -1).sum(axis=1)
    dark = coarse.cumsum()
    sums = (coarse * np.arange(OTSU_LEVELS)).cumsum()
    light = dark[-1] - dark
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / dark - (sums[-1] - sums) / light
        between = np.nan_to_num(dark.astype(np.float64) * light * apart**2)
    level = int(np.argmax(between >= between.max() * (1.0 - 1e-9)))  # the first, whatever the last digits say
    return np.repeat(np.arange(OTSU_LEVELS) > level, len(counts) // OTSU_LEVELS).astype(np.float64)


def _even(counts: Counts) -> Reals:
    reached = counts.cumsum()
    first, total = int(counts[np.argmax(counts > 0)]), int(reached[-1])
    if first == total:  # one level alone stays
        return _as_it_is(counts)
    return np.asarray(np.maximum(reached - first, 0) / float(total - first), np.float64)


def _spread(counts: Counts, cutoff: float) -> Reals:
    total = int(counts.sum())
    spare = cutoff * total
    below = counts.cumsum()
    lowest, highest = int(np.argmax(below > spare)), int(np.flatnonzero(total - below + counts > spare)[-1])
    if highest <= lowest:
        return _as_it_is(counts)
    return np.clip((np.arange(len(counts)) - lowest) / float(highest - lowest), 0.0, 1.0)


def _as_it_is(counts: Counts) -> Reals:
    return np.arange(len(counts)) / float(len(counts) - 1)


# Tables of a histogram and of an operation's numbers: for every level the value from 0 to 1 that takes its place.
TABLES: dict[str, Callable[..., Reals]] = {"otsu": _cut, "equalize": _even, "auto_contrast": _spread}
