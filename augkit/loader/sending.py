"""Batches on their way from a worker process: in shared memory, or as bytes where there is too little of that.

Torch puts tensors into shared memory when they are sent, in a thread that drops what does not fit: whoever waits for
it would wait for ever. So that is done here, before they are sent.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from augkit.core.arrays import Array


class _Bytes:
    """A tensor that becomes one again where it arrives."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __reduce__(self) -> tuple[Callable[[Array], Tensor], tuple[Array]]:
        return torch.from_numpy, (self.tensor.numpy(),)


def sendable(batch: Any) -> Any:
    """Return a batch as it is to be sent, in a worker process; elsewhere as it is.

    Args:
        batch: tensors, in lists, tuples and dicts.
    """
    return _sendable(batch) if get_worker_info() is not None else batch


def _sendable(value: Any) -> Any:
    if isinstance(value, Tensor):
        try:
            return value.share_memory_()  # type: ignore[no-untyped-call]  # torch's own
        except RuntimeError:  # no room in /dev/shm, no such place, or too many open files
            return _Bytes(value)
    if isinstance(value, dict):
        return {name: _sendable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_sendable, value))
    return value
