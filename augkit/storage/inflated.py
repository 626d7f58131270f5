"""Deflated streams that are read from anywhere, in bounded memory, without unpacking them.

A decompressor is copied every so often while the stream is gone through for the first time. To read from some place
on, the last copy before it goes on from there: no more than the distance of two copies is decompressed in vain. What
comes after a place that was read is quick to read, too. A copy takes about 40 kB; of many, every other is dropped.
"""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from augkit.errors import FileError

if TYPE_CHECKING:
    from zlib import _Decompress

    from _typeshed import WriteableBuffer

GZIP, RAW = 31, -15  # as zlib knows them
GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 16
STEP_BYTES = 1 << 20  # of what comes out, between two copies; it doubles when there are MOST_COPIES
MOST_COPIES = 512
BOMB_BYTES, BOMB_RATIO = 2 << 30, 500  # more than this at a higher ratio is no data set


@dataclass
class _Stream:
    """A decompressor on its way: where its next input lies, how much came out, and what input is still to be used."""

    state: _Decompress
    fed: int
    out: int = 0
    pending: bytes = b""

    def copy(self) -> _Stream:
        return replace(self, state=self.state.copy())

    def take(self, file: BinaryIO, end: int, most: int, wbits: int) -> bytes:
        """Return the next bytes, `most` at most, or none at the end.

        Raises:
            EOFError: the stream is cut short.
            zlib.error: it is damaged.
        """
        while True:
            if self.state.eof:
                rest = self.state.unused_data
                if len(rest) < len(GZIP_MAGIC):
                    rest += self._more(file, end)
                if wbits != GZIP or not rest.startswith(GZIP_MAGIC):
                    return b""  # gzip lets zeros follow, and other things
                self.state, self.pending = zlib.decompressobj(wbits), rest  # files may be joined
            data = self.pending or self._more(file, end)
            out = self.state.decompress(data, most)
            self.pending = self.state.unconsumed_tail
            if out:
                self.out += len(out)
                return out
            if not data and not self.state.eof:
                raise EOFError("it is cut short")

    def _more(self, file: BinaryIO, end: int) -> bytes:
        file.seek(self.fed)
        data = file.read(min(CHUNK_BYTES, end - self.fed))
        self.fed += len(data)
        return data


class Inflated:
    """What a deflated part of a file holds.

    Args:
        open: opens the file.
        where: for messages.
        start, end: of the part, in bytes.
        wbits: `GZIP` or `RAW`.
    """

    def __init__(self, open: Callable[[], BinaryIO], where: str, start: int, end: int, wbits: int = GZIP) -> None:
        self.open, self.where, self.start, self.end, self.wbits = open, where, start, end, wbits
        first = _Stream(zlib.decompressobj(wbits), start)
        self._copies, self._step = [first], STEP_BYTES
        self._known = 0  # how far it was gone through
        # Streams that have stopped where something was read to. Taken and put back whole, so that threads share them.
        self._stopped: list[_Stream] = []

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset` on, or fewer at the end.

        Raises:
            FileError: the stream is cut short or damaged, or grows beyond all measure.
        """
        found: list[bytes] = []
        try:
            with self.open() as file:
                stream = self._before(offset)
                while size > 0 and (data := self._next(stream, file, offset + size)):
                    part = data[max(0, len(data) - (stream.out - offset)) :] if stream.out > offset else b""
                    found.append(part)
                    offset += len(part)
                    size -= len(part)
        except (EOFError, zlib.error) as fault:
            what = f"must be whole, got a fault: {fault}. Copy it again from where it came."
            raise FileError(what, self.where) from None
        self._stopped[:] = [stream]
        return b"".join(found)

    def _before(self, offset: int) -> _Stream:
        """Return a stream of our own that stands before a place, the nearest that there is."""
        copies = self._copies
        best = copies[bisect_right(copies, offset, key=lambda copy: copy.out) - 1]
        try:
            stopped = self._stopped.pop()
        except IndexError:
            return best.copy()
        return stopped if best.out <= stopped.out <= offset else best.copy()

    def _next(self, stream: _Stream, file: BinaryIO, stop: int) -> bytes:
        data = stream.take(file, self.end, min(CHUNK_BYTES, max(stop - stream.out, 1)), self.wbits)
        if stream.out >= self._known + self._step:
            self._keep(stream.copy())
        return data

    def _keep(self, copy: _Stream) -> None:
        if copy.out > BOMB_BYTES and copy.out > BOMB_RATIO * (copy.fed - self.start):
            what = f"must hold a data set, got {copy.out:,} bytes out of {copy.fed - self.start:,} and more to come"
            raise FileError(f"{what}. It looks like a bomb.", self.where)
        copies = self._copies
        if copy.out <= copies[-1].out:
            return  # another thread was as far
        copies = [*copies, copy]
        if len(copies) > MOST_COPIES:
            copies, self._step = copies[::2], 2 * self._step
        self._copies, self._known = copies, copies[-1].out


class InflatedFile(io.RawIOBase):
    """A file to be read, of what a stream holds; its end is known where `size` is."""

    def __init__(self, inflated: Inflated, size: int | None = None) -> None:
        self.inflated, self.size, self.place = inflated, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            if self.size is None:
                raise io.UnsupportedOperation("the end is not known")
            offset += self.size
        elif whence == io.SEEK_CUR:
            offset += self.place
        if offset < 0:
            raise ValueError("a place before the beginning")
        self.place = offset
        return offset

    def tell(self) -> int:
        return self.place

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.inflated.read(self.place, len(view))
        view[: len(data)] = data
        self.place += len(data)
        return len(data)
