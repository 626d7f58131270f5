"""Annotations of an output: what those of its source became when its sample was moved, as formats write them."""

import cv2
import numpy as np

from augkit.core.arrays import Mask, Points
from augkit.datasets import Source
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, points_of
from augkit.targets.records import of_objects
from augkit.targets.run_lengths import encode
from augkit.targets.sample import Sample

FLAT_PX = 0.1  # an outline's point that lies nearer to the line through its neighbours says nothing


def moved(source: Source, made: Sample) -> tuple[Carried, Mask | None]:
    """Return what a source's annotations became: all within the output's frame, in pixels, rounded; and its mask."""
    annotations = source.annotations
    if annotations is None:
        return {}, None
    targets = points_of(made.targets)
    layers = [] if made.mask is None else list(np.moveaxis(np.atleast_3d(made.mask), 2, 0))
    mask = layers.pop(0) if annotations.mask is not None else None
    boxes, before = targets.get(Boxes.name), annotations.targets.get(Boxes.name)
    if isinstance(boxes, Boxes) and isinstance(before, Boxes):
        numbers = boxes.box_numbers or ()
        masked = [place for place, text in enumerate(before.box_masks or ()) if text]
        masks = dict(zip(masked, layers, strict=True))
        left = [encode(masks[number]) if number in masks else "" for number in numbers]
        targets = of_objects({**targets, Boxes.name: boxes.changed(box_masks=left)}, numbers)
    size = (made.image.shape[0], made.image.shape[1])
    return {name: target.written(size, _thin) for name, target in targets.items()}, mask


def _thin(points: Points, is_closed: bool) -> Points:
    """Return points (n, 2) without those that say nothing; of a closed ring without area, none."""
    thin = cv2.approxPolyDP(points.astype(np.float32)[:, None], FLAT_PX, is_closed)[:, 0]
    is_flat = is_closed and (len(thin) <= 2 or cv2.contourArea(thin) <= 0.0)
    return np.zeros((0, 2)) if is_flat else thin.astype(np.float64)
