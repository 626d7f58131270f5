"""Maps of spatial runs for the native executor: which source point every target pixel shows, without a BLAS.

A run is one matrix; or a smooth map, whose values on a coarse lattice are the control points of a uniform cubic
B-spline; or, where a lattice would have to be finer than 2 px, a chain that is evaluated at every pixel. One warp
behind affine maps is a spline already, its own control points moved: exact. Other lattices are within 0.02 px, with
nodes an eighth of the warp's spacing apart. All sums are made in a written order: no processor's last bit shows.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Reals
from augkit.core.ops import Homography, Spatial, Warp
from augkit.core.plan import SpatialRun
from augkit.core.spatial import IDENTITY, Matrix, Size, inverse
from augkit.core.warp import bspline_weights, grid_of, joined, pull
from augkit.executors.lattices import FINEST_LATTICE_PX, LATTICE_MARGIN, is_affine, lattice_spacing, node_positions

FINEST_SPACING_PX = 0.5  # as positions.h has it: of nodes, so that a pixel spans few cells

Cells: TypeAlias = tuple[NDArray[np.int32], Reals]  # first of the four nodes of each pixel (n,), their weights (4, n)


@dataclass(frozen=True, eq=False)
class Lattice:
    """A cubic B-spline: nodes (2, rows, columns) of the source, x first, and what the target's rows and columns weigh.

    Each pixel's `down` and `across` say which four nodes it depends on along an axis, and how much.
    """

    nodes: Reals
    down: Cells
    across: Cells

    def parts(self) -> tuple[Reals, NDArray[np.int32], Reals, NDArray[np.int32], Reals]:
        """Return all as the library takes it."""
        return self.nodes, *self.down, *self.across


@dataclass(frozen=True)
class Chain:
    """Operations to be evaluated at every pixel."""

    ops: tuple[Spatial, ...]

    def points(self, top: int, bottom: int, width: int) -> Reals:
        """Return x and y (2, rows, width) of the source points that rows from `top` to `bottom` show."""
        y, x = np.mgrid[top:bottom, :width] + 0.5
        return np.ascontiguousarray(np.moveaxis(pull(self.ops, np.stack([x, y], axis=-1)), -1, 0))


Map: TypeAlias = Matrix | Lattice | Chain


def map_of(run: SpatialRun) -> Map:
    """Return the cheapest map that is true to the run."""
    matrix = matrix_of(run)
    return _bent_map(run) if matrix is None else matrix


def matrix_of(run: SpatialRun) -> Matrix | None:
    """Return the matrix from target to source that the run is, None where it bends lines."""
    ops = run.ops
    if not ops:
        return IDENTITY
    if len(ops) == 1 and isinstance(ops[0], Homography):  # as of most runs
        back = inverse(ops[0].matrix)
    elif any(isinstance(op, Warp) for op in ops):
        return None
    else:
        back = inverse(joined(ops))
    (a, b, c), (d, e, f), (g, h, last) = back
    if g == 0.0 and h == 0.0 and last != 1.0:
        return (a / last, b / last, c / last), (d / last, e / last, f / last), (0.0, 0.0, 1.0)
    return back


@lru_cache(maxsize=1)  # a picture's mask goes through the same map
def _bent_map(run: SpatialRun) -> Map:
    ops, size = run.ops, run.size
    before, last = ops[:-1], ops[-1]
    flat = [isinstance(op, Homography) and is_affine(op.matrix) for op in ops]
    if isinstance(last, Warp) and size[0] <= last.size[0] and size[1] <= last.size[1] and all(flat[:-1]):
        grid = grid_of(last)
        if min(grid.spacing) >= FINEST_SPACING_PX:
            return _one_warp_map(before, last, size)
    spacing = lattice_spacing(ops)
    lattice = _lattice_map(ops, size, spacing) if spacing >= FINEST_LATTICE_PX else None
    return Chain(ops) if lattice is None else lattice


def _one_warp_map(before: tuple[Spatial, ...], warp: Warp, size: Size) -> Lattice:
    """A uniform B-spline reproduces linear functions, so the affine image of a warp has its nodes moved likewise."""
    grid = grid_of(warp)
    (a, b, c), (d, e, f), _ = inverse(joined(before))
    x, y = node_positions(grid.spacing, grid.pushes.shape[1:], first=-1) + grid.pushes
    moved = np.empty((2, *x.shape))
    moved[0], moved[1] = (a * x + b * y) + c, (d * x + e * y) + f
    return Lattice(moved, _cells(size[0], grid.spacing[0]), _cells(size[1], grid.spacing[1]))


def _lattice_map(ops: tuple[Spatial, ...], size: Size, spacing: float) -> Lattice | None:
    """Interpolate the chain's values on a lattice by a spline; None where a horizon must be met pixel by pixel."""
    cells = tuple(max(1, math.ceil(side / spacing)) for side in size)
    step = (size[0] / cells[0], size[1] / cells[1])
    spare = LATTICE_MARGIN
    points = node_positions(step, (cells[0] + 3 + 2 * spare, cells[1] + 3 + 2 * spare), first=-1 - spare)
    values = np.moveaxis(pull(ops, np.moveaxis(points, 0, -1)), -1, 0)
    if not np.isfinite(values).all():
        return None
    nodes = control_points(control_points(values, 1), 2)[:, spare:-spare, spare:-spare]
    return Lattice(np.ascontiguousarray(nodes), _cells(size[0], step[0]), _cells(size[1], step[1]))


def control_points(values: Reals, axis: int) -> Reals:
    """Return the control points whose cubic B-spline has these values at its nodes along an axis, ends reflected.

    Two recursions with the pole sqrt(3) - 2 (Unser, "Splines: a perfect fit for signal and image processing", IEEE
    Signal Processing Magazine 1999).
    """
    pole = math.sqrt(3.0) - 2.0
    points = np.ascontiguousarray(np.moveaxis(values, axis, 0))
    powers = [pole ** (k + 1) for k in range(min(len(points), 32))]  # of Python's: correctly rounded enough, and few
    points = points.copy()
    points[0] += sum(power * value for power, value in zip(powers, points.copy(), strict=False))
    for k in range(1, len(points)):
        points[k] += pole * points[k - 1]
    points[-1] *= pole / (pole - 1.0)
    for k in range(len(points) - 2, -1, -1):
        points[k] = pole * (points[k + 1] - points[k])
    return np.moveaxis(points * 6.0, 0, axis)


@lru_cache(maxsize=32)
def _cells(count: int, spacing: float) -> Cells:
    """Return the first node of every pixel's four along an axis, and their weights."""
    position = (np.arange(count) + 0.5) / spacing
    cell = np.floor(position)
    return cell.astype(np.int32), np.ascontiguousarray(np.stack(bspline_weights(position - cell)))
