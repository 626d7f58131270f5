"""Laws of fusion: one map, sampled once, of what the written steps mean; only barriers split."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import augkit as ak
from augkit.core.fuse import fuse
from augkit.core.ops import Adapt, ColorMatrix, Curve, Homography, Op
from augkit.core.plan import ColorRun, Plan, SpatialRun
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import IDENTITY
from augkit.core.warp import push
from support.pictures import KEY, centres, detail, full_sample, noise, picture, psnr, run_one_by_one

CHAIN = (ak.Rotate(17), ak.Scale(0.9), ak.Shear(8, 5), ak.Rotate(-9))
SIZE = (240, 260)
MARGIN = 55
both = pytest.mark.parametrize("executor", ["native", "cpu", "reference"])
dtypes = pytest.mark.parametrize("dtype", ["uint8", "float32"])


def centred(matrix: Any) -> Any:
    """Return a 2 x 2 matrix about the middle of SIZE as 3 x 3, in plain NumPy."""
    shift = np.eye(3)
    shift[:2, 2] = SIZE[1] / 2, SIZE[0] / 2
    full = np.eye(3)
    full[:2, :2] = matrix
    return shift @ full @ np.linalg.inv(shift)


def turned(degrees: float) -> Any:
    """Return a counter-clockwise turn as seen where y points down."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return centred([[c, s], [-s, c]])


def chain_truth() -> Any:
    """Return what CHAIN shows of the detailed picture, from its formula."""
    sheared = centred([[1, math.tan(math.radians(8))], [math.tan(math.radians(5)), 1]])
    whole = turned(-9) @ sheared @ centred(np.eye(2) * 0.9) @ turned(17)
    points = np.concatenate([centres(SIZE), np.ones((*SIZE, 1))], axis=-1) @ np.linalg.inv(whole).T
    return detail(points[..., :2])


@both
@dtypes
def test_a_fused_chain_is_sharper_than_its_steps(executor: str, dtype: str) -> None:
    sample = ak.Sample(picture(SIZE, dtype))
    truth = chain_truth()
    fused = psnr(ak.Pipeline(CHAIN)(sample, KEY, executor).image, truth, MARGIN)
    one_by_one = psnr(run_one_by_one(CHAIN, sample, executor).image, truth, MARGIN)
    assert fused >= 38
    assert fused - one_by_one >= 8


@both
@dtypes
def test_turning_there_and_back_returns_the_picture_and_its_boxes(executor: str, dtype: str) -> None:
    steps = [ak.Rotate(30), ak.LocalWarp(strength=0), ak.Rotate(-30)]
    sample = full_sample(SIZE, picture(SIZE, dtype))
    back = ak.Pipeline(steps)(sample, KEY, executor)
    assert psnr(back.image, sample.image) >= 40
    np.testing.assert_allclose(back.boxes, sample.boxes, atol=1e-3)  # type: ignore[arg-type]
    np.testing.assert_allclose(back.keypoints, sample.keypoints, atol=1e-3)  # type: ignore[arg-type]
    np.testing.assert_array_equal(back.mask, sample.mask)


def test_a_warp_of_no_strength_leaves_no_step() -> None:
    for steps in ([ak.LocalWarp(strength=0)], [ak.Rotate(30), ak.LocalWarp(strength=0), ak.Rotate(-30)],
                  [ak.ElasticWarp(alpha=0)]):  # fmt: skip
        assert ak.Pipeline(steps).draw(KEY, ak.Scene(SIZE)).steps == ()


@both
@dtypes
def test_a_barrier_gives_the_steps_one_by_one(executor: str, dtype: str) -> None:
    sample = full_sample(SIZE, picture(SIZE, dtype))
    still = ak.ImagePCAColorShift(std=0)
    steps = [CHAIN[0], still, CHAIN[1], ak.ImagePCAColorShift(std=0, name="b"), *CHAIN[2:3]]
    barred = ak.Pipeline(steps, min_visible=0)(sample, KEY, executor)
    alone = run_one_by_one([CHAIN[0], CHAIN[1], CHAIN[2]], sample, executor, min_visible=0)
    np.testing.assert_array_equal(barred.image, alone.image)
    np.testing.assert_array_equal(barred.mask, alone.mask)
    np.testing.assert_allclose(barred.boxes, alone.boxes, atol=1e-6)  # type: ignore[arg-type]


@both
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("size", [(40, 56), (41, 41), (1, 7)])
def test_what_undoes_itself_is_bit_exact(executor: str, interpolation: str, size: tuple[int, int]) -> None:
    sample = ak.Sample(noise(size), mask=noise(size, 1))
    quarters = [ak.Rotate(90, corners="expand", name=f"q{n}") for n in range(4)]
    for steps in ([ak.Mirror(), ak.Mirror()], [ak.Mirror("vertical")] * 2, quarters, [ak.Rotate(90)] * 4):
        out = ak.Pipeline(steps, interpolation=interpolation)(sample, KEY, executor)  # type: ignore[arg-type]
        np.testing.assert_array_equal(out.image, sample.image)
        np.testing.assert_array_equal(out.mask, sample.mask)


@both
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_flips_turns_and_crops_alone_are_slices(executor: str, dtype: str) -> None:
    image, mask = noise((40, 56), dtype=dtype), noise((40, 56), 1)
    sample = ak.Sample(image, mask=mask)
    moves: dict[ak.Transform, Callable[[Any], Any]] = {
        ak.Mirror(): lambda a: a[:, ::-1],
        ak.Mirror("vertical"): lambda a: a[::-1],
        ak.CenterCrop((20, 30)): lambda a: a[10:30, 13:43],
        ak.Rotate(90, "expand"): lambda a: np.rot90(a),
        ak.Rotate(-90, "expand"): lambda a: np.rot90(a, -1),
        ak.Rotate(180): lambda a: a[::-1, ::-1],
        ak.Pad(left=2, bottom=3): lambda a: np.pad(a, [(0, 3), (2, 0)] + [(0, 0)] * (a.ndim - 2), mode="symmetric"),
    }
    for step, move in moves.items():
        out = ak.Pipeline([step])(sample, KEY, executor)
        np.testing.assert_array_equal(out.image, move(image))
        np.testing.assert_array_equal(out.mask, move(mask))
        # One after another they are exact too: a slice is exact whether or not it was fused.
        again = run_one_by_one([step, ak.Mirror()], sample, executor)
        np.testing.assert_array_equal(again.image, ak.Pipeline([step, ak.Mirror()])(sample, KEY, executor).image)


angles = st.floats(-60, 60)
spatial_ops = st.one_of(
    st.builds(ak.Rotate, angles), st.builds(ak.Scale, st.floats(0.6, 1.5)), st.builds(ak.Shear, st.floats(-20, 20)),
    st.builds(ak.Translate, st.floats(-0.2, 0.2)), st.just(ak.Mirror()), st.just(ak.Perspective(0.05)),
    st.builds(ak.LocalWarp, st.just(0.03), st.just(3)), st.just(ak.CenterCrop((24, 20))), st.just(ak.Resize((30, 30))),
)  # fmt: skip
tonal_ops = st.one_of(
    st.builds(ak.Brightness, st.floats(0.5, 1.5)), st.builds(ak.Gamma, st.floats(0.5, 2)),
    st.builds(ak.Hue, angles), st.builds(ak.Saturation, st.floats(0, 2)), st.just(ak.PCAColorShift()),
)  # fmt: skip
chains = st.lists(spatial_ops | tonal_ops | st.just(ak.ImagePCAColorShift()), max_size=6)


def drawn_ops(steps: list[ak.Transform], size: tuple[int, int]) -> list[Op]:
    scene, ops = ak.Scene(size), list[Op]()
    for n, step in enumerate(steps):
        new = step.draw(KEY.stream(str(n)), scene)
        scene, ops = scene.after(new), [*ops, *new]
    return ops


def unfused(plan: Plan) -> list[Op]:
    """Return a plan's steps as operations again."""
    ops: list[Op] = []
    for step in plan.steps:
        if isinstance(step, SpatialRun):
            ops += [*step.ops, Homography(IDENTITY, step.size)]
        else:
            ops += step.ops if isinstance(step, ColorRun) else [step]  # type: ignore[list-item]
    return ops


@given(chains, st.integers(0, 6))
@settings(max_examples=60)
def test_fusing_in_pieces_is_fusing_at_once(steps: list[ak.Transform], cut: int) -> None:
    size = (28, 33)
    sample = full_sample(size, picture(size, "float32"))
    ops = drawn_ops(steps, size)
    at_once = fuse(ops, size)
    first = fuse(ops[:cut], size)
    in_pieces = fuse([*unfused(first), *unfused(fuse(ops[cut:], first.size))], size)
    left, right = ak.run(at_once, sample, "reference"), ak.run(in_pieces, sample, "reference")
    np.testing.assert_allclose(left.image, right.image, atol=1e-6)
    np.testing.assert_array_equal(left.mask, right.mask)
    np.testing.assert_allclose(left.keypoints, right.keypoints, atol=1e-4)  # type: ignore[arg-type]
    np.testing.assert_allclose(left.boxes, right.boxes, atol=1e-4)  # type: ignore[arg-type]


@given(chains)
@settings(max_examples=60)
def test_runs_are_split_by_barriers_only(steps: list[ak.Transform]) -> None:
    kinds = [type(step) for step in fuse(drawn_ops(steps, (28, 33)), (28, 33)).steps]
    runs: list[list[type]] = [[]]
    for kind in kinds:
        if kind is Adapt:
            runs.append([])
        else:
            runs[-1].append(kind)
    assert all(run in ([], [SpatialRun], [ColorRun], [SpatialRun, ColorRun]) for run in runs)
    assert len(runs) - 1 == sum(isinstance(step, ak.ImagePCAColorShift) for step in steps)


def test_colours_never_split_the_spatial_run_and_keep_their_order() -> None:
    spatial, tonal = [ak.Rotate(17), ak.LocalWarp(), ak.Scale(0.9)], [ak.Brightness(1.5), ak.Hue(40), ak.Gamma(0.5)]
    mixed = ak.Pipeline([spatial[0], tonal[0], spatial[1], tonal[1], spatial[2], tonal[2]])
    plan = mixed.draw(KEY, ak.Scene(SIZE))
    assert plan == ak.Pipeline([*spatial, *tonal]).draw(KEY, ak.Scene(SIZE))
    assert [type(step) for step in plan.steps] == [SpatialRun, ColorRun]
    assert [type(op) for op in plan.steps[1].ops] == [Curve, ColorMatrix, Curve]  # type: ignore[union-attr]


def test_order_is_kept() -> None:
    sample = ak.Sample(picture(SIZE))
    warp, turn = ak.LocalWarp(0.03, 4), ak.Rotate(60)
    one, other = ak.Pipeline([warp, turn])(sample, KEY).image, ak.Pipeline([turn, warp])(sample, KEY).image
    assert psnr(one, other, MARGIN) < 30
    assert psnr(one, run_one_by_one([warp, turn], sample).image, MARGIN) > 30
    assert psnr(other, run_one_by_one([turn, warp], sample).image, MARGIN) > 30


@both
def test_crop_then_rotate_shows_real_pixels(executor: str) -> None:
    sample = ak.Sample(picture((200, 200)))
    out = ak.Pipeline([ak.CenterCrop((100, 100)), ak.Rotate(45)], border="constant", fill=0)(sample, KEY, executor)
    turned = ak.Pipeline([ak.Rotate(45), ak.CenterCrop((100, 100))])(sample, KEY, executor)
    np.testing.assert_array_equal(out.image, turned.image)
    assert out.image.min() > 0


def test_policy_is_the_pipelines() -> None:
    plan = ak.Pipeline([ak.Rotate(3)], border="wrap", fill=7, interpolation="nearest").draw(KEY, ak.Scene(SIZE))
    assert plan.policy == SamplingOptions("wrap", 7, 0, "nearest")


def test_a_curve_that_changes_nothing_clamps_between_matrices() -> None:
    up, down = (ColorMatrix(IDENTITY, (shift, shift, shift)) for shift in (0.5, -0.5))
    still = Curve((("gain", 1.0),))
    image = np.full((4, 4, 3), 200, np.uint8)
    for ops, value in (((up, still, down), 128), ((up, down), 200), ((still, up, down, still), 200)):
        plan = fuse(ops, (4, 4))
        for executor in ("native", "cpu", "reference"):
            assert abs(int(ak.run(plan, ak.Sample(image), executor).image[0, 0, 0]) - value) <= 1
    assert fuse((still, up, down, still), (4, 4)).steps == ()
    assert len(fuse((up, ColorMatrix(IDENTITY, (0.0, 0.0, 0.0)), up), (4, 4)).steps[0].ops) == 1  # type: ignore[union-attr]


@both
def test_what_is_looked_at_is_shown_where_the_origin_lies_beyond_a_horizon(executor: str) -> None:
    """Zoomed in and seen from the side, the first pixel's corner is out of sight; nothing is mirrored by that."""
    pipeline, size, found = ak.Pipeline([ak.Scale(5.0), ak.Perspective(0.2)], border="constant"), (30, 40), 0
    sample = ak.Sample(np.full(size, 200, np.uint8), keypoints=[[20.0, 15.0]])
    for n in range(150):
        ops = [op for drawn in pipeline.ops(ak.Key(n, "x"), ak.Scene(size)).values() for op in drawn]
        if np.isfinite(push(ops, np.zeros((1, 2)))).all():  # type: ignore[arg-type]
            continue
        found += 1
        plan = pipeline.draw(ak.Key(n, "x"), ak.Scene(size))
        out = ak.run(Plan.from_json(plan.to_json()), sample, executor)
        assert not plan.is_mirrored
        assert (out.image == 200).mean() > 0.5
        np.testing.assert_allclose(out.keypoints, push(ops, np.array([[20.0, 15.0]])), atol=1e-6)  # type: ignore[arg-type]
    assert found > 3
