"""The map of a spatial run, ready to be evaluated window by window: which source point every target pixel shows.

Whatever the length of a chain, its map is smooth, so it is evaluated point by point only on a coarse lattice, and
brought to every pixel as the product of two small matrices around the lattice: ``rows @ nodes @ columns``. That is
exact for one warp after affine maps (the spline's own control points), and within 0.02 px otherwise (nodes an eighth of
the control spacing apart). Homographies alone need no lattice; what would need one finer than 2 px is evaluated at
every pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import Floats, Reals
from augkit.core.ops import Homography, Spatial, Warp
from augkit.core.plan import SpatialRun
from augkit.core.products import matmul
from augkit.core.spatial import Matrix, Size, apply, inverse, product
from augkit.core.warp import bspline_weights, grid_of, joined, pull
from augkit.executors.lattices import FINEST_LATTICE_PX, LATTICE_MARGIN, is_affine, lattice_spacing, node_positions
from augkit.executors.reuse import scratch

Bounds = tuple[float, float, float, float]  # left, top, right, bottom of the source points shown
Affine = tuple[float, float, float, float]  # scale_x, scale_y, shift_x, shift_y: applied to source points


class Window(NamedTuple):
    """A part of the target: rows top to bottom, columns left to right, in pixels."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> Size:
        return self.bottom - self.top, self.right - self.left

    def centres(self) -> Reals:
        """Return the centres (h, w, 2) of its pixels."""
        y, x = np.mgrid[self.top : self.bottom, self.left : self.right] + 0.5
        return np.stack([x, y], axis=-1)


@lru_cache(maxsize=1)  # a picture's mask goes through the same map
def map_of(run: SpatialRun) -> Map:
    """Return the cheapest map that is true to the run."""
    ops = run.ops
    if all(isinstance(op, Homography) for op in ops):
        return HomographyMap(inverse(joined(ops)))
    before, last = ops[:-1], ops[-1]
    within = isinstance(last, Warp) and run.size[0] <= last.size[0] and run.size[1] <= last.size[1]
    if isinstance(last, Warp) and within and all(isinstance(op, Homography) and is_affine(op.matrix) for op in before):
        return _one_warp_map(before, last)
    spacing = lattice_spacing(ops)
    return _lattice_map(ops, run.size, spacing) if spacing >= FINEST_LATTICE_PX else PointMap(ops)


@dataclass(frozen=True)
class HomographyMap:
    """A matrix from target to source; with perspective there is a division at every pixel."""

    back: Matrix

    def bounds(self, window: Window) -> Bounds:
        """Return a rectangle that holds every source point the window shows."""
        corners = np.array([[x, y] for x in (window.left, window.right) for y in (window.top, window.bottom)], float)
        return _hull(apply(self.back, corners))

    def evaluate(self, window: Window, to: Affine) -> tuple[Floats, Floats]:
        """Return x and y (h, w) of the source points, scaled and shifted; buffers that the next call takes back."""
        adjust: Matrix = ((to[0], 0.0, to[2]), (0.0, to[1], to[3]), (0.0, 0.0, 1.0))
        matrix = product(adjust, self.back)
        columns, rows = np.arange(window.left, window.right) + 0.5, np.arange(window.top, window.bottom)[:, None] + 0.5
        x, y = scratch("map", (2, *window.size), np.float32)
        for out, (across, down, shift) in zip((x, y), matrix, strict=False):
            np.add((down * rows + shift).astype(np.float32), (across * columns).astype(np.float32), out=out)
        if not is_affine(matrix):
            across, down, shift = matrix[2]
            depth = across * columns + (down * rows + shift)
            with np.errstate(divide="ignore", invalid="ignore"):
                scale = np.where(depth > 0, 1.0 / depth, np.nan).astype(np.float32)
            x *= scale
            y *= scale
        return x, y


@dataclass(frozen=True, eq=False)
class LatticeMap:
    """A cubic B-spline: nodes (2, rows, columns), x first, one row and one column before the frame's first cell."""

    nodes: Reals
    spacing: tuple[float, float]  # of the nodes along y and x, in target pixels

    def _shown(self, window: Window) -> tuple[Reals, Floats, Floats]:
        """Return the nodes that the window depends on, and their weights at its rows (h, r) and columns (c, w)."""
        rows, down = _cubic_weights(window.top, window.bottom, self.spacing[0])
        columns, across = _cubic_weights(window.left, window.right, self.spacing[1])
        return self.nodes[:, rows, columns], down[0], across[1]

    def bounds(self, window: Window) -> Bounds:
        nodes = self._shown(window)[0].reshape(2, -1)  # a spline lies within the hull of its control points
        (left, top), (right, bottom) = nodes.min(axis=1).tolist(), nodes.max(axis=1).tolist()
        return left, top, right, bottom

    def evaluate(self, window: Window, to: Affine) -> tuple[Floats, Floats]:
        nodes, down, across = self._shown(window)
        scale, shift = np.array(to).reshape(2, 2, 1, 1)
        halfway = scratch("halfway", (2, len(down), len(across)), np.float32)
        for axis, shown in enumerate((nodes * scale + shift).astype(np.float32)):
            matmul(down, shown, halfway[axis])
        both = scratch("map", (2, *window.size), np.float32)
        matmul(halfway.reshape(-1, len(across)), across, both.reshape(-1, window.size[1]))
        x, y = both
        return x, y


@dataclass(frozen=True)
class PointMap:
    """A chain evaluated at every pixel, for fields too fine for a lattice."""

    ops: tuple[Spatial, ...]

    def bounds(self, window: Window) -> Bounds:
        return _hull(_points_shown(self.ops, window))

    def evaluate(self, window: Window, to: Affine) -> tuple[Floats, Floats]:
        points = _points_shown(self.ops, window)
        x, y = scratch("map", (2, *window.size), np.float32)
        x[:] = points[..., 0] * to[0] + to[2]
        y[:] = points[..., 1] * to[1] + to[3]
        return x, y


Map = HomographyMap | LatticeMap | PointMap


@lru_cache(maxsize=1)
def _points_shown(ops: tuple[Spatial, ...], window: Window) -> Reals:
    return pull(ops, window.centres())


def _hull(points: Reals) -> Bounds:
    flat = points.reshape(-1, 2)
    if not np.isfinite(flat).all():
        return -math.inf, -math.inf, math.inf, math.inf
    (left, top), (right, bottom) = flat.min(axis=0).tolist(), flat.max(axis=0).tolist()
    return left, top, right, bottom


def _one_warp_map(before: tuple[Spatial, ...], warp: Warp) -> LatticeMap:
    """A uniform B-spline reproduces linear functions, so the affine image of a warp has its nodes moved likewise."""
    grid = grid_of(warp)
    (a, b, c), (d, e, f), _ = inverse(joined(before))
    x, y = node_positions(grid.spacing, grid.pushes.shape[1:], first=-1) + grid.pushes
    moved = np.empty((2, *x.shape))
    moved[0], moved[1] = a * x + b * y + c, d * x + e * y + f
    return LatticeMap(moved, grid.spacing)


def _lattice_map(ops: tuple[Spatial, ...], size: Size, spacing: float) -> Map:
    """Interpolate the chain's values on a lattice by a cubic spline; a horizon within it must be met pixel by pixel."""
    cells = tuple(max(1, math.ceil(side / spacing)) for side in size)
    step = (size[0] / cells[0], size[1] / cells[1])
    spare = LATTICE_MARGIN
    points = node_positions(step, (cells[0] + 3 + 2 * spare, cells[1] + 3 + 2 * spare), first=-1 - spare)
    values = np.moveaxis(pull(ops, np.moveaxis(points, 0, -1)), -1, 0)
    if not np.isfinite(values).all():
        return PointMap(ops)
    down, across = _interpolation(values.shape[1]), _interpolation(values.shape[2])
    nodes = np.stack([matmul(matmul(down, axis), across) for axis in values])
    return LatticeMap(np.ascontiguousarray(nodes[:, spare:-spare, spare:-spare]), step)


@lru_cache(maxsize=16)
def _interpolation(count: int) -> Reals:
    """Return the matrix from values at nodes to the control points whose cubic B-spline has those values there.

    It is the inverse of the matrix with rows (1, 4, 1) / 6 whose outermost control points repeat: the two-sided
    exponential sqrt(3) z^|i - j|, z = sqrt(3) - 2, reflected at both ends (Unser, "Splines: a perfect fit for signal
    and image processing", IEEE Signal Processing Magazine 1999). Symmetric.
    """
    place = np.arange(count)
    apart, around = np.abs(place[:, None] - place), place[:, None] + place + 1
    pole = math.sqrt(3.0) - 2.0
    powers = pole ** np.arange(2 * count + 1)
    reflected = powers[apart] + powers[2 * count - apart] + powers[around] + powers[2 * count - around]
    return np.asarray(math.sqrt(3.0) / (1.0 - pole ** (2 * count)) * reflected, np.float64)


@lru_cache(maxsize=32)  # of a fine grid, an entry takes a megabyte
def _cubic_weights(start: int, stop: int, spacing: float) -> tuple[slice, tuple[Floats, Floats]]:
    """Return which nodes of an axis the pixels from `start` to `stop` depend on, and their weights.

    The weights come as (pixels, nodes) and, laid out anew, as (nodes, pixels): a product with contiguous rows takes
    half the time.
    """
    position = (np.arange(start, stop) + 0.5) / spacing
    cell = np.floor(position).astype(int)
    first, count = int(cell[0]), int(cell[-1] - cell[0]) + 4
    weights = np.zeros((stop - start, count), np.float32)
    for k, weight in enumerate(bspline_weights(position - cell)):
        weights[np.arange(stop - start), cell - first + k] = weight
    return slice(first, first + count), (weights, np.ascontiguousarray(weights.T))
