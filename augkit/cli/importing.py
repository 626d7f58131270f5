"""Import of large libraries by a command."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW = 10_000  # objects, after which Python looks for garbage among them; it does so after 700 by itself


@contextmanager
def kept_for_good() -> Iterator[None]:
    """Import without Python's search for garbage: it goes through all that torch is made of, again and again.

    What was imported stays until the process ends, so it is never gone through later either, and what comes after it is
    gone through less often. That is for commands: in a program of someone else's, what its author has made would stay
    with it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(NEW)
        gc.enable()
