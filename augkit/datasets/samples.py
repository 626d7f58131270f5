"""A source as a sample: its picture, decoded, and its annotations as labels that a plan moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.codec import decode_mask
from augkit.core.ops import Warp
from augkit.core.plan import BlendRun, Plan, SpatialRun, Step
from augkit.core.sample import Polygon, Sample
from augkit.core.spatial import Size
from augkit.datasets import run_lengths
from augkit.datasets.data_set import DataSet, Instance, Source
from augkit.errors import DecodeError, SampleError

__all__ = ["named_sample", "ready_for", "sample_of"]

LONGEST_EDGE_PX = 8.0  # of an outline that is warped: its straight edges do not stay straight
LONGEST_OUTLINES_PX = 3e7  # of a picture: some 4 million points

Points = NDArray[np.float64]


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
    counts = [len(points) // 3 for points in (*(instance.keypoints for instance in instances), annotations.keypoints)]
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
        keypoint_counts=counts if points else None,
    )


def named_sample(data: DataSet, source: Source) -> Sample:
    """Return a source as people look at it: a box's label is its class, and no mask but the picture's own.

    Polygons are left out where no box has one; objects whose masks are run lengths keep their boxes.

    Raises:
        FileError: the picture or its mask cannot be read.
        DecodeError: so it is, because of what it holds.
        SampleError: the annotations do not fit the picture.
    """
    decoded, annotations = data.decoded(source), source.annotations
    mask = None
    if annotations is not None and annotations.mask is not None:
        try:
            mask = decode_mask(data.read(annotations.mask))
        except DecodeError as fault:
            raise fault.at(f"{data.root}/{source.id} mask") from fault.__cause__
    if annotations is not None and annotations.instances is not None:
        plain = tuple(replace(instance, rle="") for instance in annotations.instances)
        source = replace(source, annotations=replace(annotations, instances=plain))
    try:
        sample = sample_of(source, decoded.image, decoded.alpha, mask)
    except SampleError as fault:
        raise fault.at(f"{data.root}/{source.id}") from None
    if annotations is None or annotations.instances is None:
        return sample
    names = [instance.label for instance in annotations.instances]
    has_outlines = any(instance.rings for instance in annotations.instances)
    return sample.changed(box_labels=names, polygons=sample.polygons if has_outlines else None)


def ready_for(plan: Plan, sample: Sample) -> Sample:
    """Return the sample with outlines of short edges where the plan bends them.

    Raises:
        SampleError: they are longer than any picture's: they would fill the memory.
    """
    if not sample.polygons or not _bends(plan.steps):
        return sample
    length = sum(_length(ring) for p in sample.polygons for ring in (p if isinstance(p, list) else [p]))
    if not length <= LONGEST_OUTLINES_PX:
        limit = f"{LONGEST_OUTLINES_PX:,.0f} pixels"
        raise SampleError(f"must be at most {limit} long in all, got {length:.3g}.", "polygons")
    return sample.changed(polygons=[_fine_outline(polygon) for polygon in sample.polygons])


def _bends(steps: Sequence[Step]) -> bool:
    """Tell whether the steps bend what is straight; labels follow the first branch of a blend."""
    for step in steps:
        if isinstance(step, SpatialRun) and any(isinstance(op, Warp) for op in step.ops):
            return True
        if isinstance(step, BlendRun) and _bends(step.branches[0]):
            return True
    return False


def _rings(instance: Instance) -> list[Points]:
    return [np.array(ring, np.float64).reshape(-1, 2) for ring in instance.rings]


def _stacked(mask: NDArray[Any] | None, instances: Sequence[Instance], size: Size) -> NDArray[Any] | None:
    """Return the mask and those of the instances, one a channel; they move as one."""
    masks = ([] if mask is None else [mask]) + [run_lengths.decode(i.rle, size) for i in instances if i.rle]
    return np.dstack(masks) if len(masks) > 1 else masks[0] if masks else None


def _fine_outline(polygon: Polygon) -> Polygon:
    return [_fine(ring) for ring in polygon] if isinstance(polygon, list) else _fine(polygon)


def _length(ring: Points) -> float:
    return float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum())


def _fine(ring: Points) -> Points:
    """Return an outline with points between its own, so that no edge is longer than LONGEST_EDGE_PX."""
    ends = np.roll(ring, -1, axis=0)
    pieces = np.maximum(1, np.ceil(np.hypot(*(ends - ring).T) / LONGEST_EDGE_PX)).astype(int)
    parts = [
        start + (end - start) * np.arange(count)[:, None] / count
        for start, end, count in zip(ring, ends, pieces, strict=True)
    ]
    return np.concatenate(parts) if parts else ring
