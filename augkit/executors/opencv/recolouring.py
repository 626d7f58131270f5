"""Colours changed: one pass where the run is one shift, one matrix or one table, real numbers otherwise."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, Floats, Image
from augkit.core.ops import ColorMatrix, Curve
from augkit.core.plan import ColorRun
from augkit.core.spatial import IDENTITY
from augkit.core.tonal import RANGE, finish

BAND_PIXELS = 1 << 18  # at a time as real numbers: of 12 megapixels at once they take 700 MB


def recolor(image: Image, run: ColorRun, alpha: bool) -> Image:
    """Return the picture with its colours changed, alpha left as it is; `image` may be overwritten."""
    if alpha:
        colours = recolor(np.ascontiguousarray(image[..., :3]), run, alpha=False)
        return np.dstack([colours, image[..., 3]])
    only = run.ops[0] if len(run.ops) == 1 else None
    if isinstance(only, ColorMatrix):
        return _shifted(image, only) if _is_whole_shift(image, only) else _mixed(image, only)
    if image.dtype == np.uint8 and all(isinstance(op, Curve) for op in run.ops):
        return cv2.LUT(image.reshape(len(image), -1), _table(run)).reshape(image.shape)
    rows = max(1, BAND_PIXELS // image.shape[1])
    if len(image) <= rows:
        return _in_reals(image, run)
    out = np.empty_like(image)
    for top in range(0, len(image), rows):
        out[top : top + rows] = _in_reals(image[top : top + rows], run)
    return out


def _in_reals(image: Image, run: ColorRun) -> Image:
    values: Array = image.astype(np.float32) / np.float32(RANGE[image.dtype])
    for op in run.ops:
        values = cv2.transform(values, _augmented(op, 1.0)) if isinstance(op, ColorMatrix) else op.apply(values)
    return finish(values * RANGE[image.dtype], image.dtype)


def _is_whole_shift(image: Image, op: ColorMatrix) -> bool:
    return op.matrix == IDENTITY and image.dtype.kind == "u"


def _shifted(image: Image, op: ColorMatrix) -> Image:
    """Add a constant: on whole numbers, rounding the sum is adding the rounded constant."""
    top = RANGE[image.dtype]
    shift = [math.floor(max(-top, min(top, value * top)) + 0.5) for value in op.offset]
    # OpenCV computes with a negative number in 32 bits, at five times the time of a subtraction.
    for change, sign in ((cv2.add, 1), (cv2.subtract, -1)):
        amounts = [max(0, sign * value) for value in shift]
        if any(amounts):
            change(image, (*amounts, 0), dst=image)  # type: ignore[call-overload]  # a scalar, unknown to the stubs
    return image


def _mixed(image: Image, op: ColorMatrix) -> Image:
    """Mix the channels: OpenCV computes in float32, clamps and rounds to nearest."""
    if image.dtype == np.uint8:  # of 8 bits it would round the matrix to 1 / 1024: a bias of a tenth of a level
        deep = cv2.transform(image.astype(np.uint16), _augmented(op, 255.0))
        return np.minimum(deep, 255, out=deep).astype(np.uint8)
    mixed = cv2.transform(image, _augmented(op, RANGE[image.dtype]))
    return np.clip(mixed, 0.0, 1.0) if image.dtype.kind == "f" else mixed


def _augmented(op: ColorMatrix, top: float) -> Floats:
    return np.array([[*row, offset * top] for row, offset in zip(op.matrix, op.offset, strict=True)], np.float32)


def _table(run: ColorRun) -> NDArray[np.uint8]:
    values = np.arange(256) / 255.0
    for op in run.ops:
        values = op.apply(values)  # type: ignore[union-attr]  # only curves come here
    return finish(values * 255.0, np.dtype(np.uint8))
