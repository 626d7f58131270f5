"""Colours as numbers: channels, the ranges of dtypes, rounding, luma, hue, saturation, principal components.

Values are fractions of the dtype's range: uint8 / 255, uint16 / 65535, float32 as it is.

References: ITU-R BT.601 for luma; the NTSC YIQ matrix for hue.
"""

import math

import numpy as np

from augkit.core.arrays import Array, Dtype, Reals
from augkit.core.spatial import Matrix, inverse, product
from augkit.errors import SampleError

LUMA = (0.299, 0.587, 0.114)  # of R, G, B: BT.601
RANGE: dict[Dtype, float] = {  # in this machine's byte order
    np.dtype(np.uint8): 255.0,
    np.dtype(np.uint16): 65535.0,
    np.dtype(np.float32): 1.0,
}

DTYPE_NAMES = {dtype: dtype.name for dtype in RANGE}  # kept, as NumPy makes them anew each time

_YIQ: Matrix = ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))
_YIQ_INVERSE = inverse(_YIQ)


def to_nearest(values: Reals) -> Reals:
    """Return values rounded to whole numbers, true halves to even ones.

    Five times 1.1 is 5.5, but for noise in the last digits, which would push most halves the same way.
    """
    return np.rint(np.round(values, 6))


def finish(values: Reals, dtype: Dtype) -> Array:
    """Return real values clamped to the dtype's range and, where it is an integer, rounded to nearest."""
    clamped = np.clip(values, 0.0, RANGE[dtype])
    return (to_nearest(clamped) if dtype.kind == "u" else clamped).astype(dtype)


def saturation(factor: float) -> Matrix:
    """Return the matrix that keeps a fraction `factor` of the distance to the pixel's own luma; 0 is grey."""
    rest = [(1.0 - factor) * weight for weight in LUMA]
    return tuple(  # type: ignore[return-value]  # three rows of three: mypy counts no generator
        tuple(rest[column] + (factor if row == column else 0.0) for column in range(3)) for row in range(3)
    )


def hue(degrees: float) -> Matrix:
    """Return the rotation of the I-Q plane of YIQ by an angle: luma stays, red turns towards yellow, as in HSV."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn: Matrix = ((1.0, 0.0, 0.0), (0.0, cosine, sine), (0.0, -sine, cosine))
    return product(_YIQ_INVERSE, product(turn, _YIQ))


def principal_components(covariance: Reals) -> tuple[Reals, Reals]:
    """Return eigenvalues (3,), largest first, and eigenvectors (3, 3), one a column, of an RGB covariance (3, 3).

    Of the two signs of an eigenvector the one whose largest component is positive is taken.
    """
    eigenvalues, vectors = np.linalg.eigh(covariance)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    return np.maximum(eigenvalues, 0.0), vectors * np.sign(vectors[largest, range(3)])


def channels_of(array: Array) -> int:
    """Return C of (H, W, C), and 1 of (H, W)."""
    return array.shape[2] if array.ndim == 3 else 1


def require_rgb(channels: int, alpha: bool, where: str) -> None:
    """Refuse a picture that has other than 3 channels, or 4 with alpha, by the name of the step that needs RGB."""
    if channels != 3 + alpha:
        found = f"{channels} channel" + "s" * (channels != 1)
        raise SampleError(f"must get an RGB picture, got one of {found}. Leave the step out.", where)
