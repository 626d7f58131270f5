"""Laws of the executors: cpu does what the reference defines, whatever the picture, the border and the chain."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings, strategies as st

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.core.warp import pull
from augkit.errors import ArgumentError, SampleError
from support.pictures import (
    KEY,
    TOP,
    assert_close,
    assert_same_sample,
    centres,
    channels_of,
    detail,
    full_sample,
    noise,
    picture,
    psnr,
)

BORDERS = ("reflect", "constant", "replicate", "wrap")
borders = pytest.mark.parametrize("border", BORDERS)
both = pytest.mark.parametrize("executor", ["native", "cpu", "reference"])

STEPS = [
    ak.Rotate((-180, 180)), ak.Rotate((-45, 45), "expand"), ak.Rotate((-45, 45), "inscribed"), ak.Scale((0.3, 3)),
    ak.Shear((-30, 30), (-20, 20)), ak.Translate((-0.6, 0.6), (-0.6, 0.6)), ak.Mirror(), ak.Perspective((0, 0.2)),
    ak.LocalWarp((0, 0.1), 5), ak.ElasticWarp((50, 400), (6, 12)), ak.Resize((37, 61)), ak.Resize((12, 15)),
    ak.CenterCrop(40), ak.RandomCrop((90, 30)), ak.RandomResizedCrop(48), ak.Pad(9, 5, 3, 20),  # type: ignore[arg-type]
    ak.Brightness((0.5, 1.7)), ak.Contrast((0.5, 2)), ak.Gamma((0.4, 2)),
]  # fmt: skip
COLOURS = [
    ak.Hue((-180, 180)),
    ak.Saturation((0, 2)),
    ak.PCAColorShift(0.5),
    ak.Grayscale(),
    ak.ImagePCAColorShift(0.3),
]
sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))


def compared(sample: ak.Sample, pipeline: ak.Pipeline, key: ak.Key) -> tuple[ak.Sample, ak.Sample] | None:
    """Return what both executors make of a sample, None where a step leaves no pixel."""
    try:
        plan = pipeline.draw(key, ak.Scene.of(sample))
    except ArgumentError:
        return None
    return ak.run(plan, sample), ak.run(plan, sample, "reference")


@given(
    st.lists(st.sampled_from(STEPS[:16]), min_size=1, max_size=4), st.sampled_from(BORDERS), sizes, st.integers(0, 99),
    st.sampled_from(["uint8", "uint16", "float32"]), st.sampled_from([1, 2, 3, 4, 5, 7]),
)  # fmt: skip
@settings(max_examples=150)
def test_cpu_is_the_reference(
    steps: list[ak.Transform], border: Any, size: tuple[int, int], seed: int, dtype: str, channels: int
) -> None:
    sample = ak.Sample(channels_of(channels, size, dtype), mask=channels_of(1, size) // 50)
    found = compared(sample, ak.Pipeline(steps, border=border, fill=1, mask_fill=9), ak.Key(seed, "x"))
    if found:
        cpu, reference = found
        assert_mostly_close(cpu.image, reference.image)
        differ = int((cpu.mask != reference.mask).sum())  # type: ignore[union-attr]
        assert differ <= 2 + 0.002 * cpu.mask.size  # type: ignore[union-attr]


@given(
    st.lists(st.sampled_from(STEPS[:16]), max_size=3), st.sampled_from([*STEPS[16:], *COLOURS]),
    st.sampled_from(BORDERS), st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60)
def test_cpu_is_the_reference_with_a_colour(
    steps: list[ak.Transform], colour: ak.Transform, border: Any, seed: int
) -> None:
    pipeline = ak.Pipeline([*steps, colour], border=border)
    found = compared(full_sample((90, 70), picture((90, 70))), pipeline, ak.Key(seed, "x"))
    if found:
        # Colours multiply what the two rounded differently when they resampled: a contrast or a hue by about two.
        assert_mostly_close(found[0].image, found[1].image, gain=2.5)


def assert_mostly_close(image: Any, other: Any, gain: float = 1.0) -> None:
    """The contract of `assert_close`, which grants tiny pictures two odd values and a larger mean."""
    levels = np.abs(image.astype(float) - other) * (255.0 / TOP[image.dtype.name])
    odd = np.sort(levels.ravel())[: max(0, levels.size - 2 * (image.shape[2] if image.ndim == 3 else 1))]
    assert image.shape == other.shape
    assert (odd > 2 * gain + 1e-9).sum() <= 0.001 * levels.size
    assert odd.mean() <= (0.25 if levels.size > 1000 else 0.5) * gain if odd.size else True


@borders
@pytest.mark.parametrize("step", STEPS, ids=repr)
def test_cpu_is_the_reference_on_noise(step: ak.Transform, border: Any) -> None:
    sample = ak.Sample(noise((70, 90)), mask=noise((70, 90), 1))
    cpu, reference = compared(sample, ak.Pipeline([step], border=border), KEY) or (sample, sample)
    assert_close(cpu.image, reference.image)


@both
@pytest.mark.parametrize("ratio", [(12, 12), (12, 3), (5, 5), (2, 2)], ids=str)
def test_shrinking_does_not_alias(executor: str, ratio: tuple[int, int]) -> None:
    fine = noise((ratio[0] * 30, ratio[1] * 40))
    small = ak.Pipeline([ak.Resize((30, 40))])(ak.Sample(fine), KEY, executor).image
    theirs = PIL.Image.fromarray(fine).resize((40, 30), PIL.Image.Resampling.BILINEAR)
    inner = np.s_[1:-1, 1:-1]  # at the edge taps are left out there, and repeat the edge here
    np.testing.assert_allclose(small[inner], np.asarray(theirs, float)[inner], atol=1.0)


@pytest.mark.parametrize("executor", ["cpu", "reference"])
@pytest.mark.parametrize("ratio", [(12, 12), (12, 3), (5, 5), (2, 2)], ids=str)
def test_halving_does_not_alias(executor: str, ratio: tuple[int, int]) -> None:
    """By behaviour 1: means of blocks, then linear."""
    fine = noise((ratio[0] * 30, ratio[1] * 40))
    blocks = fine.reshape(30, ratio[0], 40, ratio[1], 3).mean(axis=(1, 3))
    small = ak.Pipeline([ak.Resize((30, 40))], behaviour=1)(ak.Sample(fine), KEY, executor).image
    assert abs(small.std() / blocks.std() - 1) <= 0.15 if max(ratio) == 12 else small.std() <= blocks.std() * 1.45
    if ratio == (2, 2):  # exact means: sampled at the middle of every block
        np.testing.assert_allclose(small, blocks, atol=0.5)


@both
@pytest.mark.parametrize("size", [(41, 63), (5, 3), (1, 9), (33, 32)], ids=str)
@borders
def test_halving_odd_sides(executor: str, size: tuple[int, int], border: Any) -> None:
    flat = ak.Sample(np.full((*size, 3), 77, np.uint8))
    for step in (ak.Resize((max(1, size[0] // 4), max(1, size[1] // 4))), ak.Scale(0.3)):
        out = ak.Pipeline([step], border=border, fill=77)(flat, KEY, executor).image
        assert (out == 77).all()


@both
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_what_lies_inside_never_mixes_with_the_fill(executor: str, interpolation: Any) -> None:
    flat = ak.Sample(np.full((40, 60, 3), 200, np.uint8), mask=np.full((40, 60), 5, np.uint8))
    for step in [*STEPS[:12], ak.Pad(1, 1, 1, 1), ak.Scale(0.2), ak.Rotate(90), ak.Translate(0.01, 0.013)]:
        for n in range(3):
            pipeline = ak.Pipeline(
                [step], border="constant", fill=(0, 50, 100), mask_fill=1, interpolation=interpolation
            )
            out = pipeline(flat, ak.Key(n, "x"), executor)
            colours = np.unique(out.image.reshape(-1, 3), axis=0).tolist()
            assert all(colour in ([200, 200, 200], [0, 50, 100]) for colour in colours), (step, colours[:5])
            assert out.mask is not None
            # A pixel shows the picture where its centre lies inside, for the picture as for the mask.
            np.testing.assert_array_equal(out.mask == 5, (out.image == 200).all(axis=-1))


@both
@borders
def test_a_crop_larger_than_its_picture_follows_the_border_rule(executor: str, border: Any) -> None:
    image = noise((20, 30))
    out = ak.Pipeline([ak.CenterCrop((70, 100))], border=border, fill=9)(ak.Sample(image), KEY, executor).image
    modes: dict[str, dict[str, Any]] = {
        "reflect": {"mode": "symmetric"}, "replicate": {"mode": "edge"}, "wrap": {"mode": "wrap"},
        "constant": {"mode": "constant", "constant_values": 9},
    }  # fmt: skip
    np.testing.assert_array_equal(out, np.pad(image, [(25, 25), (35, 35), (0, 0)], **modes[border]))


@pytest.mark.parametrize("step", [ak.Rotate(20), ak.LocalWarp(), ak.Perspective(0.1), ak.ElasticWarp()], ids=repr)
def test_tiles_leave_no_seam(step: ak.Transform) -> None:
    size = (530, 1040)
    sample = ak.Sample(noise(size, 1), mask=noise(size, 1))
    cpu, reference = compared(sample, ak.Pipeline([step]), KEY) or (sample, sample)
    assert_close(cpu.image, reference.image)
    seam = np.abs(cpu.image[:, 508:516].astype(int) - reference.image[:, 508:516])
    assert (seam <= 2).mean() >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 40000), (40000, 3), (60, 33000)], ids=str)
@pytest.mark.parametrize(
    "step", [ak.Rotate(0.01), ak.Resize((40, 30)), ak.Translate(0.3, 0.1), ak.LocalWarp(0.01, 1)], ids=repr
)
@borders
def test_sides_beyond_opencvs_limit(size: tuple[int, int], step: ak.Transform, border: Any) -> None:
    waves = np.sin(np.arange(max(size)) / 9)
    image = np.rint(127 + 120 * np.broadcast_to(waves if size[1] > 99 else waves[:, None], size)).astype(np.uint8)
    found = compared(ak.Sample(image), ak.Pipeline([step], border=border), KEY)
    assert found
    assert_close(found[0].image, found[1].image)


def test_outputs_never_share_memory() -> None:
    pipeline = ak.Pipeline([ak.Rotate(), ak.LocalWarp(), ak.Brightness(), ak.PCAColorShift()])
    sample = full_sample((60, 80))
    outs = [pipeline(sample, ak.Key(n, "x")) for n in range(4)]
    kept = [(out.image.copy(), out.mask.copy()) for out in outs]  # type: ignore[union-attr]
    for _ in range(3):
        pipeline(full_sample((60, 80), noise((60, 80))), ak.Key(9, "x"))
    for out, (image, mask) in zip(outs, kept, strict=True):
        np.testing.assert_array_equal(out.image, image)
        np.testing.assert_array_equal(out.mask, mask)
    assert not any(np.shares_memory(a.image, b.image) for a in outs for b in outs if a is not b)
    assert not any(np.shares_memory(out.image, sample.image) for out in outs)


def test_threads_change_nothing() -> None:
    pipeline = ak.load("strong")
    samples = [full_sample((80, 100 + n), noise((80, 100 + n), seed=n)) for n in range(12)]
    keys = [ak.Key(n, "x") for n in range(12)]
    alone = list(map(pipeline, samples, keys))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(pipeline, samples * 3, keys * 3))
    for left, right in zip(alone * 3, together, strict=True):
        assert_same_sample(left, right)


@both
def test_one_plan_runs_on_many_pictures_of_its_size(executor: str) -> None:
    plan = ak.Pipeline([ak.Rotate(10)]).draw(KEY, ak.Scene((30, 40)))
    for image in (noise((30, 40)), noise((30, 40), 1), noise((30, 40), 6, "float32")):
        assert ak.run(plan, ak.Sample(image), executor).image.shape == image.shape
    with pytest.raises(SampleError, match=r"Sample.image: must have the plan's size \(30, 40\), got \(40, 30\)"):
        ak.run(plan, ak.Sample(noise((40, 30))), executor)
    with pytest.raises(ArgumentError, match=r"must be one of (\w+, ){2}\w+, got 'cpus'\. Did you mean cpu"):
        ak.run(plan, ak.Sample(noise((30, 40))), "cpus")


@both
def test_fills_must_fit_their_array(executor: str) -> None:
    sample = ak.Sample(noise((9, 9)), mask=noise((9, 9), 1))
    for fill, mask_fill in ((300, 0), (-1, 0), ((1, 2), 0), (0, 256), (0, -1)):
        with pytest.raises(SampleError, match=r"Pipeline\.(mask_)?fill: must"):
            ak.Pipeline([ak.Rotate(9)], border="constant", fill=fill, mask_fill=mask_fill)(sample, KEY, executor)


@borders
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@given(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), sizes, st.integers(1, 4))
@settings(max_examples=30)
def test_points_on_the_edge_of_the_plane(
    border: Any, interpolation: Any, shift: tuple[int, int], size: tuple[int, int], side: int
) -> None:
    """Half-pixel shifts, and windows of even sides for what lies beside the picture, put pixels onto the seam."""
    (height, width), (x, y) = size, shift
    image = noise(size)
    sample = ak.Sample(image, mask=noise(size, 1, seed=1), images={"more": noise(size, seed=2)})
    steps = [ak.Translate(x / 2 / width, y / 2 / height), ak.Pool("mean", side, 1, side)]
    one, other = compared(sample, ak.Pipeline(steps, border=border, interpolation=interpolation), KEY) or (None, None)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.mask, other.mask)
    for mine, judge in ((one.image, other.image), (one.images["more"], other.images["more"])):  # type: ignore[index]
        assert np.abs(mine.astype(int) - judge).max() <= 2


@both
@pytest.mark.parametrize("zoom", [1.0, 0.8, 0.6])
def test_a_picture_moves_to_where_its_function_moves(executor: str, zoom: float) -> None:
    plan = ak.Pipeline([ak.Rotate(25), ak.LocalWarp(0.02, 3), ak.Scale(zoom), ak.Perspective(0.05)]).draw(
        KEY, ak.Scene((120, 160))
    )
    run = plan.steps[0]
    assert isinstance(run, SpatialRun)

    shown = ak.run(plan, ak.Sample(picture((120, 160), "float32")), executor).image
    assert psnr(shown, detail(pull(run.ops, centres(plan.size))), 45) >= 30


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_colours_of_a_large_picture_are_those_of_its_parts(
    dtype: str, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise((70, 64), channels, dtype)
    steps = [ak.Brightness(0.8), ak.Saturation(1.3)] if channels == 3 else [ak.Brightness(0.8), ak.Gamma(1.2)]
    sample = ak.Sample(image)
    plan = ak.Pipeline(steps).draw(KEY, ak.Scene.of(sample))
    whole = ak.run(plan, sample)
    monkeypatch.setattr("augkit.executors.opencv.opencv_kernels.BAND_PIXELS", 64 * 16)
    parts = ak.run(plan, sample)
    if dtype == "float32":  # OpenCV's matrices are not the same to the last bit at a row's end
        np.testing.assert_allclose(parts.image, whole.image, atol=1e-6)
    else:
        assert_same_sample(parts, whole)
