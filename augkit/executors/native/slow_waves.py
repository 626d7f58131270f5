"""Slow waves of the native executor: whole numbers in float64, so that no order of adding shows.

Waves, pictures and what is between them are rounded to fractions of powers of two, so small that every sum of products
is a whole number below 2**53: whatever BLAS adds up, in whatever order and with whatever instructions, it is exact.
What the rounding leaves out is far below a level of 16 bits.
"""

import math

import numpy as np

from augkit.core.arrays import Array, Image, Reals
from augkit.core.ops import Spectrum
from augkit.core.products import matmul
from augkit.core.tonal import RANGE, finish
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.adapt_kernels import amplitudes_of
from augkit.executors.kernels.degrade_kernels import bands

_EXACT = 52  # bits of a sum
_MOST = 30  # bits of a wave: more shows nowhere
_LEVEL = 2.0**20  # fractions of a picture that is not of whole numbers
_WAVE, _CHANGE, _SUM = 2.0**20, 2.0**24, 2.0**18  # of what is put together: waves, changes, sums of a row


@implements(Spectrum, "native")
def restyled(image: Image, op: Spectrum, how: Sampling) -> Image:
    """Return the picture with other amplitudes of its slow waves, as the reference has it."""
    height, width = image.shape[:2]
    top, reach = RANGE[image.dtype], op.reach
    cycles = np.arange(-reach, reach + 1), np.arange(reach + 1)
    real, imaginary = _amplitudes(image, *cycles)
    length = np.sqrt(real * real + imaginary * imaginary)
    there = length > 0.0
    share = (amplitudes_of(op) - length) / np.where(there, length, 1.0)
    real, imaginary = np.where(there, real, 1.0) * share, imaginary * share
    real[~there] = amplitudes_of(op)[~there]  # a wave that is not there begins at its crest
    for part in (real, imaginary):
        part[:, :, 1:] *= 2.0  # each stands for its mirror image too, but for those that do not run across
    down, across = _waves(height, cycles[0], _WAVE), _waves(width, cycles[1], _WAVE)
    out = np.empty_like(image)
    for _, rows in bands(height):
        added = _shown((real, imaginary), (down[0][:, rows], down[1][:, rows]), across)
        out[rows] = finish((image[rows].astype(np.float64) / top + added) * top, image.dtype)
    return out


def _waves(side: int, cycles: Array, unit: float) -> tuple[Reals, Reals]:
    """Return cosines and sines (cycles, side) of whole numbers of cycles over an axis, as whole fractions of `unit`."""
    turn = 2.0 * math.pi / side
    table = np.array([[math.cos(turn * place), math.sin(turn * place)] for place in range(side)])
    places = np.outer(cycles, np.arange(side)) % side
    whole = np.rint(table * unit)
    return whole[places, 0], whole[places, 1]


def _amplitudes(image: Image, down_cycles: Array, across_cycles: Array) -> tuple[Reals, Reals]:
    """Return real and imaginary parts (3, 2 reach + 1, reach + 1) of the slow waves, divided by pixels and range."""
    height, width = image.shape[:2]
    level = 1.0 if image.dtype.kind == "u" else _LEVEL
    level_bits = {1: 8, 2: 16, 4: 21}[image.dtype.itemsize]
    wave = 2.0 ** min(_MOST, _EXACT - level_bits - width.bit_length())
    columns = np.ascontiguousarray(np.concatenate(_waves(width, across_cycles, wave)).T)  # (W, cosines and sines)
    bits = _EXACT - height.bit_length()
    mean, upright = 2.0 ** (bits - bits // 2), 2.0 ** (bits // 2)  # fractions of a row's waves, and of the waves down
    count = len(across_cycles)
    parts = np.empty((height, 3, 2 * count))
    for _, rows in bands(height):
        lines = np.moveaxis(image[rows], 2, 1).reshape(-1, width).astype(np.float64)
        sums = matmul(np.rint(lines * level), columns) / (wave * width * level * RANGE[image.dtype])
        parts[rows] = np.rint(sums * mean).reshape(-1, 3, 2 * count)
    flat = parts.reshape(height, -1)
    cosines, sines = (matmul(part, flat).reshape(-1, 3, 2, count) for part in _waves(height, down_cycles, upright))
    scale = upright * mean * height
    real = (cosines[:, :, 0] - sines[:, :, 1]) / scale
    imaginary = -(cosines[:, :, 1] + sines[:, :, 0]) / scale
    return np.moveaxis(real, 0, 1).copy(), np.moveaxis(imaginary, 0, 1).copy()


def _shown(change: tuple[Reals, Reals], down: tuple[Reals, Reals], across: tuple[Reals, Reals]) -> Reals:
    """Return the picture (h, W, 3) that changes of amplitudes add up to in some rows."""
    real, imaginary = (np.rint(np.moveaxis(part, 0, 1).reshape(part.shape[1], -1) * _CHANGE) for part in change)
    cosines, sines = (np.ascontiguousarray(part.T) for part in down)
    scale = _WAVE * _CHANGE / _SUM
    even = np.rint((matmul(cosines, real) - matmul(sines, imaginary)) / scale).reshape(len(cosines) * 3, -1)
    odd = np.rint((matmul(cosines, imaginary) + matmul(sines, real)) / scale).reshape(len(cosines) * 3, -1)
    sums = (matmul(even, across[0]) - matmul(odd, across[1])) / (_WAVE * _SUM)
    return np.moveaxis(sums.reshape(-1, 3, across[0].shape[1]), 1, 2)
