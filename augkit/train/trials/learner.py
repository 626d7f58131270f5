"""Learners of trials: made of some pictures' views, they say how likely each class is for others.

A view is one augmented copy of every picture, as the learner takes it: a row of features, or pixels.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from augkit.core.arrays import Array, JsonObject, Reals


class Learnt(ABC):
    """What a learner made of pictures."""

    @abstractmethod
    def log_chances(self, view: Array) -> Reals:
        """Return the logarithms of the chances (n, k) of each class, for n pictures of a view."""


class Learner(ABC):
    """Learn the classes of pictures from their views, within about a second."""

    @abstractmethod
    def learnt(self, views: Sequence[Array], classes: Array, seed: int) -> Learnt:
        """Return what is learnt.

        Args:
            views: of the pictures that are learnt from, each (n, ...).
            classes: the number of each one's class (n,).
            seed: of what the learner draws.
        """

    @abstractmethod
    def described(self) -> JsonObject:
        """Return all that decides what it learns beside that, as plain data."""
