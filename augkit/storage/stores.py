"""The store at a path or a URL."""

from __future__ import annotations

import os

from augkit.storage.disk import Disk
from augkit.storage.store import Store


def store_at(where: str | os.PathLike[str]) -> Store:
    """Return the store at a path or a URL.

    Raises:
        MissingExtra: a URL needs fsspec, which is not installed, or one that it does not reach.
    """
    text = os.fspath(where)
    if "://" not in text:
        return Disk(text)
    from augkit.storage.bucket import Bucket

    return Bucket(text)
