"""Errors that may end a training that was asked for well: exit code 1, and the same command goes on later."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from augkit.errors import AugkitError, FileError, Unreachable, raise_outage, reason_of

_FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if name in vars(errno)}


class Unwritten(FileError):
    """A file of a run that could not be written, or is not as it was written."""

    exit_code = 1


class Diverged(AugkitError):
    """A training whose loss, or what it says of pictures, is no number any more."""

    exit_code = 1

    @classmethod
    def of(cls, what: str, got: str) -> Diverged:
        """Return the error for what is no number, with what helps."""
        return cls(f"must be a number, got {got}. Pass a smaller --rate, or --clip 1.", what)


class LostWorker(AugkitError):
    """A process that read pictures and was killed: the training ends, and goes on from its last checkpoint."""

    exit_code = 1


@contextmanager
def written(path: Path, otherwise: str = "") -> Iterator[None]:
    """Tell what the system says against writing a file, or several into a folder, as Unwritten.

    `otherwise` is what else helps but making room, after a comma.
    """
    try:
        yield
    except OSError as fault:
        raise unwritten(path, fault, otherwise) from None


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Tell what the system says against reading a file of a run as Unreachable: it is there, and not damaged.

    Raises:
        Unreachable: a disk or a network is at fault, or the permissions.
    """
    try:
        yield
    except OSError as fault:
        advice = "Nothing is lost: run the same command again when it can be read."
        raise Unreachable(f"must be readable, got: {reason_of(fault)}. {advice}", str(path)) from fault


@contextmanager
def trouble_told(where: str) -> Iterator[None]:
    """Tell want of memory, and what the system says of a file that names none, as a sentence.

    Raises:
        OutOfMemory: a library got no memory.
        Unreachable: a file or a place could not be used.
    """
    try:
        yield
    except AugkitError:
        raise
    except Exception as fault:
        raise_outage(fault, str(fault.filename) if isinstance(fault, OSError) and fault.filename else where)
        raise


def unwritten(path: Path, fault: OSError, otherwise: str = "") -> Unwritten:
    """Return the error for what the system says against writing a file; see `written`."""
    advice = f"Nothing is lost: {'make room' if is_full(fault) else 'mend that'} and run the same command again"
    return Unwritten(f"must be writable, got: {fault.strerror or fault}. {advice}{otherwise}.", str(path))


def is_full(fault: OSError) -> bool:
    """Say whether there is no room to write.

    >>> is_full(OSError(errno.ENOSPC, "")), is_full(OSError(errno.EACCES, ""))
    (True, False)
    """
    return fault.errno in _FULL
