"""Laws of the displacement fields: independent, as strong as Simard's, never folding, and inverted to 1e-3 px."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.interpolate import BSpline
from scipy.ndimage import gaussian_filter

import augkit as ak
from augkit.core.ops import ElasticField, Homography, Warp
from augkit.core.warp import Grid, bspline_weights, displacement, grid_of, pull, push
from support.pictures import centres

SIZE = (96, 128)


def drawn(step: ak.Transform, n: int, size: tuple[int, int] = SIZE) -> Warp:
    (warp,) = step.draw(ak.Key(n, "warps").stream("w"), ak.Scene(size))
    assert isinstance(warp, Warp)
    return warp


def field(warp: Warp) -> Any:
    """Return d (H, W, 2) at the pixel centres."""
    return displacement(grid_of(warp), centres(warp.size))


@pytest.mark.parametrize("step", [ak.ElasticWarp(), ak.ElasticWarp(34, 8), ak.LocalWarp(0.02, 8)], ids=repr)
def test_x_and_y_are_independent(step: ak.Transform) -> None:
    fields = np.stack([field(drawn(step, n, (224, 224))) for n in range(50)])
    dx, dy = fields[..., 0], fields[..., 1]
    if isinstance(step, ak.LocalWarp):  # few control points: 50 fields hold fewer independent pushes
        assert abs(np.corrcoef(dx.ravel(), dy.ravel())[0, 1]) < 0.04
        return
    assert abs(np.corrcoef(dx.ravel(), dy.ravel())[0, 1]) < 0.02
    # Blurred as one stacked picture, the last rows of one would meet the first of the other.
    count = dx[:, -1].size / (step.sigma[0] * 3.5)  # type: ignore[attr-defined]  # independent values along a row, roughly
    for one, other in (
        (dx[:, -1], dy[:, 0]),
        (dx[:, 0], dy[:, -1]),
        (dx[:, :, -1], dy[:, :, 0]),
        (dx[:, :, 0], dy[:, :, -1]),
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 3.5 / np.sqrt(count)


@pytest.mark.parametrize(("alpha", "sigma"), [(34, 4), (8, 4), (100, 8), (500, 20)])
def test_the_spread_is_simards(alpha: float, sigma: float) -> None:
    wanted = alpha * np.sqrt(1 / 3) / (2 * sigma * np.sqrt(np.pi))
    warps = [drawn(ak.ElasticWarp(alpha, sigma), n, (160, 160)) for n in range(150 if sigma > 8 else 30)]
    unscaled = [field(warp) / warp.field.scale for warp in warps]  # type: ignore[union-attr]
    assert np.std(unscaled) == pytest.approx(wanted, rel=0.06)
    noise = np.random.default_rng(0).uniform(-1, 1, (30, 160, 160))
    classic = gaussian_filter(noise, (0, sigma, sigma), mode="wrap") * alpha
    assert np.std(unscaled) == pytest.approx(classic.std(), rel=0.08)
    # Not only as strong, but as smooth: the same correlation one sigma away.
    step = round(sigma)
    ours = np.stack(unscaled)[..., 0]
    alike = [np.corrcoef(f[..., step:].ravel(), f[..., :-step].ravel())[0, 1] for f in (ours, classic)]
    assert alike[0] == pytest.approx(alike[1], abs=0.05)


def test_the_spread_is_the_same_everywhere() -> None:
    fields = np.stack([field(drawn(ak.ElasticWarp(8, 4), n, (64, 64))) for n in range(120)])
    edge = np.concatenate([fields[:, :3].ravel(), fields[:, :, -3:].ravel()])
    assert edge.std() == pytest.approx(fields[:, 20:44, 20:44].std(), rel=0.08)


def test_a_local_warp_is_as_strong_as_asked() -> None:
    pushes = np.concatenate([grid_of(drawn(ak.LocalWarp(0.01, 4), n)).pushes.ravel() for n in range(60)])
    assert pushes.std() == pytest.approx(0.01 * 96, rel=0.05)


def jacobian(warp: Warp) -> Any:
    """Return the determinants of q + d(q) on a fine lattice over and beyond the frame, by differences."""
    y, x = np.mgrid[-20 : warp.size[0] + 20 : 0.5, -20 : warp.size[1] + 20 : 0.5]
    points = np.stack([x, y], axis=-1)
    shown = points + displacement(grid_of(warp), points)
    along_y, along_x = np.diff(shown, axis=0)[:, :-1] / 0.5, np.diff(shown, axis=1)[:-1] / 0.5
    return along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0]


EXTREME = [
    ak.LocalWarp(1.0, 8), ak.LocalWarp(1.0, 1), ak.LocalWarp(0.3, 20), ak.ElasticWarp(1e4, 4), ak.ElasticWarp(1e6, 10),
    ak.ElasticWarp(34, 1),
]  # fmt: skip


@pytest.mark.parametrize("step", EXTREME, ids=repr)
def test_fields_never_fold(step: ak.Transform) -> None:
    for n in range(4):
        assert jacobian(drawn(step, n)).min() > 0


@pytest.mark.parametrize("step", [*EXTREME, ak.ElasticWarp(), ak.LocalWarp()], ids=repr)
def test_every_point_is_found_again(step: ak.Transform) -> None:
    points = centres(SIZE)[::2, ::2]
    for n in range(3):
        ops = (drawn(step, n),)
        assert np.abs(pull(ops, push(ops, points)) - points).max() <= 1e-3
        assert np.abs(push(ops, pull(ops, points)) - points).max() <= 2e-2  # stretched by the inverse


def test_chains_are_composed_not_added() -> None:
    turn = Homography(((0.0, 1.0, 0.0), (-1.0, 0.0, 96.0), (0.0, 0.0, 1.0)), (96, 96))
    ops = (drawn(ak.LocalWarp(), 1, (96, 96)), turn, drawn(ak.ElasticWarp(), 2, (96, 96)))
    points = centres((96, 96))
    assert np.abs(pull(ops, push(ops, points)) - points).max() <= 1e-3
    by_hand = points + displacement(grid_of(ops[2]), points)
    by_hand = np.stack([96 - by_hand[..., 1], by_hand[..., 0]], axis=-1)  # the turn undone
    np.testing.assert_allclose(pull(ops, points), by_hand + displacement(grid_of(ops[0]), by_hand), atol=1e-9)


@given(st.integers(0, 2**32), st.floats(3, 40), st.floats(3, 40))
@settings(max_examples=20)
def test_the_spline_is_scipys(seed: int, spacing_y: float, spacing_x: float) -> None:
    rng = np.random.default_rng(seed)
    pushes = rng.normal(size=(2, 7, 9))  # 4 x 6 cells
    points = rng.uniform(0, 1, (50, 2)) * [6 * spacing_x, 4 * spacing_y]
    knots = [(np.arange(count + 4) - 3.0) * spacing for count, spacing in ((7, spacing_y), (9, spacing_x))]
    basis = [BSpline.design_matrix(points[:, 1 - k], knots[k], 3, extrapolate=True).toarray() for k in (0, 1)]
    wanted = np.einsum("nr,krc,nc->nk", basis[0], pushes, basis[1])
    np.testing.assert_allclose(displacement(Grid((spacing_y, spacing_x), pushes), points), wanted, atol=1e-9)


@given(st.floats(0, 1))
def test_weights_are_a_partition_of_one(t: float) -> None:
    weights = np.array(bspline_weights(np.float64(t)))  # type: ignore[arg-type]
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ np.array([-1, 0, 1, 2]) == pytest.approx(t, abs=1e-12)  # lines are reproduced
    assert (weights >= 0).all()


def test_beyond_the_frame_the_outermost_pushes_go_on() -> None:
    warp = drawn(ak.LocalWarp(0.05, 4), 3)
    grid = grid_of(warp)
    far = displacement(grid, np.array([[-1e5, -1e5], [1e5, 1e5], [-1e9, 50.0]]))
    np.testing.assert_allclose(far[0], grid.pushes[:, 0, 0])
    np.testing.assert_allclose(far[1], grid.pushes[:, -1, -1])
    assert np.isfinite(far).all()
    line = np.stack([np.linspace(-100, 228, 4000), np.full(4000, 40.0)], axis=-1)
    assert np.abs(np.diff(displacement(grid, line), 2, axis=0)).max() < 0.01  # smooth through the edge


def test_large_grids_are_written_as_recipes() -> None:
    warp = drawn(ak.ElasticWarp(), 0, (2000, 3000))
    assert isinstance(warp.field, ElasticField)
    plan = ak.Pipeline([ak.ElasticWarp()]).draw(ak.Key(0, "a"), ak.Scene((2000, 3000)))
    assert len(plan.to_json()) < 1000
