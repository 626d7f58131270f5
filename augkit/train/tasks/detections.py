"""Detections: what a detector's outputs say, once those that say the same are left out."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from augkit.core.arrays import Flags
from augkit.core.spatial import Size

LIKELY = 0.05  # score from which an answer counts
CANDIDATES = 400  # places of a picture, the surest, that are looked at
SAME = 0.5  # intersection over union from which two answers of a class say the same
MOST = 100  # answers of a picture
COLUMNS = 6  # class, left, top, right, bottom, score


def scores_of(outputs: Tensor) -> Tensor:
    """Return the score of each class at each place (..., K, C): the root of its chance times the centre-ness."""
    return (torch.sigmoid(outputs[..., 8:]) * torch.sigmoid(outputs[..., 4:5])).sqrt()


def detections(output: Tensor, size: Size | None = None) -> Tensor:
    """Return what the outputs (K, 8 + C) for a picture say (MOST, 6), the surest first; rows of class -1 say nothing.

    Boxes are cut at the borders of an input of a size (height, width), where it is given.
    """
    found = torch.zeros(MOST, COLUMNS)
    found[:, 0] = -1.0
    scores = scores_of(output.float().cpu())
    places, classes = (scores > LIKELY).nonzero(as_tuple=True)
    sure = scores[places, classes]
    order = torch.argsort(-sure, stable=True)[:CANDIDATES]
    places, classes, sure = places[order], classes[order], sure[order]
    boxes = output[:, :4].float().cpu()[places]
    if size is not None:
        boxes = torch.minimum(boxes.clamp(min=0.0), torch.tensor([size[1], size[0], size[1], size[0]]))
        is_there = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)
        boxes, classes, sure = boxes[is_there], classes[is_there], sure[is_there]
    kept = distinct(boxes, classes)[:MOST]
    rows = torch.cat([classes[:, None].float(), boxes, sure[:, None]], 1)[kept]
    found[: len(rows)] = rows
    return found


def distinct(boxes: Tensor, classes: Tensor) -> Tensor:
    """Return the places of boxes (n, 4), the surest first, that overlap no surer one of their class."""
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    inner = (high - low).clamp(min=0.0).prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    shared = inner / (areas[:, None] + areas[None] - inner).clamp(min=1e-9)
    is_same: NDArray[np.bool_] = ((shared > SAME) & (classes[:, None] == classes[None])).numpy()
    is_left: Flags = np.ones(len(boxes), bool)
    for place in range(len(boxes)):
        if is_left[place]:
            is_left[place + 1 :] &= ~is_same[place, place + 1 :]
    return torch.from_numpy(np.flatnonzero(is_left))
