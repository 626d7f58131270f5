"""Noise of behaviour 2: the same bytes on every path, near the reference's, and the distributions that it promises."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from augkit.core.arrays import Image
from augkit.core.key import Key, Stream
from augkit.core.ops import Erase, Noise
from augkit.core.tonal import finish
from augkit.executors import EXECUTORS
from augkit.executors.executor import Sampling
from augkit.executors.kernels import noise_pieces
from support.native_paths import PATHS, on_path

HOW = Sampling("linear", "reflect", ())
NAME = Key(0, "x").stream("noise").name
KINDS = ("gaussian", "poisson", "salt_and_pepper")
LEVELS = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def picture(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Image:
    values = np.random.default_rng(seed).random(shape) * LEVELS[dtype]
    image: Image = values.astype(dtype)
    return image


def noisy(image: Image, op: Noise, executor: str = "native") -> Image:
    return EXECUTORS.find(executor, "executor").barrier(image, op, HOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", [0.0, 0.004, 0.05, 0.4, 1.0])
def test_every_path_gives_the_bytes_of_the_twin(kind: str, amount: float) -> None:
    op = Noise(NAME, kind, amount)  # type: ignore[arg-type]
    shapes = ((1, 1), (3, 7, 3), (150, 41), (67, 90, 4), (40, 33, 5))
    for shape, dtype in zip(shapes, ("uint8", "uint8", "uint16", "uint8", "float32"), strict=True):
        image = picture(shape, dtype)[::-1]
        with on_path("numpy"):
            twin = noisy(image, op)
        right = noisy(image, op, "reference")
        apart = np.abs(twin.astype(np.float64) - right) / LEVELS[dtype] * 255.0
        assert apart.max() <= 1.0
        assert apart.mean() <= 0.01
        for path in PATHS:
            with on_path(path):
                assert np.array_equal(noisy(image, op), twin), (path, shape, dtype)


@pytest.mark.parametrize("height", [64, 65, 200])
def test_rows_do_not_depend_on_the_rows_below(height: int) -> None:
    """Every place has its own numbers, whatever else there is."""
    image = picture((200, 30, 3), "uint8")
    for kind in KINDS:
        op = Noise(NAME, kind, 0.1)  # type: ignore[arg-type]
        assert np.array_equal(noisy(image, op)[:height], noisy(image[:height], op))


def test_normal_numbers_are_normal() -> None:
    z = noise_pieces.normals(Stream.from_name(NAME), 0, (1_000_000,))
    error = 1e-3  # one standard deviation of a mean of a million
    assert abs(z.mean()) < 4 * error
    assert abs(z.var() - 1.0) < 4 * error * np.sqrt(2.0)
    assert abs((z**3).mean()) < 4 * error * np.sqrt(15.0)
    assert abs((z**4).mean() - 3.0) < 4 * error * np.sqrt(96.0)
    levels = np.array([1e-4, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999])
    below = (z[:, None] < stats.norm.ppf(levels)).mean(axis=0)
    assert (np.abs(below - levels) < 4 * error * np.sqrt(levels * (1 - levels)) + 2e-5).all()


def test_the_table_has_the_moments_of_the_normal_distribution() -> None:
    z = noise_pieces.quantiles() / noise_pieces.SCALE
    assert (np.diff(z) >= 0).all()
    assert abs((z**2).mean() - 1.0) < 1e-4
    assert abs((z**4).mean() - 3.0) < 5e-3
    assert z.max() > 4.2


def test_neighbours_are_independent() -> None:
    z = noise_pieces.normals(Stream.from_name(NAME), 0, (1000, 1000))
    for lag_y, lag_x in ((0, 1), (0, 2), (0, 3), (0, 4), (0, 16), (1, 0), (1, 1), (7, 0)):
        one, other = z[: 1000 - lag_y, : 1000 - lag_x], z[lag_y:, lag_x:]
        assert abs((one * other).mean()) < 4e-3
        assert abs((one**2 * other**2).mean() - 1.0) < 4e-3 * np.sqrt(8.0)
    others = noise_pieces.normals(Key(0, "x", 1).stream("noise"), 0, (1000, 1000))
    assert abs((z * others).mean()) < 4e-3


@pytest.mark.parametrize("amount", [0.01, 0.05, 0.12])
def test_gaussian_noise_has_its_strength_and_no_bias(amount: float) -> None:
    image = np.full((500, 500, 3), 127, np.uint8)
    change = noisy(image, Noise(NAME, "gaussian", amount)).astype(np.float64) - 127.0
    std = np.hypot(amount * 255.0, np.sqrt(1.0 / 12.0))  # rounding adds its own
    assert abs(change.mean()) < 4.5 * std / np.sqrt(change.size)
    assert abs(change.std() / std - 1.0) < 4.5 / np.sqrt(2.0 * change.size) + 1e-3


@pytest.mark.parametrize(("level", "amount"), [(200, 0.05), (30, 0.2), (255, 0.5), (3, 1.0), (90, 0.1)])
def test_photons_have_their_mean_and_variance(level: int, amount: float) -> None:
    means = np.full(400_000, level / 255.0 / amount**2)
    counts = noise_pieces.counted(means, noise_pieces.pieces(Stream.from_name(NAME), 0, means.size, 32))
    mean = float(means[0])
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(mean / means.size) + 2e-3
    assert abs(counts.var() / mean - 1.0) < 4.5 * np.sqrt((2.0 + 1.0 / mean) / means.size) + 4e-3
    if mean < noise_pieces.FEW_PHOTONS:
        known = stats.poisson.pmf(np.arange(8), mean)
        found = np.bincount(counts.astype(int), minlength=8)[:8] / means.size
        assert (np.abs(found - known) < 4.5 * np.sqrt(known / means.size) + 1e-5).all()


def test_as_many_pixels_turn_black_as_white() -> None:
    image = np.full((600, 700, 3), 100, np.uint8)
    done = noisy(image, Noise(NAME, "salt_and_pepper", 0.1))
    assert (done == done[..., :1]).all()  # pixels, not channels
    error = 4.5 * np.sqrt(0.05 / (600 * 700))
    assert abs((done[..., 0] == 0).mean() - 0.05) < error
    assert abs((done[..., 0] == 255).mean() - 0.05) < error


def test_noise_of_behaviour_1_stays() -> None:
    """Every 64 rows have a stream of their own, whose normal numbers are added."""
    image = picture((80, 60, 3), "uint8")
    found = EXECUTORS.find("cpu", "executor").barrier(image, Noise(NAME, "gaussian", 0.05), replace(HOW, behaviour=1))
    for number, rows in enumerate((slice(0, 64), slice(64, 80))):
        z = Stream.from_name(NAME).child(str(number)).normals(*image[rows].shape)
        assert np.array_equal(found[rows], finish(image[rows] + 0.05 * 255.0 * z, image.dtype))


@pytest.mark.parametrize("dtype", LEVELS)
def test_painted_noise_is_the_twins(dtype: str) -> None:
    rectangles = ((-5, 3, 20, 30), (10, 10, 400, 90), (7, 7, 7, 9), (3, 60, 4, 61))
    op = Erase(rectangles, NAME)
    for shape in ((70, 50, 3), (70, 51), (70, 333, 5)):
        image = picture(shape, dtype)[:, ::-1]
        with on_path("numpy"):
            twin = EXECUTORS.find("native", "executor").barrier(image, op, HOW)
        assert np.array_equal(twin, EXECUTORS.find("reference", "executor").barrier(image, op, HOW))
        for path in PATHS:
            with on_path(path):
                assert np.array_equal(EXECUTORS.find("native", "executor").barrier(image, op, HOW), twin), path
