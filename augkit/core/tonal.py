"""Colours as numbers: matrices on RGB, and pointwise functions on values between 0 and the top of the range, 1.

Values here are fractions of the dtype's range (uint8 / 255, uint16 / 65535, float32 as it is), so the same plan means
the same to every dtype. Nothing is rounded here; executors round once, at the end of a colour run.

References: ITU-R BT.601 for luma; the NTSC YIQ matrix for hue.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.core.ops import ColorMatrix, Curve
from augkit.core.spatial import IDENTITY, Matrix, Row, inverse, product

__all__ = [
    "FUNCTIONS",
    "LUMA",
    "RANGE",
    "compose",
    "curve",
    "hue",
    "is_identity",
    "pca_shift",
    "principal_components",
    "rounded_color",
    "saturation",
    "to_nearest",
]

Values = NDArray[np.float64]

LUMA = (0.299, 0.587, 0.114)  # of R, G, B: BT.601
RANGE: dict[np.dtype[Any], float] = {  # in this machine's byte order
    np.dtype(np.uint8): 255.0,
    np.dtype(np.uint16): 65535.0,
    np.dtype(np.float32): 1.0,
}

_YIQ: Matrix = ((0.299, 0.587, 0.114), (0.595716, -0.274453, -0.321263), (0.211456, -0.522591, 0.311135))
_YIQ_INVERSE = inverse(_YIQ)

# A value this near below a step counts as on it: what two machines' last bits disagree about must not decide.
EDGE = 1e-6

FUNCTIONS: dict[str, Callable[[Values, float], Values]] = {
    "gain": lambda v, factor: v * factor,
    "contrast": lambda v, factor: (v - 0.5) * factor + 0.5,
    "gamma": lambda v, power: v**power,
    "invert": lambda v, share: v + (1.0 - 2.0 * v) * share,
    "posterize": lambda v, bits: np.floor((v + EDGE) * (2.0**bits * 255.0 / 256.0)) * (256.0 / 255.0 / 2.0**bits),
    "solarize": lambda v, level: np.where(v + EDGE < level, v, 1.0 - v),
    "threshold": lambda v, level: np.where(v + EDGE < level, 0.0 * v, 0.0 * v + 1.0),
}
NEUTRAL = {"gain": 1.0, "contrast": 1.0, "gamma": 1.0, "invert": 0.0}  # these numbers change nothing


def curve(op: Curve, values: Values) -> Values:
    """Apply the functions of a `Curve` in order; each clamps its input to [0, 1], the last result is left unclamped."""
    for name, number in op.functions:
        values = FUNCTIONS[name](np.clip(values, 0.0, 1.0), number)
    return values


def to_nearest(values: Values) -> Values:
    """Return values rounded to whole numbers, true halves to even ones.

    Five times 1.1 is 5.5, but for noise in the last digits, which would push most halves the same way.
    """
    return np.rint(np.round(values, 6))


def saturation(factor: float) -> Matrix:
    """Return the matrix that keeps a fraction `factor` of the distance to the pixel's own luma; 0 is grey."""
    rest = [(1.0 - factor) * weight for weight in LUMA]
    return tuple(  # type: ignore[return-value]  # three rows of three: mypy counts no generator
        tuple(rest[column] + (factor if row == column else 0.0) for column in range(3)) for row in range(3)
    )


def hue(degrees: float) -> Matrix:
    """Return the rotation of the I-Q plane of YIQ by an angle: luma stays, hues turn."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn: Matrix = ((1.0, 0.0, 0.0), (0.0, cosine, -sine), (0.0, sine, cosine))
    return product(_YIQ_INVERSE, product(turn, _YIQ))


def compose(second: ColorMatrix, first: ColorMatrix) -> ColorMatrix:
    """Return the one matrix and offset that do `first`, then `second`."""
    offset = tuple(
        row[0] * first.offset[0] + row[1] * first.offset[1] + row[2] * first.offset[2] + shift
        for row, shift in zip(second.matrix, second.offset, strict=True)
    )
    return ColorMatrix(product(second.matrix, first.matrix), offset)  # type: ignore[arg-type]  # three, as the rows


def rounded_color(op: ColorMatrix) -> ColorMatrix:
    """Return the matrix rounded so that another machine's last bit does not show: 1e-12 is 1e-7 of a uint16 level."""
    rows = IDENTITY if op.matrix == IDENTITY else tuple(map(_rounded_row, op.matrix))
    return ColorMatrix(rows, _rounded_row(op.offset))  # type: ignore[arg-type]  # three rows


def _rounded_row(row: Row) -> Row:
    a, b, c = row
    return round(a, 12) + 0.0, round(b, 12) + 0.0, round(c, 12) + 0.0


def principal_components(covariance: Values) -> tuple[Values, Values]:
    """Return eigenvalues (3,), largest first, and eigenvectors (3, 3), one a column, of an RGB covariance (3, 3).

    Of the two signs of an eigenvector the one whose largest component is positive is taken.
    """
    eigenvalues, vectors = np.linalg.eigh(covariance)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    return np.maximum(eigenvalues, 0.0), vectors * np.sign(vectors[largest, range(3)])


def pca_shift(covariance: Values, numbers: tuple[float, ...]) -> ColorMatrix:
    """Return the constant V (numbers * lambda) to be added, of an RGB covariance (3, 3)."""
    eigenvalues, vectors = principal_components(covariance)
    red, green, blue = (vectors * (np.array(numbers) * eigenvalues)).sum(axis=1).tolist()
    return ColorMatrix(IDENTITY, (red, green, blue))


def is_identity(op: ColorMatrix | Curve) -> bool:
    """Tell whether the operation changes no colour within the range."""
    if isinstance(op, ColorMatrix):
        return op.matrix == IDENTITY and op.offset == (0.0, 0.0, 0.0)
    return all(NEUTRAL.get(name) == number for name, number in op.functions)
