"""Laws of crops that keep boxes: what is kept is whole, and windows lie anywhere else."""

from typing import Any, Literal

import numpy as np
from hypothesis import given, strategies as st
from scipy import stats

import augkit as ak
from augkit.core.ops import Homography
from augkit.core.spatial import apply, inverse
from support.pictures import noise
from support.table import drawn

SIZE = (60, 100)
Keep = Literal["one", "all", "overlap"]


@st.composite
def some_boxes(draw: st.DrawFn) -> Any:
    """Return boxes within a picture of SIZE."""
    count = draw(st.integers(1, 5))
    corners = [[draw(st.floats(0, side - 1)) for side in SIZE[::-1]] for _ in range(count)]
    sides = [[draw(st.floats(0.5, side)) for side in SIZE[::-1]] for _ in range(count)]
    return [[x, y, min(x + w, SIZE[1]), min(y + h, SIZE[0])] for (x, y), (w, h) in zip(corners, sides, strict=True)]


def scene(boxes: Any) -> ak.Scene:
    return ak.Scene.of(ak.Sample(noise(SIZE), boxes=boxes))


def window(step: ak.Transform, n: int, boxes: Any) -> Any:
    """Return left, top, right, bottom of what is cut out, in the source."""
    (op,) = drawn(step, ak.Key(n, "crop"), scene(boxes))
    assert isinstance(op, Homography)
    return apply(inverse(op.matrix), np.array([[0.0, 0.0], op.size[::-1]])).ravel()


def holds(frame: Any, boxes: Any) -> Any:
    """Tell of every box whether a window holds it whole."""
    boxes, frame = np.asarray(boxes), np.asarray(frame)
    return (boxes[:, :2] >= frame[:2] - 1e-6).all(axis=1) & (boxes[:, 2:] <= frame[2:] + 1e-6).all(axis=1)


def overlaps(frame: Any, boxes: Any) -> Any:
    """Return intersection over union of a window with every box."""
    found = []
    for box in np.asarray(boxes):
        w, h = np.maximum(0, np.minimum(box[2:], frame[2:]) - np.maximum(box[:2], frame[:2]))
        areas = [np.prod(one[2:] - one[:2]) for one in (box, frame)]
        found.append(w * h / (sum(areas) - w * h))
    return np.array(found)


@given(some_boxes(), st.sampled_from(["one", "all"]), st.floats(0.01, 1.0), st.integers(0, 9))
def test_what_is_kept_is_whole_and_the_window_lies_inside(boxes: Any, keep: Keep, scale: float, n: int) -> None:
    frame = window(ak.RandomBoxCrop((32, 48), keep, scale), n, boxes)
    assert holds([0, 0, SIZE[1], SIZE[0]], [frame]).all()
    np.testing.assert_allclose(frame, np.rint(frame), atol=1e-6)
    kept = holds(frame, boxes)
    assert kept.all() if keep == "all" else kept.any()


@given(some_boxes(), st.sampled_from(["one", "all"]), st.integers(0, 9))
def test_kept_boxes_come_out_with_their_labels(boxes: Any, keep: Keep, n: int) -> None:
    sample = ak.Sample(noise(SIZE), boxes=boxes, box_labels=list(range(len(boxes))))
    out = ak.Pipeline([ak.RandomBoxCrop((32, 48), keep, 0.05)], min_visible=1.0)(sample, ak.Key(n, "x"))
    assert len(out.box_labels or ()) == len(boxes) if keep == "all" else out.box_labels


@given(some_boxes(), st.floats(0, 1), st.integers(0, 9))
def test_a_window_overlaps_a_box_as_asked_or_is_the_whole_picture(boxes: Any, least: float, n: int) -> None:
    frame = window(ak.RandomBoxCrop((32, 48), "overlap", overlap=least), n, boxes)
    whole = np.allclose(frame, [0, 0, SIZE[1], SIZE[0]])
    assert whole or overlaps(frame, boxes).max() >= least - 1e-6


def test_places_are_uniform_over_those_that_keep_the_box() -> None:
    step, box = ak.RandomBoxCrop((30, 30), "one", scale=0.15, ratio=1.0), [40.5, 20.0, 52.0, 31.0]  # windows of 30 x 30
    frames = np.array([window(step, n, [box]) for n in range(4000)])
    np.testing.assert_allclose(frames[:, 2:] - frames[:, :2], 30, atol=1e-6)
    for axis, (low, high) in enumerate(((22, 40), (1, 20))):  # from 52 - 30 to 40; from 31 - 30 to 20
        counts = np.bincount(np.rint(frames[:, axis]).astype(int) - low, minlength=high - low + 1)
        assert len(counts) == high - low + 1
        assert stats.chisquare(counts).pvalue > 1e-3


def test_every_box_is_kept_as_often_and_hidden_ones_are_none() -> None:
    boxes = [[5, 5, 10, 10], [90, 50, 95, 55], [45, 25, 50, 30]]
    step = ak.RandomBoxCrop((8, 8), "one", scale=0.01)
    counts = sum(holds(window(step, n, boxes), boxes).astype(int) for n in range(1500))
    assert stats.chisquare(counts).pvalue > 1e-3
    shifted = ak.Pipeline([ak.Translate(-0.5, 0), step], min_visible=1.0)
    sample = ak.Sample(noise(SIZE), boxes=boxes, box_labels=list("abc"))
    assert {tuple(shifted(sample, ak.Key(n, "x")).box_labels or ()) for n in range(20)} == {("b",)}


def test_without_boxes_it_cuts_anywhere() -> None:
    for keep in ("one", "all", "overlap"):
        frames = [window(ak.RandomBoxCrop(16, keep, 0.2), n, None) for n in range(300)]  # type: ignore[arg-type]
        middles = np.array([(frame[:2] + frame[2:]) / 2 for frame in frames]) / SIZE[::-1]
        assert np.abs(middles.mean(axis=0) - 0.5).max() < 0.05
        assert np.ptp(middles, axis=0).min() > 0.3


def test_a_box_that_reaches_beyond_a_horizon_is_none_to_keep() -> None:
    """It is dropped, so that the window need not hold what is left of it: all of the picture."""
    boxes, step = [[40, 20, 60, 40], [-3000, -2000, 4000, 3000]], ak.RandomBoxCrop((30, 30), "all", scale=0.05, ratio=1)
    for n in range(6):
        tilted = scene(boxes).after(drawn(ak.Perspective(0.15), ak.Key(n, "tilt")))
        assert not np.isfinite(tilted.boxes).all()  # type: ignore[arg-type]
        (op,) = drawn(step, ak.Key(n, "crop"), tilted)
        assert isinstance(op, Homography)
        assert op.matrix[0][0] > 0.6  # it enlarges, as it cannot where all of 100 x 60 pixels come to 30 x 30
