"""Points through a chain of spatial operations: `pull` from target to source, `push` from source to target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit.core.ops import Homography, Spatial
from augkit.core.spatial import IDENTITY, Matrix, Points, apply, inverse, product
from augkit.core.warp import displacement, grid_of, unwarp

__all__ = ["EDGE_POINTS", "OUTLINE", "joined", "pull", "push", "push_boxes"]

EDGE_POINTS = 16  # an edge of a box bends under a warp: this many points follow it
_STEPS = np.linspace(0.0, 1.0, EDGE_POINTS + 1)[:-1]
OUTLINE = np.concatenate([[[t, 0.0], [1.0, t], [1.0 - t, 1.0], [0.0, 1.0 - t]] for t in _STEPS])  # of the unit square


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


def push_boxes(ops: Sequence[Spatial], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upright boxes (n, 4) around the moved outlines, unclipped; outlines go through the chain once."""
    corners = boxes[:, None, :2] + OUTLINE * (boxes[:, None, 2:] - boxes[:, None, :2])
    moved = push(ops, corners)
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
