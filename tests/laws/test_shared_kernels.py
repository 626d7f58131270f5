"""Kernels that all executors share, judged by other libraries and by loops: no executor that shares them can tell."""

import io
from base64 import b64decode, b64encode
from itertools import product
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import fft, linalg, stats
from skimage.exposure import equalize_hist
from skimage.filters import threshold_otsu

import augkit as ak
from augkit.core.key import Stream
from augkit.core.ops import Adapt, Barrier, Erase, Jpeg, Noise, Spectrum
from augkit.core.plan import Plan
from augkit.core.sampling import Behaviour, SamplingOptions
from augkit.executors import EXECUTORS
from support.pictures import TOP, picture
from support.table import STYLE

both = pytest.mark.parametrize("executor", list(EXECUTORS))
old = pytest.mark.parametrize("executor", ["cpu", "reference"])  # those that run behaviour 1
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
SIZE = (150, 70)  # three bands of rows, the last one short
PLACES = [(0, 0, 0), (63, 69, 1), (64, 0, 2), (127, 5, 0), (128, 68, 1), (149, 69, 2)]  # about the bands' seams


def done(op: Barrier, image: Any, executor: str, behaviour: Behaviour = 2) -> Any:
    return ak.run(Plan(image.shape[:2], (op,), SamplingOptions(behaviour=behaviour)), ak.Sample(image), executor).image


def levels(values: Any, dtype: str) -> Any:
    """Return one value, or several, clamped and rounded as finished pictures are."""
    values = np.clip(values, 0.0, 1.0) * TOP[dtype]
    return values if dtype == "float32" else np.rint(values)


def drawn(kind: str, name: str, place: tuple[int, int, int], image: Any) -> float:
    """Return the number that a stream's band has, by behaviour 1, for one value of a picture, by counting."""
    row, column, channel = place
    band, within = divmod(row, 64)
    height, (width, channels) = min(64, len(image) - 64 * band), image.shape[1:]
    stream = Stream.from_name(name).child(str(band))
    numbers = (stream.normals if kind == "normals" else stream.uniforms)(height * width * channels)
    return float(numbers[(within * width + column) * channels + channel])


@old
@dtypes
def test_gaussian_noise_value_by_value(executor: str, dtype: str) -> None:
    image, name = picture(SIZE, dtype), "0" * 32 + ":field"
    out = done(Noise(name, "gaussian", 0.1), image, executor, 1)
    for place in PLACES:
        wanted = image[place] / TOP[dtype] + 0.1 * drawn("normals", name, place, image)
        assert out[place] == pytest.approx(levels(wanted, dtype), abs=1e-6)


@old
@pytest.mark.parametrize("level", [3, 40, 200])
def test_few_photons_are_counted_as_scipy_does(executor: str, level: int) -> None:
    """Of 20 photons at white, most levels have few enough to be found by their distribution function alone."""
    image, name = np.full((40, 30), level, np.uint8), "1" * 32 + ":field"
    mean = level / 255 * 15.0
    stream = Stream.from_name(name).child("0")
    stream.normals(*image.shape)
    counts = stats.poisson.ppf(stream.uniforms(*image.shape), mean)
    out = done(Noise(name, "poisson", 15.0**-0.5), image, executor, 1)
    np.testing.assert_array_equal(out, levels(counts / 15.0, "uint8"))


@old
@dtypes
def test_paint_pixel_by_pixel(executor: str, dtype: str) -> None:
    image, rectangles = picture(SIZE, dtype), ((-5, 10, 30, 80), (60, 140, 90, 170))
    out = done(Erase(rectangles, (0.2, 0.4, 0.6)), image, executor, 1)
    name = "2" * 32 + ":fill"
    grainy = done(Erase(rectangles, name), image, executor, 1)
    for row, column in product(range(0, 150, 7), range(0, 70, 3)):
        covered = any(left <= column < right and top <= row < bottom for left, top, right, bottom in rectangles)
        colour = levels(np.array([0.2, 0.4, 0.6]), dtype) if covered else image[row, column]
        np.testing.assert_allclose(out[row, column], colour, rtol=1e-6)
        if covered:
            noise = [drawn("uniforms", name, (row, column, channel), image) for channel in range(3)]
            np.testing.assert_allclose(grainy[row, column], levels(np.array(noise), dtype), rtol=1e-6)
        else:
            np.testing.assert_array_equal(grainy[row, column], image[row, column])


@both
@pytest.mark.parametrize("quality", [20, 60, 95])
def test_a_jpeg_is_pillows(executor: str, quality: int) -> None:
    image, file = picture((96, 128)), io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    wanted = np.asarray(Image.open(file)).astype(float)
    away = np.abs(done(Jpeg(quality), image, executor) - wanted)
    assert away.mean() < 0.25
    assert np.quantile(away, 0.999) <= 4


@both
@dtypes
def test_otsu_is_skimages(executor: str, dtype: str) -> None:
    image = picture(SIZE, dtype)[..., 0]
    out = done(Adapt("otsu", ()), image, executor)
    coarse = (image / TOP[dtype] * 65535).astype(np.uint16) >> 8  # the 256 levels among which it is sought
    wanted = coarse > threshold_otsu(coarse.astype(np.uint8))
    assert ((out > 0) == wanted).mean() > 0.999
    assert set(np.unique(out)) <= {0, TOP[dtype]}


@both
def test_even_histograms_are_skimages(executor: str) -> None:
    """It counts the darkest level too, and so is brighter by what that level's share is, at the dark end the most."""
    image = picture(SIZE)[..., 1]
    wanted, darkest = equalize_hist(image, 256), (image == image.min()).mean()
    out = done(Adapt("equalize", ()), image, executor) / 255
    np.testing.assert_allclose(out, (wanted - darkest) / (1 - darkest), atol=0.6 / 255)


@both
def test_stretched_histograms_are_pillows(executor: str) -> None:
    image = (picture(SIZE) // 3 + 40).astype(np.uint8)
    out = done(Adapt("auto_contrast", (0.0,)), image, executor)
    assert np.abs(out.astype(int) - np.asarray(ImageOps.autocontrast(Image.fromarray(image)))).max() <= 1


@both
def test_a_transfer_of_colours_is_the_optimal_map(executor: str) -> None:
    """Pitie and Kokaram's T = A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2, by SciPy's square roots of matrices."""
    image = picture(SIZE, "float32")
    pixels = image.reshape(-1, 3).astype(float)
    mean, target = np.array(STYLE.mean), np.array(STYLE.covariance)
    root = linalg.sqrtm(np.cov(pixels.T, bias=True))
    matrix = linalg.inv(root) @ linalg.sqrtm(root @ target @ root) @ linalg.inv(root)
    wanted = (pixels - pixels.mean(0)) @ matrix.T + mean
    out = done(Adapt("color_transfer", (1.0, *STYLE.mean, *target.ravel())), image, executor)
    np.testing.assert_allclose(out.reshape(-1, 3), np.clip(wanted, 0, 1), atol=2e-5)


@both
def test_a_shift_of_colours_lies_along_scipys_eigenvectors(executor: str) -> None:
    image, numbers = (picture(SIZE, "float32") * 0.5 + 0.25).astype(np.float32), (0.3, -0.2, 0.1)
    values, vectors = linalg.eigh(np.cov(image.reshape(-1, 3).T.astype(float), bias=True))
    wanted = np.zeros(3)
    for number, value, vector in zip(numbers, values[::-1], vectors.T[::-1], strict=True):
        wanted += number * value * vector * np.sign(vector[np.abs(vector).argmax()])
    moved = done(Adapt("pca_shift", numbers), image, executor).astype(float) - image
    np.testing.assert_allclose(moved.reshape(-1, 3), np.broadcast_to(wanted, (150 * 70, 3)), atol=2e-6)


@both
def test_slow_waves_are_those_of_scipys_fft(executor: str) -> None:
    reach, image = 2, (picture(SIZE, "float32") * 0.2 + 0.4).astype(np.float32)
    spectrum = STYLE.spectrum(reach)
    amplitudes = np.frombuffer(b64decode(spectrum.base64), "<f4").reshape(3, 5, 3) * 0.02
    amplitudes[:, 2, 0] = 0.5  # the mean: nothing is to be clamped
    encoded = b64encode(amplitudes.astype("<f4").tobytes()).decode()
    out = done(Spectrum(reach, encoded), image, executor)
    before, after = (fft.fft2(array.astype(float), axes=(0, 1)) / (150 * 70) for array in (image, out))
    for channel, down, across in product(range(3), range(-2, 3), range(3)):
        if across == 0 and down < 0:
            continue
        now = after[down, across, channel]
        assert abs(now) == pytest.approx(amplitudes[channel, down + 2, across], abs=2e-6)
        assert np.angle(now / before[down, across, channel]) == pytest.approx(0, abs=1e-2)
    np.testing.assert_allclose(after[3:-3, 3:-3], before[3:-3, 3:-3], atol=1e-7)
