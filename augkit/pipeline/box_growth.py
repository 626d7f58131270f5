"""Growth of boxes that are turned by their corners, where nothing tells the outline of what is in them."""

import math
from dataclasses import replace

import numpy as np

from augkit.core.key import Key
from augkit.executors import run
from augkit.pipeline.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

DRAWS = 8
TOLD = 1.03  # times a side: a box that is larger by this both ways overlaps the object's own by 94 %


def told_box_growth(pipeline: Pipeline, sample: Sample) -> str | None:
    """Return what is to be said of a pipeline that loosens the boxes of a picture, if it does."""
    growth = box_growth(pipeline, sample)
    if growth < TOLD:
        return None
    what = f"The pipeline turns boxes by their corners, around which they grow by {100 * (growth - 1):.0f} % a side"
    return f"{what}. With box_rule: ellipse those of round objects stay tight, and with outlines those of all."


def box_growth(pipeline: Pipeline, sample: Sample) -> float:
    """Return how much longer the sides of a picture's boxes are, on average over a few copies, than those of ellipses.

    That is 1 where they have outlines of their own, or nothing turns them.

    Raises:
        AugkitError: a copy cannot be made.
    """
    found = list[float]()
    for copy in range(DRAWS):
        plan = pipeline.draw(Key(0, sample.id, copy), Scene.of(sample))
        tight = replace(plan, policy=replace(plan.policy, box_rule="ellipse"))
        areas = [_areas(run(one, sample)) for one in (plan, tight)]
        if areas[0].size == areas[1].size:  # or one rule has left a box out that the other has not
            found += np.sqrt(areas[0] / np.maximum(areas[1], 1e-9)).tolist()
    return math.fsum(found) / len(found) if found else 1.0


def _areas(sample: Sample) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    boxes = np.zeros((0, 4)) if sample.boxes is None else np.asarray(sample.boxes, np.float64)
    areas: np.ndarray[tuple[int], np.dtype[np.float64]] = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return areas
