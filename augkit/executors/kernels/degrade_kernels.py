"""Kernels of what takes something from a picture, for all executors: noise, rectangles painted over, compression.

Noise is drawn from a named stream when a plan runs, the same numbers everywhere. Values are fractions of the dtype's
range. Of behaviour 2 see ``noise_pieces``; of behaviour 1 rows are drawn in bands, each from a stream of its own:

- ``gaussian``: amount * z is added to every value, z from the standard normal distribution.
- ``salt_and_pepper``: of every pixel's uniform number u, below amount / 2 it turns black, from 1 - amount / 2 on white.
- ``poisson``: counted photons. White stands for n = 1 / amount**2 of them, so that `amount` is the standard deviation
  at white; a value v becomes k / n, k from the Poisson distribution of mean v n. Means below 16 invert the distribution
  function at u; others take its normal approximation with the first correction of Cornish and Fisher, rounded.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from augkit.core.arrays import Image, Reals
from augkit.core.key import Stream
from augkit.core.ops import Erase, Jpeg, Noise
from augkit.core.tonal import RANGE, channels_of, finish, to_nearest
from augkit.errors import SampleError
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.noise_pieces import disturbed, uniforms

BAND_ROWS = 64
FEW_PHOTONS = 16.0
JPEG_SIDE = 65_500  # libjpeg writes no longer side


def bands(height: int) -> Iterator[tuple[int, slice]]:
    """Yield the number and the rows of every band of a picture."""
    for number, top in enumerate(range(0, height, BAND_ROWS)):
        yield number, slice(top, min(top + BAND_ROWS, height))


@implements(Noise)
def disturb(image: Image, op: Noise, how: Sampling) -> Image:
    """Return the picture with noise in it."""
    out, top = np.empty_like(image), RANGE[image.dtype]
    row = math.prod(image.shape[1:])
    for band, rows in bands(len(image)):
        values = image[rows].astype(np.float64) / top
        noisy = _disturbed(op, band, values) if how.behaviour == 1 else disturbed(op, rows.start * row, values)
        out[rows] = finish(noisy * top, image.dtype)
    return out


def _disturbed(op: Noise, band: int, values: Reals) -> Reals:
    """Return one band's values (h, W) or (h, W, C) with the noise in them, unclamped."""
    stream = Stream.from_name(op.stream).child(str(band))
    if op.amount == 0.0:
        return values
    if op.kind == "gaussian":
        return values + op.amount * stream.normals(*values.shape)
    if op.kind == "poisson":
        return _counted(stream, values / op.amount**2) * op.amount**2
    lots = stream.uniforms(*values.shape[:2]).reshape(values.shape[:2] + (1,) * (values.ndim - 2))
    salted = np.where(lots >= 1.0 - op.amount / 2.0, 1.0, values)
    return np.where(lots < op.amount / 2.0, 0.0, salted)


def _counted(stream: Stream, means: Reals) -> Reals:
    """Return numbers from the Poisson distributions of these means."""
    z, u = stream.normals(*means.shape), stream.uniforms(*means.shape)
    counts = np.maximum(0.0, np.rint(means + np.sqrt(means) * z + (z * z - 1.0) / 6.0))
    few = means < FEW_PHOTONS
    counts[few] = _inverted(means[few], u[few])
    return counts


def _inverted(means: Reals, u: Reals) -> Reals:
    """Return the smallest counts whose distribution function exceeds u."""
    counts, chance = np.zeros_like(means), np.exp(-means)
    reached = chance.copy()
    for count in range(1, 80):  # of a mean of 16, larger counts have a chance below 1e-28
        beyond = u >= reached
        if not beyond.any():
            break
        counts[beyond] = count
        chance = chance * means / count
        reached += chance
    return counts


@implements(Erase)
def erase(image: Image, op: Erase, how: Sampling) -> Image:
    """Return the picture with rectangles painted over."""
    out, top, channels = image.copy(), RANGE[image.dtype], channels_of(image)
    if isinstance(op.fill, str):
        painted = np.empty_like(image)
        stream, row = Stream.from_name(op.fill), math.prod(image.shape[1:])
        for band, rows in bands(len(image)):
            if how.behaviour == 1:
                grain = stream.child(str(band)).uniforms(*image[rows].shape)
            else:
                grain = uniforms(stream, rows.start * row, image[rows].shape)
            painted[rows] = finish(grain * top, image.dtype)
    else:
        if len(op.fill) not in (1, channels):
            raise SampleError(f"must be one number or {channels} (one a channel), got {op.fill}.", "Erase.fill")
        colour = finish(np.array(op.fill) * top, image.dtype)
        painted = np.broadcast_to(colour if image.ndim == 3 else colour[0], image.shape)
    for left, upper, right, lower in op.rectangles:
        part = slice(max(0, upper), max(0, lower)), slice(max(0, left), max(0, right))
        out[part] = painted[part]
    return out


@implements(Jpeg)
def jpeg(image: Image, op: Jpeg, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) as a JPEG keeps it, of the same dtype."""
    if max(image.shape[:2]) > JPEG_SIDE:
        raise SampleError(f"must have sides of at most {JPEG_SIDE} pixels, got {image.shape[:2]}.", "Jpeg")
    top = RANGE[image.dtype]
    levels = to_nearest(image.astype(np.float64) * (255.0 / top)).astype(np.uint8) if top != 255.0 else image
    if channels_of(image) == 3:
        coded = _coded(np.ascontiguousarray(levels[..., ::-1]), op.quality)[..., ::-1]
    elif image.ndim == 2:
        coded = _coded(levels, op.quality)
    else:
        planes = np.moveaxis(levels, -1, 0)
        coded = np.stack([_coded(np.ascontiguousarray(plane), op.quality) for plane in planes], axis=-1)
    if top == 255.0:
        return np.ascontiguousarray(coded)
    values = coded.astype(np.float64) * (top / 255.0)
    return (to_nearest(values) if image.dtype.kind == "u" else values).astype(image.dtype)


def _coded(levels: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert decoded is not None  # written just now
    return decoded
