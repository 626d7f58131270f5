"""Surroundings of a picture, which a border makes of the picture again: of objects in them no label tells."""

from dataclasses import replace

import numpy as np

from augkit.core.arrays import Mask
from augkit.core.key import Key
from augkit.core.spatial import Size
from augkit.errors import AugkitError
from augkit.executors import run
from augkit.pipeline.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

DRAWS = 8
OUTSIDE = 255  # in a mask that is 0 within the picture
REPEATED = ("reflect", "wrap")  # borders that show objects again


def told_surroundings(pipeline: Pipeline, size: Size, channels: int) -> str | None:
    """Return what is to be said of a pipeline where objects of pictures (height, width) have boxes or points."""
    border = pipeline.policy.border
    if border not in REPEATED or not shows_surroundings(pipeline, size, channels):
        return None
    shown = "mirrored" if border == "reflect" else "again"
    what = f"The pipeline has border: {border}, which shows objects {shown} beyond the edges of a picture"
    return f"{what}, where no label tells of them. With border: constant there are none."


def shows_surroundings(pipeline: Pipeline, size: Size, channels: int) -> bool:
    """Say whether some of a few copies show what lies outside the picture, whatever the border makes of it."""
    blank = Sample(np.zeros((*size, channels), np.uint8), mask=np.zeros(size, np.uint8), alpha=channels in (2, 4))
    try:
        return any((_outside(pipeline, blank, copy) == OUTSIDE).any() for copy in range(DRAWS))
    except AugkitError:  # the first picture says why, with its name
        return False


def _outside(pipeline: Pipeline, blank: Sample, copy: int) -> Mask:
    plan = pipeline.draw(Key(0, "", copy), Scene.of(blank))
    marked = replace(plan, policy=replace(plan.policy, border="constant", mask_fill=OUTSIDE))
    mask = run(marked, blank).mask
    assert mask is not None
    return mask
