"""Boxes that were found in augmented views of a picture, brought back to it, and joined with those of the picture.

Where points of a grid over the picture lie in a view is known. What is between them goes back as the plane does that
fits the nearest best: exactly, for all that is affine. A box goes back as the ellipse in it, so that one that is turned
does not grow.

Reference: Solovyev, Wang and Gabruseva, "Weighted boxes fusion", Image and Vision Computing 2021.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from augkit.core.arrays import Points, Reals, Rows
from augkit.core.key import Key
from augkit.core.spatial import Size, size_of
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.train.answers.returning import View, said_of_views
from augkit.train.files.artefact import Artefact
from augkit.train.tasks.detect_task import Detect
from augkit.train.tasks.detections import LIKELY, MOST, detections

SIDE = 33  # points of a grid over a picture, along either side
LEAST_SEEN = 16  # of these points, for a view to say anything
NEAREST = 9  # points that say where one between them goes
ROUND = 16  # points on an ellipse, those in the middles of the sides among them
SAME = 0.55  # intersection over union from which boxes of several views are one


def boxes_with_views(
    artefact: Artefact, task: Detect, output: Tensor, sample: Sample, pipeline: Pipeline, keys: Sequence[Key]
) -> Reals:
    """Return what is found in a picture and augmented copies of it, as `Detect.placed` gives it.

    Args:
        artefact: of a detector.
        task: its task.
        output: its output (K, 8 + C) for the picture itself.
        sample: the picture.
        pipeline: makes the copies.
        keys: one a copy.

    Raises:
        AugkitError: a copy cannot be made.
    """
    preprocessing = artefact.architecture.preprocessing
    size = size_of(sample.image)
    here = points_over(size)
    found = [np.asarray(task.placed(output, preprocessing.placement(size), size), np.float64)]
    views: list[View | None] = [None]
    for output_of_view, view in said_of_views(artefact, sample, pipeline, keys, here, LEAST_SEEN):
        said = detections(output_of_view, preprocessing.size)
        rows = np.asarray(said[said[:, 0] >= 0].numpy(), np.float64)
        ends = np.isfinite(view.points).all(1)  # others went beyond a horizon
        rows[:, 1:5] = returned_boxes(rows[:, 1:5], view.points[ends], here[ends]).clip(0.0, (size[1], size[0]) * 2)
        found.append(rows[(rows[:, 1:3] < rows[:, 3:5]).all(1)])
        views.append(view)
    return joined(found, views, here)


def points_over(size: Size) -> Points:
    """Return points of an even grid over a picture of a size (height, width), from edge to edge (n, 2)."""
    x, y = (np.linspace(0.0, side, SIDE) for side in (size[1], size[0]))
    return np.stack([part.ravel() for part in np.meshgrid(x, y)], 1)


def returned(points: Points, there: Points, here: Points) -> Points:
    """Return where points (m, 2) of a view lie in the picture.

    Args:
        points: in pixels of the view.
        there: (n, 2), known points in pixels of the view, `NEAREST` at least.
        here: (n, 2), the same in pixels of the picture.
    """
    far = ((points[:, None] - there[None]) ** 2).sum(-1)
    nearest = np.argpartition(far, NEAREST - 1, axis=1)[:, :NEAREST]
    middle = there[nearest].mean(1, keepdims=True)
    known = np.concatenate([there[nearest] - middle, np.ones((*nearest.shape, 1))], 2)
    plane = np.linalg.pinv(known) @ here[nearest]
    wanted = np.concatenate([points[:, None] - middle, np.ones((len(points), 1, 1))], 2)
    return np.asarray((wanted @ plane)[:, 0], np.float64)


def returned_boxes(boxes: Rows, there: Points, here: Points) -> Rows:
    """Return boxes (m, 4) of a view as boxes of the picture; the points are as in `returned`."""
    angles = 2.0 * np.pi * np.arange(ROUND) / ROUND
    middles, halves = (boxes[:, :2] + boxes[:, 2:]) / 2.0, (boxes[:, 2:] - boxes[:, :2]) / 2.0
    edge = middles[:, None] + halves[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    moved = returned(edge.reshape(-1, 2), there, here).reshape(len(boxes), ROUND, 2)
    return np.concatenate([moved.min(1), moved.max(1)], 1)


def joined(found: Sequence[Reals], views: Sequence[View | None], here: Points) -> Reals:
    """Return what is found in a picture and its views as rows (m, 6) of class, box and score, the surest first.

    What overlaps is one object. Its box is the mean of theirs, weighted by their scores, its score the mean over all
    views in which its middle is seen. As without views, what is hardly likely is left out, and all but the surest.

    Args:
        found: rows (n, 6) of class, left, top, right, bottom in pixels of the picture, and score, of each view.
        views: of each; None for the picture itself.
        here: (p, 2) the points of the picture of which the views tell.
    """
    rows = np.concatenate([np.column_stack([one, np.full(len(one), place)]) for place, one in enumerate(found)])
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    made, is_left = list[Reals](), np.ones(len(rows), bool)
    for place in range(len(rows)):
        if not is_left[place]:
            continue
        mine = is_left & (rows[:, 0] == rows[place, 0]) & (_overlaps(rows[place, 1:5], rows[:, 1:5]) > SAME)
        mine[place] = True
        is_left &= ~mine
        members = rows[mine]
        first = np.unique(members[:, 6], return_index=True)[1]  # the surest of each view: rows are in that order
        members = members[first]
        box = (members[:, 1:5] * members[:, 5:6]).sum(0) / members[:, 5].sum()
        nearest = int((((box[:2] + box[2:]) / 2.0 - here) ** 2).sum(1).argmin())
        seen = sum(view is None or bool(view.is_seen[nearest]) for view in views)
        score = members[:, 5].sum() / max(seen, len(members))
        made.append(np.array([rows[place, 0], *box, score]))
    whole = np.array(made).reshape(-1, 6)
    whole = whole[whole[:, 5] > LIKELY]
    return whole[np.argsort(-whole[:, 5], kind="stable")][:MOST]


def _overlaps(box: Reals, boxes: Reals) -> Reals:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inner = np.clip(high - low, 0.0, None).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.asarray(inner / np.maximum(areas - inner, 1e-12), np.float64)
