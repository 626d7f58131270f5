"""Show a picture through a map: whole pixels as slices, the rest by one remap a tile.

The source is what OpenCV samples best: the part that is touched, halved, in groups of channels.
"""

import math

import cv2
import numpy as np

from augkit.core.arrays import Flags, Floats, Image, Indices
from augkit.core.ops import Homography
from augkit.core.plan import SpatialRun
from augkit.core.spatial import IDENTITY, Matrix, Size, size_of
from augkit.core.tonal import channels_of, finish
from augkit.executors.executor import EDGE_PX, Sampling
from augkit.executors.opencv.maps import Map, Window, map_of
from augkit.executors.reference import bilinear, halve, interpolated
from augkit.executors.reuse import prepared, scratch

OPENCV_BORDERS = {"reflect": cv2.BORDER_REFLECT, "replicate": cv2.BORDER_REPLICATE}
OPENCV_SIDE = 32_767  # remap takes no longer side
TILE_PX = 512  # maps of a tile fit the second-level cache, and bound the memory whatever the picture

Part = tuple[slice, slice]  # rows and columns, starting with whole blocks
SHARED_BYTES = 2**24  # of a halved picture; of a larger one each plan halves the part it touches


def resample(image: Image, run: SpatialRun, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) that the run's map shows, same dtype."""
    matrix = _only_matrix(run)
    if matrix is not None and _moves_whole_pixels(matrix):
        return _permuted(image, matrix, run.size, how)
    shown = np.empty((*run.size, *image.shape[2:]), image.dtype)
    pull_map = map_of(run)
    for top in range(0, run.size[0], TILE_PX):
        for left in range(0, run.size[1], TILE_PX):
            window = Window(top, min(top + TILE_PX, run.size[0]), left, min(left + TILE_PX, run.size[1]))
            tile = shown[window.top : window.bottom, window.left : window.right]
            if how.interpolation == "nearest":
                _show_nearest(image, pull_map, window, how, tile)
            elif how.interpolation != "linear" or run.reduction != (1.0, 1.0):
                _show_reduced(image, pull_map, window, how, run.reduction, tile)
            else:
                _show_linear(image, pull_map, window, how, run.halvings, tile)
    return shown


def _only_matrix(run: SpatialRun) -> Matrix | None:
    """Return the one matrix that the run is, if it is one."""
    if not run.ops:
        return IDENTITY
    return run.ops[0].matrix if len(run.ops) == 1 and isinstance(run.ops[0], Homography) else None


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
    shown = np.array(_taken(_taken(image, rows, 0), columns, 1), order="C", copy=True)
    if how.border == "constant":
        shown[~rows_inside] = how.fill
        shown[:, ~columns_inside] = how.fill
    return shown


def _indices(sign: float, shift: float, count: int, side: int, border: str) -> tuple[Indices, Flags]:
    """Return the source index that every target index shows along an axis, and which of them lie inside."""
    target = np.arange(count)
    source = target - int(shift) if sign > 0 else int(shift) - 1 - target
    inside = (source >= 0) & (source < side)
    if border == "reflect":
        source = np.minimum(np.mod(source, 2 * side), np.mod(-1 - source, 2 * side))
    elif border == "wrap":
        source = np.mod(source, side)
    return np.clip(source, 0, side - 1), inside


def _taken(image: Image, indices: Indices, axis: int) -> Image:
    """Return the rows or columns at the indices: a view where they run evenly."""
    first, step = int(indices[0]), int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if abs(step) == 1 and (np.diff(indices) == step).all():
        last = first + step * len(indices)
        part = slice(first, last if last >= 0 else None, step)
        return image[part] if axis == 0 else image[:, part]
    return image.take(indices, axis)


def _show_nearest(image: Image, pull_map: Map, window: Window, how: Sampling, tile: Image) -> None:
    x, y = pull_map.evaluate(window, (1.0, 1.0, 0.0, 0.0))
    outside = _enter_plane(x, y, size_of(image), how.border)
    columns = np.minimum((x + np.float32(EDGE_PX)).astype(np.intp), image.shape[1] - 1)
    rows = np.minimum((y + np.float32(EDGE_PX)).astype(np.intp), image.shape[0] - 1)
    tile[:] = image[rows, columns]
    if outside is not None:
        tile[outside] = how.fill


def _show_reduced(
    image: Image, pull_map: Map, window: Window, how: Sampling, reduction: tuple[float, float], tile: Image
) -> None:
    """Sample by kernels that OpenCV has not: as the reference does, on OpenCV's map."""
    x, y = pull_map.evaluate(window, (1.0, 1.0, 0.0, 0.0))
    outside = _enter_plane(x, y, size_of(image), how.border)
    there = x.astype(np.float64), y.astype(np.float64)
    tile[:] = finish(interpolated(image, *there, how.interpolation, reduction), image.dtype)
    if outside is not None:
        tile[outside] = how.fill


def _show_linear(
    image: Image, pull_map: Map, window: Window, how: Sampling, halvings: tuple[int, int], tile: Image
) -> None:
    height, width = image.shape[:2]
    block_y, block_x = 2 ** halvings[0], 2 ** halvings[1]
    x_low, y_low, x_high, y_high = pull_map.bounds(window)
    top, bottom = touched(y_low, y_high, height, how.border, block_y)
    left, right = touched(x_low, x_high, width, how.border, block_x)
    part = slice(top, bottom), slice(left, right)
    shift_x, shift_y = -left / block_x - 0.5, -top / block_y - 0.5
    within = x_low >= 0 and y_low >= 0 and x_high <= width and y_high <= height
    rule = cv2.BORDER_REPLICATE if within else OPENCV_BORDERS.get(how.border)
    # OpenCV's rules hold at the picture's true edge, which a halving with a rest has lost, and not for far points.
    near = -width <= x_low and x_high <= 2 * width and -height <= y_low and y_high <= 2 * height
    exact = near and height % block_y == 0 and width % block_x == 0
    too_large = max((bottom - top) // block_y, (right - left) // block_x) >= OPENCV_SIDE
    if rule is not None and (within or exact) and not too_large:
        x, y = pull_map.evaluate(window, (1 / block_x, 1 / block_y, shift_x, shift_y))
        _remap(groups_of(image, part, halvings), x, y, rule, tile)
        return
    x, y = pull_map.evaluate(window, (1.0, 1.0, 0.0, 0.0))
    outside = _enter_plane(x, y, (height, width), how.border)
    x = x / np.float32(block_x) + np.float32(shift_x)
    y = y / np.float32(block_y) + np.float32(shift_y)
    if too_large:  # a window that shows both ends of a very long picture
        tile[:] = finish(bilinear(halve(image[part], halvings), x + 0.5, y + 0.5), image.dtype)
    else:
        _remap(groups_of(image, part, halvings), x, y, cv2.BORDER_REPLICATE, tile)
    if outside is not None:
        tile[outside] = how.fill


def _enter_plane(x: Floats, y: Floats, size: Size, border: str) -> Flags | None:
    """Bring points into the source plane by the border rule, in place; return which get the fill, if any."""
    outside: Flags | None = None
    for position, side in ((x, size[1]), (y, size[0])):
        low, high = float(position.min()), float(position.max())
        if low >= 0.0 and high <= (side - EDGE_PX if border == "wrap" else side):  # a seam's point is at its beginning
            continue
        if not math.isfinite(low + high):  # beyond a horizon there is nothing
            np.nan_to_num(position, copy=False, nan=-1.0, posinf=-1.0, neginf=-1.0)
            low, high = float(position.min()), float(position.max())
        if border == "reflect":
            if low < -side or high > 2 * side:
                np.mod(position, 2 * side, out=position)
            position[:] = side - np.abs(side - np.abs(position))
        elif border == "wrap":
            position[:] = np.mod(position + EDGE_PX, side) - EDGE_PX
        elif border == "constant":
            beyond = (position < -EDGE_PX) | (position > side + EDGE_PX)
            outside = beyond if outside is None else outside | beyond
        np.clip(position, 0, side, out=position)
    return outside


def _remap(groups: list[Image], x: Floats, y: Floats, border: int, tile: Image) -> None:
    """Sample groups of channels at pixel indices (x, y) into the tile."""
    if len(groups) > 1:
        for channel, group in enumerate(groups):
            tile[..., channel] = cv2.remap(group, x, y, cv2.INTER_LINEAR, borderMode=border)
    elif groups[0].ndim == 3 and groups[0].shape[2] == 4 and tile.shape[2] == 3:
        shown = scratch("tile of four", (*x.shape, 4), np.uint8)
        cv2.remap(groups[0], x, y, cv2.INTER_LINEAR, dst=shown, borderMode=border)
        cv2.cvtColor(shown, cv2.COLOR_RGBA2RGB, dst=tile)
    else:
        tile[:] = cv2.remap(groups[0], x, y, cv2.INTER_LINEAR, borderMode=border).reshape(tile.shape)


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
