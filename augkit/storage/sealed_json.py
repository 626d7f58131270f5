"""JSON as bookkeeping holds it: lines, files that show any change of a bit, and the sizes and hashes of others."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from augkit.core.arrays import JsonObject

SEAL = "seal"
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class FileFacts(NamedTuple):
    """How many bytes a file has, and their SHA-256."""

    size: int
    sha256: str


class Tally:
    """The facts of bytes that come one after the other."""

    def __init__(self) -> None:
        self.size, self._digest = 0, sha256()

    def add(self, data: bytes | memoryview) -> None:
        """Count some bytes."""
        self.size += len(data)
        self._digest.update(data)

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what comes, and count it."""
        for piece in pieces:
            self.add(piece)
            yield piece

    @property
    def facts(self) -> FileFacts:
        """The facts of all that came so far."""
        return FileFacts(self.size, self._digest.hexdigest())


def facts_of(pieces: Iterable[bytes]) -> FileFacts:
    """Return the facts of a file that comes in pieces."""
    tally = Tally()
    for piece in pieces:
        tally.add(piece)
    return tally.facts


def compact(value: object) -> str:
    """Return a value as one line of JSON."""
    return _COMPACT.encode(value)


def sealed(value: Mapping[str, object]) -> bytes:
    """Return a value as a file of JSON, a line an entry, that shows any change of a bit."""
    return _in_lines({**value, SEAL: sha256_of(compact(value).encode())})


def unsealed(data: bytes) -> JsonObject | None:
    """Return the value that `sealed` wrote, or None if a bit of it has changed."""
    try:
        value = json.loads(data)
        seal = value.pop(SEAL)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    is_whole = seal == sha256_of(compact(value).encode()) and _in_lines(value | {SEAL: seal}) == data
    return value if is_whole else None


def _in_lines(value: Mapping[str, object]) -> bytes:
    entries = ",\n".join(f"  {compact(name)}: {compact(entry)}" for name, entry in value.items())
    return f"{{\n{entries}\n}}\n".encode()


class _Last(threading.local):
    data, digest = b"", sha256(b"").hexdigest()


_last = _Last()


def sha256_of(data: bytes) -> str:
    """Return the hash that `sha256sum` prints; asked again at once about the same object, as an output's is, it knows.

    An output's hash stands in its line and, where it is a file of its own, in its shard's marker.
    """
    if data is not _last.data:
        _last.data, _last.digest = data, sha256(data).hexdigest()
    return _last.digest
