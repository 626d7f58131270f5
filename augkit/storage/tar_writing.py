"""Members appended to a tar, byte for byte as Python's tarfile writes them, at a tenth of its cost.

A header is that of `tarfile.TarInfo` for a regular file of mode 0644 without a time or an owner, with name, size and
checksum put in. A name that has no place there is left to tarfile, which puts a header of pax before it.

Reference: POSIX.1-2017, pax, "ustar Interchange Format".
"""

import tarfile
from tarfile import BLOCKSIZE, RECORDSIZE
from typing import BinaryIO

_EMPTY = bytes(BLOCKSIZE)
_SIZE, _SIZE_DIGITS = slice(124, 135), 11
_SUM = slice(148, 154)
_PLAIN = tarfile.TarInfo("").tobuf(tarfile.PAX_FORMAT)
# A checksum is that of a header with spaces in its place; one of an empty name and a size of 0 is in this one.
_PLAIN_SUM = int(_PLAIN[_SUM], 8) - sum(_PLAIN[_SIZE])
_BEFORE_SIZE, _AFTER_SIZE, _AFTER_SUM = _PLAIN[100:124], _PLAIN[135:148], _PLAIN[154:]


class TarAppender:
    """Append members to a tar that is written front to back; `close` ends it.

    Args:
        file: what is written to.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._offset = file, 0

    def add(self, name: str, data: bytes) -> None:
        """Append a regular file.

        Args:
            name: its path in the tar.
            data: what it holds.
        """
        member = b"".join((_header(name, len(data)), data, _EMPTY[: -len(data) % BLOCKSIZE]))
        self._file.write(member)
        self._offset += len(member)

    def close(self) -> None:
        """Write the end: two empty blocks, and as many more as fill the last record."""
        end = 2 * BLOCKSIZE
        self._file.write(bytes(end + -(self._offset + end) % RECORDSIZE))


def _header(name: str, size: int) -> bytes:
    """Return what comes before a file's bytes."""
    digits = b"%011o" % size
    if not name.isascii() or len(name) > tarfile.LENGTH_NAME or len(digits) > _SIZE_DIGITS:
        info = tarfile.TarInfo(name)
        info.size = size
        return info.tobuf(tarfile.PAX_FORMAT, tarfile.ENCODING, "surrogateescape")
    path = name.encode("ascii")
    checksum = b"%06o" % (_PLAIN_SUM + sum(path) + sum(digits))
    return b"".join((path.ljust(tarfile.LENGTH_NAME, b"\0"), _BEFORE_SIZE, digits, _AFTER_SIZE, checksum, _AFTER_SUM))
