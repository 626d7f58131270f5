"""Entries of folders of this machine: files with their sizes, and what is none."""

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from augkit.errors import FileError, is_absence

FOLDER_LINK, BROKEN_LINK, SPECIAL = "a link to a folder", "a broken link", "no regular file"


def size_of(entry: os.DirEntry[str]) -> int | str:
    """Return a file's size, or what the entry is instead.

    Raises:
        OSError: that cannot be told now, or it has just been removed.
    """
    try:
        status = entry.stat()
    except OSError as fault:
        if is_absence(fault) and entry.is_symlink():
            return BROKEN_LINK
        raise
    if stat.S_ISDIR(status.st_mode):
        return FOLDER_LINK
    return status.st_size if stat.S_ISREG(status.st_mode) else SPECIAL


def require_utf8(where: str) -> None:
    """Refuse to read a data set where a locale has another encoding: the same names would be other ids.

    Raises:
        FileError: it has; the sentence tells what to set.
    """
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8":
        what = f"must be read where names of files are UTF-8, got {encoding}. Set PYTHONUTF8=1, and run again."
        raise FileError(what, where)


def opened(place: Path) -> BinaryIO:
    """Open a file to read it.

    Raises:
        FileError: it is no regular file; to open a pipe would be to wait for its writer.
    """
    if not stat.S_ISREG(place.stat().st_mode):
        raise FileError("must be a regular file, got a folder, a pipe or a device.", str(place))
    return place.open("rb")
