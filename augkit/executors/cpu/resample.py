"""Show a picture through a map: whole pixels as slices, the rest by one remap a tile."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.ops import Homography
from augkit.core.plan import SpatialRun
from augkit.core.spatial import IDENTITY, Matrix, Size
from augkit.executors.cpu.maps import Bounds, Floats, Map, Window, map_of
from augkit.executors.cpu.scratch import scratch
from augkit.executors.targets import EDGE_PX, Sampling

__all__ = ["resample"]

Image = NDArray[Any]

OPENCV_BORDERS = {"reflect": cv2.BORDER_REFLECT, "replicate": cv2.BORDER_REPLICATE}
TILE_PX = 512  # maps of a tile fit the second-level cache, and bound the memory whatever the picture


def resample(image: Image, run: SpatialRun, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) that the run's map shows, same dtype."""
    matrix = IDENTITY if not run.ops else run.ops[0].matrix if isinstance(run.ops[0], Homography) else None
    if matrix is not None and len(run.ops) <= 1 and _moves_whole_pixels(matrix):
        return _permuted(image, matrix, run.size, how)
    shown = np.empty((*run.size, *image.shape[2:]), image.dtype)
    pull_map = map_of(run)
    for top in range(0, run.size[0], TILE_PX):
        for left in range(0, run.size[1], TILE_PX):
            window = Window(top, min(top + TILE_PX, run.size[0]), left, min(left + TILE_PX, run.size[1]))
            tile = shown[window.top : window.bottom, window.left : window.right]
            if how.interpolation == "nearest":
                _show_nearest(image, pull_map, window, how, tile)
            else:
                _show_linear(image, pull_map, window, how, run.halvings, tile)
    return shown


def _moves_whole_pixels(matrix: Matrix) -> bool:
    (a, b, c), (d, e, f), last = matrix
    turned = (abs(a), abs(b), abs(d), abs(e))
    return last == (0.0, 0.0, 1.0) and turned in ((1, 0, 0, 1), (0, 1, 1, 0)) and c.is_integer() and f.is_integer()


def _permuted(image: Image, matrix: Matrix, size: Size, how: Sampling) -> Image:
    """Return flips, quarter turns and whole-pixel shifts: rows and columns in another order, nothing interpolated."""
    (a, b, c), (d, e, f), _ = matrix
    if a == 0.0:  # x' = b y + c, y' = d x + f: the transposed picture, flipped and shifted
        image, a, e = image.swapaxes(0, 1), b, d
    columns, columns_inside = _indices(a, c, size[1], image.shape[1], how.border)
    rows, rows_inside = _indices(e, f, size[0], image.shape[0], how.border)
    shown = np.ascontiguousarray(_taken(_taken(image, rows, 0), columns, 1))
    if how.border == "constant":
        shown[~rows_inside] = how.fill
        shown[:, ~columns_inside] = how.fill
    return shown


def _indices(sign: float, shift: float, count: int, side: int, border: str) -> tuple[NDArray[np.intp], Any]:
    """Return the source index that every target index shows along an axis, and which of them lie inside."""
    target = np.arange(count)
    source = target - int(shift) if sign > 0 else int(shift) - 1 - target
    inside = (source >= 0) & (source < side)
    if border == "reflect":
        source = np.minimum(np.mod(source, 2 * side), np.mod(-1 - source, 2 * side))
    elif border == "wrap":
        source = np.mod(source, side)
    return np.clip(source, 0, side - 1), inside


def _taken(image: Image, indices: NDArray[np.intp], axis: int) -> Image:
    """Return the rows or columns at the indices: a view where they run evenly."""
    first, step = int(indices[0]), int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if abs(step) == 1 and (np.diff(indices) == step).all():
        last = first + step * len(indices)
        part = slice(first, last if last >= 0 else None, step)
        return image[part] if axis == 0 else image[:, part]
    return image.take(indices, axis)


def _show_nearest(image: Image, pull_map: Map, window: Window, how: Sampling, tile: Image) -> None:
    x, y = pull_map.evaluate(window, (1.0, 1.0, 0.0, 0.0))
    inside = _enter_plane(x, image.shape[1], how.border) & _enter_plane(y, image.shape[0], how.border)
    columns = np.minimum((x + np.float32(EDGE_PX)).astype(np.intp), image.shape[1] - 1)
    rows = np.minimum((y + np.float32(EDGE_PX)).astype(np.intp), image.shape[0] - 1)
    tile[:] = image[rows, columns]
    if how.border == "constant":
        tile[~inside] = how.fill


def _show_linear(
    image: Image, pull_map: Map, window: Window, how: Sampling, halvings: tuple[int, int], tile: Image
) -> None:
    height, width = image.shape[:2]
    bounds = pull_map.bounds(window)
    within = bounds[0] >= 0 and bounds[1] >= 0 and bounds[2] <= width and bounds[3] <= height
    # OpenCV's own rules hold at the picture's true edge, which a halved picture of odd side has lost.
    rule = OPENCV_BORDERS.get(how.border) if halvings == (0, 0) else None
    blocks = 2 ** halvings[0], 2 ** halvings[1]
    top, bottom = _part(bounds[1], bounds[3], height, how.border, blocks[0])
    left, right = _part(bounds[0], bounds[2], width, how.border, blocks[1])
    part = _halved(image[top:bottom, left:right], halvings)
    if within or rule is not None:
        x, y = pull_map.evaluate(
            window, (1 / blocks[1], 1 / blocks[0], -left / blocks[1] - 0.5, -top / blocks[0] - 0.5)
        )
        _remap(part, x, y, cv2.BORDER_REPLICATE if rule is None else rule, tile)
        return
    x, y = pull_map.evaluate(window, (1.0, 1.0, 0.0, 0.0))
    inside = _enter_plane(x, width, how.border) & _enter_plane(y, height, how.border)
    x = x / np.float32(blocks[1]) - np.float32(left / blocks[1] + 0.5)
    y = y / np.float32(blocks[0]) - np.float32(top / blocks[0] + 0.5)
    _remap(part, x, y, cv2.BORDER_REPLICATE, tile)
    if how.border == "constant":
        tile[~inside] = how.fill


def _enter_plane(position: Floats, side: int, border: str) -> NDArray[np.bool_]:
    """Bring positions along an axis into [0, side] by the border rule, in place; return which lay inside already."""
    np.nan_to_num(position, copy=False, nan=-1.0, posinf=-1.0, neginf=-1.0)  # beyond a horizon: nothing is there
    inside: NDArray[np.bool_] = (position >= -EDGE_PX) & (position <= side + EDGE_PX)
    if border == "reflect":
        position[:] = side - np.abs(np.mod(position, 2 * side) - side)
    elif border == "wrap":
        position[~inside] = np.mod(position[~inside], side)
    np.clip(position, 0, side, out=position)
    return inside


def _part(low: float, high: float, side: int, border: str, block: int) -> tuple[int, int]:
    """Return the range of source pixels along an axis that the points from `low` to `high` can touch.

    Starts are whole blocks, so that means of blocks do not depend on the window.
    """
    if border == "wrap" and (low < 0 or high > side):
        return 0, side
    touched = [min(max(low, 0.0), side), min(max(high, 0.0), side)]
    if border == "reflect":
        touched += [min(max(-low, 0.0), side), min(max(2 * side - high, 0.0), side)] if low < 0 or high > side else []
    first = max(0, math.floor(min(touched) - block)) // block * block
    return first, min(side, math.ceil((max(touched) + block) / block) * block)


def _halved(part: Image, halvings: tuple[int, int]) -> Image:
    """Return the means of blocks of 2**halvings pixels, rounded once; an incomplete last block repeats the edge."""
    if halvings == (0, 0):
        return part
    block_y, block_x = 2 ** halvings[0], 2 ** halvings[1]
    spare_y, spare_x = -part.shape[0] % block_y, -part.shape[1] % block_x
    if spare_y or spare_x:
        part = np.pad(part, [(0, spare_y), (0, spare_x)] + [(0, 0)] * (part.ndim - 2), mode="edge")
    size = (part.shape[1] // block_x, part.shape[0] // block_y)
    halves = [cv2.resize(group, size, interpolation=cv2.INTER_AREA) for group in _groups(part)]
    return halves[0] if len(halves) == 1 else np.dstack(halves)


def _groups(image: Image) -> list[Image]:
    """Return the picture in groups of channels that OpenCV does exactly: it has fast, exact code for 1, 3 and 4."""
    channels = image.shape[2] if image.ndim == 3 else 1
    if channels in (1, 3, 4):
        return [image]
    return [np.ascontiguousarray(image[..., first : first + 1]) for first in range(channels)]


def _remap(source: Image, x: Floats, y: Floats, border: int, tile: Image) -> None:
    """Sample the source at pixel indices (x, y) into the tile."""
    if source.ndim == 3 and source.shape[2] == 3 and source.dtype == np.uint8:
        # Four channels are sampled in half the time of three.
        four = scratch("source of four", (*source.shape[:2], 4), np.uint8)
        cv2.cvtColor(source, cv2.COLOR_RGB2RGBA, dst=four)
        shown = scratch("tile of four", (*x.shape, 4), np.uint8)
        cv2.remap(four, x, y, cv2.INTER_LINEAR, dst=shown, borderMode=border)
        tile[:] = cv2.cvtColor(shown, cv2.COLOR_RGBA2RGB)
        return
    for channel, group in enumerate(_groups(source)):
        shown = cv2.remap(group, x, y, cv2.INTER_LINEAR, borderMode=border)
        if group is source:
            tile[:] = shown.reshape(tile.shape)
        else:
            tile[..., channel] = shown
