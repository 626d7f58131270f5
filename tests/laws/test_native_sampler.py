"""The native sampler: every path gives the bytes of the NumPy twin, whatever the picture, the map and the rules."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import augkit as ak
from augkit.core.arrays import Image
from augkit.core.ops import Homography, Warp
from augkit.core.plan import ColorRun, SpatialRun
from augkit.core.spatial import Matrix, Size, about, product, rotation, rounded, scaling, translation
from augkit.executors.executor import Sampling
from augkit.executors.native.colours import recolor
from augkit.executors.native.native_maps import Chain, Lattice, map_of
from augkit.executors.native.native_resampling import resample, show
from support.native_paths import PATHS, on_path
from support.pictures import KEY, noise

DTYPES = (np.uint8, np.uint16, np.float32)
Generator = np.random.Generator


def picture(draw: Generator, size: Size, channels: int, dtype: type) -> Image:
    """Return noise (H, W) or (H, W, C), often a part of a larger picture, or one that is read backwards."""
    shape = size if channels == 0 else (*size, channels)
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    image: Image = (draw.random((shape[0] + 2, shape[1] + 3, *shape[2:])) * top).round(6).astype(dtype)
    views = [image[:-2, :-3].copy(), image[1:-1, 2:-1], image[2:, 3:][::-1], image[2:, 3:][:, ::-1]]
    return views[int(draw.integers(len(views)))]


def matrix(draw: Generator, source: Size, target: Size) -> Matrix:
    zoom, other = float(np.exp(draw.uniform(-1.5, 1.5))), float(np.exp(draw.uniform(-1.0, 1.0)))
    lean = float(draw.uniform(-0.02, 0.02))
    sign = -1.0 if draw.random() < 0.5 else 1.0
    found = [
        about(scaling(zoom * sign, other), source, target),
        about(product(rotation(float(draw.uniform(-180, 180))), scaling(zoom, zoom)), source, target),
        about(((zoom, 0.1, 0.0), (0.05, zoom, 0.0), (lean, -lean, 1.0)), source, target),
        translation(float(draw.integers(-9, 9)), float(draw.integers(-9, 9))),
        about(rotation(90.0 * int(draw.integers(4))), source, target),
    ]
    return found[int(draw.integers(len(found)))]


def run_of(draw: Generator, source: Size) -> SpatialRun:
    size = int(draw.integers(1, 60)), int(draw.integers(1, 60))
    ops: list[Homography | Warp] = [Homography(rounded(matrix(draw, source, size)), size)]
    if draw.random() < 0.3:
        warp = ak.LocalWarp(0.05, 3).draw(ak.Key(int(draw.integers(999)), "x").stream("warp"), ak.Scene(size))
        ops += [op for op in warp if isinstance(op, Warp)]
        ops = ops[::-1] if draw.random() < 0.3 else ops
    y, x = (round(max(1.0, float(np.exp(draw.uniform(-0.7, 1.3)))), 6) for _ in range(2))
    return SpatialRun(tuple(ops), ops[-1].size, reduction=(y, x))


def how_of(draw: Generator, image: Image) -> Sampling:
    border = draw.choice(["reflect", "constant", "replicate", "wrap"])
    channels = image.shape[2] if image.ndim == 3 else 1
    fill = tuple(image.reshape(-1, channels)[0].tolist()) if border == "constant" else ()
    return Sampling(draw.choice(["linear", "linear", "cubic", "lanczos", "nearest"]), border, fill)


def cases(seed: int, count: int) -> Iterator[tuple[Image, SpatialRun, Sampling]]:
    draw = np.random.default_rng(seed)
    for _ in range(count):
        size = int(draw.integers(1, 40)), int(draw.integers(1, 40))
        image = picture(draw, size, int(draw.integers(0, 8)), DTYPES[int(draw.integers(3))])
        yield image, run_of(draw, size), how_of(draw, image)


def assert_all_paths_agree(image: Image, run: SpatialRun, how: Sampling) -> Image:
    with on_path("numpy"):
        twin = resample(image, run, how)
    for path in PATHS:
        with on_path(path):
            np.testing.assert_array_equal(resample(image, run, how), twin, f"{path}: {image.shape}, {run}, {how}")
    return twin


@pytest.mark.parametrize("seed", range(8))
def test_every_path_gives_the_bytes_of_the_twin(seed: int) -> None:
    for case in cases(seed, 24):
        assert_all_paths_agree(*case)


@pytest.mark.parametrize("interpolation", ["linear", "cubic", "lanczos", "nearest"])
@pytest.mark.parametrize("size", [(1, 1), (1, 33_000), (33_000, 1), (3, 40_000)], ids=str)
def test_sides_of_one_pixel_and_above_32767(size: Size, interpolation: str) -> None:
    image = noise(size, 3)
    target = min(size[0], 40), min(size[1], 50)
    for turn in (0.0, 2.0, 90.0, 180.0):
        back = about(product(rotation(turn), scaling(target[1] / size[1], target[0] / size[0])), size, target)
        reduction = size[0] / target[0], size[1] / target[1]
        run = SpatialRun((Homography(rounded(back), target),), target, reduction=reduction)
        assert_all_paths_agree(image, run, Sampling(interpolation, "reflect", ()))  # type: ignore[arg-type]


@pytest.mark.parametrize("zoom", [1.0, 1.2, 2.0, 3.7, 12.0])
@pytest.mark.parametrize("interpolation", ["linear", "cubic", "lanczos"])
def test_along_the_axes_and_turned_are_one_sampler(zoom: float, interpolation: str) -> None:
    """Rows and columns apart give the bytes that the sums of every pixel give: a turn by nothing is no other map."""
    image, target = noise((97, 131), 3), (29, 37)
    along = about(scaling(1.0 / zoom, 1.0 / zoom), (97, 131), target)
    (a, _, c), d, e = along
    run = SpatialRun((Homography(along, target),), target, reduction=(zoom, zoom))
    leant = SpatialRun((Homography(((a, 1e-300, c), d, e), target),), target, reduction=(zoom, zoom))
    how = Sampling(interpolation, "reflect", ())  # type: ignore[arg-type]
    np.testing.assert_array_equal(assert_all_paths_agree(image, run, how), assert_all_paths_agree(image, leant, how))


@pytest.mark.parametrize("seed", range(4))
def test_colours_behind_a_move_are_those_of_two_passes(seed: int) -> None:
    """On every path, and the fill keeps its colours."""
    steps = [ak.Brightness(1.3), ak.Contrast(0.7), ak.Saturation(0.4), ak.Gamma(1.6)]
    draw = np.random.default_rng(seed)
    for image, run, how in cases(seed, 24):
        channels = image.shape[2] if image.ndim == 3 else 1
        some = steps if channels in (3, 4) else steps[:2]
        some = [some[k] for k in draw.permutation(len(some))[: int(draw.integers(1, len(some) + 1))]]
        plan = ak.Pipeline(some).draw(KEY, ak.Scene(run.size, 3, image.dtype.name))
        colours = next(step for step in plan.steps if isinstance(step, ColorRun))
        apart = recolor(resample(image, run, how), colours, channels == 4)
        if how.border == "constant":
            flat = replace(how, interpolation="nearest", fill=(1,))
            outside = resample(np.zeros(image.shape[:2], np.uint8), run, flat) == 1
            apart[outside] = how.fill
        for path in PATHS:
            with on_path(path):
                np.testing.assert_array_equal(show(image, run, colours, how, channels == 4), apart, path)


def test_each_kind_of_map_is_tried() -> None:
    kinds = {type(map_of(run)) for seed in range(8) for _, run, _ in cases(seed, 24)}
    assert kinds == {tuple, Lattice, Chain}


def test_a_flat_picture_stays_flat() -> None:
    """The weights of every phase sum to one, exactly, whatever the kernel and the reduction."""
    for value, dtype in ((201, np.uint8), (65_535, np.uint16), (1.0, np.float32)):
        image = np.full((50, 60, 3), value, dtype)
        for seed in range(30):
            run, draw = run_of(np.random.default_rng(seed), (50, 60)), np.random.default_rng(seed)
            interpolation = draw.choice(["linear", "cubic", "lanczos"])
            assert (resample(image, run, Sampling(interpolation, "reflect", ())) == value).all()
