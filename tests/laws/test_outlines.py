"""Laws of rotated boxes and polylines: they go where the picture goes, and leave it as boxes do."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import augkit as ak
from augkit.errors import SampleError
from augkit.loader import Augmented, Draw, Mosaic
from augkit.targets.outlines import area_inside, length_inside
from augkit.targets.rotated_boxes import corners_of
from support.pictures import blobs, middles, noise
from support.subjects import POINTS, SIZE, assert_near, drawn, subjects

BOX = np.array([[80.0, 70.0, 50.0, 24.0, 25.0], [60.0, 80.0, 12.0, 40.0, -100.0]])
BLANK = noise(SIZE)
degrees = st.floats(-180, 180)


def turned(angle: float) -> Any:
    """Return a turn about the middle of the picture, counter-clockwise as seen, as a float64 matrix."""
    cosine, sine, middle = np.cos(np.radians(angle)), np.sin(np.radians(angle)), np.array(SIZE[::-1]) / 2
    linear = np.array([[cosine, sine], [-sine, cosine]])
    return linear, middle - linear @ middle


def by_hand(box: Any) -> Any:
    """Return the corners of a rotated box by turning those of an upright one."""
    x, y, w, h, angle = box
    flat = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    return flat @ turned(angle)[0].T + [x, y]


def assert_same_corners(box: Any, corners: Any, atol: float = 1e-8) -> None:
    """The same rectangle, wherever its first corner is."""
    found = corners_of(np.array([box]))[0]
    away = np.hypot(*(found[:, None] - corners[None]).transpose(2, 0, 1))
    assert away.min(axis=0).max() <= atol
    assert away.min(axis=1).max() <= atol


@given(degrees, degrees, st.floats(0.3, 2.0), st.booleans(), st.floats(1, 60), st.floats(1, 60))
def test_similar_maps_keep_rotated_boxes_exact(
    turn: float, own: float, zoom: float, flip: bool, w: float, h: float
) -> None:
    box = [88.0, 72.0, w, h, own]
    steps = [ak.Rotate(turn), ak.Scale(zoom), *([ak.Mirror()] if flip else [])]
    out = ak.Pipeline(steps, min_visible=0.0)(ak.Sample(BLANK, rotated_boxes=[box]), ak.Key(0, "x"))
    linear, shift = turned(turn)
    corners, middle = by_hand(box) @ linear.T + shift, np.array(SIZE[::-1]) / 2
    corners = (corners - middle) * zoom + middle
    corners = corners * [-1, 1] + [SIZE[1], 0] if flip else corners
    assert out.rotated_boxes is not None
    assert_same_corners(out.rotated_boxes[0], corners)
    np.testing.assert_allclose(out.rotated_boxes[0, 2:4], [w * zoom, h * zoom], rtol=1e-9)  # width stays the width
    expected = 180 - own - turn if flip else own + turn
    assert abs((out.rotated_boxes[0, 4] - expected + 180) % 360 - 180) < 1e-6


@given(st.floats(-40, 40), st.floats(-30, 30), degrees)
def test_under_shear_it_is_the_smallest_around(x: float, y: float, own: float) -> None:
    box = [88.0, 72.0, 40.0, 22.0, own]
    pipeline = ak.Pipeline([ak.Shear(x, y)], min_visible=0.0)
    out = pipeline(ak.Sample(BLANK, rotated_boxes=[box]), ak.Key(0, "x"))
    linear = np.array([[1.0, np.tan(np.radians(x))], [np.tan(np.radians(y)), 1.0]])
    middle = np.array(SIZE[::-1]) / 2
    corners = (by_hand(box) - middle) @ linear.T + middle
    assert out.rotated_boxes is not None
    cx, cy, w, h, angle = out.rotated_boxes[0]
    inside = (corners - [cx, cy]) @ turned(angle)[0]  # in the box's own frame
    np.testing.assert_allclose(np.abs(inside).max(axis=0), [w / 2, h / 2], atol=1e-8)
    np.testing.assert_allclose(inside.max(axis=0) + inside.min(axis=0), 0, atol=1e-8)
    spans = [np.ptp(corners @ turned(degrees)[0], axis=0).prod() for degrees in np.linspace(0, 90, 1801)]
    assert w * h <= min(spans) * (1.0 + 1e-9)
    along = corners[1] - corners[0]  # its width lies within 45 degrees of where its width came to lie
    assert along @ [np.cos(np.radians(angle)), -np.sin(np.radians(angle))] >= np.sqrt(0.5) * np.hypot(*along) - 1e-6


@subjects
def test_rotated_boxes_hold_their_moved_outline_and_lines_their_points(pipeline: ak.Pipeline) -> None:
    shares = np.linspace(0, 1, 41)[:, None]
    outlines = [
        [corner + shares * (by_hand(box)[n - 3] - corner) for n, corner in enumerate(by_hand(box))] for box in BOX
    ]
    points = np.concatenate([np.concatenate(sides) for sides in outlines])
    plan = drawn(pipeline, 3, border="constant", min_visible=0.0)
    sample = ak.Sample(
        BLANK, rotated_boxes=BOX, rotated_box_labels=[0, 1], keypoints=points, polylines=[points, POINTS]
    )
    out = ak.run(plan, sample)
    assert out.rotated_boxes is not None
    assert out.polylines is not None
    assert len(out.polylines) >= 1
    if len(out.polylines) == 2:
        np.testing.assert_array_equal(out.polylines[0], out.keypoints)
    assert out.keypoints is not None
    moved = out.keypoints.reshape(len(BOX), -1, 2)
    for box, number in zip(out.rotated_boxes, out.rotated_box_labels or (), strict=True):
        inside = np.abs((moved[number] - box[:2]) @ turned(box[4])[0])
        assert (inside <= box[2:4] / 2 + 0.1).all()  # between two points of its outline a warp bends a little more
        assert (inside.max(axis=0) >= box[2:4] / 2 - 0.5).all()


@pytest.mark.parametrize(
    "steps", [[ak.Rotate(33)], [ak.Mirror(), ak.Rotate(-70)], [ak.Scale(1.2), ak.Mirror("vertical")]]
)
def test_corners_and_lines_lie_on_their_blobs(steps: Any) -> None:
    corners = np.concatenate([by_hand(box) for box in BOX])
    plan = ak.Pipeline(steps, border="constant").draw(ak.Key(0, "x"), ak.Scene(SIZE))
    out = ak.run(plan, ak.Sample(blobs(SIZE, corners), rotated_boxes=BOX, polylines=[corners]))
    found = middles(out.image)
    assert out.polylines is not None
    assert out.rotated_boxes is not None
    assert_near(np.hypot(*(found - out.polylines[0]).T))
    for number, box in enumerate(out.rotated_boxes):
        assert_same_corners(box, found[4 * number : 4 * number + 4], atol=0.5)


def test_hidden_ones_go_with_their_labels_and_the_others_stay_whole() -> None:
    lines = [
        np.array(line, float)
        for line in ([[0, 5], [60, 5]], [[50, 9], [150, 9]], [[0, 0], [40, 40]], [[70, 70]], [[20, 20]])
    ]
    boxes = [[50, 50, 20, 20, 45], [48, 20, 20, 10, 90], [80, 30, 30, 20, 10], [20, 20, 10, 10, 0]]
    sample = ak.Sample(
        noise((100, 100)), polylines=lines, polyline_labels=list("abcde"),
        rotated_boxes=boxes, rotated_box_labels=np.arange(4),
    )  # fmt: skip
    # A sixth of a is left, all of b; half of the first box, three tenths of the second.
    wanted = {
        0.0: ("abd", [0, 1, 2]),
        0.16: ("abd", [0, 1, 2]),
        0.3: ("bd", [0, 1, 2]),
        0.31: ("bd", [0, 2]),
        0.51: ("bd", [2]),
    }
    for min_visible, (kept_lines, kept_boxes) in wanted.items():
        out = ak.Pipeline([ak.Translate(-0.5, 0)], min_visible=min_visible)(sample, ak.Key(0, "x"))
        assert out.polyline_labels == list(kept_lines)
        assert list(out.rotated_box_labels) == kept_boxes  # type: ignore[arg-type]
        np.testing.assert_allclose(out.rotated_boxes, np.array(boxes)[kept_boxes] - [50, 0, 0, 0, 0], atol=1e-9)  # type: ignore[arg-type]
        for line, label in zip(out.polylines or (), kept_lines, strict=True):
            np.testing.assert_allclose(line, lines["abcde".index(label)] - [50, 0], atol=1e-9)


@given(st.floats(-20, 120), st.floats(-20, 80), st.floats(1, 90), st.floats(1, 90), degrees, st.integers(0, 99))
def test_areas_and_lengths_within_a_frame(x: float, y: float, w: float, h: float, own: float, seed: int) -> None:
    """Points strewn over the box, and along the line, are within the frame as often."""
    size, generator = (60, 100), np.random.default_rng(seed)
    corners = by_hand([x, y, w, h, own])
    for shares, found, whole in (
        (generator.random((4000, 2)), area_inside(corners, size), w * h),
        (np.column_stack([np.linspace(0, 1, 4000), np.zeros(4000)]), length_inside(corners[:2], size), w),
    ):
        strewn = corners[0] + shares @ np.array([corners[1] - corners[0], corners[3] - corners[0]])
        share = ((strewn >= 0) & (strewn <= (size[1], size[0]))).all(axis=1).mean()
        assert abs(found / whole - share) < 0.05


def test_small_ones_far_from_the_origin_are_whole() -> None:
    places = np.random.default_rng(0).uniform(100, 900, (100, 2))
    for side in (1e-1, 1e-3, 1e-6):
        boxes = np.column_stack([places, np.full((100, 2), side), places[:, 0]])
        lines = [np.array([[x, y], [x + side, y]]) for x, y in places]
        sample = ak.Sample(noise((1000, 1000)), rotated_boxes=boxes, polylines=lines)
        out = ak.Pipeline([], min_visible=1.0)(sample, ak.Key(0, "x"))
        assert len(out.rotated_boxes) == len(out.polylines or ()) == 100  # type: ignore[arg-type]


def test_a_mirror_exchanges_their_labels_too() -> None:
    sample = ak.Sample(
        BLANK, polylines=[POINTS], polyline_labels=["left"], rotated_boxes=BOX, rotated_box_labels=["up", "right"]
    )
    out = ak.Pipeline([ak.Mirror()], mirrored_labels={"left": "right"})(sample, ak.Key(0, "x"))
    assert (out.polyline_labels, out.rotated_box_labels) == (["right"], ["up", "left"])


def test_a_mosaic_holds_those_of_all_its_parts() -> None:
    crossed = [[0, 0], [40, 40], [0, 40], [40, 0]]  # it is seen in every corner, and its mean is the middle
    samples = [
        ak.Sample(
            noise((40, 40)), keypoints=[[20, 20], [9, 9]], keypoint_counts=[1, 1] if n % 2 else None,
            polylines=[crossed], polyline_labels=[n], rotated_boxes=[[20, 20, 39, 39, n]], rotated_box_labels=[n],
        )
        for n in range(4)
    ]  # fmt: skip
    out = Mosaic(Augmented(samples, ak.Pipeline([])), (40, 40), min_visible=0.0).made(Draw(0, 0)).sample
    assert out.keypoints is not None
    assert sum(out.keypoint_counts or ()) == len(out.keypoints) == 8
    assert out.polyline_labels == out.rotated_box_labels
    assert len(out.polyline_labels or ()) == 4
    means = [line.mean(axis=0) for line in out.polylines or ()]
    np.testing.assert_allclose(np.asarray(out.rotated_boxes)[:, :2], means)


def test_the_input_is_left_alone() -> None:
    sample = ak.Sample(BLANK, polylines=[POINTS], rotated_boxes=BOX)
    for pipeline in (ak.Pipeline([]), ak.Pipeline([ak.Mirror()])):
        out = pipeline(sample, ak.Key(0, "x"))
        assert out.polylines is not None
        assert sample.polylines is not None
        assert not np.shares_memory(out.polylines[0], sample.polylines[0])
        assert not np.shares_memory(out.rotated_boxes, sample.rotated_boxes)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"rotated_boxes": [[1, 2, 3, 4]]}, r"rotated_boxes: must have shape \(n, 5\) as middle x"),
        ({"rotated_boxes": [[1, 2, 0, 4, 9]]}, "rotated_boxes: must have a width and a height above 0"),
        ({"rotated_boxes": BOX, "rotated_box_labels": [1]}, "rotated_box_labels: must be a list of 2"),
        ({"polylines": [[1, 2, 3]]}, r"polylines: must have shape \(n, 2\)"),
        ({"polylines": "ab"}, "polylines: must be a list of lines"),
        ({"polyline_labels": [1]}, "polyline_labels: must be a list of 0"),
    ],
)
def test_what_is_none_is_refused(parts: Any, words: str) -> None:
    with pytest.raises(SampleError, match=f"^Sample.{words}"):
        ak.Sample(BLANK, **parts)
