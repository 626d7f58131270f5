"""JPEG of the native executor: what it keeps of a picture, without the codes in between, to libjpeg's bytes.

Everything is done in whole numbers, in C (see ``jpeg.c``), or here in NumPy. Nothing depends on which library writes
JPEGs on a machine, and nothing is packed to be unpacked again.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Array, Image
from augkit.core.ops import Jpeg
from augkit.core.tonal import RANGE, channels_of, to_nearest
from augkit.errors import SampleError
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.degrade_kernels import JPEG_SIDE

Whole = NDArray[np.int32]

BITS, KEPT = 13, 2  # of constants; of fraction between rows and columns
# sqrt(2) cos(k pi / 16) as fractions of 2**13, in the roundings of libjpeg's flow graph.
_C2, _C6, _MINUS_C2 = 10703, 4433, -10704
_ODD = np.array(
    [
        [11363, 9633, 6437, 2260],
        [9633, -2259, -11362, -6436],
        [6437, -11362, 2261, 9633],
        [2260, -6436, 9633, -11363],
    ],
    np.int32,
)
# Steps of quantisation at quality 50: ITU-T T.81, annex K.
_LUMA = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
_CHROMA = "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66" + " 99" * 38


@implements(Jpeg, "native")
def jpeg(image: Image, op: Jpeg, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) as a JPEG keeps it, of the same dtype."""
    if max(image.shape[:2]) > JPEG_SIDE:
        raise SampleError(f"must have sides of at most {JPEG_SIDE} pixels, got {image.shape[:2]}.", "Jpeg")
    top = RANGE[image.dtype]
    if top == 255.0:
        return _rounded(np.ascontiguousarray(image), op.quality)
    levels = to_nearest(image.astype(np.float64) * (255.0 / top)).astype(np.uint8)
    values = _rounded(levels, op.quality).astype(np.float64) * (top / 255.0)
    deep: Image = (to_nearest(values) if image.dtype.kind == "u" else values).astype(image.dtype)
    return deep


def _rounded(levels: Image, quality: int) -> Image:
    """Return 8 bits as a JPEG keeps them: three channels as RGB, others each as grey."""
    if channels_of(levels) not in (1, 3):
        planes = [_rounded(np.ascontiguousarray(plane), quality) for plane in np.moveaxis(levels, -1, 0)]
        return np.stack(planes, axis=-1)
    if compiled.library is not None:
        out = np.empty_like(levels)
        compiled.library.jpeg(levels, out, quality)
        return out
    if channels_of(levels) == 3:
        return _rgb(levels, quality)
    return _blocks(levels.reshape(levels.shape[:2]), _steps(quality, _LUMA)).reshape(levels.shape)


@lru_cache(maxsize=256)
def _steps(quality: int, table: str) -> Whole:
    """Return the steps (8, 8) of a quality."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = np.array(table.split(), np.int32).reshape(8, 8)
    return np.clip((base * percent + 50) // 100, 1, 255).astype(np.int32)


def _rgb(rgb: Image, quality: int) -> Image:
    height, width = rgb.shape[:2]
    r, g, b = np.moveaxis(rgb.astype(np.int32), -1, 0)
    half, middle = 2**15, 128 * 2**16 + 2**15 - 1
    luma = (_fixed(0.299) * r + _fixed(0.587) * g + _fixed(0.114) * b + half) >> 16
    blue = (middle + half * b - _fixed(0.16874) * r - _fixed(0.33126) * g) >> 16
    red = (middle + half * r - _fixed(0.41869) * g - _fixed(0.08131) * b) >> 16
    y = _blocks(luma, _steps(quality, _LUMA))
    cb, cr = (
        _enlarged(_blocks(_halved(plane), _steps(quality, _CHROMA)), (height, width)) - 128 for plane in (blue, red)
    )
    y = y.astype(np.int32)
    channels = [
        y + ((_fixed(1.402) * cr + half) >> 16),
        y + ((half - _fixed(0.34414) * cb - _fixed(0.71414) * cr) >> 16),
        y + ((_fixed(1.772) * cb + half) >> 16),
    ]
    done: Image = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return done


def _fixed(number: float) -> np.int32:
    return np.int32(number * 65536.0 + 0.5)


def _halved(plane: Whole) -> Whole:
    """Return sums of four over four, rounded up from a half and from a quarter in turn, as libjpeg has it."""
    height, width = plane.shape
    wide = np.pad(plane, ((0, height % 2), (0, -width % 16)), mode="edge")
    sums = wide[::2, ::2] + wide[::2, 1::2] + wide[1::2, ::2] + wide[1::2, 1::2]
    halved: Whole = (sums + 1 + np.arange(sums.shape[1], dtype=np.int32) % 2) >> 2
    return halved


def _enlarged(plane: Image, size: tuple[int, int]) -> Whole:
    """Return chroma at the size (H, W): three quarters of the nearest, a quarter of the next, along both axes."""
    rows, columns = ((side + 1) // 2 for side in size)
    small = plane[:rows, :columns].astype(np.int32)
    if columns <= 2:  # libjpeg has no filter for so few
        return small.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]
    tall = np.empty((2 * rows, columns), np.int32)
    tall[::2] = 3 * small + small[np.maximum(np.arange(rows) - 1, 0)]
    tall[1::2] = 3 * small + small[np.minimum(np.arange(rows) + 1, rows - 1)]
    wide = np.empty((2 * rows, 2 * columns), np.int32)
    wide[:, ::2] = (3 * tall + tall[:, np.maximum(np.arange(columns) - 1, 0)] + 8) >> 4
    wide[:, 1::2] = (3 * tall + tall[:, np.minimum(np.arange(columns) + 1, columns - 1)] + 7) >> 4
    return wide[: size[0], : size[1]]


def _blocks(plane: Array, steps: Whole) -> Image:
    """Return a plane (h, w) after the transform, the steps and the way back; its size stays."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % 8), (0, -width % 8)), mode="edge").astype(np.int32) - 128
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8)
    values = _forward(_forward(blocks, 3, False), 1, True)
    whole = steps[:, None, :]  # transforms come out eight times as large
    values = np.sign(values) * ((abs(values) + 4 * whole) // (8 * whole)) * whole
    shown = _backward(_backward(values, 1, False), 3, True).reshape(padded.shape) + 128
    done: Image = np.clip(shown, 0, 255).astype(np.uint8)[:height, :width]
    return done


def _shifted(values: Whole, bits: int) -> Whole:
    nearest: Whole = (values + 2**bits // 2) >> bits
    return nearest


def _forward(values: Whole, axis: int, is_second: bool) -> Whole:
    """Return coefficients of eight samples along an axis; rows first, then columns."""
    x = np.moveaxis(values, axis, 0)
    bits = BITS + KEPT if is_second else BITS - KEPT
    sums, differences = x[:4] + x[:3:-1], x[:4] - x[:3:-1]
    outer, inner = sums[0] + sums[3], sums[1] + sums[2]
    wide, narrow = sums[0] - sums[3], sums[1] - sums[2]
    out = np.empty_like(x)
    for place, value in ((0, outer + inner), (4, outer - inner)):
        out[place] = _shifted(value, KEPT) if is_second else value << KEPT
    out[2] = _shifted(wide * _C2 + narrow * _C6, bits)
    out[6] = _shifted(wide * _C6 + narrow * _MINUS_C2, bits)
    for row in range(4):
        out[2 * row + 1] = _shifted(sum(d * c for d, c in zip(differences, _ODD[row], strict=True)), bits)
    return np.moveaxis(out, 0, axis)


def _backward(values: Whole, axis: int, is_second: bool) -> Whole:
    """Return samples of eight coefficients along an axis; columns first, then rows."""
    x = np.moveaxis(values, axis, 0)
    bits = BITS + KEPT + 3 if is_second else BITS - KEPT
    outer, inner = (x[0] + x[4]) << BITS, (x[0] - x[4]) << BITS
    wide, narrow = x[2] * _C2 + x[6] * _C6, x[2] * _C6 + x[6] * _MINUS_C2
    out = np.empty_like(x)
    for place, even in enumerate((outer + wide, inner + narrow, inner - narrow, outer - wide)):
        odd = sum(value * c for value, c in zip(x[1::2], _ODD[:, place], strict=True))
        out[place], out[7 - place] = _shifted(even + odd, bits), _shifted(even - odd, bits)
    return np.moveaxis(out, 0, axis)
