"""The look of a data set's pictures, in one pass: sums that parts of the set can add up."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from augkit.core.arrays import Image, Reals
from augkit.core.ops.spectrum import MAX_REACH
from augkit.datasets.color_statistics import UNITS, ColorSums
from augkit.executors.kernels.style_kernel import spectrum
from augkit.transforms.style import Style

DIGITS = 9  # written: far below what pixels can show


def _no_waves() -> Reals:
    return np.zeros((3, 2 * MAX_REACH + 1, MAX_REACH + 1))


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
    amplitudes: Reals = field(default_factory=_no_waves)

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return the sums of one picture, (H, W, 3) RGB, or (H, W, 4) whose last channel is ignored; uint8 or uint16.

        Raises:
            SampleError: the picture has another shape or dtype.
        """
        colors = ColorSums.of(image)
        if min(image.shape[:2]) <= 2 * MAX_REACH:
            return cls(colors)
        return cls(colors, 1, np.abs(spectrum(image[..., :3], MAX_REACH)))

    def __add__(self, other: Self) -> Self:
        amplitudes = self.amplitudes + other.amplitudes
        return type(self)(self.colors + other.colors, self.pictures + other.pictures, amplitudes)

    def style(self) -> Style:
        """Return the mean, the covariance, and where pictures were large enough the mean amplitudes.

        Raises:
            SampleError: there are fewer than two pixels.
        """
        covariance = self.colors.covariance
        red, green, blue = (tuple(round(float(value), DIGITS) + 0.0 for value in row) for row in covariance)
        mean = tuple(round(total / (self.colors.count * UNITS), DIGITS) for total in self.colors.sums)
        waves = (self.amplitudes / max(1, self.pictures)).astype("<f4")
        amplitudes = b64encode(waves.tobytes()).decode() if self.pictures else None
        return Style(mean, (red, green, blue), amplitudes)  # type: ignore[arg-type]  # three each
