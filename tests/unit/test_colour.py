"""Laws of colour: the closed forms, no bias, and values that are clamped and rounded once."""

import colorsys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from scipy import stats

import augkit as ak
from augkit.core.ops import ColorMatrix, Curve
from augkit.core.plan import ColorRun, Plan
from augkit.core.sampling import Behaviour
from augkit.core.tonal import LUMA, hue, principal_components, saturation
from augkit.errors import ArgumentError
from augkit.preview.numbers import numbers
from augkit.transforms.colour import _IMAGENET as IMAGENET
from support.pictures import KEY, TOP, assert_close, channels_of, noise, picture
from support.table import STATISTICS, STYLE
from support.torchvision_models import torchvision

both = pytest.mark.parametrize("executor", ["cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
SIZE = (60, 80)


def middling(dtype: str = "uint8") -> Any:
    """Return a picture whose values lie far from both ends of the range."""
    return (
        (picture(SIZE, "float32") * 0.4 + 0.3)
        if dtype == "float32"
        else (channels_of(3, SIZE, dtype) // 5 * 2 + TOP[dtype] * 0.3).astype(dtype)
    )


def run(ops: tuple[Any, ...], image: Any, executor: str = "cpu") -> Any:
    return ak.run(Plan(image.shape[:2], (ColorRun(ops),)), ak.Sample(image), executor).image


@both
@dtypes
@pytest.mark.parametrize("statistics", ["imagenet", STATISTICS], ids=["imagenet", "own"])
def test_pca_shift_is_the_closed_form(executor: str, dtype: str, statistics: Any) -> None:
    image, fitted = middling(dtype), IMAGENET if statistics == "imagenet" else statistics
    for n in range(5):
        key = ak.Key(n, "a")
        stream = key.stream("PCAColorShift")
        alpha = np.array([stream.normal(0.0, 0.1) for _ in range(3)])
        wanted = np.array(fitted.eigenvectors) @ (alpha * np.array(fitted.eigenvalues)) * TOP[dtype]
        out = ak.Pipeline([ak.PCAColorShift(0.1, statistics)])(ak.Sample(image), key, executor).image
        moved = out.astype(np.float64) - image
        tolerance = 1e-6 if dtype == "float32" else 0.501
        np.testing.assert_allclose(moved.reshape(-1, 3), np.broadcast_to(wanted, (image.size // 3, 3)), atol=tolerance)
        assert np.ptp(moved.reshape(-1, 3), axis=0).max() <= (2e-7 if dtype == "float32" else 0)


def test_pca_factors_are_normal() -> None:
    vectors, values = np.array(IMAGENET.eigenvectors), np.array(IMAGENET.eigenvalues)
    shifts = [ak.PCAColorShift(0.1).draw(ak.Key(n, "a").stream("s"), ak.Scene(SIZE))[0].offset for n in range(4000)]  # type: ignore[union-attr]
    alphas = np.linalg.solve(vectors, np.array(shifts).T) / values[:, None]
    for alpha in alphas:
        assert stats.kstest(alpha, "norm", (0, 0.1)).pvalue > 1e-3
    assert np.abs(np.corrcoef(alphas) - np.eye(3)).max() < 0.06


def test_published_statistics_are_nearly_orthonormal() -> None:
    vectors = np.array(IMAGENET.eigenvectors)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-3)


@both
@dtypes
@pytest.mark.parametrize("offset", [1e6, -1e6, 1e20])
def test_a_shift_beyond_the_range_stays_at_its_end(executor: str, dtype: str, offset: float) -> None:
    out = run((ColorMatrix(((1, 0, 0), (0, 1, 0), (0, 0, 1)), (offset, 0.0, -offset)),), middling(dtype), executor)
    ends = [0.0, TOP[dtype]] if offset < 0 else [TOP[dtype], 0.0]
    assert [set(out[..., channel].ravel().tolist()) for channel in (0, 2)] == [{end} for end in ends]


@both
def test_a_pictures_own_components(executor: str) -> None:
    image = middling()
    out = ak.Pipeline([ak.ImagePCAColorShift(1.0)])(ak.Sample(image), KEY, executor).image
    values, vectors = np.linalg.eigh(np.cov(image.reshape(-1, 3).T / 255.0, bias=True))
    moved = (out.astype(float) - image).reshape(-1, 3)
    assert np.ptp(moved, axis=0).max() == 0
    stream = KEY.stream("ImagePCAColorShift")
    alpha = np.array([stream.normal(0.0, 1.0) for _ in range(3)])[::-1]  # eigh: smallest first
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    wanted = [vectors @ (sign * alpha * values) * 255 for sign in signs]
    assert min(np.abs(moved[0] - shift).max() for shift in wanted) <= 0.501


def test_principal_components_have_a_fixed_sign() -> None:
    values, vectors = principal_components(np.cov(noise(SIZE).reshape(-1, 3).T / 255.0))
    assert (np.diff(values) <= 0).all()
    assert (vectors[np.abs(vectors).argmax(axis=0), range(3)] > 0).all()


@both
@dtypes
def test_times_one_point_one_has_no_bias(executor: str, dtype: str) -> None:
    image = (noise((300, 400), dtype="float32") * 0.9 * TOP[dtype]).astype(dtype)
    out = ak.Pipeline([ak.Brightness(1.1)])(ak.Sample(image), KEY, executor).image
    levels = (out.astype(np.float64) - image.astype(np.float64) * 1.1) * 255 / TOP[dtype]
    assert abs(levels.mean()) < 0.01
    if dtype == "uint8":
        every = np.arange(232, dtype=np.uint8)[None]  # 232 * 1.1 > 255
        wanted = np.rint(every * 1.1 + 1e-9)
        got = ak.Pipeline([ak.Brightness(1.1)])(ak.Sample(every), KEY, executor).image
        assert (np.abs(got - wanted) <= (np.abs(every * 1.1 % 1 - 0.5) < 1e-6)).all()  # ties may go either way


@both
@dtypes
@pytest.mark.parametrize(
    "step",
    [ak.Saturation(0.3), ak.Saturation(1.5), ak.Hue(30.0), ak.Hue(-77.0), ak.Grayscale(), ak.ColorTransfer(STYLE, 0.5)],
    ids=lambda step: type(step).__name__,
)
def test_matrices_have_no_bias(executor: str, dtype: str, step: ak.Transform) -> None:
    image = noise((300, 400), 3, dtype)
    out = ak.Pipeline([step])(ak.Sample(image), KEY, executor).image
    exact = ak.Pipeline([step])(ak.Sample((image / TOP[dtype]).astype(np.float32)), KEY, "reference").image
    levels = (out / TOP[dtype] - exact) * 255
    assert np.abs(levels.mean(axis=(0, 1))).max() < 0.01


@both
@dtypes
def test_a_run_rounds_once_and_curves_clamp_their_input(executor: str, dtype: str) -> None:
    image = channels_of(3, SIZE, dtype)
    values = image / TOP[dtype]
    there_and_back = run((Curve((("gain", 0.1), ("gain", 10.0))),), image, executor)
    assert_close(there_and_back, image, mean=0.01, most=0.01)
    clamped = run((Curve((("gain", 3.0), ("gain", 1 / 3))),), image, executor)
    assert_close(clamped, as_stored(np.minimum(values * 3, 1) / 3, dtype), mean=0.01, most=1.01)
    # A matrix does not clamp: what leaves the range between two of them comes back.
    far = ColorMatrix(((1, 0, 0), (0, 1, 0), (0, 0, 1)), (0.85, 0.85, 0.85))
    near = ColorMatrix(far.matrix, (-0.85, -0.85, -0.85))
    assert_close(run((far, near), image, executor), image, mean=0.01, most=1.01)
    assert_close(
        run((far, Curve((("gain", 1.0),)), near), image, executor),
        as_stored(np.minimum(values + 0.85, 1) - 0.85, dtype),
        mean=0.05,
        most=1.01,
    )


def as_stored(values: Any, dtype: str) -> Any:
    scaled = np.clip(values, 0, 1) * TOP[dtype]
    return scaled.astype(dtype) if dtype == "float32" else np.rint(np.round(scaled, 6)).astype(dtype)  # halves are even


@both
@dtypes
def test_curves_are_their_formulas(executor: str, dtype: str) -> None:
    image = channels_of(4, SIZE, dtype)
    v = image / TOP[dtype]
    for step, formula in {
        ak.Brightness(1.7): v * 1.7, ak.Contrast(0.3): (v - 0.5) * 0.3 + 0.5, ak.Contrast(2.0): (v - 0.5) * 2 + 0.5,
        ak.Gamma(0.5): v**0.5, ak.Gamma(2.5): v**2.5, ak.Brightness(0.0): v * 0,
    }.items():  # fmt: skip
        out = ak.Pipeline([step])(ak.Sample(image), KEY, executor).image
        assert_close(out, as_stored(formula, dtype), mean=0.01, most=1.0)


@given(st.floats(-360, 360), st.floats(-360, 360))
def test_hues_turn_about_the_grey_axis(one: float, other: float) -> None:
    np.testing.assert_allclose(np.array(LUMA) @ np.array(hue(one)), LUMA, atol=1e-9)
    np.testing.assert_allclose(np.array(hue(one)) @ np.ones(3), np.ones(3), atol=1e-5)
    np.testing.assert_allclose(np.array(hue(one)) @ np.array(hue(other)), np.array(hue(one + other)), atol=1e-9)
    np.testing.assert_allclose(np.array(hue(one)) @ np.array(hue(360 - one)), np.eye(3), atol=1e-9)


def turned(step: ak.Hue, colour: tuple[int, int, int], behaviour: Behaviour = 2) -> Any:
    """Return what becomes of one colour, far enough from both ends that nothing is cut off."""
    pipeline = ak.Pipeline([step], behaviour=behaviour)
    return pipeline(ak.Sample(np.full((2, 2, 3), colour, np.uint8)), KEY, "reference").image[0, 0].astype(float)


HUES = [(160, 100, 100), (160, 160, 100), (100, 160, 100), (100, 160, 160), (100, 100, 160), (160, 100, 160)]


@pytest.mark.parametrize("degrees", [-90.0, -30.0, 10.0, 30.0, 60.0, 150.0])
@pytest.mark.parametrize("colour", HUES, ids=str)
def test_hues_turn_as_hsv_and_torchvision_turn(colour: tuple[int, int, int], degrees: float) -> None:
    """About as far: a rotation in YIQ does not turn all hues of HSV alike."""
    torchvision_turn = torchvision.transforms.functional.adjust_hue
    theirs = torchvision_turn(torch.tensor(colour, dtype=torch.uint8).reshape(3, 1, 1), degrees / 360.0)
    ours, theirs = (
        360.0 * colorsys.rgb_to_hsv(*values)[0]
        for values in (turned(ak.Hue(degrees), colour) / 255.0, theirs.flatten().numpy() / 255.0)
    )
    assert abs((ours - theirs + 180.0) % 360.0 - 180.0) < 22.0


def test_a_positive_hue_takes_red_towards_yellow_and_behaviour_1_the_other_way() -> None:
    red = (160, 100, 100)
    towards_yellow, towards_purple = turned(ak.Hue(30), red), turned(ak.Hue(-30), red)
    assert towards_yellow[1] > towards_yellow[2] + 10
    assert towards_purple[2] > towards_purple[1] + 10
    assert (turned(ak.Hue(30), red, 1) == towards_purple).all()
    assert (turned(ak.Hue(-30), red, 1) == towards_yellow).all()


@pytest.mark.parametrize("behaviour", [1, 2])
def test_captions_tell_the_turn_that_was_asked_for(behaviour: Behaviour) -> None:
    plan = ak.Pipeline([ak.Hue(17.0)], behaviour=behaviour).draw(KEY, ak.Scene(SIZE))
    assert numbers(plan) == ["hue +17.0°"]


@both
def test_hue_keeps_luma(executor: str) -> None:
    image = middling()
    for degrees in (-90, 20, 120):
        out = ak.Pipeline([ak.Hue(degrees)])(ak.Sample(image), KEY, executor).image
        unclipped = ((out > 0) & (out < 255)).all(axis=-1)
        np.testing.assert_allclose((out @ np.array(LUMA))[unclipped], (image @ np.array(LUMA))[unclipped], atol=0.7)


@both
@dtypes
def test_saturation_nought_is_grayscale(executor: str, dtype: str) -> None:
    image = picture(SIZE, dtype)
    grey = ak.Pipeline([ak.Grayscale()])(ak.Sample(image), KEY, executor).image
    np.testing.assert_array_equal(grey, ak.Pipeline([ak.Saturation(0)])(ak.Sample(image), KEY, executor).image)
    assert np.ptp(grey, axis=-1).max() <= (1e-6 if dtype == "float32" else 0)
    np.testing.assert_allclose(grey[..., 0] * (255.0 / TOP[dtype]), image @ np.array(LUMA) * 255 / TOP[dtype], atol=0.6)
    np.testing.assert_array_equal(ak.Pipeline([ak.Saturation(1)])(ak.Sample(image), KEY, executor).image, image)


matrices = st.builds(hue, st.floats(-180, 180)) | st.builds(saturation, st.floats(0, 3))
offsets = st.tuples(*[st.floats(-1, 1)] * 3)
colours = st.builds(ColorMatrix, matrices, offsets)


@given(colours, colours, offsets)
def test_matrices_compose(first: ColorMatrix, second: ColorMatrix, value: tuple[float, float, float]) -> None:
    both_at_once = second.after(first)
    middle = np.array(first.matrix) @ value + first.offset
    wanted = np.array(second.matrix) @ middle + second.offset
    np.testing.assert_allclose(np.array(both_at_once.matrix) @ value + both_at_once.offset, wanted, atol=1e-9)


@both
def test_alpha_is_left_alone(executor: str) -> None:
    image = channels_of(4, SIZE)
    for step in (ak.Brightness(1.5), ak.Hue(40), ak.PCAColorShift(1.0), ak.ImagePCAColorShift(1.0), ak.Gamma(2)):
        out = ak.Pipeline([step])(ak.Sample(image, alpha=True), KEY, executor).image
        np.testing.assert_array_equal(out[..., 3], image[..., 3])
        assert (out[..., :3] != image[..., :3]).any()


def test_what_is_no_statistics_is_refused_in_a_sentence() -> None:
    for make, says in (
        (
            lambda: ak.ColorStatistics((0.1, 0.2), STATISTICS.eigenvectors),  # type: ignore[arg-type]
            r"^ColorStatistics\.eigenvalues\[2\]: ",
        ),
        (lambda: ak.ColorStatistics((0.1, 0.2, 0.1)), r"^ColorStatistics\.eigenvectors: must be given"),  # type: ignore[call-arg]
        (lambda: ak.ColorStatistics(STATISTICS.eigenvalues, STATISTICS.eigenvectors, 3), r"^ColorStatistics: takes 2"),  # type: ignore[call-arg]
    ):
        with pytest.raises(ArgumentError, match=says):
            make()  # type: ignore[no-untyped-call]
