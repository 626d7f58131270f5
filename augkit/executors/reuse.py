"""Many plans on one picture: what an executor prepares of the picture alone is prepared once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from augkit.core.arrays import Image
from augkit.targets.sample import Sample


class _Reused(threading.local):
    image: Image | None = None
    prepared: dict[Any, Any]


_reused = _Reused()


@contextmanager
def reusing(sample: Sample) -> Iterator[None]:
    """Let the plans run in this block share what is prepared of the sample's picture: the same results, sooner.

    Nobody may write to the picture meanwhile.

    >>> import augkit as ak, numpy as np
    >>> sample, pipeline = ak.Sample(np.zeros((90, 60, 3), np.uint8)), ak.Pipeline([ak.Rotate(), ak.Resize((20, 20))])
    >>> with reusing(sample):
    ...     copies = [pipeline(sample, ak.Key(0, "a.jpg", copy)) for copy in range(10)]
    """
    before = _reused.image
    _reused.image, _reused.prepared = sample.image, {}
    try:
        yield
    finally:
        _reused.image, _reused.prepared = before, {}


def prepared(image: Image) -> dict[Any, Any] | None:
    """Return what was prepared of a picture so far, to be added to; None where nobody said that it is reused."""
    return _reused.prepared if image is _reused.image else None
