"""The store at a path or a URL, which must not lie in what it is made from."""

import os
from pathlib import Path

from augkit.addresses import shown_address
from augkit.errors import ArgumentError, FileError, Unreachable, is_absence
from augkit.storage.disk import Disk
from augkit.storage.store import Store


def store_at(where: str | os.PathLike[str]) -> Store:
    """Return the store at a path or a URL.

    Raises:
        ArgumentError: it is neither.
        MissingExtra: a URL needs fsspec, which is not installed, or one that it does not reach.
    """
    if not isinstance(where, str | os.PathLike):
        raise ArgumentError(f"must be the path or URL of an expansion, got {where!r:.60}.", "out")
    text = os.fspath(where)
    if "://" not in text:
        return Disk(text)
    from augkit.storage.bucket import Bucket

    return Bucket(text)


def path_below(source: str, out: str) -> str | None:
    """Return the path below a folder of another that lies in it, which need not be there; None of one elsewhere.

    Args:
        source: a folder, or a URL.
        out: likewise.
    """
    if "://" in out or "://" in source:
        inner, outer = shown_address(out).rstrip("/"), f"{shown_address(source).rstrip('/')}/"
        return inner.removeprefix(outer) if inner.startswith(outer) else None
    inside, above = Path(os.path.realpath(out)), Path(os.path.realpath(source))
    return inside.relative_to(above).as_posix() if above in inside.parents else None


def require_apart(source: str, out: str, is_beside: bool = False) -> None:
    """Refuse an output that shares a folder with the sources, or that is no folder.

    Args:
        source: a folder, or a URL.
        out: likewise; it need not be there.
        is_beside: the sources are those that a file in `source` names, so that `out` may lie in it, too.

    Raises:
        FileError: with the reason.
        Unreachable: one of both cannot be looked at now.
    """
    if not out:  # a shell's variable that is not set
        raise FileError("must be a new or an empty folder, got no name.", "OUT")
    try:
        lies_in, holds = _url_nesting(source, out) if "://" in out or "://" in source else _nesting(source, out)
    except OSError as fault:
        kind = FileError if is_absence(fault) else Unreachable
        raise kind(f"must be a folder that can be reached, got: {fault.strerror}.", out) from fault
    is_same = lies_in and path_below(source, out) is None
    if lies_in and (is_same or not is_beside):
        raise FileError(f"must not lie in the folder of the sources, {source}. Choose another.", out)
    if holds:
        raise FileError(f"must not hold the sources, {source}. Choose another.", out)


def _url_nesting(source: str, out: str) -> tuple[bool, bool]:
    """Say whether `out` lies in `source`, and whether it holds it."""
    inner, outer = f"{shown_address(out).rstrip('/')}/", f"{shown_address(source)}/"
    return inner.startswith(outer), outer.startswith(inner)


def _nesting(source: str, out: str) -> tuple[bool, bool]:
    inner, outer = Path(os.path.realpath(out)), Path(source).resolve()  # realpath lives through links in a circle
    above = [path for path in (inner, *inner.parents) if path.exists()]
    if any(not path.is_dir() for path in above):
        raise FileError("must be a new or an empty folder, got a file, or a path below one.", out)
    lies_in = any(path.samefile(outer) for path in above)
    return lies_in, inner.exists() and any(path.samefile(inner) for path in outer.parents)
