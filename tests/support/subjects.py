"""The pipelines that laws of labels are about: every transform that moves points, and the bundled ones."""

from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.ops import Homography, Sliding, moves
from augkit.core.plan import Plan
from augkit.core.spatial import IDENTITY
from support import table
from support.pictures import keeps_blobs, scattered, spatial_part
from support.table import BUNDLED, ROWS


def moves_points(step: ak.Transform) -> bool:
    """Tell whether a transform may draw spatial operations on an RGB picture."""
    still = Homography(IDENTITY, table.SIZE)
    return any(move != still for n in range(12) for move in moves(table.drawn(step, ak.Key(n, "which")), table.SIZE))


def slides(step: ak.Transform) -> bool:
    """Tell whether a transform may slide windows over the picture that show where a blob is."""
    drawn = (op for n in range(12) for op in table.drawn(step, ak.Key(n, "which")))
    return any(isinstance(op, Sliding) and keeps_blobs(op) for op in drawn)


SPATIAL = [step for step in ROWS if moves_points(step)]
SLIDING = [step for step in ROWS if slides(step) and step not in SPATIAL]
SIZE = (144, 176)
POINTS = scattered(SIZE, 17)
SUBJECTS = {repr(step): ak.Pipeline([step]) for step in SPATIAL} | {name: ak.load(name) for name in BUNDLED}
subjects = pytest.mark.parametrize("pipeline", SUBJECTS.values(), ids=SUBJECTS.keys())
borders = pytest.mark.parametrize("border", ["reflect", "constant", "replicate", "wrap"])


def drawn(pipeline: ak.Pipeline, n: int, size: tuple[int, int] = SIZE, blobs: bool = False, **policy: Any) -> Plan:
    """Return the spatial part of a plan; blobs have more channels than colours."""
    return spatial_part(pipeline.draw(ak.Key(n, "labels"), ak.Scene(size)), blobs, **policy)


def assert_near(errors: Any) -> None:
    """The law: 0.1 px median, 0.5 px worst."""
    assert len(errors) >= 5
    assert np.median(errors) <= 0.1
    assert errors.max() <= 0.5
