"""A source as a sample: its picture, decoded, and its annotations as labels that a plan moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.core.plan import Plan
from augkit.core.spatial import Size
from augkit.datasets.data_set import DataSet, Instance, Shape, Source
from augkit.errors import DecodeError, SampleError
from augkit.images import decode_mask
from augkit.targets import run_lengths
from augkit.targets.coordinates import Polygon
from augkit.targets.sample import Sample

LONGEST_EDGE_PX = 8.0  # of an outline that is warped: its straight edges do not stay straight
LONGEST_OUTLINES_PX = 3e7  # of a picture: some 4 million points

Points = NDArray[np.float64]


class Nth(int):
    """Which of its source's objects a label stands for; a mirror exchanges labels, which are plain, and leaves it."""


def sample_of(source: Source, image: NDArray[Any], alpha: bool, mask: NDArray[Any] | None) -> Sample:
    """Return a source as a sample; the label of a box, a rotated box or a line is the `Nth` of its kind that it is.

    Raises:
        SampleError: the annotations are those of a picture of another size.
    """
    annotations = source.annotations
    if annotations is None:
        return Sample(image, label=source.label, id=source.id, alpha=alpha)
    height, width = image.shape[:2]
    if annotations.size is not None and annotations.size != (height, width):
        raise SampleError(f"must have the size that its annotations say, {annotations.size}, got {(height, width)}.")
    instances, boxes, lines = annotations.instances or (), annotations.rotated_boxes, annotations.polylines
    points = [value for instance in instances for value in instance.keypoints] + list(annotations.keypoints)
    flat = np.array(points, np.float64).reshape(-1, 3)
    counts = [len(points) // 3 for points in (*(instance.keypoints for instance in instances), annotations.keypoints)]
    return Sample(
        image,
        mask=_stacked(mask, instances, (height, width)),
        boxes=None if annotations.instances is None else np.array([i.box for i in instances]).reshape(-1, 4),
        box_labels=_numbered(annotations.instances),
        polygons=None if annotations.instances is None else [_rings(instance) for instance in instances],
        keypoints=flat[:, :2] if points else None,
        keypoint_visible=flat[:, 2].astype(np.int64) if points else None,
        label=source.label,
        id=source.id,
        alpha=alpha,
        keypoint_counts=counts if points else None,
        rotated_boxes=None if boxes is None else np.array([box.numbers for box in boxes], np.float64).reshape(-1, 5),
        rotated_box_labels=_numbered(boxes),
        polylines=None if lines is None else [np.array(line.numbers, np.float64).reshape(-1, 2) for line in lines],
        polyline_labels=_numbered(lines),
    )


def _numbered(objects: Sequence[Any] | None) -> list[Nth] | None:
    return None if objects is None else list(map(Nth, range(len(objects))))


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
    if annotations is None:
        return sample
    return sample.changed(
        box_labels=_labels(annotations.instances),
        polygons=sample.polygons if any(instance.rings for instance in annotations.instances or ()) else None,
        rotated_box_labels=_labels(annotations.rotated_boxes),
        polyline_labels=_labels(annotations.polylines),
    )


def _labels(objects: Sequence[Instance | Shape] | None) -> list[str] | None:
    return None if objects is None else [one.label for one in objects]


def ready_for(plan: Plan, sample: Sample) -> Sample:
    """Return the sample with outlines and lines of short edges where the plan bends them.

    Raises:
        SampleError: they are longer than any picture's: they would fill the memory.
    """
    if not (sample.polygons or sample.polylines) or not plan.bends:
        return sample
    polygons, lines = sample.polygons or [], sample.polylines or []
    outlines = sum(_length(_closed(ring)) for p in polygons for ring in (p if isinstance(p, list) else [p]))
    for name, length in (("polygons", outlines), ("polylines", sum(map(_length, lines)))):
        if not length <= LONGEST_OUTLINES_PX:
            limit = f"{LONGEST_OUTLINES_PX:,.0f} pixels"
            raise SampleError(f"must be at most {limit} long in all, got {length:.3g}.", name)
    return sample.changed(
        polygons=None if sample.polygons is None else [_fine_outline(polygon) for polygon in polygons],
        polylines=None if sample.polylines is None else [_fine(line) for line in lines],
    )


def _rings(instance: Instance) -> list[Points]:
    return [np.array(ring, np.float64).reshape(-1, 2) for ring in instance.rings]


def _stacked(mask: NDArray[Any] | None, instances: Sequence[Instance], size: Size) -> NDArray[Any] | None:
    """Return the mask and those of the instances, one a channel; they move as one."""
    masks = ([] if mask is None else [mask]) + [run_lengths.decode(i.rle, size) for i in instances if i.rle]
    return np.dstack(masks) if len(masks) > 1 else masks[0] if masks else None


def _fine_outline(polygon: Polygon) -> Polygon:
    return [_fine_ring(ring) for ring in polygon] if isinstance(polygon, list) else _fine_ring(polygon)


def _closed(ring: Points) -> Points:
    return np.concatenate([ring, ring[:1]])


def _fine_ring(ring: Points) -> Points:
    return _fine(_closed(ring))[:-1]


def _length(line: Points) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _fine(line: Points) -> Points:
    """Return a line with points between its own, so that no edge is longer than LONGEST_EDGE_PX."""
    edges = np.diff(line, axis=0)
    pieces = np.maximum(1, np.ceil(np.hypot(*edges.T) / LONGEST_EDGE_PX)).astype(int)
    parts = [
        start + edge * np.arange(count)[:, None] / count
        for start, edge, count in zip(line, edges, pieces, strict=False)
    ]
    return np.concatenate([*parts, line[-1:]])
