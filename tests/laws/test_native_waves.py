"""Slow waves in exact sums: the reference's pictures, and the same bytes whatever adds them up."""

from base64 import b64encode

import numpy as np
import pytest

from augkit.core.arrays import Array, Image
from augkit.core.ops import Spectrum
from augkit.executors import EXECUTORS
from augkit.executors.executor import Sampling
from augkit.executors.native import slow_waves
from support.pictures import noise, picture

HOW = Sampling("linear", "reflect", ())
LEVELS = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def spectrum(reach: int) -> Spectrum:
    source = np.random.default_rng(reach)
    amplitudes = source.random((3, 2 * reach + 1, reach + 1)) * 0.02
    amplitudes[:, reach, 0] = 0.4  # the mean
    return Spectrum(reach, b64encode(amplitudes.astype("<f4").tobytes()).decode())


def done(image: Image, op: Spectrum, executor: str = "native") -> Image:
    return EXECUTORS.find(executor, "executor").barrier(image, op, HOW)


@pytest.mark.parametrize("dtype", LEVELS)
@pytest.mark.parametrize(("size", "reach"), [((60, 90), 5), ((375, 120), 24), ((51, 49), 24), ((3, 3), 1), ((1, 8), 0)])
def test_it_is_what_the_reference_does(dtype: str, size: tuple[int, int], reach: int) -> None:
    for image in (picture((max(size[0], 32), max(size[1], 32)))[: size[0], : size[1]], noise(size)):
        deep = (image / 255.0 * LEVELS[dtype]).astype(dtype)
        found, right = done(deep, spectrum(reach)), done(deep, spectrum(reach), "reference")
        apart = np.abs(found.astype(np.float64) - right) / LEVELS[dtype] * 255.0
        assert apart.max() <= 1.0
        assert apart.mean() <= 0.1


def test_the_order_of_adding_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sums are exact: those of BLAS, and those from the last term to the first."""

    def backwards(left: Array, right: Array) -> Array:
        total = np.zeros((left.shape[0], right.shape[1]))
        for place in reversed(range(left.shape[1])):
            total += left[:, place, None] * right[place]
        return total

    for dtype in LEVELS:
        image = (np.random.default_rng(1).random((130, 77, 3)) * LEVELS[dtype]).astype(dtype)
        first = done(image, spectrum(11))
        with monkeypatch.context() as patch:
            patch.setattr(slow_waves, "matmul", backwards)
            assert np.array_equal(done(image, spectrum(11)), first)
