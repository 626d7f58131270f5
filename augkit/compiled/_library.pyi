"""Types of the functions in C; arrays are what has a buffer, such as NumPy's. module.c lists them."""

from typing import Protocol

from typing_extensions import Buffer

class Library(Protocol):
    """The extension module."""

    def paths(self) -> list[str]: ...
    def path(self) -> str: ...
    def choose(self, name: str, /) -> None: ...
    # flips.c
    def mirror(self, source: Buffer, target: Buffer, /) -> None: ...
