"""Messages between a process and its helpers, over pipes: a length, and that many bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

STEADY_BYTES = 256 << 20  # of memory that libraries and what they keep take beside the limit
BEGUN, READ, ANSWER = b"B", b"R", b"A"  # what begins the messages of a helper
PLACE = struct.Struct("<qqq")  # of a read: the number of a file, the offset and the count of bytes
_HEAD_BYTES = 8


@dataclass(frozen=True)
class Limits:
    """Limits of one call.

    Args:
        cpu_s: seconds that it may compute; what it waits for a disk or a network does not count.
        bytes: of memory that it may ask for, beside `STEADY_BYTES`; kept by Linux only. None: as much as there is.
        still_s: seconds that it may neither compute nor end, as when a disk does not answer.
    """

    cpu_s: float = 60.0
    bytes: int | None = 1 << 30
    still_s: float = 300.0


@dataclass
class Short:
    """The answer of a helper that got no memory: whether the limit was at fault, or else the machine."""

    by_limit: bool


def sent(pipe: Any, data: bytes) -> None:
    """Send a message."""
    for part in (len(data).to_bytes(_HEAD_BYTES, "little"), data):
        left = memoryview(part)
        while left:
            left = left[pipe.write(left) :]
    pipe.flush()


def received(pipe: Any) -> bytearray | None:
    """Return the next message, or None where there is none any more."""
    head = _exactly(pipe, _HEAD_BYTES)
    return None if head is None else _exactly(pipe, int.from_bytes(head, "little"))


def _exactly(pipe: Any, size: int) -> bytearray | None:
    parts = bytearray()
    while len(parts) < size:
        part = pipe.read(min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return parts
