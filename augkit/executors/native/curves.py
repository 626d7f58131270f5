"""Curves of the native executor: their steps as the library takes them, and the same in NumPy.

A step is three numbers, see augkit/compiled/curves.h: which function, and its numbers. Powers are made of sums and
products alone, in one order, because `numpy.power` differs in its last bits from processor to processor.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.ops.colouring import EDGE

STEP = 3
NEAR = 5e-7  # a value this near to a half counts as one
NAMES = ("gain", "contrast", "gamma", "invert", "posterize", "solarize", "threshold")
LINEAR = float(len(NAMES))  # a factor and an offset, unclamped
_CODES = {name: float(code) for code, name in enumerate(NAMES)}


AnyReals: TypeAlias = NDArray[np.floating[Any]]


class _Kind(NamedTuple):
    """How reals of a kind are laid out, and how long their series are; `root` are the bits of a square root of 1/2."""

    whole: type[np.signedinteger[Any]]
    bits: int
    bias: int
    one: int
    root: int
    last_odd: int
    degree: int
    least: float


_DOUBLE = _Kind(np.int64, 52, 1023, 0x3FF0000000000000, 0x3FE6A09E00000000, 13, 10, -1020.0)
_SINGLE = _Kind(np.int32, 23, 127, 0x3F800000, 0x3F3504F3, 9, 7, -126.0)


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


def table(
    steps: Sequence[float], count: int, letter: str, scale: float, limits: tuple[float, float], ahead: float = 0.0
) -> bytes:
    """Return a table of what a curve makes of `count` values evenly from 0 to 1, times `scale`, clamped and rounded.

    Args:
        steps: of the curve.
        count: of entries.
        letter: of their kind: B, H or h for uint8, uint16 or int16.
        scale: of a value of 1.
        limits: the least and the most, within that kind's.
        ahead: how much of a step all values but the first lie further on: 0.5 where one stands for all up to the next.
    """
    low, high = limits
    if compiled.library is not None:
        return compiled.library.curve_table(tuple(steps), count, ord(letter), scale, low, high, ahead)
    values = (np.arange(count, dtype=np.float64) + ahead) / (count - 1.0)
    values[0] = 0.0
    return rounded(curved(values, steps) * scale, low, high).astype(letter).tobytes()


def rounded(values: AnyReals, low: float, high: float) -> AnyReals:
    """Return values clamped and rounded to nearest, true halves to even ones: the twin of `augkit_round`."""
    values = clamped(values, low, high)
    return np.where(np.abs(values - np.floor(values) - 0.5) <= NEAR, 2.0 * np.rint(values * 0.5), np.rint(values))


def clamped(values: AnyReals, low: float, high: float) -> AnyReals:
    """Return values of [low, high], which keeps the sign of zero as C's comparisons do."""
    values = np.where(values < low, low, values)
    return np.where(values > high, high, values)


def curved(values: AnyReals, steps: Sequence[float]) -> AnyReals:
    """Return values after the steps of a curve, in float64 or float32: the twin of `augkit_curve`."""
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
            values = np.where(v + EDGE < a, 0.0, 1.0).astype(v.dtype)
    return values


def power(values: AnyReals, exponent: float) -> AnyReals:
    """Return values of [0, 1], of float64 or float32, to a positive power; the twin of C's `power`.

    The logarithm is 2 artanh((m - 1) / (m + 1)) of the mantissa m; both series are Taylor's, long enough for an error
    below 1e-9 of what comes out, of powers up to 1000; of float32, for one of a few units of the last place.
    """
    kind = _DOUBLE if values.dtype == np.float64 else _SINGLE
    bits = np.ascontiguousarray(values).view(kind.whole) + kind.whole(kind.one - kind.root)
    m = ((bits & kind.whole((1 << kind.bits) - 1)) + kind.whole(kind.root)).view(values.dtype)
    z = (m - 1.0) / (m + 1.0)
    total: AnyReals = np.full(z.shape, 1.0 / kind.last_odd, values.dtype)
    for odd in range(kind.last_odd - 2, 0, -2):
        total = total * (z * z) + 1.0 / odd
    y = exponent * (((bits >> kind.bits) - kind.bias).astype(values.dtype) + 2.8853900817779268 * z * total)
    y = np.where(y < kind.least, kind.least, y)
    magic = 1.5 * 2.0**kind.bits  # added, it rounds to a whole number
    shifted = y + magic
    x = (y - (shifted - magic)) * 0.6931471805599453
    total = np.full(x.shape, 1.0 / math.factorial(kind.degree), values.dtype)
    for n in range(kind.degree - 1, -1, -1):
        total = total * x + 1.0 / math.factorial(n)
    shift = np.full(1, magic, values.dtype).view(kind.whole)[0]
    scale = ((shifted.view(kind.whole) - shift + kind.whole(kind.bias)) << kind.bits).view(values.dtype)
    found: AnyReals = np.where(values == 0.0, values.dtype.type(0.0), total * scale)
    return found
