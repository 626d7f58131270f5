"""Pictures that are looked at again and again, decoded once and remembered, as far as memory may go."""

from collections.abc import Sequence
from typing import Protocol

from augkit.targets.sample import Sample

MOST_BYTES = 512 * 2**20


class Given(Protocol):
    """Whatever gives samples by their places."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class Remembered(Sequence[Sample]):
    """Give the samples of another sequence, those that were met first from memory.

    Args:
        given: the other one.
        most: bytes of pixels that are remembered.
    """

    def __init__(self, given: Given, most: int = MOST_BYTES) -> None:
        self.given, self.left = given, most
        self._known: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self.given)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]  # no slices are asked for
        known = self._known.get(index)
        if known is None:
            known = self.given[index]
            if known.image.nbytes <= self.left:
                self.left -= known.image.nbytes
                self._known[index] = known
        return known
