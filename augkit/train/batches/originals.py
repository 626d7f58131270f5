"""Originals: a part's pictures as they lie in the data set, decoded, on the network's paper, some of them in memory.

Those that come first are kept, as many as there is room for, and none gives way to another: where every picture comes
once an epoch, in another order each time, what was met last is no likelier to be met next.
"""

from typing import final

from augkit.images import Mode, Waiting
from augkit.loader import Pictures
from augkit.loader.deferring import Deferring
from augkit.targets.sample import Sample
from augkit.train.batches.framing import laid_flat
from augkit.train.models import Preprocessing


@final
class Originals(Deferring):
    """Give a part's pictures without alpha, if the network has paper for it.

    Args:
        pictures: of the part.
        preprocessing: of the network.
        most_bytes: of pictures that are kept in memory by this process.
    """

    def __init__(self, pictures: Pictures, preprocessing: Preprocessing, most_bytes: int = 0) -> None:
        self.pictures, self.preprocessing, self.most_bytes = pictures, preprocessing, most_bytes
        self._kept: dict[int, Sample] = {}
        self._size = 0  # of these in bytes

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        """Return a picture; its id is its source's.

        Raises:
            AugkitError: it cannot be read.
        """
        if index in self._kept:
            return self._kept[index]
        sample = laid_flat(self.pictures[index], self.preprocessing)
        if self._size + sample.image.nbytes <= self.most_bytes:
            self._kept[index] = sample
            self._size += sample.image.nbytes
        return sample

    def waiting(self, index: int, mode: Mode = "keep") -> tuple[Sample, Waiting | None]:
        sample, picture = self.pictures.waiting(index, mode)
        return (laid_flat(sample, self.preprocessing) if picture is None else sample), picture


def told_memory(size: int, memory: int, workers: int) -> str | None:
    """Say in a sentence that not all pictures are kept, of as many bytes, where `memory` megabytes are too few."""
    own = memory / max(workers, 1)
    if not memory or size <= own * 2**20:
        return None
    kept = f"{own:,.0f} MB are kept in memory" if workers < 2 else f"each of {workers} workers keeps {own:,.0f} MB"
    told = f"The pictures that are augmented take {size / 2**20:,.0f} MB decoded, of which {kept}"
    return f"{told}: the others are decoded again each time. More --memory saves that."
