"""Tables: one array of bytes in place of a Python object a picture.

A process that is forked shares its parent's memory until one of both writes to it, and to look at a Python object is to
write to it: it counts who holds it. So every worker of a loader comes to hold the whole list of pictures, of which an
array of bytes stays shared. Started in another way, a worker is sent one array, or the place of shared memory.
"""

import pickle
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Bytes = NDArray[np.uint8]
Ends = NDArray[np.int64]


class PackedTable(Sequence[T]):
    """Values in one array, each made anew when it is asked for: a source in 3 microseconds, with boxes in 20.

    A source takes 0.1 KB, and more with labels. What lies in the array was pickled by this class, in this process or in
    the one that started it, and never comes from a file.

    Args:
        data: the bytes of all values, one after the other.
        ends: where those of each end.
    """

    def __init__(self, data: Bytes, ends: Ends) -> None:
        self.data, self.ends = data, ends

    @classmethod
    def of(cls, values: Iterable[T]) -> Self:
        """Return a table of values, which are taken one by one.

        >>> table = PackedTable.of(["roses/1.png", "roses/2.png"])
        >>> table[1], len(table), list(table[:1])
        ('roses/2.png', 2, ['roses/1.png'])
        """
        data, ends = bytearray(), array("q")
        for value in values:
            data += pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            ends.append(len(data))
        return cls(np.frombuffer(data, np.uint8), np.frombuffer(ends, np.int64) if ends else np.empty(0, np.int64))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self):,} in {self.data.nbytes:,} bytes>"

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]  # raises the IndexError of a sequence
        start = int(self.ends[place - 1]) if place else 0
        value: T = pickle.loads(self.data[start : int(self.ends[place])].data)
        return value

    def __iter__(self) -> Iterator[T]:
        return (self[place] for place in range(len(self)))
