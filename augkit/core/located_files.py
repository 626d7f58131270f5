"""Files that plans name, and where they lie: a plan tells a name and a hash, whoever runs it where that is now."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import NamedTuple


class _Places(NamedTuple):
    home: str
    known: Mapping[str, str]


_NOWHERE = _Places("", MappingProxyType({}))
_places = ContextVar("_places", default=_NOWHERE)


@contextmanager
def files_located(home: str = "", known: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Have files be looked for where they lie, as long as the block runs.

    Args:
        home: the folder in which relative paths begin; the current one, if it is empty.
        known: paths by the SHA-256 of what lies there.
    """
    before = _places.set(_Places(home, known))
    try:
        yield
    finally:
        _places.reset(before)


def place_of_file(path: str, sha256: str = "") -> str:
    """Return where a file lies that a plan names, by its hash if that is known.

    >>> with files_located("/home/a", {"5f": "/mnt/x.png"}):
    ...     place_of_file("x.png"), place_of_file("x.png", "5f"), place_of_file("/y.png", "60")
    ('/home/a/x.png', '/mnt/x.png', '/y.png')
    """
    home, known = _places.get()
    return known.get(sha256) or os.path.join(home, path)  # noqa: PTH118 - an empty home changes nothing


def current_folder() -> str:
    """Return the current folder's absolute path, or an empty text if it has been removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - Path.cwd raises likewise
    except OSError:
        return ""
