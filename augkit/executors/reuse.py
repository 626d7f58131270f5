"""Reuse within a thread: buffers, and what plans that run on one picture prepare of it."""

import math
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augkit.core.arrays import Array, Image
from augkit.targets.sample import Sample


class _Kept(threading.local):
    def __init__(self) -> None:
        self.image: Image | None = None  # that plans share
        self.prepared: dict[Any, Any] = {}  # of it
        self.stand_ins: dict[Any, tuple[Image, dict[Any, Any]]] = {}  # for it, by what they are, and prepared of them
        self.buffers: dict[str, NDArray[np.uint8]] = {}
        self.handed: dict[str, Array] = {}  # the last of each name: most calls want the same again


_kept = _Kept()


@contextmanager
def reusing(sample: Sample) -> Iterator[None]:
    """Let the plans run in this block share what is prepared of the sample's picture: the same results, sooner.

    Nobody may write to the picture meanwhile.

    >>> import augkit as ak, numpy as np
    >>> sample, pipeline = ak.Sample(np.zeros((90, 60, 3), np.uint8)), ak.Pipeline([ak.Rotate(), ak.Resize((20, 20))])
    >>> with reusing(sample):
    ...     copies = [pipeline(sample, ak.Key(0, "a.jpg", copy)) for copy in range(10)]
    """
    before = _kept.image
    _kept.image, _kept.prepared, _kept.stand_ins = sample.image, {}, {}
    try:
        yield
    finally:
        _kept.image, _kept.prepared, _kept.stand_ins = before, {}, {}


def prepared(image: Image) -> dict[Any, Any] | None:
    """Return what was prepared of a picture so far, to be added to; None where nobody said that it is reused."""
    if image is _kept.image:
        return _kept.prepared
    return next((parts for other, parts in _kept.stand_ins.values() if other is image), None)


def stand_in(image: Image, key: Hashable, make: Callable[[], Image]) -> Image:
    """Return what plans work on in place of a picture, by a name: made once where the picture is reused."""
    if image is not _kept.image:
        return make()
    if key not in _kept.stand_ins:
        _kept.stand_ins[key] = make(), {}
    return _kept.stand_ins[key][0]


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return this thread's buffer of that name, with what was left in it; the next call of the name takes it back."""
    last = _kept.handed.get(name)
    if last is not None and last.shape == shape and last.dtype == dtype:
        return last
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = _kept.buffers.get(name)
    if buffer is None or buffer.size < size:
        buffer = _kept.buffers[name] = np.empty(size, np.uint8)
    handed = _kept.handed[name] = buffer[:size].view(dtype).reshape(shape)
    return handed
