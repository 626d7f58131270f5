"""Adaptations of the native executor: histograms and moments as whole numbers, then tables or matrices of colours.

float32 counts as 65,536 levels. What follows from the sums is done in Python's own numbers, in one order.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Image
from augkit.core.eigen import eigen_of_symmetric
from augkit.core.ops import Adapt, ColorMatrix
from augkit.core.plan import ColorRun
from augkit.core.spatial import IDENTITY, Matrix, Row, product
from augkit.core.tonal import RANGE, channels_of
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.adapt_kernels import LEAST_VARIANCE, TABLES, levels_of
from augkit.executors.native.colour_programs import tables_program
from augkit.executors.native.colours import put_through, recolor
from augkit.executors.native.curves import rounded
from augkit.executors.native.whole_rows import in_rows

MAX_CHANNELS = 768  # whose extremes the library finds
SUMS = 9  # R, G, B, RR, RG, RB, GG, GB, BB


@implements(Adapt, "native")
def adapt(image: Image, op: Adapt, how: Sampling) -> Image:
    """Return the picture after an adaptation, told by its pixels."""
    if op.name in TABLES:
        return _by_histogram(image, op)
    mean, covariance = moments(image)
    return recolor(image, ColorRun((MATCHES[op.name](mean, covariance, op.numbers),)), alpha=False)


def _by_histogram(image: Image, op: Adapt) -> Image:
    levels, top = levels_of(image), RANGE[image.dtype]
    counted = marked(levels) if (op.name, op.numbers) == ("auto_contrast", (0.0,)) else histogram(levels)
    tables = [TABLES[op.name](counts, *op.numbers) * top for counts in counted]
    if image.dtype.kind == "f":
        deep = np.atleast_3d(levels)
        found = np.stack([table[deep[..., k]] for k, table in enumerate(tables)], axis=-1)
        return found.astype(np.float32).reshape(image.shape)
    whole = rounded(np.array(tables), 0.0, top).astype(image.dtype)
    return put_through(image, tables_program(whole, alpha=False))


def histogram(image: Image) -> NDArray[np.int64]:
    """Return how often each level occurs (channels, 256 or 65536) in a picture of uint8 or uint16."""
    channels, count = channels_of(image), np.iinfo(image.dtype).max + 1
    if compiled.library is not None:
        counts = np.empty((channels, count), np.int64)
        compiled.library.histogram(in_rows(image), counts)
        return counts
    planes = image.reshape(-1, channels)
    return np.stack([np.bincount(planes[:, k], minlength=count) for k in range(channels)]).astype(np.int64)


def marked(image: Image) -> NDArray[np.int64]:
    """Return a histogram (channels, 256 or 65536) with but the least and the most level of each channel, once each."""
    channels, count = channels_of(image), np.iinfo(image.dtype).max + 1
    found = np.empty((channels, 2), np.int64)
    if compiled.library is not None and channels <= MAX_CHANNELS:
        compiled.library.extremes(in_rows(image), found)
    else:
        planes = image.reshape(-1, channels)
        found[:, 0], found[:, 1] = planes.min(axis=0), planes.max(axis=0)
    counts = np.zeros((channels, count), np.int64)
    np.put_along_axis(counts, found, 1, axis=1)
    return counts


def sums_of(image: Image) -> NDArray[np.int64]:
    """Return the sums (9,) of R, G, B, RR, RG, RB, GG, GB and BB of a picture of uint8 or uint16."""
    sums = np.empty(SUMS, np.int64)
    if compiled.library is not None:
        compiled.library.moments(in_rows(image), sums)
        return sums
    red, green, blue = image.reshape(-1, 3).astype(np.int64).T
    pairs = ((red, red), (red, green), (red, blue), (green, green), (green, blue), (blue, blue))
    sums[:3] = red.sum(), green.sum(), blue.sum()
    sums[3:] = [(one * other).sum() for one, other in pairs]
    return sums


def moments(image: Image) -> tuple[Row, Matrix]:
    """Return the mean and the covariance of RGB in [0, 1]."""
    levels = levels_of(image)
    top, pixels = RANGE[levels.dtype], levels.shape[0] * levels.shape[1]
    r, g, b, *products = sums_of(levels).tolist()
    firsts = ((r, r), (r, g), (r, b), (g, g), (g, b), (b, b))
    unit = pixels * pixels * int(top) ** 2  # whole numbers to here: nothing is lost where a picture is nearly flat
    rr, rg, rb, gg, gb, bb = (
        (pixels * both - one * other) / unit for both, (one, other) in zip(products, firsts, strict=True)
    )
    mean = (r / (pixels * top), g / (pixels * top), b / (pixels * top))
    return mean, ((rr, rg, rb), (rg, gg, gb), (rb, gb, bb))


def color_transfer(mean: Row, covariance: Matrix, numbers: tuple[float, ...]) -> ColorMatrix:
    """Return the map of colours with this mean and covariance towards others; see `kernels.adapt_kernels`."""
    share, wanted = numbers[0], (numbers[4:7], numbers[7:10], numbers[10:13])
    values, vectors = eigen_of_symmetric(covariance)
    spread = [math.sqrt(max(value, LEAST_VARIANCE)) for value in values]
    root, inverse = _rebuilt(spread, vectors), _rebuilt([1.0 / value for value in spread], vectors)
    between = product(root, product(wanted, root))  # type: ignore[arg-type]  # three rows of three
    values, vectors = eigen_of_symmetric(between)
    whole = product(inverse, product(_rebuilt([math.sqrt(max(value, 0.0)) for value in values], vectors), inverse))
    rows, offset = [], []
    for row, there, unit in zip(whole, numbers[1:4], IDENTITY, strict=True):
        a, b, c = row
        offset.append(share * (there - (a * mean[0] + b * mean[1] + c * mean[2])))
        rows.append(tuple((1.0 - share) * one + share * value for one, value in zip(unit, row, strict=True)))
    return ColorMatrix(tuple(rows), tuple(offset)).rounded()  # type: ignore[arg-type]  # three of three


def pca_shift(mean: Row, covariance: Matrix, numbers: tuple[float, ...]) -> ColorMatrix:
    """Return the constant V (numbers * lambda) to be added, of an RGB covariance."""
    values, vectors = eigen_of_symmetric(covariance)
    a, b, c = (number * max(value, 0.0) for number, value in zip(numbers, values, strict=True))
    red, green, blue = (row[0] * a + row[1] * b + row[2] * c for row in vectors)
    return ColorMatrix(IDENTITY, (red, green, blue)).rounded()


MATCHES: dict[str, Callable[[Row, Matrix, tuple[float, ...]], ColorMatrix]] = {
    "color_transfer": color_transfer,
    "pca_shift": pca_shift,
}


def _rebuilt(values: list[float], vectors: Matrix) -> Matrix:
    """Return the symmetric matrix of these eigenvalues and eigenvectors, one a column."""
    scaled = tuple(tuple(value * part for value, part in zip(values, row, strict=True)) for row in vectors)
    turned = tuple(zip(*vectors, strict=True))
    return product(scaled, turned)  # type: ignore[arg-type]  # three of three
