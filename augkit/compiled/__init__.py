"""The library of kernels in C, compiled at install where there is a compiler, and the path that its kernels take.

`library` is the extension module, or None: then every caller does the same in NumPy, to the same bytes. The environment
variable ``AUGKIT_NATIVE`` says which path is taken: ``scalar``, ``avx2``, ``avx512``, ``neon`` or ``numpy`` (as if
nothing was compiled); without it, the best that the processor has.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, cast

from augkit.errors import ArgumentError, listed

if TYPE_CHECKING:
    from augkit.compiled._library import Library

PATHS = ("scalar", "avx2", "avx512", "neon", "numpy")
VARIABLE = "AUGKIT_NATIVE"


def _found() -> "Library | None":
    try:
        return cast("Library", import_module("augkit.compiled._library"))
    except ImportError:
        return None


def _chosen(found: "Library | None", wanted: str) -> "Library | None":
    """Return the library with the path that is asked for, the best where none is; None for ``numpy``.

    Raises:
        ArgumentError: there is no such path, or not on this machine.
    """
    if not wanted:
        return found
    there = [*(found.paths() if found is not None else []), "numpy"]
    if wanted not in there:
        what = f"must be {listed(there)}, got {wanted!r:.40}."
        advice = " Install augkit where there is a C compiler." if wanted in PATHS and found is None else ""
        raise ArgumentError(what + advice, VARIABLE)
    if found is None or wanted == "numpy":
        return None
    found.choose(wanted)
    return found


library: "Library | None" = _chosen(_found(), os.environ.get(VARIABLE, ""))
path: str = "numpy" if library is None else library.path()
