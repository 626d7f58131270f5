"""Laws of style: colours reach the reference's mean and covariance, slow waves its amplitudes, and a file fits both."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import augkit as ak
from augkit.core.ops import Spectrum
from augkit.core.plan import Plan
from augkit.datasets.picture_statistics import StyleSums
from augkit.errors import ArgumentError
from augkit.executors.kernels.adapt_kernels import amplitudes_of, color_transfer, restyled, spectrum
from augkit.images import encode
from support.commands import command
from support.pictures import KEY, TOP, noise, picture
from support.table import STYLE

both = pytest.mark.parametrize("executor", ["cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
SIZE = (90, 120)


def moments(image: Any) -> tuple[Any, Any]:
    rgb = image.reshape(-1, 3) / TOP[image.dtype.name]
    return rgb.mean(axis=0), np.cov(rgb.T, bias=True)


def through(step: ak.Transform, image: Any, executor: str = "cpu") -> Any:
    return ak.Pipeline([step])(ak.Sample(image), KEY, executor).image


def tinted(seed: int, low: float = 0.2, high: float = 0.8) -> Any:
    """Return a picture of correlated colours, slow and fast waves."""
    mixing = np.random.default_rng(seed).random((3, 3)) + np.eye(3)
    mixed = (picture(SIZE, "float32") * 0.7 + noise(SIZE, 3, "float32", seed) * 0.3) @ mixing
    spread = (mixed - mixed.min((0, 1))) / np.ptp(mixed, axis=(0, 1))
    return (low + (high - low) * spread).astype(np.float32)


def style_of(image: Any) -> ak.Style:
    return StyleSums.of(np.rint(image * 65535).astype(np.uint16)).style()


@both
@dtypes
def test_colours_reach_the_references_mean_and_covariance(executor: str, dtype: str) -> None:
    image = (tinted(1) * TOP[dtype]).astype(dtype)
    mean, covariance = moments(tinted(2, 0.35, 0.65))
    reference = style_of(tinted(2, 0.35, 0.65))
    np.testing.assert_allclose(reference.mean, mean, atol=1e-4)
    np.testing.assert_allclose(reference.covariance, covariance, atol=1e-4)
    found = moments(through(ak.ColorTransfer(reference, 1.0), image, executor))
    np.testing.assert_allclose(found[0], mean, atol=2e-3)
    np.testing.assert_allclose(found[1], covariance, atol=2e-4)
    half = moments(through(ak.ColorTransfer(reference, 0.5), image, executor))
    np.testing.assert_allclose(half[0], (moments(image)[0] + mean) / 2, atol=2e-3)
    np.testing.assert_allclose(through(ak.ColorTransfer(reference, 0.0), image, executor), image, atol=1e-6)


def test_the_map_is_symmetric_and_moves_least() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        here, there = (part @ part.T + 0.01 * np.eye(3) for part in rng.random((2, 3, 3)))
        numbers = (1.0, 0.1, 0.2, 0.3, *there.ravel().tolist())
        op = color_transfer(np.array([0.5, 0.4, 0.3]), here, numbers)
        matrix = np.array(op.matrix)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)  # Brenier: the gradient of a convex function
        assert np.linalg.eigvalsh(matrix).min() > 0
        np.testing.assert_allclose(matrix @ here @ matrix.T, there, rtol=1e-6)


@both
@pytest.mark.parametrize("spread", [0.1, 0.03])
def test_faint_colours_reach_the_references_covariance_too(executor: str, spread: float) -> None:
    """Photos are nearly grey: of their colours' three directions one varies a hundredth as much as another."""
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    image = (0.5 + rng.uniform(-0.2, 0.2, (*SIZE, 3)) * [1.0, spread * 2, spread] @ turn).astype(np.float32)
    reference = style_of(tinted(2, 0.35, 0.65))
    found = moments(through(ak.ColorTransfer(reference, 1.0), image, executor))[1]
    root = np.linalg.inv(np.linalg.cholesky(reference.covariance))
    np.testing.assert_allclose(root @ found @ root.T, np.eye(3), atol=1e-3)
    np.testing.assert_allclose(through(ak.ColorTransfer(style_of(image), 1.0), image, executor), image, atol=1e-4)


@both
def test_a_picture_of_one_colour_gets_the_references_mean(executor: str) -> None:
    out = through(ak.ColorTransfer(STYLE, 1.0), np.full((*SIZE, 3), 90, np.uint8), executor)
    np.testing.assert_allclose(out.reshape(-1, 3).mean(axis=0), np.array(STYLE.mean) * 255, atol=0.51)


def low_pass(image: Any, reach: int) -> Any:
    """Return numpy's own spectrum, and which of its waves are slow."""
    waves = np.fft.fft2(image.astype(np.float64) / TOP[image.dtype.name], axes=(0, 1)) / (SIZE[0] * SIZE[1])
    cycles = [np.abs(np.fft.fftfreq(side, 1 / side)) for side in SIZE]
    return waves, (cycles[0][:, None] <= reach + 0.5) & (cycles[1] <= reach + 0.5)


@both
@dtypes
@pytest.mark.parametrize("reach", [0, 2, 7])
def test_slow_waves_reach_the_references_amplitudes(executor: str, dtype: str, reach: int) -> None:
    image = (tinted(3, 0.4, 0.6) * TOP[dtype]).astype(dtype)
    other = tinted(4, 0.4, 0.6)
    out = through(ak.FourierStyle(style_of(other), beta=(reach + 0.5) / min(SIZE)), image, executor)
    (before, slow), (after, _), (wanted, _) = (low_pass(part, reach) for part in (image, out, other))
    atol = {"uint8": 2e-3, "uint16": 1e-5, "float32": 1e-6}[dtype]  # a small shift of a level is rounded away
    np.testing.assert_allclose(np.abs(after[slow]), np.abs(wanted[slow]), atol=atol)
    np.testing.assert_allclose(after[~slow], before[~slow], atol=atol)
    kept = np.abs(before[slow]) > 1e-4
    turned = np.angle(after[slow][kept] / before[slow][kept])
    sizes = np.minimum(np.abs(before[slow][kept]), np.abs(after[slow][kept]))
    assert np.abs(turned * sizes).max() <= 10 * atol


@both
@pytest.mark.parametrize("side", [1, 2, 3, 4, 5, 8])
def test_a_small_picture_reaches_the_amplitudes_of_the_waves_that_it_has(executor: str, side: int) -> None:
    """The fastest wave of an even side has no other direction, and is no slow one."""
    image = (noise((side, side), 3, "float32") * 0.2 + 0.4).astype(np.float32)
    style = style_of(tinted(4, 0.45, 0.55))
    out = through(ak.FourierStyle(style, beta=0.5), image, executor)
    reach = (side - 1) // 2
    assert 0.0 < out.min() <= out.max() < 1.0  # nothing was clamped
    np.testing.assert_allclose(np.abs(spectrum(out, reach)), amplitudes_of(style.spectrum(reach)), atol=1e-6)
    before, after = (np.fft.fft2(each.astype(np.float64), axes=(0, 1)) for each in (image, out))
    fast = np.abs(np.fft.fftfreq(side, 1 / side)) > reach
    np.testing.assert_allclose(after[fast], before[fast], atol=1e-5)


@both
def test_its_own_style_changes_nothing(executor: str) -> None:
    image = np.rint(tinted(5) * 255).astype(np.uint8)
    own = StyleSums.of(image).style()
    np.testing.assert_allclose(through(ak.FourierStyle(own, 0.2), image, executor), image, atol=1)
    np.testing.assert_allclose(through(ak.ColorTransfer(own, 1.0), image, executor), image, atol=1)


@both
@pytest.mark.parametrize(
    "pattern", [b"\xff\xff\x7f\x7f", b"\0\0\xc0\xff", b"\0\0\x80\x7f", b"\0\0\x80\xbf"], ids=bytes.hex
)
def test_amplitudes_that_no_picture_has_are_the_nearest_that_one_has(executor: str, pattern: bytes) -> None:
    """The largest float, NaN, infinity and -1: a plan that was written by hand."""
    op = Spectrum(0, b64encode(pattern * 3).decode())
    out = ak.run(Plan(SIZE, (op,)), ak.Sample(np.rint(tinted(3, 0.4, 0.6) * 255).astype(np.uint8)), executor).image
    assert out.mean() / 255 == pytest.approx(1.0 if pattern[-1] == 0x7F else 0.0, abs=0.06)


def test_sums_add_up() -> None:
    images = [np.rint(tinted(n) * 255).astype(np.uint8) for n in range(3)]
    parts = [StyleSums.of(image) for image in images]
    one, other = (parts[0] + parts[1] + parts[2]).style(), (parts[2] + (parts[1] + parts[0])).style()
    assert (one.mean, one.covariance) == (other.mean, other.covariance)
    mean, covariance = moments(np.concatenate(images))
    np.testing.assert_allclose(one.mean, mean, atol=1e-8)
    np.testing.assert_allclose(one.covariance, covariance, atol=1e-6)
    assert StyleSums.of(noise((30, 40))).style().amplitudes is None  # too small for the waves


def test_a_file_fits_both(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for n in range(2):
        (photos / f"{n}.png").write_bytes(encode(np.rint(tinted(n) * 255).astype(np.uint8), "png"))
    done = command("fit-style", photos, "-o", tmp_path / "style.yaml")
    assert "fitted to 2 pictures" in done.stdout
    path = tmp_path / "p.yaml"
    path.write_text("steps:\n  - ColorTransfer: {reference: style.yaml}\n  - FourierStyle: {reference: style.yaml}\n")
    steps = ak.load(path).steps
    assert isinstance(steps[0], ak.ColorTransfer)
    assert isinstance(steps[1], ak.FourierStyle)
    assert steps[0].reference == steps[1].reference
    ak.dump(ak.load(path), tmp_path / "q.yaml")
    assert ak.load(tmp_path / "q.yaml") == ak.load(path)
    assert command("fit-style", photos, "-o", "style.txt").returncode == 2


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ak.Style((0.1,) * 3, ((1.0, 0.5, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))), "symmetric"),
        (lambda: ak.Style((0.1, 0.2), STYLE.covariance), r"^Style\.mean\[2\]: must be given"),  # type: ignore[arg-type]
        (lambda: ak.Style(STYLE.mean), r"^Style\.covariance: must be given"),  # type: ignore[call-arg]
        (lambda: ak.Style((124.0, 116.0, 104.0), STYLE.covariance), r"Style\.mean: must lie in 0 to 1, got .* Divide"),
        (lambda: ak.Style(STYLE.mean, ((9e9, 0.0, 0.0), (0.0, 9.0, 0.0), (0.0, 0.0, 9.0))), r"Style\.covariance: must"),
        (lambda: ak.Style(STYLE.mean, ((0.1, 0.2, 0.0), (0.2, 0.1, 0.0), (0.0, 0.0, 0.1))), r"Style\.covariance: must"),
        (lambda: ak.Style(STYLE.mean, STYLE.covariance, "nonsense"), "Style.amplitudes"),
        (lambda: ak.Style(STYLE.mean, STYLE.covariance, b64encode(b"\0\0\xc0\xff" * 3).decode()), "Style.amplitudes"),
        (lambda: ak.FourierStyle(ak.Style(STYLE.mean, STYLE.covariance)), "must have amplitudes"),
    ],
)  # fmt: skip
def test_what_is_no_style_is_refused(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_waves_do_not_depend_on_the_threads_of_blas() -> None:
    """OpenBLAS shares large products among threads, and rounds differently at the seams."""
    image = noise((300, 700), dtype="uint16")
    op = StyleSums.of(noise((120, 90), seed=1)).style().spectrum(24)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            bands = [values for _, values in restyled(image, op)]
            found.append(np.concatenate([spectrum(image, 24).view(np.float64).ravel(), *map(np.ravel, bands)]))
    assert np.array_equal(*found)  # type: ignore[arg-type]
