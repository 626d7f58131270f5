"""Originals: a part's pictures as they lie in the data set, decoded, on the network's paper."""

from typing import final

from augkit.images import Mode, Waiting
from augkit.loader import Pictures
from augkit.loader.deferring import Deferring
from augkit.targets.sample import Sample
from augkit.train.framing import laid_flat
from augkit.train.models import Preprocessing


@final
class Originals(Deferring):
    """Give a part's pictures without alpha, if the network has paper for it.

    Args:
        pictures: of the part.
        preprocessing: of the network.
    """

    def __init__(self, pictures: Pictures, preprocessing: Preprocessing) -> None:
        self.pictures, self.preprocessing = pictures, preprocessing

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        """Return a picture; its id is its source's.

        Raises:
            AugkitError: it cannot be read.
        """
        return laid_flat(self.pictures[index], self.preprocessing)

    def waiting(self, index: int, mode: Mode = "keep") -> tuple[Sample, Waiting | None]:
        sample, picture = self.pictures.waiting(index, mode)
        return (laid_flat(sample, self.preprocessing) if picture is None else sample), picture
