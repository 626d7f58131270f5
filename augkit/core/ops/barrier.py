"""Operations that need finished pixels, as what plans and executors ask of them.

Each is one class of this package, with its words, and one function of an executor, or of ``executors/kernels`` for all
of them, registered with `implements`. Strengths are fractions of the dtype's range, so that a plan means the same to
every dtype. What lies beyond the picture's edge is the pipeline's border rule.
"""

from abc import ABC, abstractmethod

from augkit.core.ops.moving import Homography
from augkit.core.spatial import Size


class Barrier(ABC):
    """An operation that needs finished pixels, and leaves points where they are but for a `Moving` one."""

    @abstractmethod
    def describe(self) -> str:
        """Return in words what the operation does."""

    @abstractmethod
    def caption(self) -> str:
        """Return the operation's numbers in few words."""


class Moving(Barrier):
    """A barrier that may move points, or change the picture's size."""

    @abstractmethod
    def move(self, size: Size) -> Homography | None:
        """Return how points of a picture of `size` move and the size that comes out; None where both stay.

        Raises:
            SampleError: it cannot be done to a picture of that size.
        """

    @property
    @abstractmethod
    def bends(self) -> bool:
        """Whether straight lines do not stay straight."""


class Coloured(Barrier):
    """A barrier that may need red, green and blue."""

    @property
    @abstractmethod
    def rgb_for(self) -> str:
        """The name, in complaints, of what needs red, green and blue; an empty text where any channels do."""
