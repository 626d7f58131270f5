"""Lattices on which the maps of runs are evaluated before they are brought to every pixel, for all executors."""

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from augkit.core.arrays import Reals
from augkit.core.ops import Homography, Spatial
from augkit.core.spatial import Matrix
from augkit.core.warp import grid_of

LATTICE_PER_SPACING = 8  # nodes to a control spacing of the finest warp
LATTICE_PER_SPACING_IN_PERSPECTIVE = 12  # which squeezes a part of the grid more than its centre
FINEST_LATTICE_PX = 2.0  # a finer one is not worth it
LATTICE_MARGIN = 6  # nodes more on every side: what the spline's ends get wrong dies away within them


def is_affine(matrix: Matrix) -> bool:
    """Say whether a matrix has no perspective."""
    return matrix[2] == (0.0, 0.0, 1.0)


@lru_cache(maxsize=16)
def node_positions(spacing: tuple[float, float], shape: tuple[int, ...], first: int) -> Reals:
    """Return x and y (2, rows, columns) of nodes numbered from `first` on."""
    y, x = np.mgrid[first : first + shape[0], first : first + shape[1]].astype(np.float64)
    return np.stack([x * spacing[1], y * spacing[0]])


def lattice_spacing(ops: Iterable[Spatial]) -> float:
    """Return how far apart, in pixels of the target, nodes may lie that are true to a chain with warps."""
    finest, zoom, is_flat = math.inf, 1.0, True
    for op in reversed(tuple(ops)):
        if isinstance(op, Homography):
            (a, b, _), (c, d, _), _ = op.matrix
            stretch, det = a * a + b * b + c * c + d * d, abs(a * d - b * c)
            zoom *= math.sqrt(max(0.0, (stretch - math.sqrt(max(0.0, stretch**2 - 4 * det**2))) / 2))
            is_flat = is_flat and is_affine(op.matrix)
        else:
            finest = min(finest, *(side * zoom for side in grid_of(op).spacing))
    return finest / (LATTICE_PER_SPACING if is_flat else LATTICE_PER_SPACING_IN_PERSPECTIVE)
