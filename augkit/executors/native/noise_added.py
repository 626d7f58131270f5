"""Noise of the native executor: in C, or here in NumPy to the same bytes; ``kernels/noise_pieces.py`` says which noise.

Of 8 bits, normal numbers are added as whole numbers; of 16 bits and reals in float64. Photons are counted in float64,
in steps that are written down.
"""

import math

import numpy as np

from augkit import compiled
from augkit.core.arrays import Image
from augkit.core.key import Stream
from augkit.core.ops import Noise
from augkit.core.tonal import RANGE, channels_of, finish
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.degrade_kernels import bands
from augkit.executors.kernels.noise_pieces import (
    SCALE,
    counted,
    normal_of,
    pieces,
    quantiles,
    salted,
    share_of,
)
from augkit.executors.native.padded import rounded_reals

_SCALE_BITS = 12
_MOST_BITS = 22  # of a level's fraction: 255 levels, and the farthest normal numbers, are within int32
_INT16 = 2**15 - 1


@implements(Noise, "native")
def disturbed(image: Image, op: Noise, how: Sampling) -> Image:
    """Return the picture with noise in it."""
    source = np.ascontiguousarray(image)
    if op.amount == 0.0:
        return source.copy()
    out, stream, top = np.empty_like(source), Stream.from_name(op.stream), RANGE[image.dtype]
    library = compiled.library
    if library is None:
        row = math.prod(image.shape[1:])
        for _, rows in bands(len(image)):
            out[rows] = _disturbed(source[rows], op, stream, rows.start * row)
    elif op.kind == "gaussian":
        whole, shift = _as_fraction(op.amount)
        library.add_normal(source, out, stream.state, quantiles(), op.amount * top, whole, shift)
    elif op.kind == "poisson":
        photons = 1.0 / (op.amount * op.amount * top)
        library.count_photons(source, out, stream.state, quantiles(), photons, op.amount * op.amount * top)
    else:
        library.salt(source, out, stream.state, channels_of(image), share_of(op.amount))
    return out


def _as_fraction(amount: float) -> tuple[int, int]:
    """Return a whole number, and the bits of its fraction, that times a quantile of 4096 is `amount` of 255 levels."""
    bits = _MOST_BITS - _SCALE_BITS
    while round(amount * 255.0 * 2**bits) > _INT16:
        bits -= 1
    return round(amount * 255.0 * 2**bits), bits + _SCALE_BITS


def _disturbed(values: Image, op: Noise, stream: Stream, start: int) -> Image:
    top = RANGE[values.dtype]
    if op.kind == "gaussian":
        z = normal_of(pieces(stream, start, values.size, 16)).reshape(values.shape).astype(np.int32)
        if values.dtype == np.uint8:
            whole, shift = _as_fraction(op.amount)
            total = ((values.astype(np.int32) << shift) + z * np.int32(whole) + 2**shift // 2) >> shift
            levels: Image = np.clip(total, 0, 255).astype(np.uint8)
            return levels
        return rounded_reals(values.astype(np.float64) + z * (op.amount * top / SCALE), values.dtype)
    if op.kind == "poisson":
        means = values.astype(np.float64) * (1.0 / (op.amount * op.amount * top))
        counts = counted(means, pieces(stream, start, values.size, 32).reshape(values.shape))
        return finish(counts * (op.amount * op.amount * top), values.dtype)
    channels = channels_of(values)
    lots = pieces(stream, start // channels, values.size // channels, 32)
    black, white = salted(op.amount, lots.reshape(values.shape[:2] + (1,) * (values.ndim - 2)))
    done: Image = np.where(black, 0.0, np.where(white, top, values)).astype(values.dtype)
    return done
