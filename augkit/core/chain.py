"""Points through a chain of spatial operations: `pull` from target to source, `push` from source to target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from augkit.core.ops import Homography, Spatial
from augkit.core.spatial import IDENTITY, Matrix, Points, apply, inverse, product
from augkit.core.warp import displacement, grid_of, unwarp


def joined(ops: Iterable[Spatial]) -> Matrix:
    """Return the one matrix of all homographies of a chain, warps left aside."""
    matrix = IDENTITY
    for op in ops:
        if isinstance(op, Homography):
            matrix = product(op.matrix, matrix)
    return matrix


def pull(ops: Sequence[Spatial], points: Points) -> Points:
    """Return the source points (..., 2) that the target points show."""
    with np.errstate(all="ignore"):  # beyond a horizon lies nothing but infinities
        for op in reversed(ops):
            if isinstance(op, Homography):
                points = apply(inverse(op.matrix), points)
            else:
                points = points + displacement(grid_of(op), points)
    return points


def push(ops: Sequence[Spatial], points: Points) -> Points:
    """Return the target points (..., 2) where the source points come out."""
    with np.errstate(all="ignore"):
        for op in ops:
            points = apply(op.matrix, points) if isinstance(op, Homography) else unwarp(grid_of(op), points)
    return points
