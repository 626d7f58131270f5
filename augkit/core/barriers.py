"""Operations that need finished pixels: kernels, pooling, texture, and what must look at the picture first.

Each is one class here, its rule in `BARRIER_CHECKS`, one function in ``executors/reference/barriers.py`` that defines
what it means, one in ``executors/cpu/barriers.py``, and its words in ``core/words.py``; only an `External` is done by
another package, for all of them. Strengths are fractions of the dtype's range, so that a plan means the same to every
dtype. What lies beyond the picture's edge is the pipeline's border rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from augkit.core.external import External, check_external
from augkit.core.facts import MAX_SIDE, are_numbers, are_whole, is_number, is_size, require
from augkit.core.spatial import Size

__all__ = [
    "ADAPTATIONS",
    "BARRIER_CHECKS",
    "MAX_KERNEL",
    "MAX_REACH",
    "MAX_WEIGHT",
    "MAX_WINDOW",
    "NOISES",
    "POOLS",
    "RGB_ONLY",
    "Adapt",
    "Barrier",
    "Downscale",
    "Erase",
    "External",
    "Filter",
    "Gaussian",
    "Jpeg",
    "Motion",
    "Noise",
    "Pool",
    "Sliding",
    "Spectrum",
    "needs_rgb",
]

MAX_WINDOW = 4096  # pixels: of a window, a stride or a padding along an axis
MAX_KERNEL = 64  # rows or columns of a kernel that is written out
MAX_WEIGHT = 1e5  # of a kernel: sums in float32 have six digits
MAX_SIGMA = 100.0  # pixels
LEAST_NOISE = 1e-12  # below it, the photons are too many to count
MAX_ADAPTATION = 1e3  # of the numbers of an `Adapt`
BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
POOLS = ("max", "min", "mean", "l2", "median")
NOISES = ("gaussian", "salt_and_pepper", "poisson")
# What an `Adapt` may be called, and how many numbers it takes; those of RGB_ONLY need red, green and blue.
ADAPTATIONS = {"auto_contrast": 1, "equalize": 0, "otsu": 0, "pca_shift": 3, "color_transfer": 13}
RGB_ONLY = ("color_transfer", "pca_shift")
MAX_REACH = 24  # cycles over the picture of the fastest wave of a `Spectrum`


@dataclass(frozen=True)
class Gaussian:
    """Stand for the kernel of a Gaussian, cut off at four standard deviations and summing to 1.

    Args:
        sigma: standard deviation in pixels.
    """

    sigma: float


@dataclass(frozen=True)
class Motion:
    """Stand for the kernel of a straight motion while the shutter is open, summing to 1.

    Args:
        length: of the path, in pixels, at least 1.
        degrees: its direction, counter-clockwise from the x axis.
    """

    length: float
    degrees: float


@dataclass(frozen=True)
class Filter:
    """Replace every value by the sum of its neighbours times a kernel: cross-correlation, each channel by itself.

    Args:
        kernel: its rows, or the recipe of a large one.
        stride: pixels from window to window, along y and x.
        padding: pixels of border on each side, along y and x.
    """

    kernel: tuple[tuple[float, ...], ...] | Gaussian | Motion
    stride: Size = (1, 1)
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Pool:
    """Replace every window by one value, each channel by itself.

    Args:
        kind: ``max``, ``min``, ``mean``, ``median``, or ``l2``, the root of the sum of squares.
        size: (height, width) of the window.
        stride, padding: as in `Filter`.
    """

    kind: str
    size: Size
    stride: Size
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Noise:
    """Disturb every value: see `augkit.executors.noise`.

    Args:
        stream: the name of the `Stream` that the noise comes from.
        kind: ``gaussian``, ``salt_and_pepper`` or ``poisson``.
        amount: standard deviation of the first, share of pixels of the second, standard deviation at white of the
            third.
    """

    stream: str
    kind: str
    amount: float


@dataclass(frozen=True)
class Jpeg:
    """Write the picture as a JPEG and read it again: three channels as RGB at 4:2:0, others each as grey, 8 bits deep.

    Args:
        quality: 1 to 100.
    """

    quality: int


@dataclass(frozen=True)
class Downscale:
    """Shrink the picture to a size and enlarge it again; nothing else is moved."""

    size: Size


@dataclass(frozen=True)
class Erase:
    """Paint over rectangles.

    Args:
        rectangles: each left, top, right, bottom in whole pixels; what lies outside the picture is left out.
        fill: one number or one a channel, 0 to 1, or the name of a `Stream` of independent uniform pixels.
        mask_fill: what masks hold there afterwards; None leaves them alone.
    """

    rectangles: tuple[tuple[int, int, int, int], ...]
    fill: tuple[float, ...] | str
    mask_fill: int | None = None


@dataclass(frozen=True)
class Adapt:
    """Do what must look at the pixels first, by name.

    ``auto_contrast``: stretch every channel to the whole range, a share of pixels cut off at both ends.
    ``color_transfer``: go a share of the way towards colours of a mean (3) and a covariance (9).
    ``equalize``: make every channel's histogram even. ``otsu``: make every channel black and white.
    ``pca_shift``: add V (numbers * lambda), eigenvectors and eigenvalues being those of this picture's RGB covariance.
    """

    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Spectrum:
    """Give the slow waves of an RGB picture other amplitudes, and leave their phases.

    Args:
        reach: cycles over the picture of the fastest, along both axes.
        base64: float32, little-endian, shape (3, 2 reach + 1, reach + 1): see `augkit.executors.style`.
    """

    reach: int
    base64: str


Sliding = Filter | Pool
Barrier = Sliding | Noise | Jpeg | Downscale | Erase | Adapt | Spectrum | External


def needs_rgb(op: Barrier) -> bool:
    """Tell whether the operation needs red, green and blue."""
    return isinstance(op, Spectrum) or (isinstance(op, Adapt) and op.name in RGB_ONLY)


def _check_gaussian(op: Gaussian) -> None:
    require(is_number(op.sigma) and 0.0 <= op.sigma <= MAX_SIGMA, "Gaussian.sigma", f"lie in 0 to {MAX_SIGMA:g}", op)


def _check_motion(op: Motion) -> None:
    fits = is_number(op.length) and 1.0 <= op.length <= MAX_SIGMA and is_number(op.degrees)
    require(fits, "Motion", f"have a length of 1 to {MAX_SIGMA:g} pixels and an angle", op)


def _check_filter(op: Filter) -> None:
    kernel: Any = op.kernel
    if not isinstance(kernel, Gaussian | Motion):
        widths = [len(row) if isinstance(row, tuple) else 0 for row in kernel] if isinstance(kernel, tuple) else []
        fits = 0 < len(widths) <= MAX_KERNEL and 0 < widths[0] <= MAX_KERNEL and are_numbers(kernel, 0, widths[0])
        rows = kernel if isinstance(kernel, tuple) and fits else ()
        fits = fits and all(-MAX_WEIGHT <= weight <= MAX_WEIGHT for row in rows for weight in row)
        rule = f"be 1 to {MAX_KERNEL} rows of as many numbers each, within {-MAX_WEIGHT:.0f} and {MAX_WEIGHT:.0f}"
        require(fits, "Filter.kernel", rule, kernel)
    _check_steps(op)


def _check_pool(op: Pool) -> None:
    require(op.kind in POOLS, "Pool.kind", f"be one of {', '.join(POOLS)}", op.kind)
    require(are_whole(op.size, 2, 1, MAX_WINDOW), "Pool.size", "be (height, width) in whole pixels", op.size)
    _check_steps(op)


def _check_steps(op: Sliding) -> None:
    where = type(op).__name__
    require(are_whole(op.stride, 2, 1, MAX_WINDOW), f"{where}.stride", "be two whole numbers, at least 1", op.stride)
    require(are_whole(op.padding, 2, 0, MAX_WINDOW), f"{where}.padding", "be two whole numbers", op.padding)


def _check_noise(op: Noise) -> None:
    fits = isinstance(op.stream, str) and op.kind in NOISES and is_number(op.amount)
    fits = fits and (op.amount == 0.0 or LEAST_NOISE <= op.amount <= 1.0)
    require(
        fits, "Noise", f"be a stream's name, one of {', '.join(NOISES)} and an amount of 0, or {LEAST_NOISE} to 1", op
    )


def _check_jpeg(op: Jpeg) -> None:
    require(type(op.quality) is int and 1 <= op.quality <= 100, "Jpeg.quality", "be a whole number, 1 to 100", op)


def _check_downscale(op: Downscale) -> None:
    require(is_size(op.size), "Downscale.size", "be (height, width) in whole pixels", op.size)


def _check_erase(op: Erase) -> None:
    rectangles: object = op.rectangles
    fits = isinstance(rectangles, tuple) and all(are_whole(r, 4, -MAX_SIDE, MAX_SIDE) for r in rectangles)
    require(fits, "Erase.rectangles", "be left, top, right, bottom in whole pixels each", op.rectangles)
    colours = isinstance(op.fill, str) or (
        bool(op.fill) and are_numbers(op.fill, 0) and all(0.0 <= value <= 1.0 for value in op.fill)
    )
    require(colours, "Erase.fill", "be numbers from 0 to 1, or a stream's name", op.fill)
    require(op.mask_fill is None or type(op.mask_fill) is int, "Erase.mask_fill", "be a whole number", op.mask_fill)


def _check_adapt(op: Adapt) -> None:
    known = isinstance(op.name, str) and op.name in ADAPTATIONS
    require(known, "Adapt.name", f"be one of {', '.join(ADAPTATIONS)}", op.name)
    count = ADAPTATIONS[op.name]
    fits = are_numbers(op.numbers, 0) and len(op.numbers) == count
    fits = fits and all(-MAX_ADAPTATION <= number <= MAX_ADAPTATION for number in op.numbers)
    if fits and op.name == "auto_contrast":
        require(0.0 <= op.numbers[0] < 0.5, "Adapt auto_contrast", "cut off 0 to below 0.5 of the pixels", op.numbers)
    require(
        fits,
        f"Adapt {op.name}",
        f"have {count} numbers within {-MAX_ADAPTATION:.0f} and {MAX_ADAPTATION:.0f}",
        op.numbers,
    )


def _check_spectrum(op: Spectrum) -> None:
    require(
        type(op.reach) is int and 0 <= op.reach <= MAX_REACH, "Spectrum.reach", f"lie in 0 to {MAX_REACH}", op.reach
    )
    length = 16 * (2 * op.reach + 1) * (op.reach + 1)  # three floats of four bytes are 16 letters
    fits = isinstance(op.base64, str) and len(op.base64) == length and not set(op.base64) - BASE64
    require(fits, "Spectrum.base64", "hold 3 x (2 reach + 1) x (reach + 1) floats", op.base64)


BARRIER_CHECKS: dict[type[Any], Any] = {
    Gaussian: _check_gaussian,
    Motion: _check_motion,
    Filter: _check_filter,
    Pool: _check_pool,
    Noise: _check_noise,
    Jpeg: _check_jpeg,
    Downscale: _check_downscale,
    Erase: _check_erase,
    Adapt: _check_adapt,
    Spectrum: _check_spectrum,
    External: check_external,
}
