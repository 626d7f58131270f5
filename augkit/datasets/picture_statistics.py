"""Statistics of a data set's pictures, in one pass: sums that parts of the set can add up.

Those of colours are exact. They are whole numbers, in units of 1 / 65535 of the range for every dtype, so no rounding
happens before the one division at the end: the order of the pictures, and how they are grouped into parts, cannot
change the last bit of the covariance.
"""

import operator
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Self, TypeVar

import numpy as np

from augkit.core.arrays import Image, Reals
from augkit.core.ops.adapt import MAX_REACH
from augkit.core.tonal import principal_components
from augkit.datasets.data_set import DataSet, Source
from augkit.errors import AugkitError, DecodeError, SampleError, raise_outage
from augkit.executors.kernels.adapt_kernels import spectrum
from augkit.images import Mode, decode
from augkit.images.pictures_apart import each_apart
from augkit.transforms.colour import ColorStatistics
from augkit.transforms.style import Style

UNITS = 65535  # of the whole range: 255 * 257
UNITS_OF = {"uint8": 257, "uint16": 1}  # in a level of the dtype
# A block's sums of products stay below 2^53 (65535^2 * 2^20 < 2^52.1), where float64 counts exactly in any order.
BLOCK_PIXELS = 2**20
PAIRS = tuple(combinations_with_replacement(range(3), 2))
DIGITS = 9  # written: far below what pixels can show, and above what another machine's LAPACK changes


@dataclass(frozen=True)
class ColorSums:
    """Hold exact sums over RGB pixels; ``+`` joins the sums of two sets of pixels.

    Args:
        count: number of pixels.
        sums: of R, G and B, in units of 1 / 65535 of the range.
        products: of RR, RG, RB, GG, GB and BB, in squares of that unit.

    >>> left, right = np.zeros((1, 2, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    >>> ColorSums.of(left) + ColorSums.of(right) == ColorSums.of(np.hstack([left, right]))
    True
    """

    count: int = 0
    sums: tuple[int, ...] = (0, 0, 0)
    products: tuple[int, ...] = (0,) * len(PAIRS)

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return the sums of one picture.

        Args:
            image: (H, W, 3) RGB, or (H, W, 4) whose last channel is ignored; uint8 or uint16.

        Raises:
            SampleError: the picture has another shape or dtype.
        """
        if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype.name not in UNITS_OF:
            shape = f"{image.dtype} {image.shape}"
            raise SampleError(f"must be RGB or RGBA of uint8 or uint16, got {shape}.", "image")
        unit = UNITS_OF[image.dtype.name]
        pixels = image.reshape(-1, image.shape[2])[:, :3]
        total = cls(len(pixels))
        for start in range(0, len(pixels), BLOCK_PIXELS):
            block = pixels[start : start + BLOCK_PIXELS].astype(np.float64)
            gram, sums = block.T @ block, block.sum(axis=0)
            products = (int(gram[pair]) * unit * unit for pair in PAIRS)
            total += cls(0, tuple(int(value) * unit for value in sums), tuple(products))
        return total

    def __add__(self, other: Self) -> Self:
        sums, products = map(operator.add, self.sums, other.sums), map(operator.add, self.products, other.products)
        return type(self)(self.count + other.count, tuple(sums), tuple(products))

    @property
    def covariance(self) -> Reals:
        """The covariance (3, 3) of RGB in [0, 1] as `numpy.cov` defines it, each entry rounded once.

        Raises:
            SampleError: there are fewer than two pixels.
        """
        if self.count < 2:
            raise SampleError(f"must hold at least 2 pixels, got {self.count}.", "ColorSums")
        result = np.zeros((3, 3))
        for (row, column), products in zip(PAIRS, self.products, strict=True):
            spread = self.count * products - self.sums[row] * self.sums[column]
            result[row, column] = result[column, row] = spread / (self.count * (self.count - 1) * UNITS**2)
        return result

    def statistics(self) -> ColorStatistics:
        """Return eigenvalues, largest first, and eigenvectors, one a column, as `PCAColorShift` takes them."""
        values, vectors = principal_components(self.covariance)
        rows = [[round(float(value), DIGITS) + 0.0 for value in row] for row in [values, *vectors]]
        eigenvalues, red, green, blue = (tuple(row) for row in rows)
        return ColorStatistics(eigenvalues, (red, green, blue))  # type: ignore[arg-type]  # three each


@dataclass(frozen=True, eq=False)
class StyleSums:
    """Hold sums over RGB pictures; ``+`` joins the sums of two sets of pictures.

    Args:
        colors: exact sums of colours.
        pictures: number of pictures large enough to hold the waves: a smaller one adds colours alone.
        amplitudes: sums of the amplitudes of their slow waves, (3, 49, 25).
    """

    colors: ColorSums = field(default_factory=ColorSums)
    pictures: int = 0
    amplitudes: Reals = field(default_factory=lambda: np.zeros((3, 2 * MAX_REACH + 1, MAX_REACH + 1)))

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return the sums of one picture, as `ColorSums.of` takes it."""
        colors = ColorSums.of(image)
        if min(image.shape[:2]) <= 2 * MAX_REACH:
            return cls(colors)
        return cls(colors, 1, np.abs(spectrum(image[..., :3], MAX_REACH)))

    def __add__(self, other: Self) -> Self:
        amplitudes = self.amplitudes + other.amplitudes
        return type(self)(self.colors + other.colors, self.pictures + other.pictures, amplitudes)

    def style(self) -> Style:
        """Return the mean, the covariance, and where pictures were large enough the mean amplitudes."""
        covariance = self.colors.covariance
        red, green, blue = (tuple(round(float(value), DIGITS) + 0.0 for value in row) for row in covariance)
        mean = tuple(round(total / (self.colors.count * UNITS), DIGITS) for total in self.colors.sums)
        waves = (self.amplitudes / max(1, self.pictures)).astype("<f4")
        amplitudes = b64encode(waves.tobytes()).decode() if self.pictures else None
        return Style(mean, (red, green, blue), amplitudes)  # type: ignore[arg-type]  # three each


S = TypeVar("S", ColorSums, StyleSums)


def sums_of(data: DataSet, kind: type[S]) -> Iterator[S | AugkitError | None]:
    """Yield the sums of each picture of a data set in order: None of a grey one, or why it cannot be read.

    Raises:
        Unreachable, OutOfMemory: one cannot be read now, whatever it holds.
        SampleError: one has other channels than those of colours.
    """

    def read(source: Source) -> tuple[str, bytes | AugkitError]:
        where = f"{data.root}/{source.id}"
        try:
            return where, data.believed(source)
        except AugkitError as fault:
            raise_outage(fault)
            return where, fault

    found = each_apart(sums_in, map(read, data.sources), data.mode, kind)
    for source, sums in zip(data.sources, found, strict=True):
        if isinstance(sums, SampleError):  # no pixels of colours
            raise sums
        yield sums.at(f"{data.root}/{source.id}") if isinstance(sums, DecodeError) else sums


def sums_in(data: bytes, mode: Mode, kind: type[S]) -> S | None:
    """Return the sums over a picture's file; None of a grey one."""
    image = decode(data, mode).image
    return None if image.ndim == 2 else kind.of(image)
