"""Pictures as an ideal sampler would show them, by a sinc of many lobes in float64, and test pictures of known content.

A zoom is how many source pixels a pixel of the result spans. What an ideal sampler shows of a source is all of its
waves up to the result's own limit, half a cycle a pixel, and none above it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MARGIN", "contrast", "decibel", "ideal", "ideal_along_source", "inner", "wave", "zone_plate"]

Reals = NDArray[np.float64]
Picture = NDArray[Any]
Pull = Callable[[Reals], Reals]
"""Where points (..., 2) as (x, y) of the result lie in the source."""

LOBES = 10  # of the sinc, to either side
BETA = 8.0  # of its Kaiser window
MARGIN = 3  # pixels of the result that its edge takes from what is told


def ideal(picture: Picture, size: tuple[int, int], pull: Pull, zoom: float) -> Reals:
    """Return what a picture (H, W) of any dtype shows through a map, (height, width), by windowed sincs.

    The picture is interpolated on a grid fine enough to hold all its waves, at `zoom` or more points a pixel of the
    result, and then filtered along the axes of the result.
    """
    fine = max(1, math.ceil(zoom))
    y, x = np.mgrid[: size[0] * fine, : size[1] * fine]
    points = pull((np.stack([x, y], -1) + 0.5) / fine)
    shown = _interpolated(picture.astype(np.float64), points[..., 0] - 0.5, points[..., 1] - 0.5)
    if fine == 1:
        return shown
    down, across = (_lowpass(length, fine) for length in size)
    filtered: Reals = down @ shown @ across.T
    return filtered


def ideal_along_source(picture: Picture, size: tuple[int, int], pull: Pull, zooms: tuple[float, float]) -> Reals:
    """Return the same with the limits along the axes of the source, each by its own zoom (y, x).

    That is the definition of a reduction here. It is the same as `ideal` where nothing is turned; at 45 degrees the one
    keeps the square of waves that stands on its side, and the other that which stands on its corner.
    """
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    points = pull(np.stack([x, y], -1)).reshape(-1, 2)
    down, across = (
        _kernel((points[:, axis, None] - np.arange(side) - 0.5) / max(zoom, 1.0))
        for axis, side, zoom in zip((1, 0), picture.shape, zooms, strict=True)
    )
    weights = down.sum(1) * across.sum(1)
    shown = ((down @ picture.astype(np.float64)) * across).sum(1)
    seen: Reals = np.divide(shown, weights, out=np.zeros_like(shown), where=np.abs(weights) > 1e-9).reshape(size)
    return seen


def _kernel(distance: Reals) -> Reals:
    inside = np.clip(1.0 - (distance / LOBES) ** 2, 0.0, None)
    values: Reals = np.where(np.abs(distance) < LOBES, np.sinc(distance) * np.i0(BETA * np.sqrt(inside)), 0.0)
    return values / np.i0(np.array(BETA))


def _interpolated(picture: Reals, x: Reals, y: Reals) -> Reals:
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    taps = range(1 - LOBES, LOBES + 1)
    across = [_kernel(x - left - tap) for tap in taps]
    columns = [np.clip(left + tap, 0, picture.shape[1] - 1) for tap in taps]
    total = np.zeros(x.shape)
    for tap in taps:
        rows = np.clip(top + tap, 0, picture.shape[0] - 1)
        line = sum(weight * picture[rows, column] for weight, column in zip(across, columns, strict=True))
        total += _kernel(y - top - tap) * line
    weights: Reals = sum(across, np.zeros(x.shape)) * sum((_kernel(y - top - tap) for tap in taps), np.zeros(x.shape))
    normalised: Reals = total / weights
    return normalised


def _lowpass(length: int, fine: int) -> Reals:
    centres, samples = np.arange(length) + 0.5, (np.arange(length * fine) + 0.5) / fine
    weights = _kernel(centres[:, None] - samples)
    normalised: Reals = weights / weights.sum(1, keepdims=True)
    return normalised


def inner(size: tuple[int, int], source: tuple[int, int], pull: Pull, zoom: float) -> NDArray[np.bool_]:
    """Return which pixels of a result the edges of result and source cannot reach."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    points = pull(np.stack([x, y], -1))
    reach = MARGIN * max(zoom, 1.0)
    inside = np.logical_and(points >= reach, points <= np.array(source[::-1]) - reach).all(-1)
    within = (x >= MARGIN) & (x <= size[1] - MARGIN) & (y >= MARGIN) & (y <= size[0] - MARGIN)
    chosen: NDArray[np.bool_] = inside & within
    return chosen


def decibel(shown: Picture, truth: Reals, chosen: NDArray[np.bool_]) -> float:
    """Return the peak signal to noise ratio of 8-bit values, where chosen."""
    error = shown[chosen].astype(np.float64) - truth[chosen]
    return float(10 * np.log10(255.0**2 / np.mean(error**2)))


def zone_plate(side: int) -> NDArray[np.uint8]:
    """Return rings whose frequency rises from 0 in the middle to half a cycle a pixel at the middles of the edges."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    phase = np.pi * (x**2 + y**2) / side
    return np.asarray(np.rint((0.5 + 0.4 * np.cos(phase)) * 255), np.uint8)


def wave(size: tuple[int, int], period: float, degrees: float = 0.0) -> NDArray[np.uint8]:
    """Return a wave of that many pixels a cycle that runs along x, or turned."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    along = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    return np.asarray(np.rint((0.5 + 0.4 * np.cos(2 * np.pi * along / period)) * 255), np.uint8)


def contrast(shown: Picture, period: float) -> float:
    """Return the share of `wave`'s contrast along x that a picture of it keeps at that period, edges left out."""
    row = shown[shown.shape[0] // 2, MARGIN:-MARGIN].astype(np.float64)
    angle = 2 * np.pi * (np.arange(MARGIN, shown.shape[1] - MARGIN) + 0.5) / period
    fitted = np.linalg.lstsq(np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)], 1), row, rcond=None)[0]
    return float(math.hypot(fitted[0], fitted[1]) / (0.4 * 255))
