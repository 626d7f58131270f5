"""Laws of numbers made in C: those of the twins bit for bit, on every path."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, strategies as st

import augkit as ak
from augkit import compiled
from augkit.core import spatial
from augkit.core.box_muller import normal_of
from augkit.core.ops import ColorMatrix
from augkit.errors import ArgumentError
from support.native_paths import PATHS, on_path

paths = pytest.mark.parametrize("path", [path for path in PATHS if path != "numpy"])
numbers = st.floats(-1e3, 1e3) | st.floats(allow_nan=False) | st.integers(-(10**6), 10**6)
near_halves = st.builds(lambda n, digits: (n + 0.5) / 10**digits, st.integers(-(10**9), 10**9), st.integers(0, 15))
matrices = st.tuples(*[st.tuples(*[numbers | near_halves] * 3)] * 3)


def bits(matrix: spatial.Matrix) -> list[str]:
    return [float(number).hex() for row in matrix for number in row]


def drawn() -> list[object]:
    """Return numbers of all kinds, drawn one after the other from one stream."""
    stream = ak.Key(5, "a").stream("s")
    found: list[object] = []
    for count in (1, 4, 7, 0, 33):
        found += [stream.random(), stream.integers(10**30), stream.uniforms(count, 3).tolist()]
        found += [[stream.normal() for _ in range(count)], stream.normals(count, 5).tolist(), stream.permutation(9)]
    return found


@paths
def test_streams_draw_the_same_numbers(path: str) -> None:
    with on_path("numpy"):
        twins = drawn()
    with on_path(path):
        assert drawn() == twins


@pytest.mark.skipif(compiled.library is None, reason="nothing was compiled")
def test_odd_streams_are_refused() -> None:
    library = compiled.library
    assert library is not None
    with pytest.raises(ValueError, match="40 bytes"):
        library.philox_word(b"short", 0)
    with pytest.raises(OverflowError):
        library.philox_word(bytes(40), -1)
    with pytest.raises(TypeError, match="2 arguments"):
        library.philox_unit(bytes(40))  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="kind d"):
        library.philox_units(bytes(40), 0, np.empty(3, np.float32))
    for odd in (((1.0,),), [[1.0] * 3] * 3, ((1.0, 2.0, "3"),) * 3, None):
        with pytest.raises(TypeError):
            library.rounded(odd)  # type: ignore[arg-type]


@paths
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 1000])
def test_normal_numbers_are_the_twins(path: str, count: int) -> None:
    pairs = np.random.default_rng(count).random((2, count))
    pairs[:, :3] = np.array([[0.0, 0.25, 1 - 2**-53], [0.875, 0.125, 1 - 2**-53]])[:, :count]
    found, twins = pairs.copy(), pairs.copy()
    with on_path("numpy"):
        normal_of(twins)
    with on_path(path):
        normal_of(found)
    assert found.tobytes() == twins.tobytes()


def test_normal_numbers_are_box_and_mullers() -> None:
    pairs = np.random.default_rng(0).random((2, 5000))
    found = pairs.copy()
    normal_of(found)
    radius, angle = np.sqrt(-2.0 * np.log1p(-pairs[0])), 2.0 * math.pi * pairs[1]
    np.testing.assert_allclose(found, radius * np.stack([np.cos(angle), np.sin(angle)]), rtol=0, atol=4e-15)


@paths
@given(matrices, matrices)
def test_matrices_are_multiplied_and_rounded_as_python_does(
    path: str, second: spatial.Matrix, first: spatial.Matrix
) -> None:
    def made() -> list[list[str]]:
        made = [spatial.product(second, first), spatial.rounded(second), spatial.rounded(first)]
        for matrix in (first, second):
            made.append(ColorMatrix(matrix, matrix[0]).rounded().matrix)
            with suppress(ArgumentError):
                made.append(spatial.inverse(matrix))
        return list(map(bits, made))

    with on_path("numpy"):
        twins = made()
    with on_path(path):
        assert made() == twins
