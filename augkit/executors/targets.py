"""Everything a plan moves, kind by kind: the walk over a plan's steps that all executors share.

An executor brings four functions for pixels (`Pixels`); labels are moved here, by numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augkit.core.barriers import Adapt, Barrier, Erase, External, Sliding, needs_rgb
from augkit.core.chain import push, push_boxes
from augkit.core.fuse import fuse
from augkit.core.ops import ColorMatrix, Homography, Spatial
from augkit.core.plan import BlendRun, Border, ColorRun, Interpolation, Plan, Policy, SpatialRun, Step, size_after
from augkit.core.sample import Polygon, Sample, channels_of, require_rgb
from augkit.core.spatial import IDENTITY, Size, scaling, translation
from augkit.core.tonal import RANGE
from augkit.core.windows import slide
from augkit.errors import SampleError
from augkit.foreign import Subject, moves_points, perform

__all__ = ["EDGE_PX", "Pixels", "Sampling", "execute", "resized", "widened"]

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
    """What an executor brings: how pictures are resampled, recoloured, taken through a barrier, and added up.

    `recolor` may overwrite the picture it gets, the others leave it alone. A barrier gets colours without alpha.
    """

    resample: Callable[[Image, SpatialRun, Sampling], Image]
    recolor: Callable[[Image, ColorRun, bool], Image]
    barrier: Callable[[Image, Barrier, Sampling], Image]
    blend: Callable[[Sequence[Image], Sequence[float]], Image]


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
    if sample.image.shape[:2] != plan.source:
        raise SampleError(f"must have the plan's size {plan.source}, got {sample.image.shape[:2]}.", "Sample.image")
    polygons = None if sample.polygons is None else [_copied(polygon) for polygon in sample.polygons]
    labels = Labels(sample.boxes, sample.box_labels, polygons, sample.keypoints, sample.keypoint_visible)
    walk = _Walk(plan.policy, pixels, sample)
    done = walk.through(plan.steps, _Picture(sample.image, sample.mask, plan.source, labels))
    labels = done.labels.clipped(done.size, plan.policy.min_visible)
    # What comes out is the caller's to change, and must not be what went in.
    image = _own(done.image, sample.image)
    mask = done.mask.copy() if done.mask is not None and done.mask is sample.mask else done.mask
    return sample.changed(image=image, mask=mask, **vars(labels))


@dataclass(frozen=True)
class _Picture:
    """A picture on its way through a plan."""

    image: Image
    mask: Image | None
    size: Size
    labels: Labels


class _Walk:
    """What is the same for all steps of a plan, and of the branches of its blends."""

    def __init__(self, policy: Policy, pixels: Pixels, sample: Sample) -> None:
        self.policy, self.pixels, self.alpha = policy, pixels, sample.alpha
        fill, mask = _fill("fill", policy, sample.image), sample.mask
        self.of_image = Sampling(policy.interpolation, policy.border, fill)
        self.of_mask = Sampling("nearest", policy.border, () if mask is None else _fill("mask_fill", policy, mask))

    def through(self, steps: Sequence[Step], start: _Picture) -> _Picture:
        """Return the picture after all steps; the image it starts with is left alone."""
        now = start
        for step in steps:
            if isinstance(step, SpatialRun):
                now = self._moved(now, step, self.pixels.resample(now.image, step, self.of_image))
            elif isinstance(step, ColorRun):
                if any(isinstance(op, ColorMatrix) for op in step.ops):
                    require_rgb(channels_of(now.image), self.alpha, "ColorMatrix")
                image = self.pixels.recolor(_own(now.image, start.image), step, self.alpha)
                now = replace(now, image=image)
            else:
                now = replace(now, labels=now.labels.clipped(now.size, self.policy.min_visible))
                now = self._blended(step, now) if isinstance(step, BlendRun) else self._barred(step, now)
        return now

    def _moved(self, now: _Picture, run: SpatialRun, image: Image) -> _Picture:
        mask = None if now.mask is None else self.pixels.resample(now.mask, run, self.of_mask)
        return _Picture(image, mask, run.size, now.labels.moved(run.ops))

    def _blended(self, step: BlendRun, now: _Picture) -> _Picture:
        done = [self.through(branch, now) for branch in step.branches]
        size_after(step, now.size)  # all come out at one size
        image = self.pixels.blend([picture.image for picture in done], step.weights)
        if self.alpha:
            image[..., 3] = done[0].image[..., 3]
        return replace(done[0], image=image)

    def _barred(self, op: Barrier, now: _Picture) -> _Picture:
        if isinstance(op, External):
            return self._external(op, now)
        if needs_rgb(op):
            require_rgb(channels_of(now.image), self.alpha, op.name if isinstance(op, Adapt) else type(op).__name__)
        how = self.of_image
        colours = np.ascontiguousarray(now.image[..., :3]) if self.alpha else now.image
        image = self.pixels.barrier(colours, op, replace(how, fill=how.fill[:3]) if self.alpha else how)
        run = None
        if isinstance(op, Sliding):
            move = slide(op, now.size)
            run = SpatialRun((move,), move.size) if move != Homography(IDENTITY, now.size) else None
        if self.alpha:
            alpha = np.ascontiguousarray(now.image[..., 3])
            alpha = self.pixels.resample(alpha, run, replace(how, fill=how.fill[3:])) if run else alpha
            image = np.dstack([image, alpha])
        if isinstance(op, Erase) and op.mask_fill is not None and now.mask is not None:
            now = replace(now, mask=_painted(now.mask, op))
        return self._moved(now, run, image) if run else replace(now, image=image)

    def _external(self, op: External, now: _Picture) -> _Picture:
        labels, where = now.labels, f"albumentations.{op.name}"
        if labels.polygons is not None and moves_points(op.name):
            raise SampleError("must get no polygons, which it does not move, got some. Leave the step out.", where)
        colours, alpha = (now.image[..., :3], now.image[..., 3]) if self.alpha else (now.image, None)
        subject = Subject(colours, now.mask, alpha, labels.boxes, labels.keypoints)
        done = perform(op, subject, self.policy.min_visible)
        size, declared = (done.image.shape[0], done.image.shape[1]), size_after(op, now.size)
        if size != declared:
            raise SampleError(f"must come out at the size that its plan declares, {declared}, got {size}.", where)
        if done.boxes is not None:
            box_labels = labels.box_labels
            if isinstance(box_labels, np.ndarray):
                box_labels = box_labels[list(done.kept)]
            elif box_labels is not None:
                box_labels = [box_labels[index] for index in done.kept]
            labels = replace(labels, boxes=done.boxes, box_labels=box_labels)
        if done.seen is not None and labels.keypoint_visible is not None:
            visible = np.where(done.seen, labels.keypoint_visible, np.zeros_like(labels.keypoint_visible))
            labels = replace(labels, keypoints=done.keypoints, keypoint_visible=visible)
        image = done.image if done.alpha is None else np.dstack([done.image, done.alpha])
        return _Picture(image, done.mask, size, labels)


def widened(image: Image, op: Sliding) -> SpatialRun | None:
    """Return what puts the padding around a picture by its border rule, None where there is no padding."""
    pad_y, pad_x = op.padding
    size = (image.shape[0] + 2 * pad_y, image.shape[1] + 2 * pad_x)
    return SpatialRun((Homography(translation(float(pad_x), float(pad_y)), size),), size) if pad_y or pad_x else None


def resized(image: Image, size: Size, how: Sampling) -> SpatialRun:
    """Return what shows the whole picture at another size."""
    height, width = image.shape[:2]
    op = Homography(scaling(size[1] / width, size[0] / height), size)
    run = fuse((op,), (height, width), Policy(interpolation=how.interpolation)).steps
    return run[0] if run and isinstance(run[0], SpatialRun) else SpatialRun((), size)


def _painted(mask: Image, op: Erase) -> Image:
    low, high = _limits(mask.dtype)
    if op.mask_fill is None or not low <= op.mask_fill <= high:
        raise SampleError(f"must lie within {low} and {high} for {mask.dtype}, got {op.mask_fill}.", "Erase.mask_fill")
    painted = mask.copy()
    for left, upper, right, lower in op.rectangles:
        painted[max(0, upper) : max(0, lower), max(0, left) : max(0, right)] = op.mask_fill
    return painted


def _own(image: Image, kept: Image) -> Image:
    return image.copy() if image is kept else image


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
