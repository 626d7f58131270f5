"""Pictures that were decoded smaller than they are, and how their pixels lie in the whole picture's frame."""

from typing import NamedTuple

from augkit.core.arrays import Image
from augkit.core.spatial import Matrix


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
