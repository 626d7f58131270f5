"""File systems that `fsspec` reaches by a URL."""

import time
from functools import lru_cache
from typing import Any

from augkit.errors import MissingExtra, Unreachable, reason_of
from augkit.storage.stamps import Stamp, stamp_in_store

STAMP_S = 2.0  # for which what a store tells of a file is believed: to ask takes as long as to read a picture

_S3 = ("s3://", "s3a://")


def files_at(url: str, **options: int) -> tuple[Any, str]:
    """Return the file system of a URL, which fsspec keeps once a process, and the path in it.

    Raises:
        MissingExtra: fsspec, or what it needs for such a URL, is not installed.
    """
    try:
        import fsspec  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise MissingExtra("must be installed to reach a URL. Run: pip install 'augkit[remote]'", "fsspec") from None
    if url.startswith(_S3):
        options["max_concurrency"] = 1  # else every read asks for the size first, and takes twice the time
    try:
        files, path = fsspec.url_to_fs(url, **options)
    except (ImportError, ValueError) as fault:
        raise MissingExtra(f"must be a URL that fsspec reaches, got: {fault}", url) from None
    except Exception as fault:  # some stores are asked already when they are named
        raise Unreachable(f"must be reachable, got: {reason_of(fault)}.", url) from fault
    return files, str(path).rstrip("/")


def stamp_at(url: str, path: str) -> Stamp:
    """Return the stamp of a file below a URL, as it was `STAMP_S` ago at most; every store has errors of its own."""
    return _stamp_then(url, path, int(time.monotonic() / STAMP_S))


def forget_listings(url: str) -> None:
    """Have what lies below a URL be asked for anew, whatever was told of it before in this process."""
    files, path = files_at(url)
    files.invalidate_cache(path)
    _stamp_then.cache_clear()


@lru_cache(maxsize=1024)
def _stamp_then(url: str, path: str, moment: int) -> Stamp:
    files, root = files_at(url)
    return stamp_in_store(files.info(f"{root}/{path}"))


def changes_below(url: str) -> dict[str, int]:
    """Return when every file below a URL was last changed, in nanoseconds, by its path; 0 where that is not known."""
    files, root = files_at(url)
    found = files.find(root, detail=True)
    return {path[len(root) + 1 :]: stamp_in_store(facts).changed_ns for path, facts in found.items()}
