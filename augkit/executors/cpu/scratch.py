"""Buffers that live as long as their thread: fresh ones of this size cost more in page faults than the work in them."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["scratch"]


class _Buffers(threading.local):
    def __init__(self) -> None:
        self.named: dict[str, NDArray[np.uint8]] = {}


_buffers = _Buffers()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return this thread's buffer of that name, with what was left in it; the next call of the name takes it back."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = _buffers.named.get(name)
    if buffer is None or buffer.size < size:
        buffer = _buffers.named[name] = np.empty(size, np.uint8)
    return buffer[:size].view(dtype).reshape(shape)
