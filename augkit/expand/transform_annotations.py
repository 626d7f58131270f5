"""What became of a source's annotations when its sample was moved: what a data set's form writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.plan import Plan
from augkit.core.spatial import Size
from augkit.datasets import Instance, Shape, Source
from augkit.targets import run_lengths
from augkit.targets.outlines import part_inside
from augkit.targets.sample import Sample

__all__ = ["Labels", "moved"]

DIGITS = 3  # of a pixel, in what is written
FLAT_PX = 0.1  # an outline's point that lies nearer to the line through its neighbours says nothing

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """What goes with an output beside its class: see `augkit.datasets.Record`; `mask` is (H, W) class numbers."""

    instances: tuple[Instance, ...] | None = None
    keypoints: tuple[float, ...] = ()
    mask: NDArray[Any] | None = None
    rotated_boxes: tuple[Shape, ...] | None = None
    polylines: tuple[Shape, ...] | None = None


def moved(source: Source, made: Sample, plan: Plan | None) -> Labels:
    """Return what a source's annotations became by a plan: all within the output's frame, in pixels, rounded."""
    annotations = source.annotations
    if annotations is None:
        return Labels()
    size = made.image.shape[:2]
    before = annotations.instances or ()
    points = _flat(made)
    starts = np.cumsum([0, *(len(instance.keypoints) for instance in before)])
    masks = [] if made.mask is None else list(np.moveaxis(np.atleast_3d(made.mask), 2, 0))
    mask = masks.pop(0) if annotations.mask is not None else None
    crowds = dict(zip((place for place, instance in enumerate(before) if instance.rle), masks, strict=True))
    instances = []
    for place, number in enumerate(made.box_labels if made.box_labels is not None else ()):
        assert made.boxes is not None
        instance = before[number]
        instances.append(
            replace(
                instance,
                label=_named(instance, plan),
                box=_rounded(made.boxes[place]),
                rings=tuple(_written_rings(made.polygons[place], size)) if made.polygons is not None else (),
                keypoints=tuple(points[starts[number] : starts[number + 1]]),
                rle=run_lengths.encode(crowds[number]) if number in crowds else "",
            )
        )
    lines = None if made.polylines is None else [_plain(line, False).ravel() for line in made.polylines]
    return Labels(
        None if annotations.instances is None else tuple(instances),
        tuple(points[starts[-1] :]),
        mask,
        _shapes(annotations.rotated_boxes, made.rotated_boxes, made.rotated_box_labels, plan),
        _shapes(annotations.polylines, lines, made.polyline_labels, plan),
    )


def _named(one: Instance | Shape, plan: Plan | None) -> str:
    label: str = plan.policy.in_mirror(one.label) if plan is not None and plan.is_mirrored else one.label
    return label


def _shapes(before: Sequence[Shape] | None, values: Any, places: Any, plan: Plan | None) -> tuple[Shape, ...] | None:
    if before is None:
        return None
    return tuple(
        Shape(_named(before[place], plan), _rounded(value)) for value, place in zip(values, places, strict=True)
    )


def _flat(made: Sample) -> list[float]:
    """Return keypoints as x, y, visibility, ...; those that are not labelled lie at 0, 0, as COCO writes them."""
    if made.keypoints is None or made.keypoint_visible is None:
        return []
    visible = made.keypoint_visible.astype(np.float64)[:, None]
    points = np.where(visible > 0, made.keypoints, 0.0)
    return [value for row in np.hstack([points, visible]) for value in _rounded(row)]


def _written_rings(polygon: Any, size: Size) -> list[tuple[float, ...]]:
    """Return outlines clipped to a frame, without those that lie outside, and without points that say nothing."""
    clipped = [part_inside(ring, size) for ring in polygon]
    plain = [_plain(ring, True) for ring in clipped if len(ring)]
    return [_rounded(ring.ravel()) for ring in plain if len(ring) > 2 and cv2.contourArea(ring) > 0.0]


def _plain(points: Points, is_closed: bool) -> Any:
    """Return points (n, 2) without those that say nothing."""
    return cv2.approxPolyDP(points.astype(np.float32)[:, None], FLAT_PX, is_closed)[:, 0]


def _rounded(values: Any) -> Any:
    return tuple(round(float(value), DIGITS) + 0.0 for value in values)
