"""Formats with many pictures in a file: recognised by the files' suffix, listed by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from augkit.datasets.naming import is_picture
from augkit.storage.root import Root


def holds_packs(root: Root, suffixes: tuple[str, ...], folders: Collection[str]) -> bool:
    """Return whether there is a file with one of the suffixes, and no picture beside it.

    Args:
        root: such a file, or a folder.
        suffixes: lower case, with the dot.
        folders: the names of folders that are looked into.
    """
    if root.is_file():
        return str(root).lower().endswith(suffixes)
    if not root.is_folder():
        return False
    names = root.names()
    inner = [name for folder in names if folder in folders and root.is_folder(folder) for name in root.names(folder)]
    is_any = any(name.lower().endswith(suffixes) for name in (*names, *inner))
    return is_any and not any(map(is_picture, (*names, *inner)))


def packs_in(root: Root, left_out: Counter[str]) -> tuple[Root, list[str]]:
    """Return the folder, and the files in it that may be packs: all of them, or the one that `root` is."""
    if root.is_file():
        folder, name = root.above()
        return folder, [name]
    return root, sorted(found.path for found in root.walk(left_out))
