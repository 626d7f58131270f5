"""Boxes of augmented views come back to where they are in the picture, and say the same thing together."""

from __future__ import annotations

import numpy as np
import pytest

import augkit as ak
from augkit.core.key import Key
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.train.answers.returning import viewed
from augkit.train.answers.returning_boxes import joined, points_over, returned_boxes
from augkit.train.batches.framing import Framing
from augkit.train.models.preprocessing import Preprocessing
from augkit.train.tasks.detect_task import Detect
from augkit.train.tasks.detections import LIKELY, MOST

SIZE = (96, 128)
BOXES = np.array([[40.0, 30, 60, 50], [70, 40, 90, 70]])
INPUT = Preprocessing((64, 64), 3, (0.5,) * 3, (0.5,) * 3, is_padded=True, is_once=True)


@pytest.mark.parametrize(
    ("step", "off"),
    [
        (ak.Mirror(), 0.01),
        (ak.QuarterTurn(), 0.01),
        (ak.Scale(factor=(0.8, 0.9)), 0.01),
        (ak.Rotate(degrees=(5, 10)), 1.5),
        (ak.LocalWarp(strength=0.02, cells=4), 1.5),
    ],
)
def test_boxes_of_a_view_come_back(step: ak.Transform, off: float) -> None:
    """Those that keep to the axes exactly, others within a few hundredths of the picture."""
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), boxes=BOXES, box_labels=["a", "b"], id="x")
    pipeline = ak.Pipeline([step], box_rule="ellipse")
    here = points_over(SIZE)
    for copy in range(3):
        view = viewed(pipeline, sample, Key(0, "x", copy), here, INPUT)
        drawn = Framing(INPUT)(pipeline, Key(0, "x", copy), Scene.of(sample))
        moved = drawn.after(ak.run(drawn.plan, sample)).boxes
        assert moved is not None
        np.testing.assert_allclose(returned_boxes(moved, view.points, here), BOXES, atol=off)


def test_what_all_views_say_is_said_once_and_what_one_says_counts_less() -> None:
    here = points_over(SIZE)
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), id="x")
    view = viewed(ak.Pipeline([ak.Mirror()]), sample, Key(0, "x"), here, INPUT)
    first, second = ([0, *BOXES[0], 0.9], [0, *BOXES[0] + 1, 0.7])
    other = [0, *BOXES[1], 0.8]
    rows = joined([np.array([first, other]), np.array([second])], [None, view], here)
    assert rows[:, 0].tolist() == [0, 0]
    np.testing.assert_allclose(rows[:, 5], [0.8, 0.4])
    assert (BOXES[0] < rows[0, 1:5]).all()
    assert (rows[0, 1:5] < BOXES[0] + 1).all()
    assert joined([np.zeros((0, 6))], [None], here).shape == (0, 6)
    assert Detect(("a",)).label(rows) == "2 a"


def test_views_say_no_more_objects_and_none_less_likely_than_a_picture_alone() -> None:
    here = points_over(SIZE)
    sample = Sample(np.zeros((*SIZE, 3), np.uint8), id="x")
    view = viewed(ak.Pipeline([ak.Mirror()]), sample, Key(0, "x"), here, INPUT)
    corners = np.arange(2 * MOST) * 0.2
    many = np.stack([0 * corners, corners, corners, corners + 0.1, corners + 0.1, 0.9 - corners / 1000], 1)
    rows = joined([many[::2], many[1::2]], [None, view], here)
    assert len(rows) == MOST
    assert (np.diff(rows[:, 5]) <= 0).all()
    hardly = many[:1] * [1, 1, 1, 1, 1, 1.5 * LIKELY / many[0, 5]]
    assert len(joined([hardly], [None], here)) == 1
    assert not len(joined([hardly, many[:0]], [None, view], here))
