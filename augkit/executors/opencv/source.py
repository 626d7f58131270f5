"""The source as OpenCV samples it best: the part that is touched, halved, in groups of channels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from augkit.core.arrays import Image
from augkit.core.channels import channels_of
from augkit.executors.opencv.buffers import scratch
from augkit.executors.reuse import prepared

Part = tuple[slice, slice]  # rows and columns, starting with whole blocks

SHARED_BYTES = 2**24  # of a halved picture; of a larger one each plan halves the part it touches


def touched(low: float, high: float, side: int, border: str, block: int) -> tuple[int, int]:
    """Return the range of source pixels along an axis that the points from `low` to `high` can touch.

    Starts are whole blocks, so that means of blocks do not depend on the window.
    """
    if border == "wrap" and (low < 0 or high > side):
        return 0, side
    ends = [min(max(low, 0.0), side), min(max(high, 0.0), side)]
    if border == "reflect" and low < 0:  # each end that sticks out is folded back, as far as it sticks out
        ends.append(min(-low, side))
    if border == "reflect" and high > side:
        ends.append(max(2 * side - high, 0.0))
    first = max(0, math.floor(min(ends) - block)) // block * block
    return first, min(side, math.ceil((max(ends) + block) / block) * block)


def groups_of(image: Image, part: Part, halvings: tuple[int, int]) -> list[Image]:
    """Return a part of the picture, halved, in groups of channels; in buffers that the next call may take back.

    Where plans share the picture it is halved once, as a whole, and the parts are views of that. What is not halved
    is not shared: converted anew its part lies in the cache when it is sampled.
    """
    shared = prepared(image)
    if shared is None or halvings == (0, 0) or 4 * image.size * image.itemsize >> sum(halvings) > SHARED_BYTES:
        return [_halved(group, halvings) for group in _groups(image[part])]
    if halvings not in shared:
        groups = enumerate(_groups(image))
        shared[halvings] = [_kept(_halved(group, halvings), f"halved {halvings}, {n}") for n, group in groups]
    rows, columns = (slice(p.start >> count, -(-p.stop >> count)) for p, count in zip(part, halvings, strict=True))
    return [group[rows, columns] for group in shared[halvings]]


def _kept(group: Image, name: str) -> Image:
    kept = scratch(name, group.shape, group.dtype)
    kept[:] = group
    return kept


def _groups(part: Image) -> list[Image]:
    """Return a picture in groups of channels that OpenCV samples fast and exactly: 1, 3 or 4 at a time."""
    channels = channels_of(part)
    if channels == 3 and part.dtype == np.uint8:
        four = scratch("source of four", (*part.shape[:2], 4), np.uint8)
        return [cv2.cvtColor(part, cv2.COLOR_RGB2RGBA, dst=four)]  # four channels take half the time of three
    if channels in (1, 3, 4):
        return [part]
    return [np.ascontiguousarray(part[..., channel]) for channel in range(channels)]


def _halved(group: Image, halvings: tuple[int, int]) -> Image:
    """Return the means of blocks of 2**halvings pixels, rounded once; an incomplete last block repeats the edge."""
    if halvings == (0, 0):
        return group
    block_y, block_x = 2 ** halvings[0], 2 ** halvings[1]
    spare_y, spare_x = -group.shape[0] % block_y, -group.shape[1] % block_x
    if spare_y or spare_x:
        group = cv2.copyMakeBorder(group, 0, spare_y, 0, spare_x, cv2.BORDER_REPLICATE)
    if group.dtype == np.uint8 and group.ndim == 3 and group.shape[2] == 4 and sorted(halvings) == [0, 1]:
        return _mean_of_pairs(group, axis=halvings.index(1))
    return cv2.resize(group, (group.shape[1] // block_x, group.shape[0] // block_y), interpolation=cv2.INTER_AREA)


def _mean_of_pairs(four: Image, axis: int) -> Image:
    """Return the means of neighbouring rows (axis 0) or columns, at a fifth of the time OpenCV's resize takes."""
    pixels = four.view(np.int32)[..., 0]
    if axis == 0:
        even, odd = pixels[0::2], pixels[1::2]
    else:  # OpenCV steps over rows, but not over columns: those are two channels to be split
        size = (pixels.shape[0], pixels.shape[1] // 2)
        even, odd = scratch("even", size, np.int32), scratch("odd", size, np.int32)
        cv2.split(pixels.reshape(*size, 2), [even, odd])
    means = scratch("means", (even.shape[0], even.shape[1] * 4), np.uint8)
    cv2.addWeighted(even.view(np.uint8), 0.5, odd.view(np.uint8), 0.5, 0.0, dst=means)
    return means.reshape(*even.shape, 4)
