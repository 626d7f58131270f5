"""Single files that the user asked for by name: whole, or not at all."""

import os
import stat
from pathlib import Path

from augkit.errors import FileError, Unreachable, is_absence
from augkit.storage.durable import replace_with


def require_writable(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written after it.

    Raises:
        FileError: it is a folder or a device, or its own folder is missing.
        Unreachable: its folder cannot be looked at now, or may not be written.
    """
    found, folder = _mode(path), path.absolute().parent
    if found and stat.S_ISDIR(found):
        raise FileError("must be a file, got a folder. Name a file in it.", str(path))
    if found and not stat.S_ISREG(found):
        raise FileError("must be a file, got a device or a pipe, which would be replaced. Name a file.", str(path))
    if not stat.S_ISDIR(_mode(folder)):
        raise FileError("must lie in a folder that exists. Make the folder first.", str(path))
    if not os.access(folder, os.W_OK):
        raise Unreachable("must lie in a folder that may be written, got one that may not.", str(path))


def _mode(path: Path) -> int:
    """Return what a path leads to, as the system has it; 0 if there is nothing."""
    try:
        return path.stat().st_mode
    except OSError as fault:
        if is_absence(fault):
            return 0
        raise Unreachable(f"must be a file that can be written, got: {fault.strerror}.", str(path)) from fault
    except ValueError as fault:  # a NUL
        raise FileError(f"must be a name that a file can have, got: {fault}.", str(path)) from None


def write(path: Path, content: bytes) -> None:
    """Write a file, or leave the one that was there as it is.

    Raises:
        FileError: it could not be written whatever it holds.
        Unreachable: it cannot be written now: the disk is full or gone.
    """
    require_writable(path)
    try:
        replace_with(path, content)
    except OSError as fault:
        kind = FileError if is_absence(fault) else Unreachable  # a name that is too long, a folder that is gone
        raise kind(f"must be a file that can be written, got: {fault.strerror}.", str(path)) from fault
