"""Answers to augmented views of a picture, brought back to the places of the picture that they are of.

A plan moves points as it moves pixels. So the points of a grid over the picture, moved by a view's plan, say where in
the view each place of the picture came to lie: what is said there is of that place, whatever the plan was made of.
What is beyond the view, or was cut away, has no answer from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import Flags, Points
from augkit.core.key import Key
from augkit.core.spatial import Size, size_of
from augkit.executors import run
from augkit.images.network_input import Placement
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.train.batches.framing import Framing, framed, laid_flat
from augkit.train.files.artefact import Artefact
from augkit.train.models.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class View:
    """An augmented copy of a picture as a network takes it, and where some points of the picture lie in it."""

    picture: Tensor  # (C, h, w), as `Preprocessing.normalise` takes it
    points: Points  # (n, 2) x, y in pixels of the copy
    is_seen: Flags  # (n,) whether they lie within it


def grid_of(size: Size, placement: Placement, input: Size, picture: Size) -> Points:
    """Return the middles of the cells of a grid over a network's input (h * w, 2), in pixels of a picture, row by row.

    Args:
        size: (height, width) of the grid, in cells.
        placement: of the picture in the input.
        input: (height, width), in pixels.
        picture: (height, width), beyond which no point lies.
    """
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x = (columns.ravel() * (input[1] / size[1]) - placement.left) / placement.scale_x
    y = (rows.ravel() * (input[0] / size[0]) - placement.top) / placement.scale_y
    return np.stack([np.clip(x, 0.0, picture[1]), np.clip(y, 0.0, picture[0])], axis=1)


def viewed(pipeline: Pipeline, sample: Sample, key: Key, points: Points, preprocessing: Preprocessing) -> View:
    """Return the copy of a picture that a pipeline makes with a key, and where points of the picture lie in it.

    Raises:
        AugkitError: a step cannot be done to the picture, or its channels cannot become the network's.
    """
    flat = laid_flat(sample, preprocessing)
    bare = Sample(flat.image, keypoints=points, id=flat.id, alpha=flat.alpha)
    scene = Scene.of(Sample(flat.image, id=flat.id, alpha=flat.alpha))
    if preprocessing.is_once:
        plan, after = Framing(preprocessing)(pipeline, key, scene)
    else:
        plan, after = pipeline.draw(key, scene), lambda made: framed(made, preprocessing.shape)
    unpaired = replace(plan, policy=replace(plan.policy, keypoint_pairs=()))  # no point is an eye
    made = after(run(unpaired, bare))
    assert made.keypoints is not None
    seen = np.asarray(made.keypoint_visible, np.bool_)
    return View(preprocessing.tensor_of(made.image), np.asarray(made.keypoints, np.float64), seen)


def mean_of_views(plain: Tensor, others: list[tuple[Tensor, View]], input: Size) -> Tensor:
    """Return the mean of what is said of each place of a picture (k, h, w), by the plain one and by its views.

    Args:
        plain: (k, h, w), what is said of the cells of a grid over the picture.
        others: what is said of each view (k, h', w'), and the view, whose points are the middles of that grid's cells.
        input: (height, width) of a view, in pixels.
    """
    total, count = plain.clone(), torch.ones(plain.shape[1:])
    for said, view in others:
        x, y = view.points[:, 0] / input[1], view.points[:, 1] / input[0]
        is_seen = torch.from_numpy(view.is_seen & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)).view(plain.shape[1:])
        where = torch.from_numpy(2.0 * np.stack([x, y], axis=1) - 1.0).to(said.dtype).view(1, *plain.shape[1:], 2)
        found = functional.grid_sample(said[None], where, padding_mode="border", align_corners=False)[0]
        total += torch.where(is_seen, found, 0.0)
        count += is_seen
    return total / count


def asked_with_views(
    artefact: Artefact, output: Tensor, sample: Sample, pipeline: Pipeline, keys: Sequence[Key]
) -> Tensor:
    """Return how likely each class is at each place, by the mean over a picture and augmented copies of it.

    It is the logarithm of that (k, h, w), as linear between places as logits are: where one class's probability ends
    and another's begins, these have their edge, which lies between two places. Probabilities would all have it halfway.

    Args:
        artefact: of a network that says the class of every place.
        output: its logits (k, h, w) for the picture itself.
        sample: the picture.
        pipeline: makes the copies.
        keys: one a copy.

    Raises:
        AugkitError: a copy cannot be made.
    """
    preprocessing = artefact.architecture.preprocessing
    size = size_of(sample.image)
    cells = output.shape[1], output.shape[2]
    points = grid_of(cells, preprocessing.placement(size), preprocessing.size, size)
    others = [(said.softmax(0), view) for said, view in said_of_views(artefact, sample, pipeline, keys, points)]
    mean = mean_of_views(output.softmax(0), others, preprocessing.size)
    return mean.clamp(min=torch.finfo(mean.dtype).tiny).log()


def said_of_views(
    artefact: Artefact, sample: Sample, pipeline: Pipeline, keys: Sequence[Key], points: Points, least: int = 1
) -> Iterator[tuple[Tensor, View]]:
    """Yield what a network says (...) of augmented copies of a picture, and the views.

    Args:
        artefact: of a network that says something of every place.
        sample: the picture.
        pipeline: makes the copies.
        keys: one a copy.
        points: of the picture, (n, 2) x, y in its pixels.
        least: of these points that a copy must show, or it is not asked.

    Raises:
        AugkitError: a copy cannot be made.
    """
    preprocessing = artefact.architecture.preprocessing
    for key in keys:
        view = viewed(pipeline, sample, key, points, preprocessing)
        if view.is_seen.sum() >= least:
            yield artefact.network(preprocessing.normalise(view.picture[None]))[0], view
