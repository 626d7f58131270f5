"""Filters and pools of the native executor: every path gives the twin's bytes, and those are near the reference's."""

from collections.abc import Iterator

import numpy as np
import pytest

from augkit.core.arrays import Image
from augkit.core.ops import Filter, Gaussian, Motion, Pool, Unsharp
from augkit.core.ops.sliding import KERNELS as NAMED, gaussian
from augkit.core.sampling import Border
from augkit.executors import EXECUTORS, KERNELS
from augkit.executors.executor import Sampling
from augkit.executors.native.windows_filtered import Taps, Two, recipe_of
from support.native_paths import PATHS, on_path

BORDERS: tuple[Border, ...] = ("reflect", "constant", "replicate", "wrap")
LEVELS = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def sharpened(amount: float, sigma: float = 1.0) -> Filter:
    """Return an unsharp mask, written out as `Sharpen` writes it."""
    weights = gaussian(sigma)
    kernel = -amount * weights[:, None] * weights
    kernel[len(kernel) // 2, len(kernel) // 2] += 1.0 + amount
    return Filter(tuple(tuple(round(float(weight), 9) for weight in row) for row in kernel)).centred()


FILTERS = {
    "soft": Filter(Gaussian(1.5)).centred(),
    "faint gaussian": Filter(Gaussian(0.2)).centred(),
    "wide gaussian": Filter(Gaussian(7.0)).centred(),
    "gaussian at a stride": Filter(Gaussian(1.0), (3, 2), (4, 1)),
    "gaussian at another": Filter(Gaussian(0.8), (1, 3), (2, 9)),
    "no blur": Filter(Gaussian(0.0)).centred(),
    "motion": Filter(Motion(9.0, 30.0)).centred(),
    "upright motion": Filter(Motion(5.5, 90.0)).centred(),
    "unsharp": sharpened(0.7),
    "unsharp by its name": Filter(Unsharp(1.0, 0.7)).centred(),
    "unsharp, not padded": Filter(Unsharp(1.3, 2.0)),
    "sharpen much": sharpened(10.0, 1.5),
    **{name: Filter(rows).centred() for name, rows in NAMED.items()},
    "even": Filter(((0.1, 0.2), (0.3, 0.4)), (1, 2), (0, 5)),
    "a row": Filter(((0.5, -1.0, 2.0, 0.25),)),
    "nothing": Filter(((0.0, 0.0), (0.0, 0.0))),
    "too large for int32": Filter(((1e5, -1e5, 0.5),) * 3),
}
POOLS = {
    f"{kind} {size} {stride} {padding}": Pool(kind, size, stride, padding)
    for kind in ("max", "min", "mean", "l2", "median")
    for size, stride, padding in (
        ((2, 2), (2, 2), (0, 0)),
        ((3, 3), (1, 1), (1, 1)),
        ((3, 3), (2, 1), (0, 4)),
        ((1, 4), (1, 1), (0, 0)),
        ((5, 5), (1, 1), (2, 2)),
        ((17, 17), (1, 1), (8, 8)),
    )
}
OPS: dict[str, Filter | Pool] = {**FILTERS, **POOLS}


def pictures() -> Iterator[tuple[Image, Border]]:
    """Yield pictures of all dtypes, odd sizes and numbers of channels, some of whose rows lie anywhere, and borders."""
    source = np.random.default_rng(7)
    shapes = ((23, 31, 3), (17, 40), (30, 17, 1), (19, 23, 2), (18, 21, 5), (26, 45, 4))
    for number, shape in enumerate(shapes):
        dtype = np.dtype(("uint8", "uint16", "uint8", "float32", "uint8", "uint8")[number])
        values = (source.random(shape) * LEVELS[dtype.name]).astype(dtype)
        yield (values if number % 2 else values[::-1, ::-1]), BORDERS[number % 4]


def done(executor: str, image: Image, op: Filter | Pool, border: Border) -> Image:
    channels = image.shape[2] if image.ndim == 3 else 1
    fill = tuple(LEVELS[image.dtype.name] * (n + 1) // 8 for n in range(channels)) if border == "constant" else ()
    return EXECUTORS.find(executor, "executor").barrier(image, op, Sampling("linear", border, fill))


def native(image: Image, op: Filter | Pool, border: Border) -> Image:
    channels = image.shape[2] if image.ndim == 3 else 1
    fill = tuple(LEVELS[image.dtype.name] * (n + 1) // 8 for n in range(channels)) if border == "constant" else ()
    return KERNELS.find(f"{type(op).__name__} native", "kernel")(image, op, Sampling("linear", border, fill))


@pytest.mark.parametrize("name", OPS)
def test_every_path_gives_the_bytes_of_the_twin(name: str) -> None:
    for image, border in pictures():
        with on_path("numpy"):
            twin = native(image, OPS[name], border)
        for path in PATHS:
            with on_path(path):
                found = native(image, OPS[name], border)
            assert (found.dtype, found.shape) == (twin.dtype, twin.shape)
            assert np.array_equal(found, twin), (path, image.shape, image.dtype, border)


@pytest.mark.parametrize("name", OPS)
def test_it_is_what_the_reference_does(name: str) -> None:
    for image, border in pictures():
        found, right = native(image, OPS[name], border), done("reference", image, OPS[name], border)
        apart = np.abs(found.astype(np.float64) - right) / LEVELS[image.dtype.name] * 255.0
        assert found.shape == right.shape
        assert apart.max() <= 1.0, (image.shape, image.dtype, border)
        assert apart.mean() <= 0.1, (image.shape, image.dtype, border)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_has_no_bias(name: str) -> None:
    image = np.random.default_rng(3).integers(60, 200, (90, 120, 3)).astype(np.uint8)
    found, right = native(image, FILTERS[name], "reflect"), done("reference", image, FILTERS[name], "reflect")
    assert abs(float(found.astype(np.float64).mean() - right.mean())) < 0.01


@pytest.mark.parametrize("name", FILTERS)
def test_flat_pictures_stay_flat(name: str) -> None:
    """Weights as whole numbers add up to what the kernel's do."""
    image = np.full((60, 70, 3), 201, np.uint8)
    assert np.array_equal(native(image, FILTERS[name], "reflect"), done("reference", image, FILTERS[name], "reflect"))


def test_an_unsharp_mask_is_told_from_its_numbers() -> None:
    """Taps would be as right, and several times slower."""
    assert isinstance(recipe_of(FILTERS["unsharp"]), Two)
    assert isinstance(recipe_of(FILTERS["soft"]), Two)
    assert isinstance(recipe_of(FILTERS["motion"]), Taps)
    assert recipe_of(FILTERS["too large for int32"]) is None


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 1), (2, 3)])
def test_padding_may_be_larger_than_the_picture(path: str, size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    for border in BORDERS:
        for op in (Filter(Gaussian(2.0)).centred(), Pool("median", (3, 3), (1, 1), (1, 1)), FILTERS["motion"]):
            with on_path(path):
                found = native(image, op, border)
            apart = np.abs(found.astype(np.float64) - done("reference", image, op, border))
            assert apart.max() <= 1.0
