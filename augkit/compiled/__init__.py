"""The library of kernels in C, compiled at install where there is a compiler, and the path that its kernels take.

`library` is the extension module, or None: then every caller does the same in NumPy, to the same bytes. The environment
variable ``AUGKIT_NATIVE`` says which path is taken: ``scalar``, ``avx2``, ``avx512``, ``neon`` or ``numpy`` (as if
nothing was compiled); without it, the best that the processor has.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from augkit.errors import ArgumentError, listed

if TYPE_CHECKING:
    from augkit.compiled._library import Library

PATHS = ("scalar", "avx2", "avx512", "neon", "numpy")
VARIABLE = "AUGKIT_NATIVE"
OLD = "is older than its sources"
ADVICE = (
    "Install a C compiler (Debian and Ubuntu: apt install gcc python3-dev; macOS: xcode-select --install), and augkit "
    "again: pip install --force-reinstall --no-deps --no-cache-dir augkit; or, in a checkout: make library."
)


def _found() -> "tuple[Library | None, str]":
    """Return the library; or None, and what is wrong with it."""
    try:
        found = import_module("augkit.compiled._library")
    except ModuleNotFoundError:
        return None, "was not compiled"
    except ImportError as fault:
        return None, f"cannot be loaded ({fault})"
    built = Path(str(found.__file__)).stat().st_mtime_ns
    with os.scandir(Path(__file__).parent) as entries:  # the sources of a checkout; a wheel has none
        if any(entry.name.endswith((".c", ".h")) and entry.stat().st_mtime_ns > built for entry in entries):
            return None, OLD
    return cast("Library", found), ""


def _chosen(found: "Library | None", wanted: str) -> "Library | None":
    """Return the library with the path that is asked for, the best where none is; None for ``numpy``.

    Raises:
        ArgumentError: there is no such path, or not on this machine.
    """
    if not wanted:
        return found
    there = [*(found.paths() if found is not None else []), "numpy"]
    if wanted not in there:
        advice = f" {ADVICE}" if wanted in PATHS and found is None else ""
        raise ArgumentError(f"must be {listed(there)}, got {wanted!r:.40}.{advice}", VARIABLE)
    if found is None or wanted == "numpy":
        return None
    found.choose(wanted)
    return found


def _sentence(fault: str) -> str:
    if not fault or os.environ.get(VARIABLE):  # whoever asks for a path knows
        return ""
    return (
        f"augkit: its library in C {fault}: NumPy does the same, to the same bytes, but many times as slowly. {ADVICE}"
    )


_library, _fault = _found()
library: "Library | None" = _chosen(_library, os.environ.get(VARIABLE, ""))
path: str = "numpy" if library is None else library.path()
missing: str = _sentence(_fault)  # what a user should know of it, or nothing
_untold = [missing] if missing else []


def tell_missing() -> None:
    """Tell once, through `logging`, that there is no library; the process that starts workers tells it for them."""
    from logging import getLogger
    from multiprocessing import parent_process

    if _untold and parent_process() is None:
        getLogger("augkit").warning(_untold.pop())
