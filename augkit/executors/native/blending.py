"""Blends of the native executor: pictures added up, each times its weight, by the library or its twin."""

import math
from collections.abc import Sequence

import numpy as np

from augkit import compiled
from augkit.core.arrays import Array, Image, Reals
from augkit.core.tonal import RANGE
from augkit.executors.native.curves import clamped, rounded

MAX_PICTURES = 32  # that the library takes at once
MAX_BITS = 20  # of fraction, of weights
ROOM = 2.0**30  # for sums in 32 bits


def blend(images: Sequence[Image], weights: Sequence[float]) -> Image:
    """Return the sum of pictures of one shape, each times its weight, clamped and rounded to nearest."""
    numbers = _whole(weights) if images[0].dtype == np.uint8 else np.array(weights, np.float64)
    if numbers is None or len(images) > MAX_PICTURES or compiled.library is None:
        return blended(images, np.array(weights, np.float64) if numbers is None else numbers, numbers is not None)
    target = np.empty(images[0].shape, images[0].dtype)
    compiled.library.blend(tuple(map(np.ascontiguousarray, images)), numbers, target)
    return target


def _whole(weights: Sequence[float]) -> Reals | None:
    """Return weights as whole numbers, then their bits of fraction and how near to a half counts as one.

    Their sum is not changed, so that what all pictures agree about comes out exactly. None where they are too large.
    """
    total = math.fsum(map(abs, weights))
    bits = min(MAX_BITS, math.frexp(ROOM / (255.0 * max(total, 1.0)))[1] - 1)
    if bits < 8:
        return None
    whole = [round(weight * 2.0**bits) for weight in weights]
    most = max(range(len(whole)), key=lambda k: abs(whole[k]))
    whole[most] += round(math.fsum(weights) * 2.0**bits) - sum(whole)
    # At most half a unit is wrong with each weight, and so with each level.
    near = min(math.ceil(255 * len(weights) / 2), 1 << (bits - 2))
    return np.array([*whole, bits, near], np.float64)


def blended(images: Sequence[Image], numbers: Reals, whole: bool) -> Image:
    """Return a sum of pictures: the twin of `augkit_blend`."""
    dtype = images[0].dtype
    if whole and dtype == np.uint8:
        *weights, bits, near = numbers.astype(np.int64).tolist()
        sums = np.zeros(images[0].shape, np.int64)
        for image, weight in zip(images, weights, strict=True):
            sums += image.astype(np.int64) * weight
        even, odd = (1 << (bits - 1)) - near - 1, 2 * near + 1
        found: Array = np.clip((sums + even + ((sums >> bits) & 1) * odd) >> bits, 0, 255).astype(dtype)
        return found
    total = np.zeros(images[0].shape)
    for image, number in zip(images, numbers.tolist(), strict=True):
        total = total + number * image.astype(np.float64)
    top = RANGE[dtype]
    return (clamped(total, 0.0, top) if dtype.kind == "f" else rounded(total, 0.0, top)).astype(dtype)
