"""Curves of the native executor: their steps as the library takes them, and the same in NumPy.

A step is three numbers, see augkit/compiled/curves.h: which function, and its numbers. Powers are made of sums and
products alone, in one order, because `numpy.power` differs in its last bits from processor to processor.
"""

import math
from collections.abc import Sequence

import numpy as np

from augkit import compiled
from augkit.core.arrays import Array, Dtype, Reals
from augkit.core.ops.colouring import EDGE

STEP = 3
NEAR = 5e-7  # a value this near to a half counts as one
NAMES = ("gain", "contrast", "gamma", "invert", "posterize", "solarize", "threshold")
LINEAR = float(len(NAMES))  # a factor and an offset, unclamped
_CODES = {name: float(code) for code, name in enumerate(NAMES)}
_FACTORIALS = [float(math.factorial(n)) for n in range(14)]
_MANTISSA, _ROOT, _ONE, _SHIFT = 0x000FFFFFFFFFFFFF, 0x3FE6A09E00000000, 0x3FF0000000000000, 0x4338000000000000
_LIMITS = {"B": (0.0, 255.0), "H": (0.0, 65535.0), "h": (-32767.0, 32767.0)}


def steps_of(functions: Sequence[tuple[str, float]]) -> list[float]:
    """Return the steps of the functions of a `Curve`, three numbers each."""
    steps: list[float] = []
    for name, number in functions:
        if name == "posterize":
            levels = 2.0**number * 255.0
            steps += (_CODES[name], levels / 256.0, 256.0 / levels)
        else:
            steps += (_CODES[name], number, 0.0)
    return steps


def table(steps: Sequence[float], count: int, scale: float, dtype: Dtype, ahead: float = 0.0) -> Array:
    """Return what a curve makes of `count` values evenly from 0 to 1, times `scale`, rounded to uint8, uint16 or int16.

    All but the first lie `ahead` of a step further on: 0.5 where a value stands for all up to the next one.
    One more entry follows int16's, which vectors may read and nobody uses.
    """
    made = np.empty(count + (dtype.kind == "i"), dtype)
    if dtype.kind == "i":
        made[count] = 0
    if compiled.library is not None:
        compiled.library.curve_table(made[:count], np.array(steps, np.float64), scale, ahead)
    else:
        low, high = _LIMITS[dtype.char]
        values = (np.arange(count, dtype=np.float64) + ahead) / (count - 1.0)
        values[0] = 0.0
        made[:count] = rounded(curved(values, steps) * scale, low, high)
    return made


def rounded(values: Reals, low: float, high: float) -> Reals:
    """Return values clamped and rounded to nearest, true halves to even ones: the twin of `augkit_round`."""
    values = clamped(values, low, high)
    return np.where(np.abs(values - np.floor(values) - 0.5) <= NEAR, 2.0 * np.rint(values * 0.5), np.rint(values))


def clamped(values: Reals, low: float, high: float) -> Reals:
    """Return values of [low, high], which keeps the sign of zero as C's comparisons do."""
    values = np.where(values < low, low, values)
    return np.where(values > high, high, values)


def curved(values: Reals, steps: Sequence[float]) -> Reals:
    """Return values after the steps of a curve: the twin of `augkit_curve`."""
    for at in range(0, len(steps), STEP):
        code, a, b = steps[at : at + STEP]
        if code == LINEAR:
            values = values * a + b
            continue
        v, name = clamped(values, 0.0, 1.0), NAMES[int(code)]
        if name == "gain":
            values = v * a
        elif name == "contrast":
            values = (v - 0.5) * a + 0.5
        elif name == "gamma":
            values = power(v, a)
        elif name == "invert":
            values = v + (1.0 - 2.0 * v) * a
        elif name == "posterize":
            values = np.floor((v + EDGE) * a) * b
        elif name == "solarize":
            values = np.where(v + EDGE < a, v, 1.0 - v)
        else:
            values = np.where(v + EDGE < a, 0.0, 1.0)
    return values


def power(values: Reals, exponent: float) -> Reals:
    """Return values of [0, 1] to a positive power, within 1e-13 of the true ones; the twin of C's `power`.

    The logarithm is 2 artanh((m - 1) / (m + 1)) of the mantissa m; both series are Taylor's.
    """
    bits = np.ascontiguousarray(values).view(np.int64) + (_ONE - _ROOT)
    m = ((bits & _MANTISSA) + _ROOT).view(np.float64)
    z = (m - 1.0) / (m + 1.0)
    total = np.full(z.shape, 1.0 / 21.0)
    for odd in range(19, 0, -2):
        total = total * (z * z) + 1.0 / odd
    y = exponent * (((bits >> 52) - 1023).astype(np.float64) + 2.8853900817779268 * z * total)
    shifted = np.where(y < -1020.0, -1020.0, y) + 1.5 * 2.0**52
    x = (np.where(y < -1020.0, -1020.0, y) - (shifted - 1.5 * 2.0**52)) * 0.6931471805599453
    total = np.full(x.shape, 1.0 / _FACTORIALS[13])
    for n in range(12, -1, -1):
        total = total * x + 1.0 / _FACTORIALS[n]
    scale = ((shifted.view(np.int64) - _SHIFT + 1023) << 52).view(np.float64)
    return np.where(values == 0.0, 0.0, total * scale)
