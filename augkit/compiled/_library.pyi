"""Types of the functions in C; arrays are what has a buffer, such as NumPy's. module.c lists them."""

from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

# NumPy says only from Python 3.12 on that its arrays have one.
Buffer: TypeAlias = NDArray[Any] | bytes | bytearray | memoryview

_Row = tuple[float, float, float]
Matrix = tuple[_Row, _Row, _Row]

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
    # box_muller.c
    def box_muller(self, pairs: Buffer, /) -> None: ...
    # blends.c
    def blend(self, pictures: tuple[Buffer, ...], weights: Buffer, target: Buffer, /) -> None: ...
    # mix_numbers.c
    def mix_numbers(
        self,
        matrix: Matrix,
        offset: _Row,
        straight: tuple[float, float],
        limits: tuple[int, int],
        fractions: tuple[int, int],
        reach: float,
        nearest: bool,
        /,
    ) -> bytes | None: ...
    # statistics.c
    def histogram(self, image: Buffer, counts: Buffer, /) -> None: ...
    def extremes(self, image: Buffer, found: Buffer, /) -> None: ...
    def moments(self, image: Buffer, sums: Buffer, /) -> None: ...
    # colours.c
    def recolour(self, source: Buffer, target: Buffer, program: bytes, /) -> None: ...
    # curves.c
    def curve_table(
        self,
        steps: tuple[float, ...],
        count: int,
        letter: int,
        scale: float,
        low: float,
        high: float,
        ahead: float,
        /,
    ) -> bytes: ...
    # jpeg.c
    def jpeg(self, source: Buffer, target: Buffer, quality: int, /) -> None: ...
    # clipping.c
    def measured(self, points: Buffer, ends: Buffer, is_closed: bool, facts: Buffer, /) -> None: ...
    def quads_inside(
        self, quads: Buffer, width: float, height: float, points: Buffer, counts: Buffer, /
    ) -> int | None: ...
    # warps.c
    def shortened(self, pushes: Buffer, limit_x: float, limit_y: float, /) -> bytes: ...
    def unwarp(
        self, pushes: Buffer, columns: int, spacing_y: float, spacing_x: float, tolerance: float, points: Buffer, /
    ) -> None: ...
    # matrices.c
    def applied(self, matrix: Matrix, points: Buffer, target: Buffer, /) -> None: ...
    def inverse(self, matrix: Matrix, /) -> Matrix | None: ...
    def product(self, second: Matrix, first: Matrix, /) -> Matrix: ...
    def rounded(self, matrix: Matrix, /) -> Matrix: ...
    def rounded_row(self, row: _Row, digits: int, /) -> _Row: ...
    # philox.c
    def philox_unit(self, stream: bytes, place: int, /) -> float: ...
    def philox_units(self, stream: bytes, place: int, target: Buffer, /) -> None: ...
    def philox_word(self, stream: bytes, place: int, /) -> int: ...
    # sampler.c
    def sample(
        self,
        source: Buffer,
        target: Buffer,
        map: object,
        interpolation: int,
        border: int,
        fill: tuple[float, ...],
        factors: tuple[float, float],
        program: bytes | None,
        /,
    ) -> None: ...
    # filters.c, filter_reals.c
    def filter_by_two(
        self,
        source: Buffer,
        target: Buffer,
        geometry: Buffer,
        fill: Buffer,
        along_x: Buffer,
        shift_x: int,
        along_y: Buffer,
        shift_y: int,
        own: int,
        /,
    ) -> None: ...
    def filter_by_taps(
        self, source: Buffer, target: Buffer, geometry: Buffer, fill: Buffer, taps: Buffer, shift: int, /
    ) -> None: ...
    def filter_reals_by_two(
        self,
        source: Buffer,
        target: Buffer,
        geometry: Buffer,
        fill: Buffer,
        along_x: Buffer,
        along_y: Buffer,
        own: float,
        /,
    ) -> None: ...
    def filter_reals_by_taps(
        self, source: Buffer, target: Buffer, geometry: Buffer, fill: Buffer, places: Buffer, weights: Buffer, /
    ) -> None: ...
    # pools.c
    def pool(self, source: Buffer, target: Buffer, geometry: Buffer, fill: Buffer, kind: int, /) -> None: ...
    def pad(self, source: Buffer, target: Buffer, geometry: Buffer, fill: Buffer, /) -> None: ...
    # noise.c
    def add_normal(
        self,
        source: Buffer,
        target: Buffer,
        stream: bytes,
        quantiles: Buffer,
        factor: float,
        whole: int,
        shift: int,
        /,
    ) -> None: ...
    def count_photons(
        self, source: Buffer, target: Buffer, stream: bytes, quantiles: Buffer, photons: float, level: float, /
    ) -> None: ...
    def grain(self, target: Buffer, stream: bytes, rectangles: Buffer, /) -> None: ...
    def salt(self, source: Buffer, target: Buffer, stream: bytes, channels: int, share: int, /) -> None: ...
