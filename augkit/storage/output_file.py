"""Single files that the user asked for by name: whole, or not at all."""

import os
from pathlib import Path

from augkit.errors import FileError, Unreachable
from augkit.storage.durable import replace_with


def require_writable(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written after it.

    Raises:
        FileError: it is a folder or a device, or its own folder is missing or may not be written.
    """
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a parent folder may not be entered
        raise FileError("must be a file, got a folder. Name a file in it.", str(path))
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - as above
        raise FileError("must be a file, got a device or a pipe, which would be replaced. Name a file.", str(path))
    folder = path.absolute().parent
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        raise FileError("must lie in a folder that exists. Make the folder first.", str(path))
    if not os.access(folder, os.W_OK):
        raise FileError("must lie in a folder that may be written, got one that may not.", str(path))


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
        raise Unreachable(f"must be a file that can be written, got: {fault.strerror}.", str(path)) from fault
