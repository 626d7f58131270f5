"""A source's annotations as the labels of a sample, and back: what a plan moves, and what a data set's form writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.ops import Warp
from augkit.core.plan import Plan, SpatialRun
from augkit.core.sample import Sample
from augkit.core.spatial import Size
from augkit.datasets import Instance, Source, run_lengths
from augkit.errors import SampleError

__all__ = ["Labels", "moved", "ready_for", "sample_of"]

DIGITS = 3  # of a pixel, in what is written
LONGEST_EDGE_PX = 8.0  # of an outline that is warped: its straight edges do not stay straight
LONGEST_OUTLINES_PX = 3e7  # of a picture: some 4 million points
FLAT_PX = 0.1  # an outline's point that lies nearer to the line through its neighbours says nothing

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """What goes with an output beside its class: see `augkit.datasets.Record`; `mask` is (H, W) class numbers."""

    instances: tuple[Instance, ...] | None = None
    keypoints: tuple[float, ...] = ()
    mask: NDArray[Any] | None = None


def sample_of(source: Source, image: NDArray[Any], alpha: bool, mask: NDArray[Any] | None) -> Sample:
    """Return a source as a sample; a box's label is the number of its instance.

    Raises:
        SampleError: the annotations are those of a picture of another size.
    """
    annotations = source.annotations
    if annotations is None:
        return Sample(image, label=source.label, id=source.id, alpha=alpha)
    height, width = image.shape[:2]
    if annotations.size is not None and annotations.size != (height, width):
        raise SampleError(f"must have the size that its annotations say, {annotations.size}, got {(height, width)}.")
    instances = annotations.instances or ()
    points = [value for instance in instances for value in instance.keypoints] + list(annotations.keypoints)
    flat = np.array(points, np.float64).reshape(-1, 3)
    return Sample(
        image,
        mask=_stacked(mask, instances, (height, width)),
        boxes=None if annotations.instances is None else np.array([i.box for i in instances]).reshape(-1, 4),
        box_labels=None if annotations.instances is None else list(range(len(instances))),
        polygons=None if annotations.instances is None else [_rings(instance) for instance in instances],
        keypoints=flat[:, :2] if points else None,
        keypoint_visible=flat[:, 2].astype(np.int64) if points else None,
        label=source.label,
        id=source.id,
        alpha=alpha,
    )


def ready_for(plan: Plan, sample: Sample) -> Sample:
    """Return the sample with outlines of short edges where the plan bends them.

    Raises:
        SampleError: they are longer than any picture's: they would fill the memory.
    """
    runs = [step for step in plan.steps if isinstance(step, SpatialRun)]
    if not sample.polygons or not any(isinstance(op, Warp) for run in runs for op in run.ops):
        return sample
    length = sum(float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum()) for p in sample.polygons for ring in p)
    if not length <= LONGEST_OUTLINES_PX:
        raise SampleError(
            f"must be at most {LONGEST_OUTLINES_PX:,.0f} pixels long in all, got {length:.3g}.", "polygons"
        )
    return sample.changed(polygons=[[_fine(ring) for ring in polygon] for polygon in sample.polygons])


def moved(source: Source, made: Sample) -> Labels:
    """Return what a source's annotations became: all within the output's frame, in pixels, rounded."""
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
                box=_rounded(made.boxes[place]),
                rings=tuple(_written_rings(made.polygons[place], size)) if made.polygons is not None else (),
                keypoints=tuple(points[starts[number] : starts[number + 1]]),
                rle=run_lengths.encode(crowds[number]) if number in crowds else "",
            )
        )
    return Labels(None if annotations.instances is None else tuple(instances), tuple(points[starts[-1] :]), mask)


def _rings(instance: Instance) -> list[Points]:
    return [np.array(ring, np.float64).reshape(-1, 2) for ring in instance.rings]


def _stacked(mask: NDArray[Any] | None, instances: Sequence[Instance], size: Size) -> NDArray[Any] | None:
    """Return the mask and those of the instances, one a channel; they move as one."""
    masks = ([] if mask is None else [mask]) + [run_lengths.decode(i.rle, size) for i in instances if i.rle]
    return np.dstack(masks) if len(masks) > 1 else masks[0] if masks else None


def _flat(made: Sample) -> list[float]:
    """Return keypoints as x, y, visibility, ...; those that are not labelled lie at 0, 0, as COCO writes them."""
    if made.keypoints is None or made.keypoint_visible is None:
        return []
    visible = made.keypoint_visible.astype(np.float64)[:, None]
    points = np.where(visible > 0, made.keypoints, 0.0)
    return [value for row in np.hstack([points, visible]) for value in _rounded(row)]


def _fine(ring: Points) -> Points:
    """Return an outline with points between its own, so that no edge is longer than LONGEST_EDGE_PX."""
    ends = np.roll(ring, -1, axis=0)
    pieces = np.maximum(1, np.ceil(np.hypot(*(ends - ring).T) / LONGEST_EDGE_PX)).astype(int)
    parts = [
        start + (end - start) * np.arange(count)[:, None] / count
        for start, end, count in zip(ring, ends, pieces, strict=True)
    ]
    return np.concatenate(parts) if parts else ring


def _written_rings(polygon: Any, size: Size) -> list[tuple[float, ...]]:
    """Return outlines clipped to a frame, without those that lie outside, and without points that say nothing."""
    clipped = [_clipped(ring, size) for ring in polygon]
    plain = [cv2.approxPolyDP(ring.astype(np.float32)[:, None], FLAT_PX, True)[:, 0] for ring in clipped if len(ring)]
    return [_rounded(ring.ravel()) for ring in plain if len(ring) > 2 and cv2.contourArea(ring) > 0.0]


def _clipped(ring: Points, size: Size) -> Points:
    """Return the part of an outline within a frame (Sutherland and Hodgman 1974: pieces stay joined along the edge)."""
    for axis, sign, limit in ((0, 1, 0.0), (0, -1, size[1]), (1, 1, 0.0), (1, -1, size[0])):
        depth = sign * (ring[:, axis] - limit)  # of each point inside this edge
        kept: list[Points] = []
        for place in range(len(ring)):
            before = place - 1
            if (depth[place] >= 0) != (depth[before] >= 0):
                share = depth[before] / (depth[before] - depth[place])
                kept.append(ring[before] + share * (ring[place] - ring[before]))
            if depth[place] >= 0:
                kept.append(ring[place])
        ring = np.array(kept).reshape(-1, 2)
    return ring


def _rounded(values: Any) -> Any:
    return tuple(round(float(value), DIGITS) + 0.0 for value in values)
