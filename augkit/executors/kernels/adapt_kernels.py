"""Kernels of what looks at a picture before it changes it, for all executors: histograms, mean colours, slow waves.

Histograms: levels are those of the dtype; float32 counts as 65,536 of them. Colours: the linear map between two
Gaussians that moves colours least, Monge and Kantorovich's in closed form. Fourier amplitudes: of the waves with whole
numbers of cycles over the picture, divided by its pixels, so that they mean the same at every size;
(3, 2 reach + 1, reach + 1), rows from -reach to reach cycles down, columns from 0 to reach across.

References: Otsu, "A threshold selection method from gray-level histograms", IEEE SMC 1979; Gonzalez and Woods, "Digital
image processing", on histogram equalisation; Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour mapping
for example-based colour transfer", CVMP 2007; Yang and Soatto, "FDA: Fourier domain adaptation for semantic
segmentation", CVPR 2020.
"""

import base64
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, Image, Reals
from augkit.core.ops import ColorMatrix, Spectrum
from augkit.core.products import matmul
from augkit.core.spatial import IDENTITY
from augkit.core.tonal import RANGE, finish, principal_components
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.degrade_kernels import bands

Counts = NDArray[np.int64]
OTSU_LEVELS = 256
LEAST_VARIANCE = 1e-5  # of colours, along any direction: what has less has no spread to be matched


def color_transfer(mean: Reals, covariance: Reals, numbers: tuple[float, ...]) -> ColorMatrix:
    """Return the map of colours with this mean (3,) and covariance (3, 3) towards others.

    `numbers` are the share of the way, 0 to 1, then the others' mean (3) and covariance (9).
    """
    share, there = numbers[0], np.array(numbers[1:4])
    root = _root(covariance, LEAST_VARIANCE)
    inverse = np.linalg.inv(root)
    matrix = inverse @ _root(root @ np.array(numbers[4:]).reshape(3, 3) @ root) @ inverse
    offset = share * (there - matrix @ mean)
    matrix = (1.0 - share) * np.eye(3) + share * matrix
    red, green, blue = (tuple(row) for row in matrix.tolist())
    return ColorMatrix((red, green, blue), tuple(offset.tolist()))


def pca_shift(mean: Reals, covariance: Reals, numbers: tuple[float, ...]) -> ColorMatrix:
    """Return the constant V (numbers * lambda) to be added, of an RGB covariance (3, 3)."""
    eigenvalues, vectors = principal_components(covariance)
    red, green, blue = (vectors * (np.array(numbers) * eigenvalues)).sum(axis=1).tolist()
    return ColorMatrix(IDENTITY, (red, green, blue))


# Maps of colours, by the name of an `Adapt`, for a picture of a mean (3,) and a covariance (3, 3), and its numbers.
MATCHES: dict[str, Callable[[Reals, Reals, tuple[float, ...]], ColorMatrix]] = {
    "color_transfer": color_transfer,
    "pca_shift": pca_shift,
}


def _root(symmetric: Reals, least: float = 0.0) -> Reals:
    """Return the symmetric square root of a matrix whose eigenvalues count as `least` where they are less."""
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.sqrt(np.maximum(values, least))) @ vectors.T, np.float64)


def waves(side: int, cycles: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Return the waves (cycles, side) of whole numbers of cycles over an axis."""
    return np.asarray(np.exp(-2j * np.pi / side * np.outer(cycles, np.arange(side))), np.complex128)


def spectrum(image: Array, reach: int) -> NDArray[np.complex128]:
    """Return the slow waves (3, 2 reach + 1, reach + 1) of a picture (H, W, 3), divided by its pixels and its range."""
    down = waves(image.shape[0], np.arange(-reach, reach + 1))
    across = waves(image.shape[1], np.arange(reach + 1)).T
    sums = np.zeros((2 * reach + 1, 3 * (reach + 1)), np.complex128)
    for _, rows in bands(len(image)):
        lines = np.moveaxis(image[rows], 2, 1).reshape(-1, image.shape[1]).astype(np.float64)  # (rows x 3, W)
        sums += _times(down[:, rows], _times(lines, across).reshape(-1, 3 * (reach + 1)))
    found = np.moveaxis(sums.reshape(2 * reach + 1, 3, reach + 1), 1, 0)
    return np.asarray(found / (image.shape[0] * image.shape[1] * RANGE[image.dtype]), np.complex128)


def _times(left: Array, right: Array) -> NDArray[np.complex128]:
    """Return a complex product (m, k) times (k, n) by real ones, whose last bits no number of threads changes."""
    (a, b), (c, d) = ((np.ascontiguousarray(part.real), np.ascontiguousarray(part.imag)) for part in (left, right))
    if np.isrealobj(left):
        return np.asarray(matmul(a, c) + 1j * matmul(a, d), np.complex128)
    return np.asarray(matmul(a, c) - matmul(b, d) + 1j * (matmul(a, d) + matmul(b, c)), np.complex128)


def amplitudes_of(op: Spectrum) -> Reals:
    """Return the amplitudes (3, 2 reach + 1, reach + 1) that a `Spectrum` holds."""
    numbers = np.frombuffer(base64.b64decode(op.base64), "<f4").astype(np.float64)
    numbers = np.clip(np.nan_to_num(numbers), 0.0, 1.0)  # no picture has others
    return numbers.reshape(3, 2 * op.reach + 1, op.reach + 1)


@implements(Spectrum)
def restyle(image: Image, op: Spectrum, how: Sampling) -> Image:
    """Return the picture with other amplitudes of its slow waves."""
    out = np.empty_like(image)
    for rows, values in restyled(image, op):
        out[rows] = finish(values * RANGE[image.dtype], image.dtype)
    return out


def restyled(image: Array, op: Spectrum) -> Iterator[tuple[slice, Reals]]:
    """Yield bands of rows, and their values from 0 to 1, of the picture whose slow waves have these amplitudes.

    Phases stay, values are not clamped. Only the difference is added: nothing else changes.
    """
    found = spectrum(image, op.reach)
    length = np.abs(found)
    phases = np.where(length > 0.0, found / np.where(length > 0.0, length, 1.0), 1.0)
    change = (amplitudes_of(op) - length) * phases
    change[:, :, 1:] *= 2.0  # each stands for its mirror image too, but for those that do not run across
    lines = np.moveaxis(change, 0, 1).reshape(2 * op.reach + 1, -1)
    down = waves(image.shape[0], np.arange(-op.reach, op.reach + 1)).conj().T
    across = waves(image.shape[1], np.arange(op.reach + 1)).conj()
    for _, rows in bands(len(image)):
        added = _times(_times(down[rows], lines).reshape(-1, op.reach + 1), across).real  # (rows x 3, W)
        added = np.moveaxis(added.reshape(-1, 3, image.shape[1]), 1, 2)
        yield rows, image[rows].astype(np.float64) / RANGE[image.dtype] + added


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
