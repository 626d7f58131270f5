"""Annotations of an output: what those of its source became when its sample was moved, as formats write them."""

import cv2
import numpy as np

from augkit.core.arrays import Mask, Points
from augkit.core.spatial import size_of
from augkit.datasets import Source
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, chosen, points_of
from augkit.targets.polygons import Polygons
from augkit.targets.records import of_objects
from augkit.targets.sample import Sample

FLAT_PX = 0.1  # an outline's point that lies nearer to the line through its neighbours says nothing


def moved(source: Source, made: Sample, is_passed: bool = False) -> tuple[Carried, Mask | None]:
    """Return what a source's annotations became: all within the output's frame, in pixels, rounded; and its mask.

    An object whose outline is left to less than can be written goes. Of a picture that is passed through, outlines keep
    all their points.
    """
    if source.annotations is None:
        return {}, None
    targets = points_of(made.targets)
    size = size_of(made.image)
    written = {name: target.written(size, _whole if is_passed else _thin) for name, target in targets.items()}
    boxes, outlines = written.get(Boxes.name), written.get(Polygons.name)
    numbers = list(boxes.box_numbers or ()) if isinstance(boxes, Boxes) else []
    if isinstance(boxes, Boxes) and isinstance(outlines, Polygons) and not is_passed:
        before = targets[Polygons.name]
        drawn = [any(map(len, rings)) for rings in before.rings()] if isinstance(before, Polygons) else []
        kept = [place for place, rings in enumerate(outlines.rings()) if rings or not drawn[place]]
        if len(kept) < len(boxes):
            written, numbers = chosen(written, kept), [numbers[place] for place in kept]
    if isinstance(boxes, Boxes):
        written = of_objects(written, numbers)
    return written, made.mask


def _whole(points: Points, is_closed: bool) -> Points:
    return points


def _thin(points: Points, is_closed: bool) -> Points:
    """Return points (n, 2) without those that say nothing; of a closed ring without area, none."""
    thin = cv2.approxPolyDP(points.astype(np.float32)[:, None], FLAT_PX, is_closed)[:, 0]
    is_flat = is_closed and (len(thin) <= 2 or cv2.contourArea(thin) <= 0.0)
    return np.zeros((0, 2)) if is_flat else thin.astype(np.float64)
