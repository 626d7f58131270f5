"""Buffers that live as long as their thread: fresh ones of this size cost more in page faults than the work in them."""

from __future__ import annotations

import math
import threading

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augkit.core.arrays import Array


class _Buffers(threading.local):
    def __init__(self) -> None:
        self.named: dict[str, NDArray[np.uint8]] = {}
        self.handed: dict[str, Array] = {}  # the last of each name: most calls want the same again


_buffers = _Buffers()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return this thread's buffer of that name, with what was left in it; the next call of the name takes it back."""
    last = _buffers.handed.get(name)
    if last is not None and last.shape == shape and last.dtype == dtype:
        return last
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = _buffers.named.get(name)
    if buffer is None or buffer.size < size:
        buffer = _buffers.named[name] = np.empty(size, np.uint8)
    handed = _buffers.handed[name] = buffer[:size].view(dtype).reshape(shape)
    return handed
