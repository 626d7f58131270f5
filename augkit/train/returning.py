"""Answers to augmented views of a picture, brought back to the places of the picture that they are of.

A plan moves points as it moves pixels. So the points of a grid over the picture, moved by a view's plan, say where in
the view each place of the picture came to lie: what is said there is of that place, whatever the plan was made of.
What is beyond the view, or was cut away, has no answer from it.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import Flags, Points
from augkit.core.key import Key
from augkit.core.spatial import Size
from augkit.executors import run
from augkit.images.network_input import Placement
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene


@dataclass(frozen=True, eq=False)
class View:
    """An augmented copy of a picture, and where some points of the picture lie in it."""

    sample: Sample
    points: Points  # (n, 2) x, y in pixels of the copy
    is_seen: Flags  # (n,) whether they lie within it


def grid_of(size: Size, placement: Placement, picture: Size) -> Points:
    """Return the middles of the cells of a grid over a network's input (h * w, 2), in pixels of a picture, row by row.

    Args:
        size: (height, width) of the grid, in cells.
        placement: of the picture in an input that the grid covers, in cells: its scales are of cells, not of pixels.
        picture: (height, width), beyond which no point lies.
    """
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x = (columns.ravel() - placement.left) / placement.scale_x
    y = (rows.ravel() - placement.top) / placement.scale_y
    return np.stack([np.clip(x, 0.0, picture[1]), np.clip(y, 0.0, picture[0])], axis=1)


def viewed(pipeline: Pipeline, sample: Sample, key: Key, points: Points) -> View:
    """Return the copy of a picture that a pipeline makes with a key, and where points of the picture lie in it."""
    plan = pipeline.draw(key, Scene.of(sample))
    unpaired = replace(plan, policy=replace(plan.policy, keypoint_pairs=()))  # no point is an eye
    bare = Sample(sample.image, keypoints=points, id=sample.id, alpha=sample.alpha)
    made = run(unpaired, bare)
    assert made.keypoints is not None
    seen = np.asarray(made.keypoint_visible, np.bool_)
    return View(made.changed(keypoints=None, keypoint_visible=None), np.asarray(made.keypoints, np.float64), seen)


def mean_of_views(plain: Tensor, others: list[tuple[Tensor, View, Placement, Size]]) -> Tensor:
    """Return the mean of what is said of each place of a picture (k, h, w), by the plain one and by its views.

    Args:
        plain: (k, h, w), what is said of the cells of a grid over the picture.
        others: what is said of each view (k, h', w'), the view, whose points are that grid's, the placement of the view
            in the network's input, and that input's size in pixels.
    """
    total, count = plain.clone(), torch.ones(plain.shape[1:])
    for said, view, placement, size in others:
        x = (view.points[:, 0] * placement.scale_x + placement.left) / size[1]
        y = (view.points[:, 1] * placement.scale_y + placement.top) / size[0]
        is_seen = torch.from_numpy(view.is_seen & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)).view(plain.shape[1:])
        where = torch.from_numpy(2.0 * np.stack([x, y], axis=1) - 1.0).to(said.dtype).view(1, *plain.shape[1:], 2)
        found = functional.grid_sample(said[None], where, padding_mode="border", align_corners=False)[0]
        total += torch.where(is_seen, found, 0.0)
        count += is_seen
    return total / count
