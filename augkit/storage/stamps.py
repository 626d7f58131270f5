"""Stamps of files: what tells a file from another one that had its place before, without reading either."""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

_WRITTEN = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")  # as stores call it
_VERSIONS = ("VersionId", "ETag", "etag", "generation", "md5", "content_md5")


class Stamp(NamedTuple):
    """A file as it lies at a moment; what is not known is 0, or an empty text.

    Args:
        size: in bytes.
        written_ns: when its content was last written, as it says itself.
        changed_ns: when anything of it was last changed, its name and `written_ns` too, as the system says.
        version: of a store's.
        number: of the file system's, which another machine may number otherwise.
    """

    size: int
    written_ns: int
    changed_ns: int = 0
    version: str = ""
    number: int = 0

    @property
    def content(self) -> tuple[int, int, str]:
        """What is the same from any machine as long as the content is."""
        return self.size, self.written_ns, self.version


def stamp_of(status: os.stat_result) -> Stamp:
    """Return the stamp of a file of this machine."""
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    return Stamp(status.st_size, status.st_mtime_ns, changed_ns, number=status.st_ino)


def stamp_in_store(facts: Mapping[str, Any]) -> Stamp:
    """Return the stamp of what `fsspec` tells of a file.

    >>> stamp_in_store({"size": 3, "mtime": 1.5, "ETag": '"a"'})
    Stamp(size=3, written_ns=1500000000, changed_ns=1500000000, version='"a"', number=0)
    """
    written_ns = next((_nanoseconds(facts[name]) for name in _WRITTEN if facts.get(name)), 0)
    version = next((str(facts[name]) for name in _VERSIONS if facts.get(name)), "")
    return Stamp(int(facts.get("size") or 0), written_ns, written_ns, version)


def _nanoseconds(when: Any) -> int:
    """Return a time of a store, which may be a number of seconds, a text or an object, in nanoseconds since 1970."""
    if isinstance(when, str):
        with suppress(ValueError):
            when = datetime.fromisoformat(when)
    if isinstance(when, datetime):
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return round(when * 1e9) if isinstance(when, int | float) else 0
