"""Listeners of long work: what is given its sentences and its progress, and may not care for either."""

from collections.abc import Callable

Tell = Callable[[str], None]  # a sentence that a user should read
Progress = Callable[[int, int, str], None]  # how many are done, of how many, and of what


def silent(*_: object) -> None:
    """Hear it, and do nothing."""
