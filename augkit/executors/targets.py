"""Everything a plan moves, kind by kind: the walk over a plan's steps that all executors share.

An executor brings three functions for pixels (`Pixels`); labels are moved here, by numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augkit.core.chain import push, push_boxes
from augkit.core.ops import Adapt, ColorMatrix, Spatial
from augkit.core.plan import Border, ColorRun, Interpolation, Plan, Policy, SpatialRun
from augkit.core.sample import Polygon, Sample, channels_of, require_rgb
from augkit.core.spatial import Size
from augkit.core.tonal import RANGE
from augkit.errors import SampleError

__all__ = ["EDGE_PX", "Pixels", "Sampling", "execute"]

# A point this near to the edge of a pixel, or of the plane, counts as beyond it (or inside it): what two machines'
# last bits disagree about must not decide which pixel is nearest.
EDGE_PX = 1e-3
ROUNDING = 1e-6  # of label arithmetic: pixels, or a fraction of an area; matrices are rounded to 1e-9 px

Image = NDArray[Any]


@dataclass(frozen=True)
class Sampling:
    """How one array is sampled: the part of the plan's policy that concerns its kind."""

    interpolation: Interpolation
    border: Border
    fill: tuple[float, ...]


@dataclass(frozen=True)
class Pixels:
    """What an executor brings: how pictures are resampled, recoloured, and adapted to what they show.

    `recolor` and `adapt` may overwrite the picture they get, `resample` leaves it alone.
    """

    resample: Callable[[Image, SpatialRun, Sampling], Image]
    recolor: Callable[[Image, ColorRun, bool], Image]
    adapt: Callable[[Image, Adapt, bool], Image]


@dataclass(frozen=True)
class Labels:
    """What moves with a picture and has no pixels: see `Sample` for the shapes."""

    boxes: NDArray[np.float64] | None
    box_labels: Sequence[Any] | NDArray[Any] | None
    polygons: Sequence[Polygon] | None
    keypoints: NDArray[np.float64] | None
    keypoint_visible: NDArray[Any] | None

    def moved(self, ops: Sequence[Spatial]) -> Labels:
        """Return all labels where the operations bring them, nothing clipped."""
        if self.boxes is None and self.keypoints is None and self.polygons is None:
            return self
        boxes = None if self.boxes is None else push_boxes(ops, self.boxes)
        keypoints = None if self.keypoints is None else push(ops, self.keypoints)
        polygons = None if self.polygons is None else [_moved_polygon(ops, polygon) for polygon in self.polygons]
        return replace(self, boxes=boxes, keypoints=keypoints, polygons=polygons)

    def clipped(self, size: Size, min_visible: float) -> Labels:
        """Return the labels that a frame of `size` still shows.

        Boxes are clipped, and hidden ones dropped with their labels and polygons; keypoints outside turn invisible.
        """
        labels = self
        limits = np.array([size[1], size[0]], dtype=np.float64)
        if self.boxes is not None:
            whole = np.prod(self.boxes[:, 2:] - self.boxes[:, :2], axis=1)
            boxes = np.clip(np.nan_to_num(self.boxes), 0.0, np.tile(limits, 2))
            left = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
            kept = (left > 0.0) & (left >= min_visible * whole * (1.0 - ROUNDING))
            labels = replace(labels, boxes=boxes[kept], box_labels=_chosen(self.box_labels, kept))
            if self.polygons is not None:
                labels = replace(labels, polygons=_chosen(self.polygons, kept))
        if self.keypoints is not None and self.keypoint_visible is not None:
            inside = ((self.keypoints >= -ROUNDING) & (self.keypoints <= limits + ROUNDING)).all(axis=1)
            visible = np.where(inside, self.keypoint_visible, np.zeros_like(self.keypoint_visible))
            keypoints = np.nan_to_num(self.keypoints, posinf=-1.0)  # beyond a horizon: outside, but finite
            labels = replace(labels, keypoints=keypoints, keypoint_visible=visible)
        return labels


def execute(plan: Plan, sample: Sample, pixels: Pixels) -> Sample:
    """Run a plan on a picture and everything that moves with it.

    Raises:
        SampleError: the picture's size is not the plan's, or it lacks what a step needs.
    """
    if not isinstance(plan, Plan) or not isinstance(sample, Sample):
        got = f"{type(plan).__name__} and {type(sample).__name__}"
        raise SampleError(f"must get a Plan and a Sample, got {got}. Give ak.Sample(image=...).", "run")
    image, mask, size, policy = sample.image, sample.mask, plan.source, plan.policy
    if image.shape[:2] != size:
        raise SampleError(f"must have the plan's size {size}, got {image.shape[:2]}.", "Sample.image")
    image_sampling = Sampling(policy.interpolation, policy.border, _fill("fill", policy, image))
    mask_sampling = Sampling("nearest", policy.border, () if mask is None else _fill("mask_fill", policy, mask))
    polygons = None if sample.polygons is None else [_copied(polygon) for polygon in sample.polygons]
    labels = Labels(sample.boxes, sample.box_labels, polygons, sample.keypoints, sample.keypoint_visible)
    for step in plan.steps:
        if isinstance(step, SpatialRun):
            image = pixels.resample(image, step, image_sampling)
            if mask is not None:
                mask = pixels.resample(mask, step, mask_sampling)
            labels, size = labels.moved(step.ops), step.size
        elif isinstance(step, ColorRun):
            if any(isinstance(op, ColorMatrix) for op in step.ops):
                require_rgb(channels_of(image), sample.alpha, "ColorMatrix")
            image = pixels.recolor(_own(image, sample), step, sample.alpha)
        else:
            require_rgb(channels_of(image), sample.alpha, step.name)
            image = pixels.adapt(_own(image, sample), step, sample.alpha)
            labels = labels.clipped(size, policy.min_visible)
    labels = labels.clipped(size, policy.min_visible)
    # What comes out is the caller's to change, and must not be what went in.
    image = _own(image, sample)
    mask = mask.copy() if mask is not None and mask is sample.mask else mask
    return sample.changed(image=image, mask=mask, **vars(labels))


def _own(image: Image, sample: Sample) -> Image:
    return image.copy() if image is sample.image else image


def _copied(polygon: Polygon) -> Polygon:
    return [ring.copy() for ring in polygon] if isinstance(polygon, list) else polygon.copy()


def _moved_polygon(ops: Sequence[Spatial], polygon: Polygon) -> Polygon:
    return [push(ops, ring) for ring in polygon] if isinstance(polygon, list) else push(ops, polygon)


def _chosen(values: Any, kept: NDArray[np.bool_]) -> Any:
    """Return the entries of an array or a sequence that are kept, an array as an array."""
    if values is None or isinstance(values, np.ndarray):
        return None if values is None else values[kept]
    return [value for value, keep in zip(values, kept.tolist(), strict=True) if keep]


def _fill(name: Literal["fill", "mask_fill"], policy: Policy, array: Image) -> tuple[float, ...]:
    """Return the fill, one number a channel, checked against the array it goes into; nothing where none is needed."""
    if policy.border != "constant":
        return ()
    fill = getattr(policy, name)
    channels = channels_of(array)
    values = fill if isinstance(fill, tuple) else (fill,) * channels
    if len(values) != channels:
        raise SampleError(f"must be one number or {channels} (one a channel), got {fill}.", f"Pipeline.{name}")
    top = RANGE.get(array.dtype) if name == "fill" else None
    low, high = (0, top) if top is not None else _limits(array.dtype)
    if not all(low <= value <= high for value in values):
        raise SampleError(f"must lie within {low:g} and {high:g} for {array.dtype}, got {fill}.", f"Pipeline.{name}")
    return values if array.dtype.kind == "f" else tuple(round(value) for value in values)


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
