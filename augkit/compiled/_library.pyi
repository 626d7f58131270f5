"""Types of the functions in C; arrays are what has a buffer, such as NumPy's. module.c lists them."""

from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

# NumPy says only from Python 3.12 on that its arrays have one.
Buffer: TypeAlias = NDArray[Any] | bytes | bytearray | memoryview

class Library(Protocol):
    """The extension module."""

    def paths(self) -> list[str]: ...
    def path(self) -> str: ...
    def choose(self, name: str, /) -> None: ...
    # elastic.c
    def smooth_noise(
        self, noise: Buffer, taps: Buffer, factor: float, pushes: Buffer, rows: int, columns: int, /
    ) -> None: ...
    def unfold(self, pushes: Buffer, rows: int, columns: int, /) -> int: ...
    # flips.c
    def mirror(self, source: Buffer, target: Buffer, /) -> None: ...
