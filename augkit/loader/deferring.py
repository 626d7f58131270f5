"""Data sets whose pictures may wait to be decoded until a plan says how large they are shown."""

from abc import ABC, abstractmethod

from augkit.images import Mode, Waiting
from augkit.targets.sample import Sample


class Deferring(ABC):
    """Part of a data set for `Augmented`, which asks it where the pipeline says ``decode: scaled``."""

    @abstractmethod
    def waiting(self, index: int, mode: Mode = "keep") -> tuple[Sample, Waiting | None]:
        """Return an item; if its picture can wait, with a stand-in of its size, and the picture itself.

        Args:
            index: of the item.
            mode: of a picture that waits; one that does not comes as it would without.
        """
