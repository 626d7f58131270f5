"""The loss of FCOS: which place of a pyramid is to find which box, and how far off it is.

A place is to find a box that it lies in near the middle, of the sizes that its map is for; of several the smallest. A
box in which no place lies, being smaller than a stride, goes to the place nearest to its middle. Places in boxes that
are ignored, such as crowds, and that find nothing, are not asked.

References: Tian, Shen, Chen and He, "FCOS: a simple and strong anchor-free object detector", TPAMI 2022; focal loss:
Lin, Goyal, Girshick, He and Dollar, ICCV 2017; generalised IoU: Rezatofighi et al., CVPR 2019.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

RADIUS = 1.5  # strides from a box's middle within which places are to find it
REACH = 8.0  # strides to the farthest side of a box, up to which a map is for it; twice that is the next map's
ALPHA, GAMMA = 0.25, 2.0  # of the focal loss


class Found(NamedTuple):
    """Which places (K) of a picture are to find a box (m), and which are not asked."""

    boxes: Tensor  # (K,) the row of the box that a place is to find, -1 for none
    is_asked: Tensor  # (K,) bool


def assigned(places: Tensor, boxes: Tensor, ignored: Tensor) -> Found:
    """Return which place is to find which box.

    Args:
        places: (K, 3) of x, y and stride, in pixels.
        boxes: (m, 4) of left, top, right, bottom, in pixels.
        ignored: (i, 4) likewise, within which nothing is known.
    """
    strides = places[:, 2]
    finest, coarsest = strides.min(), strides.max()
    if not len(boxes):
        found = torch.full((len(places),), -1)
    else:
        far = _distances(places, boxes)
        reach = far.max(-1).values
        least = torch.where(strides == finest, 0.0, strides * REACH / 2)[:, None]
        most = torch.where(strides == coarsest, torch.inf, strides * REACH)[:, None]
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        off = (places[:, None, :2] - middles).abs().max(-1).values
        fits = (far.min(-1).values > 0) & (reach > least) & (reach <= most) & (off < RADIUS * strides[:, None])
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
        area, found = torch.where(fits, areas, torch.inf).min(1)
        found = torch.where(area.isfinite(), found, -1)
        for box in (~fits.any(0)).nonzero()[:, 0].tolist():
            nearest = (off[:, box] / finest + (strides - finest)).argmin()  # of the finest map
            if found[nearest] < 0:
                found[nearest] = box
    is_ignored = torch.zeros(len(places), dtype=torch.bool)
    if len(ignored):
        is_ignored = (_distances(places, ignored).min(-1).values > 0).any(1)
    return Found(found, (found >= 0) | ~is_ignored)


def detection_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean over the pictures of focal loss, generalised IoU and centre-ness, each by its objects' number.

    Args:
        outputs: (B, K, 8 + C), as `FcosHead` gives them.
        targets: (B, M, 6), as `Detect.target` gives them.
    """
    total = outputs.new_zeros(())
    for said, rows in zip(outputs, targets, strict=True):
        total = total + _loss_of(said, rows)
    return total / len(outputs)


def _loss_of(said: Tensor, rows: Tensor) -> Tensor:
    known, ignored = rows[(rows[:, 0] >= 0) & (rows[:, 5] == 0)], rows[(rows[:, 0] >= 0) & (rows[:, 5] > 0)]
    places = said[:, 5:8].detach()
    found = assigned(places, known[:, 1:5], ignored[:, 1:5])
    is_positive = found.boxes >= 0
    count = max(1, int(is_positive.sum()))
    logits, wanted = said[:, 8:], torch.zeros_like(said[:, 8:])
    mine = known[found.boxes[is_positive]]
    wanted[is_positive, mine[:, 0].long()] = 1.0
    loss = _focal(logits[found.is_asked], wanted[found.is_asked]) / count
    if not len(mine):
        return loss
    centre = centreness(_distances_to(places[is_positive], mine[:, 1:5]))
    overlap = generalised_iou(said[is_positive, :4], mine[:, 1:5])
    boxes = ((1.0 - overlap) * centre).sum() / centre.sum().clamp(min=1e-6)
    quality = functional.binary_cross_entropy_with_logits(said[is_positive, 4], centre, reduction="sum") / count
    return loss + boxes + quality


def _distances(places: Tensor, boxes: Tensor) -> Tensor:
    """Return how far the sides of boxes (m, 4) are from places (K, 3), (K, m, 4), above 0 within."""
    return _distances_to(places[:, None], boxes[None])


def _distances_to(places: Tensor, boxes: Tensor) -> Tensor:
    at = places[..., :2]
    return torch.cat([at - boxes[..., :2], boxes[..., 2:] - at], -1)


def centreness(far: Tensor) -> Tensor:
    """Return how near to the middle of its box a place is, 0 to 1, from the distances of the four sides (..., 4)."""
    far = far.clamp(min=1e-3)  # of a place outside of a tiny box
    across, down = far[..., 0::2], far[..., 1::2]
    ratio = across.amin(-1) / across.amax(-1) * (down.amin(-1) / down.amax(-1))
    return ratio.sqrt()


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Return the generalised intersection over union of pairs of boxes (n, 4), -1 to 1."""
    inner = (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2])).clamp(min=0).prod(-1)
    outer = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(-1)
    union = (one[:, 2:] - one[:, :2]).prod(-1) + (other[:, 2:] - other[:, :2]).prod(-1) - inner
    return inner / union.clamp(min=1e-9) - (outer - union) / outer.clamp(min=1e-9)


def _focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the focal loss of logits, summed."""
    chance = torch.sigmoid(logits)
    off = chance + wanted - 2 * chance * wanted  # 1 - p of what is true
    weight = ALPHA * wanted + (1.0 - ALPHA) * (1.0 - wanted)
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (weight * off**GAMMA * entropy).sum()
