"""Folders of pictures: one folder a class, or all pictures in one flat folder.

A picture's id is its path below the root, with posix separators; its class is the first folder of that path, however
deep it lies, and None for a picture that lies in the root itself. Names decide what counts as a picture; what a file
really holds is the codec's business.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from augkit.errors import FileError

__all__ = ["PICTURE_SUFFIXES", "PictureFolder", "Source", "read_folder"]

_JPEG_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"}
_PBM_SUFFIXES = {".pbm", ".pgm", ".pnm", ".ppm"}
PICTURE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".gif", ".png", ".tif", ".tiff", ".webp"} | _JPEG_SUFFIXES | _PBM_SUFFIXES
)

OTHER, HIDDEN = "no picture by its name", "hidden"
FOLDER_LINK, BROKEN_LINK, SPECIAL = "a link to a folder", "a broken link", "no regular file"


@dataclass(frozen=True, slots=True)
class Source:
    """One picture file of a data set.

    Args:
        id: its path below the root, posix separators; bytes that are not UTF-8 are surrogates, as `os.fsdecode` says.
        size: in bytes, when the folder was read.
        label: its class, or None.
    """

    id: str
    size: int
    label: str | None


@dataclass(frozen=True)
class PictureFolder:
    """The pictures below a root, sorted by id, and how many files were left out for which reason."""

    root: Path
    sources: tuple[Source, ...]
    left_out: tuple[tuple[str, int], ...]


def read_folder(root: str | os.PathLike[str]) -> PictureFolder:
    """List the pictures below `root` without opening one.

    Links to files count as files. Links to folders are not followed, so no loop is walked; hidden files and folders,
    files of other kinds and broken links are left out and counted.

    Args:
        root: the data set's folder.

    Returns:
        The sources sorted by id.

    Raises:
        FileError: the folder is missing, is no folder, cannot be read somewhere, or holds no picture.
    """
    path = Path(root)
    left_out: Counter[str] = Counter()
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            raise FileError("must be a folder of pictures, got a file.", str(path))
        sources = sorted(_walk(path, left_out), key=lambda source: source.id)
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the name
        place = getattr(fault, "filename", None) or path
        raise FileError(f"must be readable, got: {getattr(fault, 'strerror', None) or fault}.", str(place)) from None
    if not sources:
        others = f"only {sum(left_out.values()):,} files of other kinds" if left_out else "an empty folder"
        raise FileError(f"must hold pictures ({', '.join(sorted(PICTURE_SUFFIXES))}), got {others}.", str(path))
    return PictureFolder(path, tuple(sources), tuple(sorted(left_out.items())))


def _walk(root: Path, left_out: Counter[str]) -> Iterator[Source]:
    folders: list[tuple[str, str, str | None]] = [(os.fspath(root), "", None)]
    while folders:
        folder, prefix, label = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    left_out[HIDDEN] += 1
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{prefix}{entry.name}/", label or entry.name))
                else:
                    found = _picture_bytes(entry)
                    if isinstance(found, str):
                        left_out[found] += 1
                    else:
                        yield Source(prefix + entry.name, found, label)


def _picture_bytes(entry: os.DirEntry[str]) -> int | str:
    """Return a picture file's size, or why the entry is left out."""
    try:
        status = entry.stat()
    except OSError:
        return BROKEN_LINK
    if stat.S_ISDIR(status.st_mode):
        return FOLDER_LINK
    _, dot, suffix = entry.name.rpartition(".")
    if f"{dot}{suffix}".lower() not in PICTURE_SUFFIXES:
        return OTHER
    return status.st_size if stat.S_ISREG(status.st_mode) else SPECIAL
