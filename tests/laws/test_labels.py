"""Laws of labels: masks, boxes and keypoints go where the picture goes. The judge is a blob drawn into the picture."""

from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from support.pictures import assert_same_sample, blobs, full_sample, middles, noise
from support.subjects import POINTS, SIZE, SLIDING, SUBJECTS, assert_near, borders, drawn, subjects

EDGE_PX = 6.0  # a blob nearer to an edge than this is cut off


def blob_errors(plan: Plan, executor: str = "cpu") -> Any:
    """Return how far from its keypoint a blob comes out, in pixels, of those that are whole: every second of many."""
    blank = np.zeros(SIZE, np.uint8)
    told = ak.run(plan, ak.Sample(blank, keypoints=POINTS)).keypoints
    near = ak.run(plan, ak.Sample(blank, keypoints=np.concatenate([POINTS + step for step in np.eye(2)]))).keypoints
    assert told is not None
    assert near is not None
    along_x, along_y = near[: len(told)] - told, near[len(told) :] - told
    zooms = np.sqrt(np.abs(along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0]))
    room = EDGE_PX * max(1.0, zooms.max())
    inside = np.flatnonzero(((told > room) & (told < np.array(plan.size[::-1]) - room)).all(axis=1))
    judged = inside[:: 2 if len(inside) > 16 else 1]
    if not len(judged):
        return np.zeros(0)
    found = middles(ak.run(plan, ak.Sample(blobs(SIZE, POINTS[judged], float(np.median(zooms)))), executor).image)
    return np.hypot(*(found - told[judged]).T)


@pytest.mark.parametrize(
    "pipeline", [*SUBJECTS.values(), *(ak.Pipeline([step]) for step in SLIDING)], ids=[*SUBJECTS, *map(repr, SLIDING)]
)
def test_keypoints_lie_on_their_blobs(pipeline: ak.Pipeline) -> None:
    assert_near(np.concatenate([blob_errors(drawn(pipeline, n, blobs=True, border="constant")) for n in range(4)]))


@pytest.mark.parametrize(("alpha", "sigma", "reach"), [(34, 4, 3), (350, 16, 10), (700, 24, 10), (1300, 32, 10)])
def test_keypoints_follow_elastic_warps(alpha: float, sigma: float, reach: float) -> None:
    plans = [drawn(ak.Pipeline([ak.ElasticWarp(alpha, sigma)]), n, border="constant") for n in range(6)]
    assert_near(np.concatenate([blob_errors(plan) for plan in plans]))
    moved = [ak.run(plan, ak.Sample(noise(SIZE), keypoints=POINTS)).keypoints - POINTS for plan in plans]  # type: ignore[operator]
    assert np.hypot(*np.concatenate(moved).T).max() >= reach


def test_keypoints_lie_on_their_blobs_for_the_reference_too() -> None:
    for step in (ak.Rotate(20), ak.LocalWarp(0.05, 5), ak.Perspective(0.15), ak.RandomResizedCrop(96)):  # type: ignore[arg-type]
        assert_near(blob_errors(drawn(ak.Pipeline([step]), 1, border="constant"), "reference"))


@pytest.mark.parametrize("step", [ak.LocalWarp(strength=0.0), ak.ElasticWarp(alpha=0.0)], ids=repr)
@pytest.mark.parametrize("executor", ["native", "cpu", "reference"])
def test_warps_of_no_strength_are_the_identity(step: ak.Transform, executor: str) -> None:
    sample = full_sample(SIZE)
    for steps in ([step], [ak.Mirror(), step, ak.Mirror()]):
        out = ak.Pipeline(steps)(sample, ak.Key(0, "x"), executor)
        for name in ("image", "mask", "keypoints"):
            np.testing.assert_array_equal(getattr(out, name), getattr(sample, name))
        np.testing.assert_allclose(out.boxes, sample.boxes, atol=1e-9)  # type: ignore[arg-type]


@subjects
@borders
def test_a_picture_and_the_same_mask_come_out_equal(pipeline: ak.Pipeline, border: str) -> None:
    values = noise(SIZE, 1)
    plan = drawn(pipeline, 5, border=border, interpolation="nearest", fill=9, mask_fill=9)
    out = ak.run(plan, ak.Sample(values, mask=values))
    np.testing.assert_array_equal(out.image, out.mask)


@subjects
@borders
def test_no_mask_value_that_was_not_there(pipeline: ak.Pipeline, border: str) -> None:
    mask = np.array([3, 7, 200], np.uint8)[noise(SIZE, 1) // 100]
    plan = drawn(pipeline, 6, border=border, mask_fill=9)
    for executor in ("native", "cpu", "reference"):
        out = ak.run(plan, ak.Sample(noise(SIZE), mask=mask), executor)
        assert out.mask is not None
        assert set(np.unique(out.mask).tolist()) <= {3, 7, 200} | ({9} if border == "constant" else set())


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "uint16", "bool", "int8"])
def test_masks_of_any_whole_dtype(dtype: str) -> None:
    mask = (noise(SIZE, 2) > 100).astype(dtype) if dtype == "bool" else noise(SIZE, 2).astype(dtype)
    pipeline = ak.Pipeline([ak.Rotate(10), ak.LocalWarp()])
    out, small = (pipeline(ak.Sample(noise(SIZE), mask=m), ak.Key(0, "x")).mask for m in (mask, noise(SIZE, 2)))
    assert out is not None
    assert out.dtype == mask.dtype
    np.testing.assert_array_equal(out, (small > 100) if dtype == "bool" else small.astype(dtype))  # type: ignore[operator, union-attr]


@subjects
def test_boxes_hold_the_mask_of_their_region(pipeline: ak.Pipeline) -> None:
    boxes = np.array([[40, 30, 90, 70], [100, 60, 150, 130]], float)
    plan = drawn(pipeline, 7, border="constant", min_visible=0)
    for number, box in enumerate(boxes):
        left, top, right, bottom = box.astype(int)
        mask = np.zeros(SIZE, np.uint8)
        mask[top:bottom, left:right] = 1
        out = ak.run(plan, ak.Sample(noise(SIZE), mask=mask, boxes=box[None], box_labels=[number]))
        assert out.mask is not None
        rows, columns = np.nonzero(out.mask)
        if len(rows):
            assert out.boxes is not None
            told, limits = out.boxes[0], np.tile(plan.size[::-1], 2)
            region = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert (told[:2] <= region[:2] + 1).all()
            assert (told[2:] >= region[2:] - 1).all()
            if (told > 0).all() and (told < limits).all():  # nor is it larger than its region, unless that is cut off
                np.testing.assert_allclose(told, region, atol=1.0)


def test_hidden_boxes_go_with_their_labels() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 20, 100, 40], [60, 60, 70, 70], [45, 0, 55, 10]], float)
    sample = ak.Sample(noise((100, 100)), boxes=boxes, box_labels=list("abcd"))
    for min_visible, kept in {0.0: "bcd", 0.5: "bcd", 0.51: "c", 1.0: "c"}.items():
        out = ak.Pipeline([ak.Translate(-0.5, 0)], min_visible=min_visible)(sample, ak.Key(0, "x"))
        assert out.box_labels == list(kept)
        assert out.boxes is not None
        assert len(out.boxes) == len(kept)
        np.testing.assert_allclose(out.boxes[0], [0, 20, 50, 40] if "b" in kept else [10, 60, 20, 70])


def test_a_box_with_a_polygon_is_around_what_is_left_of_that() -> None:
    """Of b three quarters are left, of c all, of d three quarters too: its box would be cut in half."""
    boxes = np.array([[0, 0, 10, 10], [0, 20, 100, 40], [60, 60, 70, 70], [45, 0, 55, 10]], float)
    polygons = [box[[0, 1, 2, 1, 2, 3]].reshape(3, 2) for box in boxes]
    sample = ak.Sample(noise((100, 100)), boxes=boxes, box_labels=list("abcd"), polygons=polygons)
    for min_visible, kept in {0.0: "bcd", 0.74: "bcd", 0.76: "c", 1.0: "c"}.items():
        pipeline = ak.Pipeline([ak.Translate(-0.5, 0)], min_visible=min_visible)
        out = pipeline(sample, ak.Key(0, "x"))
        assert out.box_labels == list(kept)
        assert out.polygons is not None
        moved = [polygon - [50, 0] for polygon, label in zip(polygons, "abcd", strict=True) if label in kept]
        np.testing.assert_allclose(np.array(out.polygons), np.array(moved), atol=1e-9)
        wanted = {"b": [0, 20, 50, 40], "c": [10, 60, 20, 70], "d": [0, 0, 5, 10]}
        np.testing.assert_allclose(out.boxes, [wanted[label] for label in kept])  # type: ignore[arg-type]


def test_boxes_are_clipped_only_at_barriers_and_at_the_end() -> None:
    boxes = np.array([[0, 0, 40, 100]], float)
    sample = ak.Sample(noise((100, 100)), boxes=boxes, box_labels=[1])
    there_and_back = [ak.Translate(-0.3, 0), ak.Translate(0.3, 0)]
    out = ak.Pipeline(there_and_back)(sample, ak.Key(0, "x"))
    np.testing.assert_allclose(out.boxes, boxes)  # type: ignore[arg-type]
    barred = ak.Pipeline([there_and_back[0], ak.ImagePCAColorShift(std=0), there_and_back[1]])
    np.testing.assert_allclose(barred(sample, ak.Key(0, "x")).boxes, [[30, 0, 40, 100]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "steps",
    [
        [ak.Add((ak.Translate(0.5, 0),), (ak.Translate(0.5, 0),)), ak.Translate(-0.5, 0)],
        [ak.Pool(size=81, stride=1), ak.Pad(40, 40, 40, 40)],
        [ak.Convolve(((1.0,) * 61,), padding=0), ak.Pad(30, 0, 30, 0)],
        [ak.Add((ak.Pool("mean", 81, 1),), (ak.CenterCrop((20, 20)),)), ak.Pad(40, 40, 40, 40)],
        [ak.Add((ak.Add((ak.Translate(0.5, 0),), ()),), ()), ak.Translate(-0.5, 0)],
    ],
    ids=repr,
)
def test_what_a_barrier_cut_off_comes_back_without_labels(steps: list[ak.Transform]) -> None:
    box = np.array([[85.0, 40.0, 95.0, 60.0]])
    mask = np.zeros((100, 100), np.uint8)
    mask[40:60, 85:95] = 1
    sample = ak.Sample(
        noise((100, 100)), mask=mask, boxes=box, box_labels=["gone"], keypoints=np.array([[90.0, 50.0]]),
        polylines=[np.array([[85.0, 50], [95, 50]])], polyline_labels=["gone"],
        rotated_boxes=np.array([[90.0, 50, 10, 20, 0]]), rotated_box_labels=["gone"],
    )  # fmt: skip
    out = ak.Pipeline(steps, border="constant")(sample, ak.Key(0, "x"))
    assert not out.mask.any()  # type: ignore[union-attr]
    assert [out.box_labels, out.polyline_labels, out.rotated_box_labels] == [[], [], []]
    np.testing.assert_array_equal(out.keypoint_visible, [False])


def test_no_boxes_stay_no_boxes() -> None:
    sample = ak.Sample(noise(SIZE), boxes=np.zeros((0, 4)), box_labels=[], keypoints=np.zeros((0, 2)), polygons=[])
    out = ak.Pipeline([ak.Rotate(5), ak.LocalWarp()])(sample, ak.Key(0, "x"))
    assert out.boxes is not None
    assert out.keypoints is not None
    assert (out.boxes.shape, out.keypoints.shape, out.polygons) == ((0, 4), (0, 2), [])


@pytest.mark.parametrize("given", [None, np.array([True, True, False]), np.array([2, 1, 0])], ids=str)
def test_keypoints_keep_their_count_and_tell_what_is_seen(given: Any) -> None:
    points = np.array([[10.0, 10.0], [90.0, 50.0], [80.0, 80.0]])
    sample = ak.Sample(noise((100, 100)), keypoints=points, keypoint_visible=given)
    out = ak.Pipeline([ak.Translate(-0.5, 0)])(sample, ak.Key(0, "x"))
    before = np.array([True, True, True]) if given is None else given
    assert out.keypoints is not None
    assert out.keypoint_visible is not None
    np.testing.assert_allclose(out.keypoints, points - [50, 0])
    assert out.keypoint_visible.dtype == before.dtype
    np.testing.assert_array_equal(out.keypoint_visible, before * np.array([0, 1, 1], before.dtype))


def arrays(value: Any) -> list[Any]:
    """Return all arrays of a sample, or of a part of one."""
    if isinstance(value, np.ndarray):
        return [value]
    inner = vars(value).values() if isinstance(value, ak.Sample) else getattr(value, "values", lambda: value)()
    return [array for part in inner if isinstance(part, dict | list | np.ndarray) for array in arrays(part)]


def test_the_input_is_left_alone() -> None:
    sample = full_sample(SIZE)
    rows_only = ak.CenterCrop((SIZE[0] // 2, SIZE[1]))  # the one crop that could be a view
    more = [ak.Pipeline([rows_only]), ak.Pipeline([rows_only, ak.PCAColorShift()]), ak.Pipeline([ak.PCAColorShift()])]
    for pipeline in [*SUBJECTS.values(), *more]:
        out = pipeline(sample, ak.Key(0, "x"))
        for array in arrays(out):
            assert not any(np.shares_memory(array, other) for other in arrays(sample))
            array[:] = 0
    assert_same_sample(sample, full_sample(SIZE))


def test_what_reaches_beyond_a_horizon_is_hidden_and_nothing_is_infinite() -> None:
    inner, outer = [60.0, 50.0, 90.0, 80.0], [-3000.0, -2000.0, 4000.0, 3000.0]
    rings = [np.array([inner, outer])[n][[[0, 1], [2, 1], [2, 3], [0, 3]]] for n in (0, 1)]
    sample = ak.Sample(noise(SIZE), boxes=[inner, outer], box_labels=["in", "out"], polygons=[rings[0], [*rings]])
    alone = ak.Sample(noise(SIZE), polygons=[*rings, rings], keypoints=rings[1], polylines=rings)
    for min_visible in (0.0, 0.1, 1.0):
        pipeline = ak.Pipeline([ak.Perspective(0.15)], min_visible=min_visible)
        for n in range(4):
            out = pipeline(sample, ak.Key(n, "x"))
            assert out.box_labels == ["in"]
            assert len(out.polygons or ()) == len(out.boxes if out.boxes is not None else ()) == 1
            again = pipeline(alone, ak.Key(n, "x"))
            assert len(again.polygons or ()) == 3
            ak.Sample(**vars(again))  # which refuses what is not finite
