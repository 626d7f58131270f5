"""Laws of windows: kernels are scipy's cross-correlation, pools are torch's, and every size is the formula's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import ndimage, signal
from skimage.measure import block_reduce
from torch import from_numpy
from torch.nn import functional

import augkit as ak
from augkit.core.ops import Barrier, Filter, Gaussian, Motion, Pool as Pooling
from augkit.core.ops.sliding import KERNELS, kernel_of
from augkit.core.plan import Plan
from augkit.core.sampling import SamplingOptions
from augkit.errors import ArgumentError, SampleError
from support.pictures import KEY, TOP, assert_close, noise, picture

both = pytest.mark.parametrize("executor", ["cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
steps_of = st.integers(1, 4) | st.tuples(st.integers(1, 4), st.integers(1, 4))
margins = st.integers(0, 6) | st.tuples(st.integers(0, 6), st.integers(0, 6))
sizes = st.tuples(st.integers(1, 30), st.integers(1, 30))
kinds = st.sampled_from(["max", "min", "mean", "l2"])
weights = st.integers(-8, 8).map(lambda n: n / 4)
kernels = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda sides: st.tuples(*[st.tuples(*[weights] * sides[1])] * sides[0])
)
SCIPYS_BORDERS = {"constant": "fill", "reflect": "symm", "wrap": "wrap"}


def pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def through(step: ak.Transform, image: Any, executor: str, **policy: Any) -> Any:
    return ak.Pipeline([step], **policy)(ak.Sample(image), KEY, executor).image


def fits(size: tuple[int, int], window: tuple[int, int], padding: Any) -> bool:
    return all(n + 2 * p >= f for n, f, p in zip(size, window, pair(padding), strict=True))


def stored(values: Any, dtype: str) -> Any:
    clamped = np.clip(values, 0, TOP[dtype])
    return clamped.astype(dtype) if dtype == "float32" else np.rint(np.round(clamped, 6)).astype(dtype)


@given(
    kernels, steps_of, margins, sizes, st.sampled_from(sorted(SCIPYS_BORDERS)), st.sampled_from([1, 3, 5]),
    st.sampled_from(["uint8", "uint16", "float32"]), st.sampled_from(["cpu", "reference"]),
)  # fmt: skip
@settings(max_examples=200)
def test_kernels_are_scipys_correlation(
    kernel: Any, stride: Any, padding: Any, size: tuple[int, int], border: str, channels: int, dtype: str, executor: str
) -> None:
    image = noise(size, channels, dtype)
    step = ak.Convolve(kernel, stride, padding)
    if not fits(size, (len(kernel), len(kernel[0])), padding):
        with pytest.raises(SampleError, match=r"steps\[0\] Convolve.* window of .* got a picture of"):
            through(step, image, executor)
        return
    (pad_y, pad_x), (step_y, step_x) = pair(padding), pair(stride)
    mode: Any = {"constant": "constant", "reflect": "symmetric", "wrap": "wrap"}[border]
    wanted = []
    for plane in np.moveaxis(np.atleast_3d(image).astype(np.float64), -1, 0):
        padded = np.pad(plane, [(pad_y, pad_y), (pad_x, pad_x)], mode=mode)
        wanted.append(signal.correlate2d(padded, np.array(kernel), "valid")[::step_y, ::step_x])
    out = np.atleast_3d(through(step, image, executor, border=border))
    right = stored(np.stack(wanted, axis=-1), dtype)
    assert out.shape == right.shape
    assert np.abs(out.astype(np.float64) - right).max() <= (1e-5 if dtype == "float32" else 1.0)
    if executor == "reference" and dtype != "float32":
        np.testing.assert_array_equal(out, right)


@both
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("border", sorted(SCIPYS_BORDERS))
def test_named_kernels_keep_the_size(executor: str, name: Any, border: str) -> None:
    image = noise((20, 31), 1)
    right = signal.correlate2d(image, np.array(KERNELS[name]), "same", SCIPYS_BORDERS[border])
    np.testing.assert_allclose(
        through(ak.Convolve(name), image, executor, border=border), np.clip(right, 0, 255), atol=0.51
    )


def test_the_notes_kernels() -> None:
    line = np.full((9, 9), 20, np.uint8)
    line[:, 4] = 60
    for image, own, other in ((line, "vertical_line", "horizontal_line"), (line.T, "horizontal_line", "vertical_line")):
        out = through(ak.Convolve(own), np.ascontiguousarray(image), "cpu")  # type: ignore[arg-type]
        assert (out == np.where(image == 60, 240, 0)).all()
        assert (through(ak.Convolve(other), np.ascontiguousarray(image), "cpu") == 0).all()  # type: ignore[arg-type]


@both
@dtypes
@pytest.mark.parametrize(
    "step", [ak.Convolve("emboss"), ak.Pool("mean", 2, 1, 1), ak.Blur(), ak.Blur("median")], ids=repr
)
def test_pictures_of_many_channels(executor: str, dtype: str, step: ak.Transform) -> None:
    """OpenCV has 128 at most."""
    image = noise((9, 8), 300, dtype)
    fill = noise((1, 1), 300, dtype, seed=1)[0, 0].tolist()
    whole = through(step, image, executor, border="constant", fill=fill)
    for part in (slice(120, 123), slice(126, 129), slice(297, 300)):
        alone = through(step, np.ascontiguousarray(image[..., part]), executor, border="constant", fill=fill[part])
        np.testing.assert_array_equal(whole[..., part], alone)


@pytest.mark.parametrize("executor", ["native", "cpu", "reference"])
@pytest.mark.parametrize("border", ["reflect", "constant", "replicate", "wrap"])
def test_what_is_padded_is_whole_pixels(executor: str, border: Any) -> None:
    """No interpolation shows in them, also where a cubic would overshoot a repeated edge."""
    image = noise((5, 7), 3)
    for step in (ak.Blur(radius=1.5), ak.Pool("max", 3, 1, 1), ak.Convolve("emboss")):
        linear, cubic = (
            through(step, image, executor, border=border, interpolation=name) for name in ("linear", "cubic")
        )
        np.testing.assert_array_equal(cubic, linear)


def torchs_pool(image: Any, kind: str, size: Any, stride: Any, padding: Any) -> Any:
    """Return what torch makes of a picture padded with zeros, as real numbers."""
    (pad_y, pad_x), top = pair(padding), TOP[image.dtype.name]
    values = from_numpy(np.moveaxis(np.atleast_3d(image), -1, 0).astype(np.float64) / top)
    values = functional.pad(values, (pad_x, pad_x, pad_y, pad_y))[None]
    match kind:
        case "max":
            pooled = functional.max_pool2d(values, size, stride)
        case "min":
            pooled = -functional.max_pool2d(-values, size, stride)
        case "mean":
            pooled = functional.avg_pool2d(values, size, stride)
        case _:
            pooled = functional.lp_pool2d(values, 2, size, stride)
    return np.moveaxis(pooled[0].numpy(), 0, -1) * top


@given(
    kinds, st.tuples(st.integers(1, 5), st.integers(1, 5)), steps_of | st.none(), margins, sizes,
    st.sampled_from([1, 3, 5]), st.sampled_from(["uint8", "uint16", "float32"]), st.sampled_from(["cpu", "reference"]),
)  # fmt: skip
@settings(max_examples=200)
def test_pools_are_torchs(
    kind: Any, window: Any, stride: Any, padding: Any, size: tuple[int, int], channels: int, dtype: str, executor: str
) -> None:
    image, step = noise(size, channels, dtype), ak.Pool(kind, window, stride, padding)
    if not fits(size, window, padding):
        with pytest.raises(SampleError, match=r"steps\[0\] Pool.* window of .* got a picture of"):
            through(step, image, executor)
        return
    out = np.atleast_3d(through(step, image, executor, border="constant"))
    right = stored(torchs_pool(image, kind, window, pair(stride) if stride else window, padding), dtype)
    assert out.shape == right.shape
    assert np.abs(out.astype(np.float64) - right).max() <= (1e-5 if dtype == "float32" else 1.0)


@both
@pytest.mark.parametrize(("kind", "function"), [("max", np.max), ("min", np.min), ("mean", np.mean)])
def test_pools_of_whole_blocks_are_skimages(executor: str, kind: Any, function: Any) -> None:
    image = noise((24, 36))
    right = block_reduce(image, (4, 6, 1), function)
    np.testing.assert_allclose(through(ak.Pool(kind, (4, 6)), image, executor), right, atol=0.5)


@given(st.integers(1, 64), steps_of, margins, st.tuples(st.integers(1, 300), st.integers(1, 300)), kinds)
@settings(max_examples=1000)
def test_sizes_are_the_formula(side: int, stride: Any, padding: Any, size: tuple[int, int], kind: Any) -> None:
    for step in (ak.Convolve(((1.0,) * side,) * side, stride, padding), ak.Pool(kind, side, stride, padding)):
        pipeline = ak.Pipeline([step])
        if not fits(size, (side, side), padding):
            rule = rf"steps\[0\] {type(step).__name__}.*{side} x {side}.* got a picture of {size[0]} x {size[1]}"
            with pytest.raises(SampleError, match=rule):
                pipeline.draw(KEY, ak.Scene(size))
            continue
        plan = pipeline.draw(KEY, ak.Scene(size))
        assert plan.size == tuple(
            (n + 2 * p - side) // s + 1 for n, p, s in zip(size, pair(padding), pair(stride), strict=True)
        )
        assert Plan.from_json(plan.to_json()).size == plan.size


def test_a_plan_whose_windows_do_not_fit_is_refused() -> None:
    text = ak.Pipeline([ak.Pool("max", 4)]).draw(KEY, ak.Scene((9, 9))).to_json()
    with pytest.raises(ArgumentError, match="Plan"):
        Plan.from_json(text.replace('"source":[9,9]', '"source":[3,9]'))


def test_a_plan_of_weights_that_sums_cannot_hold_is_refused() -> None:
    text = ak.Pipeline([ak.Convolve(((0.5, 0.25, 2.0),))]).draw(KEY, ak.Scene((9, 9))).to_json()
    for weight in ("1e39", "-1e6", "1" + "0" * 400):
        with pytest.raises(ArgumentError, match=r"Filter\.kernel\[0\]\[\d\]: must .* -100000 and 100000"):
            Plan.from_json(text.replace("0.25", weight))


@both
@dtypes
def test_the_largest_weights_cancel(executor: str, dtype: str) -> None:
    image = noise((20, 20), 1, dtype)
    plane = image.astype(np.float64)
    right = signal.correlate2d(plane, [[1e5, 0.5, -1e5]], "valid")
    out = through(ak.Convolve(((1e5, 0.5, -1e5),), padding=0), image, executor)
    assert_close(out, stored(right, dtype))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kernel": ((1.0, 2.0), (3.0,))}, "rows of as many numbers each"),
        ({"kernel": ()}, "rows of as many numbers each"),
        ({"kernel": ((1.0, 1.0),)}, "must be a number for a kernel without a middle, got 'same' for 1 x 2"),
        ({"kernel": "sobel"}, "Convolve.kernel"),
        ({"kernel": ((0.0, 1e39, 0.0),)}, r"kernel\[0\]\[1\]: must be less than or equal to 100000, got 1e\+39"),
        ({"kernel": ((-100001,),)}, "Convolve.kernel"),
        ({"kernel": "box", "stride": 0}, "Convolve.stride"),
        ({"kernel": "box", "padding": -1}, "Convolve.padding"),
    ],
)  # fmt: skip
def test_impossible_kernels_are_refused(arguments: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        ak.Convolve(**arguments)


@given(st.sampled_from(["max", "mean"]), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=60)
def test_labels_follow_the_stride(kind: Any, side: int, stride: int, padding: int) -> None:
    size = (40, 50)
    sample = ak.Sample(noise(size), mask=noise(size, 1), keypoints=np.array([[20.0, 10.0], [7.5, 31.0]]))
    out = ak.Pipeline([ak.Pool(kind, side, stride, padding)])(sample, KEY)
    assert out.keypoints is not None
    assert out.mask is not None
    for (x, y), (u, v) in zip(sample.keypoints, out.keypoints, strict=True):  # type: ignore[arg-type]
        assert u == pytest.approx((x + padding - side / 2) / stride + 0.5)
        assert v == pytest.approx((y + padding - side / 2) / stride + 0.5)
    if side % 2 and not padding:
        middle = side // 2
        wanted = sample.mask[middle::stride, middle::stride]  # type: ignore[index]
        np.testing.assert_array_equal(out.mask, wanted[: out.mask.shape[0], : out.mask.shape[1]])


def run(op: Barrier, image: Any, executor: str, **policy: Any) -> Any:
    return ak.run(Plan(image.shape[:2], (op,), SamplingOptions(**policy)), ak.Sample(image), executor).image


@both
@dtypes
@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.6])
def test_gaussians_are_scipys(executor: str, dtype: str, sigma: float) -> None:
    image = picture((40, 50), dtype)
    op = Filter(Gaussian(sigma))
    op = Filter(op.kernel, (1, 1), tuple(side // 2 for side in kernel_of(op).shape))
    smooth = np.stack([ndimage.gaussian_filter(plane.astype(float), sigma) for plane in np.moveaxis(image, -1, 0)], -1)
    assert_close(run(op, image, executor), stored(smooth, dtype), mean=0.01, most=1.0)


@given(st.floats(1, 40), st.floats(-360, 360))
def test_motions_are_straight_and_sum_to_one(length: float, degrees: float) -> None:
    kernel = kernel_of(Filter(Motion(length, degrees)))
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)
    assert Filter(Motion(length, degrees)).move((99, 99)).size == (100 - len(kernel),) * 2
    rows, columns = np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2
    radians = np.radians(degrees)
    along, across = (
        columns * np.cos(radians) - rows * np.sin(radians),
        columns * np.sin(radians) + rows * np.cos(radians),
    )
    reach = (length - 1) / 2
    assert (kernel * along**2).sum() == pytest.approx(reach**2 / 3, abs=0.1 * reach + 0.3)  # spread evenly
    assert (kernel * across**2).sum() <= 0.3


@both
@dtypes
@pytest.mark.parametrize("side", [1, 3, 5, 7])
def test_medians_are_scipys(executor: str, dtype: str, side: int) -> None:
    image = noise((30, 40), 3, dtype)
    right = np.stack([ndimage.median_filter(plane, side) for plane in np.moveaxis(image, -1, 0)], -1)
    half = side // 2
    np.testing.assert_array_equal(run(Pooling("median", (side, side), (1, 1), (half, half)), image, executor), right)
