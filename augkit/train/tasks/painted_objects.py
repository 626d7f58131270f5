"""Objects with outlines, or masks of their own, painted as the mask of a whole picture."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Mask, Points
from augkit.core.spatial import Size, size_of
from augkit.targets import run_lengths
from augkit.targets.sample import Sample
from augkit.train.tasks.mask_numbers import IGNORED

FINE = 4  # lines of paint a pixel, each way: so a pixel is the object's if half of it is


def painted(sample: Sample, places: Mapping[str, int], behind: int) -> Mask:
    """Return the places of classes (H, W), uint8, of a sample's objects; smaller ones lie over larger ones.

    An object without an outline or mask, or one that stands for many (a crowd), tells no class of a pixel: the pixels
    of its mask, or of its box, are ignored where no other object lies.

    Args:
        sample: its boxes have labels, and polygons or masks.
        places: of the classes, by their names; objects of others are left out.
        behind: the place of what is no object.
    """
    size = size_of(sample.image)
    found: Mask = np.full(size, behind, np.uint8)
    known: list[tuple[int, int, NDArray[np.bool_]]] = []
    boxes = np.zeros((0, 4)) if sample.boxes is None else sample.boxes
    for row in range(len(boxes)):
        place = places.get(str(sample.box_labels[row])) if sample.box_labels is not None else None
        if place is None:
            continue
        inside = _inside(sample, row, size)
        is_crowd = sample.crowds is not None and bool(sample.crowds[row])
        if inside is None or is_crowd:
            found[_of_box(boxes[row], size) if inside is None else inside] = IGNORED
        else:
            known.append((int(inside.sum()), place, inside))
    for _, place, inside in sorted(known, key=lambda one: -one[0]):
        found[inside] = place
    return found


def filled(rings: Sequence[Points], size: Size) -> NDArray[np.bool_]:
    """Return which pixels (H, W) lie within rings (m, 2) of x, y by the even-odd rule, for half of them at least."""
    found = np.zeros(size, np.bool_)
    points = np.concatenate([np.asarray(ring, np.float64).reshape(-1, 2) for ring in rings] or [np.zeros((0, 2))])
    if not len(points):
        return found
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int), (size[1], size[0]))
    if (high <= low).any():
        return found
    width, height = high - low
    paint = np.zeros((height * FINE, width * FINE), np.uint8)
    shifted = [np.rint(((np.asarray(ring) - low) * FINE - 0.5) * 16).astype(np.int32) for ring in rings if len(ring)]
    cv2.fillPoly(paint, shifted, 1, shift=4)
    shares = paint.reshape(height, FINE, width, FINE).sum(axis=(1, 3))
    found[low[1] : high[1], low[0] : high[0]] = shares * 2 >= FINE * FINE
    return found


def _inside(sample: Sample, row: int, size: Size) -> NDArray[np.bool_] | None:
    """Return which pixels an object has, or None where nothing but its box is known."""
    if sample.box_masks is not None and sample.box_masks[row]:
        return run_lengths.decode(sample.box_masks[row], size) > 0
    polygon = sample.polygons[row] if sample.polygons is not None else []
    rings = polygon if isinstance(polygon, list) else [polygon]
    return filled(rings, size) if any(len(ring) for ring in rings) else None


def _of_box(box: NDArray[np.float64], size: Size) -> tuple[slice, slice]:
    left, top, right, bottom = (max(0, round(float(side))) for side in box)
    return slice(top, min(bottom, size[0])), slice(left, min(right, size[1]))
