"""Laws of texture: noise has the distribution it is named for, paint covers its share, and codecs are what they are."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import ndimage, stats

import augkit as ak
from augkit.core.ops import OPS, Adapt, Barrier, External
from augkit.core.ops.adapt import ADAPTATIONS
from augkit.core.plan import Plan
from augkit.errors import ArgumentError, SampleError
from augkit.executors import EXECUTORS, KERNELS
from augkit.executors.kernels.adapt_kernels import MATCHES, TABLES
from support.pictures import KEY, TOP, noise, picture, psnr

both = pytest.mark.parametrize("executor", ["native", "cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
SIZE = (150, 200)


def through(step: ak.Transform, image: Any, executor: str = "cpu", seed: int = 0) -> Any:
    return ak.Pipeline([step])(ak.Sample(image), ak.Key(seed, "a.png"), executor).image


def flat(level: float, dtype: str = "float32", size: tuple[int, int] = SIZE) -> Any:
    return np.full((*size, 3), level * TOP[dtype]).astype(dtype)


def test_every_barrier_has_a_meaning_and_a_way_to_be_done() -> None:
    """But for other packages' transforms, which move labels too: all executors leave them to their integration."""
    assert set(EXECUTORS) == {"native", "cpu", "reference"}
    names = {name for name, cls in OPS.items() if issubclass(cls, Barrier) and cls is not External}
    for executor in EXECUTORS:
        assert {name.partition(" ")[0] for name in KERNELS if name.endswith(executor) or " " not in name} == names
    assert set(TABLES) | set(MATCHES) == set(ADAPTATIONS)
    assert set(MATCHES) == {name for name, takes in ADAPTATIONS.items() if takes.rgb}


@both
@dtypes
def test_gaussian_noise_is_normal(executor: str, dtype: str) -> None:
    moved = through(ak.Noise("gaussian", 0.05), flat(0.5, dtype), executor).astype(float) / TOP[dtype] - 0.5
    if dtype == "float32":
        assert stats.kstest(moved.ravel(), "norm", (0, 0.05)).pvalue > 1e-3
    assert moved.mean() == pytest.approx(0, abs=0.001 + 0.5 / 255 * (dtype == "uint8"))
    assert moved.std() == pytest.approx(0.05, rel=0.02)
    for shift in ((0, 1, 0), (1, 0, 0), (0, 0, 1), (64, 0, 0)):  # independent from pixel, channel and band to another
        assert abs(np.corrcoef(moved.ravel(), np.roll(moved, shift, (0, 1, 2)).ravel())[0, 1]) < 0.02


@both
def test_salt_and_pepper_are_white_and_black_pixels(executor: str) -> None:
    out = through(ak.Noise("salt_and_pepper", 0.1), flat(0.5, "uint8", (300, 400)), executor)
    assert (np.ptp(out, axis=-1) == 0).all()  # pixels, not values
    for level in (0, 255):
        count = int((out[..., 0] == level).sum())
        assert stats.binomtest(count, out[..., 0].size, 0.05).pvalue > 1e-3
    assert ((out == 0) | (out == 255) | (out == 127)).all()


@both
@pytest.mark.parametrize("mean", [0.5, 3.0, 12.0, 20.0, 60.0])
def test_photons_are_poissons(executor: str, mean: float) -> None:
    photons = 100.0
    out = through(ak.Noise("poisson", 0.1), flat(mean / photons), executor)
    counts = np.rint(out.ravel() * photons).astype(int)
    np.testing.assert_allclose(out.ravel() * photons, counts, atol=1e-3)
    low, high = (int(value) for value in stats.poisson.ppf([0.005, 0.995], mean))
    edges = np.arange(low, high + 1)
    found = [(counts <= low).sum(), *((counts == k).sum() for k in edges[1:-1]), (counts >= high).sum()]
    shares = [stats.poisson.cdf(low, mean), *stats.poisson.pmf(edges[1:-1], mean), stats.poisson.sf(high - 1, mean)]
    # The normal approximation's largest error of a probability, at a mean of 16, is a few thousandths.
    assert np.abs(np.array(found) / counts.size - shares).max() <= (0.006 if mean < 16 else 0.008)
    assert counts.mean() == pytest.approx(mean, rel=0.02)
    assert counts.var() == pytest.approx(mean, rel=0.03)
    assert stats.skew(counts) == pytest.approx(mean**-0.5, abs=0.05)


@given(st.sampled_from(["gaussian", "salt_and_pepper", "poisson"]), st.integers(0, 50))
@settings(max_examples=30)
def test_noise_is_the_plans_wherever_it_runs(kind: Any, seed: int) -> None:
    image = noise((70, 40), dtype="float32")
    plan = ak.Pipeline([ak.Noise(kind, 0.2)]).draw(ak.Key(seed, "x"), ak.Scene((70, 40)))
    again = Plan.from_json(plan.to_json())
    outs = [ak.run(p, ak.Sample(image), executor).image for p in (plan, again) for executor in EXECUTORS]
    for out in outs[1:]:
        np.testing.assert_array_equal(out, outs[0])
    assert (through(ak.Noise(kind, 0.2), image, seed=seed + 1) != through(ak.Noise(kind, 0.2), image, seed=seed)).any()


@both
@pytest.mark.parametrize("quality", [5, 50, 95])
def test_jpeg_is_the_codecs(executor: str, quality: int) -> None:
    image = picture(SIZE)
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    right = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]  # type: ignore[index]
    np.testing.assert_array_equal(through(ak.Jpeg(quality), image, executor), right)
    deep = through(ak.Jpeg(quality), image.astype(np.uint16) * 257, executor)
    np.testing.assert_array_equal(deep, right.astype(np.uint16) * 257)


def test_a_picture_that_no_jpeg_holds_is_refused() -> None:
    with pytest.raises(SampleError, match="at most 65500"):
        through(ak.Jpeg(50), np.zeros((1, 70_000), np.uint8))


@both
def test_downscaling_loses_detail_and_moves_nothing(executor: str) -> None:
    fine, broad = picture(SIZE), ndimage.gaussian_filter(noise(SIZE, 1).astype(float), 9)
    broad = ((broad - broad.min()) / np.ptp(broad) * 255).astype(np.uint8)
    quality = [psnr(through(ak.Downscale(factor), fine, executor), fine, 8) for factor in (0.75, 0.5, 0.25)]
    assert quality == sorted(quality, reverse=True)
    assert psnr(through(ak.Downscale(0.25), broad, executor), broad, 8) > 38
    sample = ak.Sample(fine, mask=noise(SIZE, 1))
    np.testing.assert_array_equal(ak.Pipeline([ak.Downscale(0.3)])(sample, KEY, executor).mask, sample.mask)


@both
def test_sharpening_is_an_unsharp_mask(executor: str) -> None:
    image = (picture(SIZE, "float32") * 0.4 + 0.3).astype(np.float32)
    smooth = np.stack([ndimage.gaussian_filter(plane.astype(float), 1.0) for plane in np.moveaxis(image, -1, 0)], -1)
    out = through(ak.Sharpen(0.8), image, executor)
    np.testing.assert_allclose(out, np.clip(image + 0.8 * (image - smooth), 0, 1), atol=1e-5)


@both
@pytest.mark.parametrize("radius", [1.0, 2.4, 5.0])
@pytest.mark.parametrize("degrees", [0.0, 30.0, -70.0])
def test_a_blur_spreads_a_point_as_far_as_its_radius(executor: str, radius: float, degrees: float) -> None:
    point = np.zeros((61, 61), np.float32)
    point[30, 30] = 1.0
    y, x = np.mgrid[30:-31:-1, -30:31]  # y upwards, as degrees are counted
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    across = y * np.cos(np.radians(degrees)) - x * np.sin(np.radians(degrees))
    spread = through(ak.Blur("gaussian", radius), point, executor)
    assert spread.sum() == pytest.approx(1, abs=1e-4)
    for axis in (along, across):
        assert (spread * axis**2).sum() == pytest.approx(radius**2, rel=0.03)
    spread = through(ak.Blur("motion", radius, degrees), point, executor)
    assert spread.sum() == pytest.approx(1, abs=1e-4)
    # Evenly spread to both sides by the radius, but that to share a point among its nearest pixels spreads it too.
    shared = 0.25
    assert (spread * along**2).sum() == pytest.approx(radius**2 / 3 + shared / 2, abs=shared / 2 + 0.03 * radius**2)
    assert (spread * across**2).sum() <= shared


@both
@pytest.mark.parametrize(("radius", "whole"), [(0.4, 0), (1.0, 1), (2.4, 2), (2.6, 3)])
def test_a_median_reaches_so_many_whole_pixels(executor: str, radius: float, whole: int) -> None:
    image = noise(SIZE, 1)
    right = ndimage.median_filter(image, 2 * whole + 1)  # reflected at the edge too
    np.testing.assert_array_equal(through(ak.Blur("median", radius), image, executor), right)


def erased(step: ak.Erase, seed: int, size: tuple[int, int] = SIZE) -> Any:
    """Return which pixels a draw paints over."""
    return through(step, np.full(size, 200, np.uint8), seed=seed) != 200


@pytest.mark.parametrize("kind", ["random", "cutout", "grid"])
def test_what_is_erased_has_the_share_it_was_given(kind: Any) -> None:
    shares = np.array([erased(ak.Erase(kind, (0.1, 0.3), (0.5, 2.0)), n).mean() for n in range(400)])
    if kind == "cutout":  # a square may hang over the edge
        assert shares.max() <= 0.31
        assert 0.1 < shares.mean() < 0.2
    else:
        slack = 0.01 if kind == "random" else 0.08
        assert 0.1 - slack <= shares.min() <= shares.max() <= 0.3 + slack
        assert shares.mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("size", [SIZE, (400, 40), (1, 50), (3, 3)], ids=str)
@pytest.mark.parametrize("area", [0.0, 0.3, 1.0])
def test_random_rectangles_are_whole_and_of_their_aspects(size: tuple[int, int], area: float) -> None:
    for n in range(40):
        found = erased(ak.Erase(area=area, ratio=(0.5, 2.0)), n, size)
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        assert found.sum() == len(rows) * len(columns)
        if min(size) > 99 and area == 0.3:
            assert 0.48 <= len(columns) / len(rows) <= 2.08
            assert found.mean() == pytest.approx(area, abs=0.01)


def test_every_pixel_may_be_erased() -> None:
    seen = sum(erased(ak.Erase(area=0.2), n, (20, 30)).astype(int) for n in range(600))
    assert seen.min() > 0


@both
@dtypes
def test_paint(executor: str, dtype: str) -> None:
    image = flat(0.5, dtype)
    sample = ak.Sample(image, mask=np.full(SIZE, 3, np.uint8))
    step = ak.Erase(area=0.2, fill=(0.0, 0.2, 1.0), mask_fill=9)
    out = ak.Pipeline([step])(sample, KEY, executor)
    painted = out.mask == 9
    assert 0.15 < painted.mean() < 0.25  # type: ignore[union-attr]
    levels = out.image.astype(float) / TOP[dtype]
    np.testing.assert_allclose(levels[painted], np.broadcast_to([0.0, 0.2, 1.0], (painted.sum(), 3)), atol=1e-6)  # type: ignore[union-attr]
    np.testing.assert_array_equal(out.image[~painted], image[~painted])
    grain = through(ak.Erase(area=0.5, fill="noise"), image, executor).astype(float) / TOP[dtype]
    changed = grain[np.abs(grain - 0.5).max(axis=-1) > 0.01]
    assert stats.kstest(changed.ravel(), "uniform").statistic < 0.02
    whole = through(ak.Erase(area=1.0, ratio=SIZE[1] / SIZE[0], fill="noise"), image, executor)
    assert (whole[:64] != whole[64:128]).mean() > 0.9  # of bands, each has grains of its own


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ak.Erase(fill=2.0), "Erase.fill"),
        (lambda: ak.Erase(fill=()), "Erase.fill"),
        (lambda: ak.Erase("squares"), "Erase.kind"),  # type: ignore[arg-type]
        (lambda: ak.Jpeg((90, 30)), "Swap the two"),
        (lambda: ak.Noise(amount=2.0), "must lie within 0 and 1"),
        (lambda: ak.Posterize((6, 2)), "Swap the two"),
    ],
)  # fmt: skip
def test_impossible_arguments_are_refused(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


@both
def test_paint_must_fit_its_picture(executor: str) -> None:
    for step, sample in (
        (ak.Erase(area=0.2, fill=(0.1, 0.2)), ak.Sample(noise(SIZE))),
        (ak.Erase(area=0.2, mask_fill=300), ak.Sample(noise(SIZE), mask=noise(SIZE, 1))),
    ):
        with pytest.raises(SampleError, match=r"Erase\.(mask_)?fill: must"):
            ak.Pipeline([step])(sample, KEY, executor)


@both
def test_adaptations_that_need_red_green_and_blue_say_so(executor: str) -> None:
    for name in MATCHES:
        plan = Plan(SIZE, (Adapt(name, (0.1,) * ADAPTATIONS[name].numbers),))
        with pytest.raises(SampleError, match=rf"{name}: must get an RGB picture, got one of 2 channels"):
            ak.run(plan, ak.Sample(noise(SIZE, 2)), executor)
