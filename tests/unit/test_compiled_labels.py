"""Laws of labels moved in C: the bits of the NumPy twins."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from augkit import compiled
from augkit.core.ops import Warp
from augkit.core.spatial import IDENTITY, Matrix, apply
from augkit.core.warp import control_points, grid_of, unwarp
from augkit.targets.clipping import are_convex, convex_inside, quads_inside
from augkit.targets.outlines import Outlines
from support.native_paths import on_path

pytestmark = pytest.mark.skipif(compiled.library is None, reason="nothing was compiled")
coordinates = st.floats(-40.0, 90.0) | st.sampled_from([0.0, 50.0, 30.0, np.nan, np.inf])


def warp(strength: float, seed: int) -> Warp:
    pushes = np.random.default_rng(seed).normal(size=(2, 8, 11)) * strength
    return Warp((50, 80), control_points(pushes, (10.0, 10.0)))


@pytest.mark.parametrize("strength", [0.0, 0.5, 3.0, 100.0])
def test_pushes_are_shortened_alike(strength: float) -> None:
    made = warp(strength, 3)
    with on_path("numpy"):
        assert made == warp(strength, 3)


@pytest.mark.parametrize("strength", [0.0, 0.5, 3.0, 100.0])
def test_points_go_where_the_twin_brings_them(strength: float) -> None:
    grid = grid_of(warp(strength, 5))
    points = np.random.default_rng(1).uniform(-40.0, 120.0, (300, 2))
    points[:6] = np.array([(0, 0), (80, 50), (1e9, -1e9), (np.inf, 3), (np.nan, 3), (1e200, 0)])
    for given_points in (points, points[0], points[:0], points.reshape(30, 10, 2), points[::-2]):
        found = unwarp(grid, given_points)
        with on_path("numpy"), np.errstate(all="ignore"):
            twin = unwarp(grid, given_points)
        assert found.shape == twin.shape
        np.testing.assert_array_equal(found.view(np.int64)[~np.isnan(twin)], twin.view(np.int64)[~np.isnan(twin)])
        np.testing.assert_array_equal(np.isnan(found), np.isnan(twin))


numbers = st.floats(-3.0, 3.0) | st.sampled_from([0.0, 1.0, -1.0, 1e-3])


@given(
    st.tuples(*[st.tuples(numbers, numbers, numbers)] * 3), st.lists(st.tuples(coordinates, coordinates), max_size=9)
)
def test_matrices_move_points_alike(matrix: Matrix, rows: list[tuple[float, float]]) -> None:
    points = np.array(rows, np.float64).reshape(-1, 2)
    found = apply(matrix, points)
    with on_path("numpy"):
        np.testing.assert_array_equal(found, apply(matrix, points))


@pytest.mark.parametrize("closed", [True, False])
@given(st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=7), max_size=5))
def test_rings_are_measured_alike(closed: bool, rings: list[list[tuple[float, float]]]) -> None:
    def made() -> list[list[float]]:
        outlines = Outlines.of([[np.array(ring)] for ring in rings], closed)
        return [outlines.amounts().tolist(), outlines.boxes().ravel().tolist()]

    found = made()
    with on_path("numpy"):
        np.testing.assert_equal(found, made())


@given(st.lists(st.tuples(*[st.tuples(coordinates, coordinates)] * 4), max_size=5))
def test_rings_are_clipped_alike(rings: list[tuple[tuple[float, float], ...]]) -> None:
    quads = np.array(rings, np.float64).reshape(-1, 4, 2)
    found = quads_inside(quads, (30, 50))
    with np.errstate(all="ignore"):
        if found is None:
            assert not are_convex(quads).all()
        else:
            points, counts = convex_inside(quads, (30, 50))
            assert (found[0].tobytes(), found[1].tolist()) == (points.tobytes(), counts.tolist())


def test_what_lies_otherwise_is_refused() -> None:
    library = compiled.library
    assert library is not None
    short = np.zeros((3, 2)), np.zeros(1, np.int64)
    for wrong in (
        lambda: library.quads_inside(np.zeros((1, 4, 2)), 9.0, 9.0, *short),
        lambda: library.unwarp(np.zeros((2, 4, 5)), 6, 1.0, 1.0, 1e-18, np.zeros((2, 2))),
        lambda: library.measured(np.zeros((4, 2)), np.array([3, 2]), True, np.zeros((5, 2))),
        lambda: library.measured(np.zeros((4, 2)), np.array([3, 5]), True, np.zeros((5, 2))),
        lambda: library.applied(IDENTITY, np.zeros((4, 2)), np.zeros(7)),
        lambda: library.shortened(np.zeros((2, 3), np.float32), 1.0, 1.0),
    ):
        with pytest.raises(ValueError, match="must"):
            wrong()
