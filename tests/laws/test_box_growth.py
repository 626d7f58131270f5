"""Boxes that a pipeline loosens are noticed, whatever turns them, and not where their outlines are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from augkit.core.sampling import BoxRule
from augkit.pipeline import Pipeline
from augkit.pipeline.box_growth import box_growth, told_box_growth
from augkit.targets.sample import Sample
from augkit.train.dense_setup import told_boxes
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale, Translate
from augkit.transforms.transform import Transform
from support.scenes import scenes
from support.tiny_backbone import NAME
from support.trainings import prepared, settings

BOX = np.array([[30.0, 20, 50, 40]])
SAMPLE = Sample(np.zeros((60, 80, 3), np.uint8), boxes=BOX, box_labels=["a"], id="x")
CORNERS = np.array([[30.0, 20], [50, 20], [50, 40], [30, 40]])


@pytest.mark.parametrize(
    ("steps", "growth"),
    [
        ([Rotate(degrees=10)], math.cos(math.radians(10)) + math.sin(math.radians(10))),
        ([Rotate(degrees=45)], math.sqrt(2.0)),
        ([Mirror(), QuarterTurn(), Scale(factor=(0.8, 1.2)), Translate(x=(-0.1, 0.1))], 1.0),
        ([], 1.0),
    ],
)
def test_boxes_grow_by_what_turns_them(steps: list[Transform], growth: float) -> None:
    assert box_growth(Pipeline(steps, border="constant"), SAMPLE) == pytest.approx(growth, abs=0.01)
    told = told_box_growth(Pipeline(steps, border="constant"), SAMPLE)
    assert (told is not None) == (growth > 1.0)
    assert told is None or f"grow by {100 * (growth - 1):.0f} % a side" in told


def test_boxes_that_are_ellipses_or_have_outlines_do_not_grow() -> None:
    assert box_growth(Pipeline([Rotate(degrees=20)], box_rule="ellipse"), SAMPLE) == pytest.approx(1.0)
    assert box_growth(Pipeline([Rotate(degrees=20)]), SAMPLE.changed(polygons=[CORNERS])) == pytest.approx(1.0)
    assert box_growth(Pipeline([Rotate(degrees=20)]), Sample(SAMPLE.image)) == 1.0


def test_a_training_of_boxes_says_so(tmp_path: Path) -> None:
    ready = prepared(settings(scenes(tmp_path / "data", 10), tmp_path / "run", model=NAME, input=(64, 64, 3)))
    rules: list[tuple[BoxRule, bool]] = [("corners", True), ("ellipse", False)]
    for rule, is_told in rules:
        turned = Pipeline([Rotate(degrees=(5, 15))], border="constant", box_rule=rule)
        assert any("box_rule" in told for told in told_boxes(ready.task, turned, ready.surveyed)) == is_told
