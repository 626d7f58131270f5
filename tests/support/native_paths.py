"""Paths of the compiled library, each in turn, for tests of the law that all give the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager

from augkit import compiled

# The names for parametrize: what this processor has, and the NumPy twins.
PATHS = [*(compiled.library.paths() if compiled.library is not None else []), "numpy"]


@contextmanager
def on_path(name: str) -> Iterator[None]:
    """Take a path within the block: of the library, or `numpy`, as where nothing was compiled."""
    library = compiled.library
    if library is None:
        yield
        return
    before = library.path()
    try:
        if name == "numpy":
            compiled.library = None
        else:
            library.choose(name)
        yield
    finally:
        compiled.library = library
        library.choose(before)
