"""Laws of levels: steps are Pillow's and OpenCV's to the last level, and mean the same to every dtype."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image, ImageOps
from scipy.signal import correlate2d

import augkit as ak
from augkit.core.ops.sliding import KERNELS
from augkit.core.tonal import LUMA
from support.pictures import KEY, TOP, noise, picture

both = pytest.mark.parametrize("executor", ["cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
SIZE = (60, 80)
EVERY = np.arange(256, dtype=np.uint8).reshape(16, 16)


def through(step: ak.Transform, image: Any, executor: str = "cpu") -> Any:
    return ak.Pipeline([step])(ak.Sample(image), KEY, executor).image


@both
@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_is_pillows(executor: str, bits: int) -> None:
    right = np.asarray(ImageOps.posterize(Image.fromarray(EVERY), bits))
    np.testing.assert_array_equal(through(ak.Posterize(bits), EVERY, executor), right)


@both
@pytest.mark.parametrize("level", [0, 1, 100, 128, 255])
def test_solarize_is_pillows(executor: str, level: int) -> None:
    right = np.asarray(ImageOps.solarize(Image.fromarray(EVERY), level))
    np.testing.assert_array_equal(through(ak.Solarize(level / 255), EVERY, executor), right)
    wide = through(ak.Solarize(level / 255), EVERY.astype(np.uint16) * 257, executor)
    np.testing.assert_array_equal(wide, right.astype(np.uint16) * 257)


@both
@dtypes
def test_inverting_twice_changes_nothing(executor: str, dtype: str) -> None:
    image = noise(SIZE, 3, dtype)
    once = through(ak.Invert(), image, executor)
    np.testing.assert_allclose(once.astype(float), TOP[dtype] - image.astype(float), atol=1e-6)
    np.testing.assert_allclose(through(ak.Invert(), once, executor), image, atol=1e-6)
    assert len(ak.Pipeline([ak.Invert()]).draw(KEY, ak.Scene(SIZE)).steps) == 1


@both
@dtypes
@pytest.mark.parametrize("threshold", [0.0, 100 / 255, 0.5, 1.0])
def test_a_pixel_is_white_from_the_threshold_on(executor: str, dtype: str, threshold: float) -> None:
    grey = EVERY if dtype == "uint8" else (EVERY / 255 * TOP[dtype]).astype(dtype)
    out = through(ak.Binarize(threshold), grey, executor)
    np.testing.assert_array_equal(out, np.where(threshold - 1e-9 <= EVERY / 255, TOP[dtype], 0))
    rgb = picture(SIZE, dtype)
    out = through(ak.Binarize(threshold), rgb, executor)
    luma = rgb / TOP[dtype] @ np.array(LUMA)
    sure = np.abs(luma - threshold) > 1e-5
    np.testing.assert_array_equal(out[sure], np.where(luma >= threshold, TOP[dtype], 0)[sure][:, None] * np.ones(3))


@both
@given(seed=st.integers(0, 99), low=st.integers(0, 100), width=st.integers(0, 155))
def test_otsu_is_opencvs(executor: str, seed: int, low: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((20, 30)) < 0.4, 0.2, 0.7) + rng.random((20, 30)) * 0.3
    image = (low + width * values).astype(np.uint8)
    levels = np.abs(through(ak.Equalize(), image, executor).astype(int) - cv2.equalizeHist(image))
    assert levels.max() <= 1
    assert levels.mean() <= 0.1


@both
@dtypes
def test_equalize_makes_an_even_histogram(executor: str, dtype: str) -> None:
    image = (noise((100, 100), 3, "float32") ** 0.5 * TOP[dtype]).astype(dtype)
    out = through(ak.Equalize(), image, executor) / TOP[dtype]
    shares = np.histogram(out, 10, (0, 1))[0] / out.size
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


@both
@dtypes
@pytest.mark.parametrize("cutoff", [0.0, 0.05])
def test_auto_contrast_reaches_both_ends(executor: str, dtype: str, cutoff: float) -> None:
    image = ((picture(SIZE, "float32") * 0.4 + 0.3) * TOP[dtype]).astype(dtype)
    out = through(ak.AutoContrast(cutoff), image, executor)
    for channel in range(3):
        plane = image[..., channel].astype(float)
        low, high = np.quantile(plane, [cutoff, 1 - cutoff])
        right = np.clip((plane - low) / (high - low), 0, 1)
        np.testing.assert_allclose(out[..., channel] / TOP[dtype], right, atol=0.025 if cutoff else 0.003)
        assert (out[..., channel].min(), out[..., channel].max()) == (0, TOP[dtype])


@both
def test_auto_contrast_is_pillows(executor: str) -> None:
    image = (picture(SIZE) // 2 + 40).astype(np.uint8)
    right = np.asarray(ImageOps.autocontrast(Image.fromarray(image)))
    assert np.abs(through(ak.AutoContrast(), image, executor).astype(int) - right).max() <= 1


@both
@dtypes
@pytest.mark.parametrize("step", [ak.Equalize(), ak.AutoContrast(), ak.AutoContrast(0.3)], ids=repr)
def test_a_flat_picture_stays(executor: str, dtype: str, step: ak.Transform) -> None:
    flat = np.full((9, 9), TOP[dtype] * 0.4).astype(dtype)
    np.testing.assert_allclose(through(step, flat, executor), flat, rtol=1e-4)


def test_channels_are_shuffled_in_all_six_orders() -> None:
    image = picture(SIZE)
    outs = {ak.Pipeline([ak.ChannelShuffle()])(ak.Sample(image), ak.Key(n, "x")).image.tobytes() for n in range(60)}
    orders = {image[..., [a, b, 3 - a - b]].tobytes() for a in range(3) for b in range(3) if a != b}
    assert outs == orders


@both
@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_the_lines_of_any_photo(executor: str, channels: int) -> None:
    image = noise((40, 50), channels)
    out = ak.load("lines")(ak.Sample(image, alpha=channels == 4), KEY, executor).image
    assert out.shape == image.shape
    square = np.zeros((40, 50), np.uint8)
    square[10:30, 15:35] = 200
    drawn = ak.load("lines")(ak.Sample(np.dstack([square] * 3)), KEY, executor).image[..., 0]
    white = (square > 0) * 255
    lines = [
        np.clip(correlate2d(white, KERNELS[name], "same"), 0, 255) for name in ("vertical_line", "horizontal_line")
    ]
    np.testing.assert_array_equal(drawn, np.minimum(sum(lines), 255))
    assert (drawn[11:29, 16:34] == 0).all()
    assert (drawn[10, 15:35] == 255).all()
    assert (drawn[10:30, 15] == 255).all()


def test_branches_must_come_out_at_one_size() -> None:
    step = ak.Add((ak.Pool(),), ())
    with pytest.raises(ValueError, match=r"steps\[0\] Add.* branches of one size, got 20 x 25 and 40 x 50"):
        ak.Pipeline([step]).draw(KEY, ak.Scene((40, 50)))


@both
def test_a_branch_leaves_the_other_its_picture(executor: str) -> None:
    image = noise((30, 40))
    halved = (ak.Brightness(0.25),)
    out = ak.Pipeline([ak.Add((*halved, ak.Brightness(1.0, name="same")), (ak.Brightness(0.5),))])
    levels = out(ak.Sample(image), KEY, executor).image.astype(float) - image * 0.75
    assert np.abs(levels).max() <= 1.0
    assert (image == noise((30, 40))).all()
