"""Tables for worker processes, also for those that are not forked: these are sent the place of shared memory.

Where there is too little of it, as in containers, whose /dev/shm is small, every worker gets a copy.
"""

from collections.abc import Callable, Iterable
from multiprocessing.reduction import ForkingPickler
from typing import TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from augkit.core.arrays import Array
from augkit.datasets.packed_table import PackedTable

T = TypeVar("T")

_shared = WeakKeyDictionary[PackedTable[object], tuple[Tensor, Tensor]]()


def shareable(values: Iterable[T]) -> PackedTable[T]:
    """Return a table that forked processes share as it is; its arrays move to shared memory when others are started."""
    return PackedTable.of(values)


def _moved(array: Array) -> Tensor:
    tensor = torch.from_numpy(array)
    return tensor.share_memory_()  # type: ignore[no-any-return, no-untyped-call]  # torch's own


def _sent(table: PackedTable[object]) -> tuple[Callable[..., object], tuple[Tensor, Tensor] | tuple[Array, Array]]:
    """Return how a table is opened elsewhere; what was sent once lies in shared memory from then on, here too."""
    if table not in _shared:
        try:
            # Torch moves what it wraps; arrays that were taken of a tensor before it is moved would be left behind.
            data, ends = _moved(table.data), _moved(table.ends)
        except RuntimeError:  # torch's word for no room, or no shared memory at all
            return PackedTable, (table.data, table.ends)
        table.data, table.ends = data.numpy(), ends.numpy()
        _shared[table] = data, ends
    return _opened, _shared[table]


def _opened(data: Tensor, ends: Tensor) -> PackedTable[object]:
    return PackedTable(data.numpy(), ends.numpy())


ForkingPickler.register(PackedTable, _sent)  # through which a process that is started gets what it is to do
