"""Box and Muller's normal numbers, by sums and products in a written order alone: the same bits on every machine.

NumPy's own logarithm, sine and cosine differ in their last bits between processors. ``box_muller.c`` is the twin.

Reference: Box and Muller, "A note on the generation of random normal deviates", 1958.
"""

import math

import numpy as np

from augkit import compiled
from augkit.core.arrays import Reals

_ARTANH = [1.0 / odd for odd in range(21, 1, -2)]  # of z^n / (2 n + 1), the last first
_SINE = [(-1.0) ** n / math.factorial(2 * n + 1) for n in range(7, 0, -1)]
_COSINE = [(-1.0) ** n / math.factorial(2 * n) for n in range(8, -1, -1)]


def normal_of(pairs: Reals) -> None:
    """Overwrite uniform numbers of [0, 1), (2, n) in one piece, by normal ones: n cosines, then n sines."""
    library = compiled.library
    if library is not None:
        library.box_muller(pairs)
        return
    radius = np.sqrt(-2.0 * _logarithm(1.0 - pairs[0]))
    quarter = np.floor(4.0 * pairs[1] + 0.5)
    t = (pairs[1] - quarter * 0.25) * (2.0 * math.pi)  # the difference is exact
    z = t * t
    sine, cosine = t + t * z * _polynomial(_SINE, z), _polynomial(_COSINE, z)
    odd = quarter % 2.0 == 1.0
    x, y = np.where(odd, sine, cosine), np.where(odd, cosine, sine)
    pairs[0] = radius * np.where((quarter == 1.0) | (quarter == 2.0), -x, x)
    pairs[1] = radius * np.where((quarter == 2.0) | (quarter == 3.0), -y, y)


def _logarithm(x: Reals) -> Reals:
    """Return ln(x) of 0 < x <= 1: x = m 2^e with m near 1, and ln(m) = 2 artanh(s), s = (m - 1) / (m + 1)."""
    m, exponent = np.frexp(x)
    small = m < math.sqrt(0.5)
    m, exponent = np.where(small, m * 2.0, m), exponent - small
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    return exponent * math.log(2.0) + (2.0 * s + 2.0 * s * z * _polynomial(_ARTANH, z))


def _polynomial(coefficients: list[float], z: Reals) -> Reals:
    total = np.full_like(z, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * z + coefficient
    return total
