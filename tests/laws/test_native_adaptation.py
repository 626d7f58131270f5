"""Laws of native adaptations and blends: what the reference defines, and the same bytes on every path."""

import random

import numpy as np
import pytest

from augkit.core.arrays import Array
from augkit.core.eigen import eigen_of_symmetric
from augkit.core.ops import Adapt
from augkit.core.spatial import Matrix
from augkit.core.tonal import RANGE
from augkit.executors.executor import EXECUTORS, Sampling
from augkit.executors.native.adapting import adapt, histogram, marked, sums_of
from augkit.executors.native.blending import blend
from support.native_paths import PATHS, on_path

HOW = Sampling("linear", "reflect", ())
THERE = (0.8, 0.5, 0.45, 0.4, 0.05, 0.02, 0.01, 0.02, 0.06, 0.015, 0.01, 0.015, 0.04)
OPS = (
    Adapt("equalize", ()), Adapt("auto_contrast", (0.0,)), Adapt("auto_contrast", (0.03,)), Adapt("otsu", ()),
    Adapt("pca_shift", (0.3, -0.2, 0.1)), Adapt("color_transfer", THERE),
)  # fmt: skip
DTYPES = [np.uint8, np.uint16, np.float32]


def photo(seed: int, shape: tuple[int, ...], dtype: type) -> Array:
    """Return smooth colours that lie within a part of the range, in rows of any distance."""
    rng = np.random.default_rng(seed)
    wide = np.cumsum(rng.normal(0.0, 0.02, (shape[0], shape[1] + seed % 3, *shape[2:])), axis=1)
    wide = (np.clip(wide + 0.3 + 0.3 * rng.random((shape[0], 1, *shape[2:])), 0.1, 0.85)) * RANGE[np.dtype(dtype)]
    made: Array = (wide if dtype == np.float32 else np.rint(wide)).astype(dtype)[:, : shape[1]]
    return made


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_path_gives_the_bytes_of_the_twin(path: str, dtype: type) -> None:
    for seed, shape in enumerate([(1, 1, 3), (5, 1, 3), (3, 37, 3), (40, 31, 3), (9, 23), (4, 21, 5), (2, 9, 1)]):
        image = photo(seed, shape, dtype)
        for op in OPS if shape[-1] == 3 else OPS[:4]:
            with on_path(path):
                found = adapt(image, op, HOW)
            with on_path("numpy"):
                expected = adapt(image, op, HOW)
            np.testing.assert_array_equal(found.view(np.uint8), expected.view(np.uint8))
            assert found.dtype == image.dtype
            assert found.shape == image.shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPS, ids=[op.caption() for op in OPS])
def test_adaptations_are_what_the_reference_defines(op: Adapt, dtype: type) -> None:
    reference = EXECUTORS.find("reference", "executor")
    levels = 255.0 / RANGE[np.dtype(dtype)]
    for seed in range(3):
        image = photo(seed, (60, 70, 3), dtype)
        expected = reference.barrier(image, op, HOW).astype(np.float64)
        apart = (adapt(image, op, HOW).astype(np.float64) - expected) * levels
        assert np.abs(apart).mean() <= 0.02
        assert abs(apart.mean()) < 0.01
        assert (np.abs(apart) > 2.0).mean() <= 0.001


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_extremes_are_the_ends_of_the_histogram(path: str, dtype: type) -> None:
    for seed, shape in enumerate([(1, 1, 1), (3, 5, 3), (4, 700, 3), (2, 513, 4), (7, 1000), (2, 3, 700), (2, 3, 900)]):
        image = photo(seed, shape, dtype)
        with on_path(path):
            ends = [np.flatnonzero(counts) for counts in marked(image)]
        for plane, found in zip(np.atleast_3d(image).transpose(2, 0, 1), ends, strict=True):
            assert {int(plane.min()), int(plane.max())} == set(found.tolist())


@pytest.mark.parametrize("path", PATHS)
def test_counts_and_sums_are_whole_numbers(path: str) -> None:
    for dtype in (np.uint8, np.uint16):
        image = np.full((300, 400, 3), np.iinfo(dtype).max, dtype)
        image[0, 0] = 0, 1, 2
        with on_path(path):
            counts, sums = histogram(image), sums_of(image)
        rest, top = 300 * 400 - 1, int(np.iinfo(dtype).max)
        assert [counts[k, k] for k in range(3)] == [1, 1, 1]
        assert counts[:, top].tolist() == [rest] * 3
        extra = (0, 1, 2, 0, 0, 0, 1, 2, 4)
        assert sums.tolist() == [rest * top ** (1 + (k > 2)) + more for k, more in enumerate(extra)]


def test_eigenvectors_take_the_matrix_apart() -> None:
    rng = np.random.default_rng(4)
    for scale in (1.0, 1e-6, 1e5):
        for _ in range(50):
            part = rng.normal(size=(3, 3)) * scale
            whole = part @ part.T
            values, vectors = map(np.array, eigen_of_symmetric(_rows(whole)))
            expected, expected_vectors = np.linalg.eigh(whole)
            np.testing.assert_allclose(values, expected[::-1], rtol=1e-7, atol=1e-12 * expected.max())
            np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, whole, atol=1e-13 * expected.max())
            np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-13)
            np.testing.assert_allclose(np.abs(vectors), np.abs(expected_vectors[:, ::-1]), atol=1e-5)


def _rows(matrix: Array) -> Matrix:
    red, green, blue = (tuple(row) for row in matrix.tolist())
    return red, green, blue


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_blends_have_the_bytes_of_the_twin_and_are_true(path: str, dtype: type) -> None:
    chosen, reference = random.Random(3), EXECUTORS.find("reference", "executor")
    for count in (1, 2, 3, 4, 33):
        images = [photo(count + k, (11, 67, 3), dtype) for k in range(count)]
        weights = [chosen.uniform(-0.4, 1.0) for _ in images]
        with on_path(path):
            found = blend(images, weights)
        with on_path("numpy"):
            expected = blend(images, weights)
        np.testing.assert_array_equal(found.view(np.uint8), expected.view(np.uint8))
        apart = found.astype(np.float64) - reference.blend(images, weights)
        assert np.abs(apart).max() <= 1.0
        assert np.abs(apart).mean() < 1e-3


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.3, 0.7), (0.1, 0.9), (0.25, 0.25, 0.5), (1.0, 1.0), (1.7, -0.7)])
def test_blends_are_without_bias(weights: tuple[float, ...]) -> None:
    """Halves go to even numbers, also where binary fractions only come near to them."""
    rng, reference = np.random.default_rng(1), EXECUTORS.find("reference", "executor")
    images = [rng.integers(60, 200, (64, 64, 3)).astype(np.uint8) for _ in weights]
    np.testing.assert_array_equal(blend(images, weights), reference.blend(images, weights))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_all_pictures_agree_about_stays(dtype: type) -> None:
    image = photo(3, (30, 30, 3), dtype)
    weights = (0.123456, 0.3, 1.0 - 0.123456 - 0.3)
    np.testing.assert_allclose(blend([image] * 3, weights), image, rtol=1e-6)
