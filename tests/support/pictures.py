"""Pictures to test with, most of them known as functions of x and y: what any map of one must show can be computed."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augkit as ak
from augkit.core.fuse import fuse
from augkit.core.ops import Pool, Sliding
from augkit.core.ops.sliding import kernel_of
from augkit.core.plan import BlendRun, Plan, SpatialRun, Step, size_after
from augkit.core.sampling import SamplingOptions

Reals = NDArray[np.float64]

TOP = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
KEY = ak.Key(seed=0, sample="a.png")

# A Gaussian of this standard deviation has a quarter of its brightness left 1.5 px from its middle.
BLOB_SIGMA_PX = 1.5 / np.sqrt(2 * np.log(4))


def centres(size: tuple[int, int]) -> Reals:
    """Return the points (H, W, 2) at the centres of all pixels."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return np.stack([x, y], axis=-1)


def detail(points: Reals) -> Reals:
    """Return RGB (..., 3) in [0, 1]: waves of 130 to 7 px in several directions, smooth and finely detailed."""
    x, y = points[..., 0], points[..., 1]
    colours = []
    for phase in (0.0, 2.1, 4.2):
        broad = 0.2 * np.sin(x / 21 + phase) * np.cos(y / 17 - phase)
        middle = 0.10 * np.sin((x + 2 * y) / 9 + 2 * phase)
        fine = 0.08 * np.sin((2 * x - y) / 2.7 - phase) + 0.06 * np.cos(y / 1.1 + phase)
        colours.append(0.5 + broad + middle + fine)
    return np.stack(colours, axis=-1)


def stored(values: Any, dtype: str) -> NDArray[Any]:
    """Return values in [0, 1] as a picture of that dtype, rounded to nearest."""
    scaled = np.asarray(values) * TOP[dtype]
    return (np.rint(scaled) if dtype != "float32" else scaled).astype(dtype)


def picture(size: tuple[int, int] = (120, 160), dtype: str = "uint8", of: Callable[[Reals], Reals] = detail) -> Any:
    """Return the picture (H, W, 3) of a function."""
    return stored(_values(tuple(size), of), dtype)


@cache
def _values(size: tuple[int, int], of: Callable[[Reals], Reals]) -> Reals:
    values = of(centres(size))
    values.flags.writeable = False  # it is kept: thousands of tests look at one picture
    return values


def noise(size: tuple[int, int], channels: int = 3, dtype: str = "uint8", seed: int = 0) -> NDArray[Any]:
    """Return independent pixels, (H, W) for one channel, all values of the range."""
    values = np.random.default_rng(seed).random((*size, channels) if channels > 1 else size)
    return stored(values, dtype)


def channels_of(count: int, size: tuple[int, int] = (120, 160), dtype: str = "uint8") -> NDArray[Any]:
    """Return the detailed picture with any number of channels, (H, W) for one."""
    values = _values(tuple(size), detail)
    picked = np.stack([values[..., k % 3] if k < 3 else 1 - values[..., k % 3] for k in range(count)], axis=-1)
    return stored(picked[..., 0] if count == 1 else picked, dtype)


def scattered(size: tuple[int, int], spacing: float, seed: int = 0) -> Reals:
    """Return points (n, 2) on a jittered grid, more than half a spacing from the edges."""
    y, x = np.mgrid[
        spacing * 0.8 : size[0] - spacing * 0.8 : spacing, spacing * 0.8 : size[1] - spacing * 0.8 : spacing
    ]
    jitter = np.random.default_rng(seed).uniform(-0.2, 0.2, (*x.shape, 2)) * spacing
    return (np.stack([x, y], axis=-1) + jitter).reshape(-1, 2)


def blobs(size: tuple[int, int], points: Reals, zoom: float = 1.0) -> NDArray[np.float32]:
    """Return a picture (H, W, n) with a Gaussian blob for every point, each in a channel of its own.

    Where a map shrinks by `zoom`, blobs are drawn that much larger: they come out large enough to be found.
    """
    away = centres(size)[:, :, None, :] - points
    sigma = BLOB_SIGMA_PX * max(1.0, 1.0 / zoom)
    values: NDArray[np.float32] = np.exp(-0.5 * (away**2).sum(axis=-1) / sigma**2).astype(np.float32)
    return values


def middles(image: NDArray[Any]) -> Reals:
    """Return the middle (n, 2) of the blob in every channel of (H, W, n), NaN where there is none.

    Brightness to its fourth power counts, so that how a warp bends a blob's fringe hardly does.
    """
    weight = image.astype(np.float64) ** 4
    with np.errstate(invalid="ignore"):
        found: Reals = np.einsum("ijn,ijk->nk", weight, centres(image.shape[:2])) / weight.sum(axis=(0, 1))[:, None]
    return found


def psnr(image: NDArray[Any], other: Any, margin: int = 0) -> float:
    """Return the peak signal to noise ratio in dB over the interior; `other` may be real values in [0, 1]."""
    top = TOP[image.dtype.name]
    left = image.astype(np.float64) / top
    right = other.astype(np.float64) / (TOP[other.dtype.name] if other.dtype != np.float64 else 1.0)
    inner = slice(margin, -margin or None)
    error = ((left - right)[inner, inner] ** 2).mean()
    return float("inf") if error == 0 else -10 * np.log10(error)


def boxed_sample(size: tuple[int, int] = (120, 160), image: Any = None, **more: Any) -> ak.Sample:
    """Return a picture with what other libraries move too: a mask, boxes with labels, and keypoints."""
    height, width = size
    mask = np.zeros(size, np.uint8)
    mask[height // 4 : height // 2, width // 4 : width // 2] = 3
    mask[height // 2 :, width // 3 : width // 2] = 7
    boxes = np.array([[0.25, 0.25, 0.5, 0.5], [0.6, 0.3, 0.9, 0.8]]) * np.tile([width, height], 2)
    return ak.Sample(
        picture(size) if image is None else image, mask=mask, boxes=boxes, box_labels=["cat", "dog"],
        keypoints=scattered(size, 30), label={"class": 3}, id="a/b.png", **more,
    )  # fmt: skip


def full_sample(size: tuple[int, int] = (120, 160), image: Any = None) -> ak.Sample:
    """Return a picture with everything that moves with one."""
    plain, sides = boxed_sample(size, image), np.array(size[::-1], float)
    assert plain.mask is not None
    assert plain.boxes is not None
    polygons = [box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2) for box in plain.boxes]
    return replace(
        plain,
        polygons=[polygons[0], [polygons[1], polygons[1] * 0.5]],
        polylines=[scattered(size, 40) / 2, np.array([[0.5, 0.5], [1.0, 1.0]]) * sides],
        polyline_labels=["lane", "edge"],
        rotated_boxes=[[*sides * 0.5, *sides * 0.25, 30.0], [*sides * 0.9, *sides * 0.3, -80.0]],  # type: ignore[arg-type]
        rotated_box_labels=["ship", "plane"],
        masks={"parts": plain.mask.astype(np.int32) * 300},
        images={"depth": picture(size, "float32")[..., 0].copy()},
    )


def run_one_by_one(steps: Sequence[ak.Transform], sample: ak.Sample, executor: str = "cpu", **policy: Any) -> ak.Sample:
    """Do every step as a plan of its own, as other libraries do."""
    for step in steps:
        sample = ak.Pipeline([step], **policy)(sample, KEY, executor)
    return sample


def spatial_part(plan: Plan, blobs: bool = False, **policy: Any) -> Plan:
    """Return only how the plan moves points, under another sampling policy.

    With `blobs`, windows that leave blobs to be seen slide over the picture as they do in the plan.
    """
    return Plan(plan.source, moving(plan.steps, plan.source, blobs), SamplingOptions(**policy))


def moving(steps: tuple[Step, ...], size: tuple[int, int], blobs: bool = False) -> tuple[Step, ...]:
    """Return the steps' maps: those of windows as a scaling and a shift, those of a blend by its first branch."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, SpatialRun) or (blobs and isinstance(step, Sliding) and keeps_blobs(step)):
            found.append(step)
        elif isinstance(step, Sliding):
            found += fuse((step.move(size),), size).steps
        elif isinstance(step, BlendRun):
            found += moving(step.branches[0], size, blobs)
        size = size_after(step, size)
    return tuple(found)


def keeps_blobs(step: Sliding) -> bool:
    """Tell whether a blob is still one after a window; that its middle is where labels say is for a test to show."""
    if isinstance(step, Pool):
        return step.kind not in ("min", "median")
    kernel = kernel_of(step)
    return bool((kernel >= 0).all() and kernel.any())


def assert_same_sample(left: ak.Sample, right: ak.Sample) -> None:
    """Everything is bit-equal, of the same types."""
    for item in fields(ak.Sample):
        assert_same(getattr(left, item.name), getattr(right, item.name), item.name)


def assert_same(one: Any, other: Any, where: str) -> None:
    """Two parts of samples are bit-equal, arrays within lists and dictionaries too."""
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            assert_same(one[name], other[name], f"{where}[{name!r}]")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for n, (inner, another) in enumerate(zip(one, other, strict=True)):
            assert_same(inner, another, f"{where}[{n}]")
    else:
        assert one == other, where


def assert_close(image: NDArray[Any], other: NDArray[Any], mean: float = 0.25, most: float = 2.0) -> None:
    """The executors' contract: mean difference in grey levels (of 255), and 99.9 % of all values within `most`."""
    assert image.shape == other.shape
    assert image.dtype == other.dtype
    levels = np.abs(image.astype(np.float64) - other.astype(np.float64)) * (255.0 / TOP[image.dtype.name])
    assert levels.mean() <= mean
    assert (levels <= most + 1e-9).mean() >= 0.999
