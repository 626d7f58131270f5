"""Pictures that were decoded smaller than they are, and how their pixels lie in the whole picture's frame."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import Image
from augkit.core.ops import Homography
from augkit.core.plan import Plan, SpatialRun
from augkit.core.spatial import Matrix, product

SCALES = (8, 4, 2)  # besides 1, the largest first: libjpeg's


class Placement(NamedTuple):
    """A smaller picture's place in the frame of the whole one.

    Args:
        scale: how many pixels of the whole one of its pixels stands for along each axis; 1 where it is the whole.
        corner: (x, y) of its left upper corner.
    """

    scale: int = 1
    corner: tuple[float, float] = (0.0, 0.0)

    @property
    def to_whole(self) -> Matrix:
        """The map of its points to those of the whole picture."""
        scale, (x, y) = float(self.scale), self.corner
        return ((scale, 0.0, x), (0.0, scale, y), (0.0, 0.0, 1.0))


WHOLE = Placement()


class Shrunk(NamedTuple):
    """A picture, (h, w) or (h, w, C), in place of a larger one that nobody decoded."""

    image: Image
    placement: Placement


def stand_in_of(shape: tuple[int, ...]) -> Image:
    """Return what stands in a sample for a picture of 8 bits that is not decoded whole: black, and of no memory."""
    return np.broadcast_to(np.zeros((), np.uint8), shape)


def scale_of(plan: Plan) -> int:
    """Return how much smaller the picture may be decoded that a plan is for: 1, 2, 4 or 8.

    That is a function of the plan alone: the most that its first step shrinks along both axes at least. What does not
    begin with a move is for all pixels, and so is what picks pixels instead of mixing them.
    """
    first = plan.steps[0] if plan.steps else None
    if plan.policy.decode != "scaled" or plan.policy.interpolation == "nearest" or not isinstance(first, SpatialRun):
        return 1
    return next((scale for scale in SCALES if min(first.reduction) >= scale), 1)


def on_shrunk(run: SpatialRun, placement: Placement) -> SpatialRun:
    """Return the run that shows a smaller picture as `run` shows the whole one."""
    if placement.scale == 1:
        return run
    to_whole, first = placement.to_whole, run.ops[0]
    if isinstance(first, Homography):
        ops = (replace(first, matrix=product(first.matrix, to_whole)), *run.ops[1:])
    else:  # whose frame is the whole picture's
        ops = (Homography(to_whole, first.size), *run.ops)
    down, across = run.reduction
    return replace(run, ops=ops, reduction=(down / placement.scale, across / placement.scale))
