"""Laws of colour runs in the native executor: what the reference defines, and the same bytes on every path."""

import random

import numpy as np
import pytest

from augkit import compiled
from augkit.core.arrays import Array
from augkit.core.ops import ColorMatrix, Curve
from augkit.core.ops.colouring import FUNCTIONS, NO_OFFSET
from augkit.core.plan import ColorRun
from augkit.core.spatial import IDENTITY
from augkit.core.tonal import RANGE, hue, saturation
from augkit.executors import reference
from augkit.executors.native.colour_programs import MIX, REAL, TABLE, TABLES, mix_numbers, program_of
from augkit.executors.native.colours import recolor, recoloured
from augkit.executors.native.curves import LINEAR, NAMES, power, steps_of, table
from support.native_paths import PATHS, on_path

Matrices = tuple[ColorMatrix, ...]
MATRICES: Matrices = (
    ColorMatrix(saturation(0.0), NO_OFFSET), ColorMatrix(saturation(1.7), NO_OFFSET), ColorMatrix(hue(35.0), NO_OFFSET),
    ColorMatrix(IDENTITY, (0.03, -0.11, 0.002)), ColorMatrix((IDENTITY[2], IDENTITY[0], IDENTITY[1]), NO_OFFSET),
    ColorMatrix(saturation(30.0), (0.1, 0.0, -0.1)), ColorMatrix(saturation(1e6), NO_OFFSET),
    ColorMatrix(((0.5, 0.5, 0.0), (0.25, 0.5, 0.25), (0.0, 1.0, 0.0)), NO_OFFSET),
    ColorMatrix(((0.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.5, 0.0)), (0.5, 1.0, 0.0)),
)  # fmt: skip
NUMBERS = {"gain": (0.0, 0.7, 1.3, 40.0, 1e5), "contrast": (0.0, 0.6, 1.5, 30.0), "gamma": (0.05, 0.7, 1.4, 20.0)}
NUMBERS |= {"invert": (0.3, 1.0), "posterize": (1.0, 3.0, 7.0), "solarize": (0.0, 0.4, 0.5), "threshold": (0.5, 0.77)}


def picture(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Return noise that goes over the whole range and lies in rows of any distance."""
    height, width = shape[:2]
    wide = rng.random((height, width + int(rng.integers(4)), *shape[2:]))[:, :width]
    top = RANGE[np.dtype(dtype)]
    wide = np.rint(wide * top) if top > 1.0 else wide
    spare: Array = np.zeros((height, width + 3, *shape[2:]), dtype)
    spare[:, :width] = wide
    return spare[:, :width]


def any_run(chosen: random.Random, mixes: bool) -> ColorRun:
    ops: list[ColorMatrix | Curve] = []
    for _ in range(chosen.randint(1, 5)):
        if mixes and chosen.random() < 0.5:
            ops.append(chosen.choice(MATRICES))
        else:
            names = chosen.choices(NAMES, k=chosen.randint(1, 3))
            ops.append(Curve(tuple((name, chosen.choice(NUMBERS[name])) for name in names)))
    return ColorRun(tuple(ops))


def test_every_function_is_known() -> None:
    assert set(NAMES) == set(FUNCTIONS) == set(NUMBERS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_path_gives_the_bytes_of_the_twin(path: str, dtype: type) -> None:
    rng, chosen = np.random.default_rng(5), random.Random(5)
    for turn in range(80):
        channels, alpha = chosen.choice(
            [(3, False), (3, False), (4, True), (1, False), (2, True), (5, False), (6, True)]
        )
        run = any_run(chosen, mixes=channels in (3, 4))
        size = (1, 1) if turn == 0 else (chosen.randint(1, 5), chosen.randint(1, 70))
        image = picture(rng, (*size, channels), dtype)
        program = program_of(run, image.dtype, channels, alpha)
        with on_path(path):
            found, before = recolor(image, run, alpha), image.copy()
        np.testing.assert_array_equal(found.view(np.uint8), recoloured(image, program).view(np.uint8))
        np.testing.assert_array_equal(image, before)
        assert found.shape == image.shape
        if alpha:
            np.testing.assert_array_equal(found[..., -1], image[..., -1])


@pytest.mark.parametrize("path", PATHS)
def test_pictures_of_two_axes_and_turned_ones(path: str) -> None:
    image = picture(np.random.default_rng(1), (7, 33, 3), np.uint8)
    run = ColorRun((Curve((("gain", 1.2),)), ColorMatrix(saturation(1.3), NO_OFFSET)))
    curve = ColorRun(run.ops[:1])
    with on_path(path):
        whole = recolor(np.ascontiguousarray(image), run, alpha=False)
        for seen in (np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3]):
            np.testing.assert_array_equal(recolor(image[seen], run, alpha=False), whole[seen])
        np.testing.assert_array_equal(recolor(image[..., 1], curve, False), recolor(image, curve, False)[..., 1])


@pytest.mark.parametrize("path", PATHS)
def test_tables_have_the_same_numbers_on_every_path(path: str) -> None:
    for name, numbers in NUMBERS.items():
        for number in numbers:
            steps = [*steps_of(((name, number), ("contrast", 1.3))), LINEAR, 0.9, -0.02]
            for letter, count, limits in (("B", 256, (0, 255)), ("h", 16321, (-300, 32767)), ("H", 65536, (0, 65535))):
                given = (steps, count, letter, 1.5 * count, limits, 0.5 * (letter == "h"))
                with on_path(path):
                    found = table(*given)
                with on_path("numpy"):
                    assert table(*given) == found


@pytest.mark.skipif(compiled.library is None, reason="nothing was compiled")
def test_mixes_have_the_same_numbers_in_c() -> None:
    chosen = random.Random(8)
    for _ in range(300):
        size = 10.0 ** chosen.uniform(-6.0, 6.0)
        rows = [[chosen.choice((0.0, 0.5, chosen.uniform(-size, size))) for _ in range(3)] for _ in range(4)]
        red, green, blue, offset = (tuple(row) for row in rows)
        given = ((red, green, blue), offset, (chosen.uniform(-2.0, 2.0), 0.1), (-300, 255))
        fractions = (chosen.randint(0, 7), chosen.randint(0, 7)), chosen.choice((255.0, 32767.0)), chosen.random() < 0.5
        found = mix_numbers(*given, *fractions)  # type: ignore[arg-type]  # rows of three
        with on_path("numpy"):
            assert mix_numbers(*given, *fractions) == found  # type: ignore[arg-type]  # rows of three


def judged(image: Array, run: ColorRun) -> tuple[float, float, float]:
    """Return the mean distance to the reference in levels of 8 bits, the bias, and the share of those above 2."""
    levels = 255.0 / RANGE[image.dtype]
    expected = reference.recolor(image, run, alpha=False).astype(np.float64)
    apart = (recolor(image, run, alpha=False) - expected) * levels
    return float(np.abs(apart).mean()), float(apart.mean()), float((np.abs(apart) > 2.0).mean())


def usual_run(chosen: random.Random) -> ColorRun:
    ops: list[ColorMatrix | Curve] = [
        Curve((("gain", chosen.uniform(0.6, 1.6)), ("contrast", chosen.uniform(0.5, 1.8)))),
        ColorMatrix(saturation(chosen.uniform(0.0, 2.0)), NO_OFFSET),
        ColorMatrix(hue(chosen.uniform(-90.0, 90.0)), (chosen.uniform(-0.1, 0.1), 0.0, 0.03)),
        Curve((("gamma", chosen.uniform(0.5, 1.8)),)),
        Curve((("solarize", chosen.uniform(0.2, 0.9)), ("gain", 1.1))),
    ]
    ops = chosen.sample(ops, chosen.randint(1, 4))
    if (
        chosen.random() < 0.3
    ):  # at the end: of four levels in a channel a rounding that differs would count by thousands
        ops.append(Curve((("posterize", float(chosen.randint(2, 7))),)))
    return ColorRun(tuple(ops))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_runs_are_what_the_reference_defines(dtype: type) -> None:
    rng, chosen = np.random.default_rng(2), random.Random(2)
    for _ in range(40):
        smooth = np.cumsum(rng.normal(0.0, 0.02, (60, 90, 3)), axis=1) + rng.random((60, 1, 3))
        values = np.clip(smooth, 0.0, 1.0) * RANGE[np.dtype(dtype)]
        image = values.astype(dtype) if dtype == np.float32 else np.rint(values).astype(dtype)
        run = usual_run(chosen)
        mean, bias, beyond = judged(image, run)
        assert mean <= 0.02, run
        assert abs(bias) < 0.01, run
        assert beyond <= 0.001, run


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.4, 3.0])
def test_greys_stay_exactly_as_they_are(factor: float) -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for matrix in (saturation(factor), hue(100.0 * factor)):
        np.testing.assert_array_equal(recolor(greys, ColorRun((ColorMatrix(matrix, NO_OFFSET),)), False), greys)


def test_curves_of_whole_numbers_are_exactly_the_reference() -> None:
    for dtype, count in ((np.uint8, 256), (np.uint16, 65536)):
        levels = np.arange(count).astype(dtype).reshape(1, -1, 1)
        for name, numbers in NUMBERS.items():
            for number in numbers:
                run = ColorRun((Curve(((name, number),)),))
                np.testing.assert_array_equal(recolor(levels, run, False), reference.recolor(levels, run, False))


@pytest.mark.parametrize("bits", [2.0, 4.0, 6.0])
def test_what_lies_just_beside_a_step_after_a_matrix_stays_there(bits: float) -> None:
    """Every colour of two channels: as many lie below the steps of the mixture as the reference says."""
    pairs = np.stack(np.meshgrid(*[np.arange(256)] * 2), axis=-1).astype(np.uint8)
    image = np.concatenate([pairs, pairs[..., :1]], axis=-1)
    biases = []
    for matrix in (saturation(0.0), saturation(0.6), saturation(1.3), hue(20.0), hue(-33.0)):
        run = ColorRun((ColorMatrix(matrix, NO_OFFSET), Curve((("posterize", bits),))))
        _, bias, beyond = judged(image, run)
        assert beyond <= 0.001
        biases.append(bias)
    assert max(map(abs, biases)) < 0.01
    assert abs(np.mean(biases)) < 0.003


def test_true_halves_go_to_even_numbers() -> None:
    pairs = np.stack(np.meshgrid(*[np.arange(256)] * 2), axis=-1).astype(np.uint8)
    image = np.concatenate([pairs, pairs[..., :1]], axis=-1)
    run = ColorRun((MATRICES[7],))
    np.testing.assert_array_equal(recolor(image, run, False), reference.recolor(image, run, False))


def test_powers_are_true_to_many_digits() -> None:
    values = np.concatenate([np.linspace(0.0, 1.0, 1001), [1e-9, 1e-30]])
    for exponent in (1e-3, 0.4, 1.0, 2.2, 17.0, 1e3):
        expected = values**exponent
        np.testing.assert_allclose(power(values, exponent), expected, rtol=1e-9, atol=1e-300)
        if exponent < 20.0:
            single = power(values.astype(np.float32), exponent)
            assert single.dtype == np.float32
            np.testing.assert_allclose(single, expected, rtol=1e-5, atol=1e-37)


def test_usual_runs_are_done_in_whole_numbers() -> None:
    bytes_of, deep = np.dtype(np.uint8), np.dtype(np.uint16)
    gain, mix = Curve((("gain", 1.2),)), ColorMatrix(saturation(1.2), NO_OFFSET)
    kinds: list[tuple[tuple[ColorMatrix | Curve, ...], int]] = [
        ((gain,), TABLE),
        (MATRICES[3:5], TABLES),
        ((gain, mix, gain, mix), MIX),
        ((MATRICES[6],), REAL),
    ]
    for ops, kind in kinds:
        assert program_of(ColorRun(ops), bytes_of, 3, False)[0] == kind
    assert program_of(ColorRun((mix,)), deep, 3, False)[0] == REAL
