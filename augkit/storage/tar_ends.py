"""Ends of tars: what follows the last member tells whether the tar is whole."""

import tarfile
from typing import BinaryIO

_PIECE = 1 << 16  # of what lies behind a tar's end
# Records, in blocks, that programs fill with zeros behind a tar's end: 20 by default, and powers of two up to 1 MiB.
_RECORDS = (20, *(1 << power for power in range(12)))


def require_end(offset: int, file: BinaryIO) -> None:
    """Refuse a tar that does not end where its last member does.

    `tarfile` takes a damaged header for the end, zeros that a copy left where it was broken off, and the end of the
    file; what those would have held is missing then.

    Args:
        offset: where it stopped.
        file: the tar.

    Raises:
        tarfile.ReadError: no zeros follow, or more than zeros, or more of them than fill a record.
    """
    file.seek(offset)
    head = file.read(tarfile.BLOCKSIZE)
    if any(head):
        raise tarfile.ReadError(f"a damaged header at byte {offset:,}")
    if not head:
        raise tarfile.ReadError("it stops without the zeros that end a tar, as one that was cut short")
    zeros, most = len(head), tarfile.BLOCKSIZE * (2 + max(_RECORDS))
    while zeros <= most and (piece := file.read(_PIECE)):
        if any(piece):
            raise tarfile.ReadError("more behind its end, as of several that were joined")
        zeros += len(piece)
    filled, total = zeros - 2 * tarfile.BLOCKSIZE, offset + zeros
    records = (tarfile.BLOCKSIZE * blocks for blocks in _RECORDS)
    if filled > 0 and (zeros > most or not any(filled < record and total % record == 0 for record in records)):
        raise tarfile.ReadError(f"nothing but zeros from byte {offset:,} on, as where a copy was broken off")
