"""Read picture files whole, if they are files and not too large."""

import os
import stat
from pathlib import Path

from augkit.errors import (
    ArgumentError,
    DecodeError,
    FileError,
    SampleError,
    Unreachable,
    is_absence,
    outage_of,
    reason_of,
    require_answer,
)
from augkit.images.decoding import decode
from augkit.images.modes import Mode, checked_mode
from augkit.targets.sample import Sample

MAX_FILE_BYTES = 2**31  # an uncompressed picture of MAX_PIXELS in 16-bit RGBA takes 1.4e9


def read(path: str | os.PathLike[str], mode: Mode = "keep") -> Sample:
    """Read one picture file; its name becomes the sample's id.

    Args:
        path: of the file.
        mode: ``rgb`` or ``grey`` brings the picture into it, alpha laid on white; ``keep`` leaves it.

    Raises:
        ArgumentError: it is no path, or there is no such mode.
        FileError: it cannot be read; see `read_bytes`.
        DecodeError: it holds no picture that can be decoded.
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"must get a path, got {type(path).__name__}. Of an array, write ak.Sample(image).", "read")
    data = read_bytes(path)
    try:
        decoded = decode(data, checked_mode(mode))
    except (DecodeError, SampleError) as fault:
        raise fault.at(str(path)) from fault.__cause__
    return Sample(image=decoded.image, alpha=decoded.alpha, id=Path(path).name)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a picture file, undecoded.

    Raises:
        FileError: it is missing, larger than MAX_FILE_BYTES or not a regular file.
        Unreachable: it is there and cannot be read, or not to its end.
    """
    try:
        status = Path(path).stat()  # before opening: opening a FIFO would wait for its writer
        is_file = stat.S_ISREG(status.st_mode)
        if is_file and status.st_size <= MAX_FILE_BYTES:
            return _whole(require_answer(Path(path).read_bytes()), status.st_size, str(path))
    except (OSError, ValueError, MemoryError) as fault:  # ValueError: a NUL in the name
        if not is_absence(fault) and (outage := outage_of(fault, str(path))):
            raise outage from fault
        what = f"must be readable, got: {reason_of(fault)}. Check its name and permissions."
        raise FileError(what, str(path)) from fault
    got = f"{status.st_size:,} bytes" if is_file else "a folder, a pipe or a device"
    raise FileError(
        f"must be a regular file of at most {MAX_FILE_BYTES:,} bytes, got {got}. Name a picture.", str(path)
    )


def _whole(data: bytes, size: int, where: str) -> bytes:
    if len(data) < size:
        raise Unreachable(f"must give all of its {size:,} bytes, got {len(data):,}. Is it still being written?", where)
    return data
