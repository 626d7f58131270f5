"""Laws of elastic fields: as strong as Simard's at every size, never folding, the same bytes on every path."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import augkit as ak
from augkit.core.arrays import Reals
from augkit.core.elastic import STEEPEST, TAPS, elastic_field, elastic_pushes, smooth_noise, unfold
from augkit.core.ops import ElasticField, Warp, to_jsonable
from augkit.core.ops.operation import from_jsonable
from augkit.core.warp import displacement, grid_of, pull, push
from support.native_paths import PATHS, on_path
from support.pictures import centres

SIZES = [(28, 28), (64, 64), (97, 301), (224, 224), (700, 1024)]


def recipe(n: int, alpha: float = 34.0, sigma: float = 4.0) -> ElasticField:
    return elastic_field(ak.Key(n, "elastic").stream("field"), alpha, sigma)


def shown(n: int, size: tuple[int, int], alpha: float = 34.0, sigma: float = 4.0) -> Reals:
    """Return a field's displacements (k, 2) at every second pixel."""
    points = centres(size)[::2, ::2].reshape(-1, 2)
    return displacement(grid_of(Warp(size, recipe(n, alpha, sigma))), points)


def spread(size: tuple[int, int], alpha: float = 34.0, sigma: float = 4.0) -> float:
    """Return the standard deviation of many fields, over enough pixels that its own is 1 %."""
    count = max(2, math.ceil(1000 * 4 * math.pi * sigma**2 / (size[0] * size[1])))
    return math.sqrt(np.mean([np.mean(shown(n, size, alpha, sigma) ** 2) for n in range(count)]))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_field_is_as_strong_as_stated_at_every_size(size: tuple[int, int]) -> None:
    assert spread(size) == pytest.approx(34 / (4 * math.sqrt(12 * math.pi)), rel=0.04)


@pytest.mark.parametrize("size", [(28, 28), (64, 64), (512, 512)], ids=str)
def test_keypoints_are_moved_as_far(size: tuple[int, int]) -> None:
    """The other way round: what a plan does to points, by the inverse of the field."""
    pipeline, rng, moved = ak.Pipeline([ak.ElasticWarp()]), np.random.default_rng(0), []
    for n in range(max(4, 60_000 // (size[0] * size[1]))):
        points = rng.uniform(3, [size[1] - 3, size[0] - 3], (200, 2))
        sample = ak.Sample(np.zeros(size, np.uint8), keypoints=points)
        plan = pipeline.draw(ak.Key(0, "elastic", n), ak.Scene.of(sample))
        keypoints = ak.run(plan, sample).keypoints
        assert keypoints is not None
        moved.append(keypoints - points)
    assert np.std(np.concatenate(moved)) == pytest.approx(34 / (4 * math.sqrt(12 * math.pi)), rel=0.05)


@pytest.mark.parametrize(("steepness", "share"), [(1.0, 1.0), (2.125, 0.99), (2.6, 0.95), (4.0, 0.8), (6.25, 0.68)])
def test_what_folding_leaves_of_the_strength(steepness: float, share: float) -> None:
    """The shares that ElasticWarp's docstring tells, whatever sigma is."""
    for sigma in (2.0, 6.0):
        alpha = steepness * sigma**2
        assert spread((300, 300), alpha, sigma) == pytest.approx(
            share * alpha / (sigma * math.sqrt(12 * math.pi)), rel=0.03
        )


def test_beyond_the_steepest_a_field_grows_no_further() -> None:
    most = elastic_pushes(recipe(0, STEEPEST * 25, 5.0), (90, 120))
    for alpha in (STEEPEST * 30, 1e4, 1e6):
        np.testing.assert_allclose(elastic_pushes(recipe(0, alpha, 5.0), (90, 120)), most, rtol=1e-4, atol=1e-4)


def test_a_field_is_as_smooth_as_a_gaussian_makes_it() -> None:
    """Noise smoothed by a Gaussian of sigma is alike at a distance r to exp(-(r / 2 sigma)^2)."""
    size, sigma = (400, 400), 8.0
    fields = np.stack(
        [displacement(grid_of(Warp(size, recipe(n, 8.0, sigma))), centres(size)) for n in range(6)]
    ).transpose(0, 3, 1, 2)
    power = np.mean(fields**2)
    for down, right in [(4, 0), (0, 4), (8, 0), (0, 8), (6, 6), (0, 16), (20, 0)]:
        alike = np.mean(fields[..., down:, right:] * fields[..., : size[0] - down, : size[1] - right]) / power
        assert alike == pytest.approx(math.exp(-(down**2 + right**2) / (4 * sigma**2)), abs=0.03)
    # The grid does not show: at its points and between them the field is as strong.
    assert fields[..., ::8, ::8].std() == pytest.approx(fields[..., 4::8, 4::8].std(), rel=0.04)


def test_x_and_y_are_independent() -> None:
    both = np.concatenate([shown(n, (224, 224)) for n in range(30)])
    assert abs(np.corrcoef(both.T)[0, 1]) < 0.02


@pytest.mark.parametrize(("alpha", "sigma"), [(34.0, 4.0), (1e6, 4.0), (34.0, 1.0), (600.0, 10.0)])
def test_fields_never_fold_and_points_are_found_again(alpha: float, sigma: float) -> None:
    size, step = (90, 120), 0.25 * min(1.0, sigma / 2)
    for n in range(6):
        warp = Warp(size, recipe(n, alpha, sigma))
        y, x = np.mgrid[-3.0 * sigma : size[0] + 3 * sigma : step, -3.0 * sigma : size[1] / 2 : step]
        points = np.stack([x, y], axis=-1)
        moved = points + displacement(grid_of(warp), points)
        along_y, along_x = np.diff(moved, axis=0)[:, :-1], np.diff(moved, axis=1)[:-1]
        assert (along_x[..., 0] * along_y[..., 1] > along_x[..., 1] * along_y[..., 0]).all()
        points = centres(size)[::3, ::3]
        assert np.abs(pull((warp,), push((warp,), points)) - points).max() <= 1e-3


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(4, 70), st.integers(4, 70), st.sampled_from([0.1, 0.5, 1.0, 5.0, 60.0]))
def test_every_path_makes_the_same_field(seed: int, rows: int, columns: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.random((2, rows + len(TAPS) - 1, columns + len(TAPS) - 1))
    found = set()
    for path in PATHS:
        with on_path(path):
            pushes = smooth_noise(noise, strength)
            rounds = unfold(pushes)
            found.add((rounds, pushes.tobytes()))
    assert len(found) == 1


def test_where_nothing_folds_nothing_changes() -> None:
    pushes = np.random.default_rng(0).uniform(-0.38, 0.38, (2, 30, 40))  # below Choi and Lee's sufficient bound
    before = pushes.copy()
    assert unfold(pushes) == 0
    assert (pushes == before).all()


def test_only_where_a_field_folds_it_is_made_smoother() -> None:
    pushes = np.zeros((2, 40, 50))
    pushes[0, 20, 25], pushes[0, 20, 26] = 2.0, -2.0
    before = pushes.copy()
    assert unfold(pushes) > 0
    changed = np.argwhere((pushes != before).any(axis=0))
    assert len(changed)
    assert np.abs(changed - [20, 25]).max() <= 8


def test_a_recipe_goes_through_json() -> None:
    field = recipe(0)
    assert from_jsonable(to_jsonable(field)) == field
    old = ElasticField(field.stream, 34.0, 4.0, 0.7)  # of behaviour 1: it is written as ever
    assert "smoothed" not in to_jsonable(old)
    assert from_jsonable(to_jsonable(old)) == old
