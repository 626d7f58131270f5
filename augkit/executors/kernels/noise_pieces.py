"""Noise of behaviour 2: pieces of a stream's words, and the numbers that are made of them.

A value of place i, counted over rows, pixels and channels, takes the i-th 16 bits of the stream's words, the lowest
bits of a word first; where a uniform number is needed it takes the i-th 32 bits. No place knows of another, so that a
picture may be disturbed in any order and in any parts. For behaviour 1 see ``degrade_kernels``.

- ``gaussian``: amount * z is added to every value. Bits 1 to 15 of the piece choose z among the 32,768 quantiles of the
  upper half of the normal distribution, bit 0 is the sign. Quantiles are whole fractions of 1 / 4096, scaled so that
  the variance is 1; the largest is 4.3.
- ``salt_and_pepper``: of every pixel's 32 bits as a number from 0 to 1, below amount / 2 it turns black, above
  1 - amount / 2 white.
- ``poisson``: counted photons. White stands for n = 1 / amount**2 of them, so that `amount` is the standard deviation
  at white; a value v becomes k / n, k from the Poisson distribution of mean v n. Means below 16 invert the distribution
  function at the 32 bits as a number from 0 to 1; others take its normal approximation with the first correction of
  Cornish and Fisher, rounded, z from the upper 16 of the 32 bits.
"""

import math
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, Flags, Reals
from augkit.core.key import Stream
from augkit.core.ops import Noise

SCALE = 4096  # a quantile of 1
FEW_PHOTONS = 16.0
_QUANTILES = 32768
_MOST = 80  # photons: of a mean of 16, larger counts have a chance below 1e-28


@cache
def quantiles() -> NDArray[np.int16]:
    """Return the quantiles of the normal distribution's upper half, in the middle of equal shares."""
    inverse = NormalDist().inv_cdf
    exact = [inverse(0.5 + (place + 0.5) / (2 * _QUANTILES)) for place in range(_QUANTILES)]
    unit = SCALE / math.sqrt(math.fsum(z * z for z in exact) / _QUANTILES)
    return np.array([round(z * unit) for z in exact], np.int16)


def pieces(stream: Stream, start: int, count: int, bits: Literal[16, 32]) -> Array:
    """Return `count` pieces of a stream's words from piece `start` on."""
    block = 256 // bits  # pieces in four words
    first = start // block
    words = stream.words(4 * first, 4 * (-(-(start + count) // block) - first)).astype("<u8")
    split: Array = words.view(f"<u{bits // 8}")
    return split[start - first * block :][:count]


def normal_of(sixteen: Array) -> NDArray[np.int16]:
    """Return normal numbers, times `SCALE`, of pieces of 16 bits."""
    z = quantiles()[sixteen >> 1]
    signed: NDArray[np.int16] = np.where(sixteen & 1, -z, z)
    return signed


def disturbed(op: Noise, start: int, values: Reals) -> Reals:
    """Return values (h, W) or (h, W, C) from 0 to 1, the first of place `start`, with noise in them, unclamped."""
    stream = Stream.from_name(op.stream)
    if op.amount == 0.0:
        return values
    if op.kind == "gaussian":
        return values + op.amount * normals(stream, start, values.shape)
    if op.kind == "poisson":
        found = pieces(stream, start, values.size, 32).reshape(values.shape)
        return counted(values / op.amount**2, found) * op.amount**2
    channels = math.prod(values.shape[2:])
    lots = pieces(stream, start // channels, values.size // channels, 32)
    black, white = salted(op.amount, lots.reshape(values.shape[:2] + (1,) * (values.ndim - 2)))
    return np.where(black, 0.0, np.where(white, 1.0, values))


def normals(stream: Stream, start: int, shape: tuple[int, ...]) -> Reals:
    """Return normal numbers of the places from `start` on."""
    return normal_of(pieces(stream, start, math.prod(shape), 16)).reshape(shape).astype(np.float64) / SCALE


def uniforms(stream: Stream, start: int, shape: tuple[int, ...]) -> Reals:
    """Return numbers from 0 to 1 of the places from `start` on, one in 65,536 each."""
    return (pieces(stream, start, math.prod(shape), 16).reshape(shape) + 0.5) / 65536.0


def salted(amount: float, lots: Array) -> tuple[Flags, Flags]:
    """Return which pixels turn black, and which white."""
    share = share_of(amount)
    return lots < share, np.uint32(2**32 - 1) - lots < share


def share_of(amount: float) -> int:
    """Return half of an amount as a number of 32 bits' values."""
    return math.floor(amount * 2.0**31 + 0.5)


def counted(means: Reals, lots: Array) -> Reals:
    """Return numbers from the Poisson distributions of these means."""
    z = normal_of(lots >> 16).astype(np.float64) * (1.0 / SCALE)
    counts: Reals = np.maximum(means, 0.0)
    counts = np.rint(np.maximum(0.0, counts + np.sqrt(counts) * z + (z * z - 1.0) / 6.0))
    few = means < FEW_PHOTONS
    counts[few] = _inverted(np.maximum(means[few], 0.0), lots[few].astype(np.float64) * 2.0**-32)
    return counts


def _inverted(means: Reals, u: Reals) -> Reals:
    """Return the smallest counts whose distribution function exceeds u."""
    counts, chance = np.zeros_like(means), _no_photon(means)
    reached = chance
    for count in range(1, _MOST):
        beyond = u >= reached
        if not beyond.any():
            break
        counts[beyond] = count
        chance = chance * means / float(count)
        reached = reached + chance
    return counts


def _no_photon(means: Reals) -> Reals:
    """Return exp(-mean) in written steps, so that no processor's last bits show: a polynomial, squared eight times."""
    part = means * -0.00390625
    total = 1.0 + part / 10.0
    for term in range(9, 0, -1):
        total = 1.0 + total * part / float(term)
    for _ in range(8):
        total = total * total
    return total
