"""What moves with a picture and has no pixels: where it goes, what a frame still shows, what a mirror exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from augkit.core.chain import push, push_boxes
from augkit.core.ops import Spatial
from augkit.core.policy import Policy
from augkit.core.spatial import Size
from augkit.errors import SampleError
from augkit.targets.coordinates import Polygon
from augkit.targets.outlines import area_inside, around, corners_of, length_inside, outlines_of, push_rotated
from augkit.targets.sample import Sample

__all__ = ["Labels", "chosen", "starts_of"]

ROUNDING = 1e-6  # of label arithmetic: pixels, or a fraction of an area; matrices are rounded to 1e-9 px


@dataclass(frozen=True)
class Labels:
    """What moves with a picture and has no pixels: see `Sample` for the shapes."""

    boxes: NDArray[np.float64] | None
    box_labels: Sequence[Any] | NDArray[Any] | None
    polygons: Sequence[Polygon] | None
    keypoints: NDArray[np.float64] | None
    keypoint_visible: NDArray[Any] | None
    polylines: Sequence[NDArray[np.float64]] | None
    polyline_labels: Sequence[Any] | NDArray[Any] | None
    rotated_boxes: NDArray[np.float64] | None
    rotated_box_labels: Sequence[Any] | NDArray[Any] | None
    label: Any

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Return the labels of a sample; its polygons and lines stay the sample's own."""
        known = vars(sample)
        given = {name: known[name] for name in _NAMES}
        if sample.polygons is not None:
            given["polygons"] = [_copied(polygon) for polygon in sample.polygons]
        if sample.polylines is not None:
            given["polylines"] = [line.copy() for line in sample.polylines]
        if sample.rotated_boxes is not None:
            given["rotated_boxes"] = sample.rotated_boxes.copy()
        made = object.__new__(cls)  # a third of the time of ten arguments
        vars(made).update(given)
        return made

    def moved(self, ops: Sequence[Spatial]) -> Labels:
        """Return all labels where the operations bring them, nothing clipped."""
        upright, turned = self.boxes is None and self.polygons is None, self.rotated_boxes is None
        if upright and turned and self.keypoints is None and self.polylines is None:
            return self
        boxes = None if self.boxes is None else push_boxes(ops, self.boxes)
        keypoints = None if self.keypoints is None else push(ops, self.keypoints)
        polygons = None if self.polygons is None else [_moved_polygon(ops, polygon) for polygon in self.polygons]
        polylines = None if self.polylines is None else [push(ops, line) for line in self.polylines]
        rotated = None if self.rotated_boxes is None else push_rotated(ops, self.rotated_boxes)
        return replace(
            self, boxes=boxes, keypoints=keypoints, polygons=polygons, polylines=polylines, rotated_boxes=rotated
        )

    def outlines(self) -> NDArray[np.float64]:
        """Return all points (n, 2) of polygons, lines, and the outlines of rotated boxes."""
        rings = [
            ring for polygon in self.polygons or () for ring in (polygon if isinstance(polygon, list) else [polygon])
        ]
        turned = [] if self.rotated_boxes is None else [outlines_of(self.rotated_boxes).reshape(-1, 2)]
        found = [*rings, *(self.polylines or ()), *turned]
        return np.concatenate(found) if found else np.zeros((0, 2))

    def with_outlines(self, points: NDArray[np.float64]) -> Labels:
        """Return the labels with other points in place of all that `outlines` gives."""
        start = 0

        def taken(before: NDArray[np.float64]) -> NDArray[np.float64]:
            nonlocal start
            start += len(before)
            return points[start - len(before) : start]

        polygons = self.polygons and [
            [taken(ring) for ring in polygon] if isinstance(polygon, list) else taken(polygon)
            for polygon in self.polygons
        ]
        polylines = self.polylines and [taken(line) for line in self.polylines]
        rotated = self.rotated_boxes
        if rotated is not None:
            rotated = around(points[start:].reshape(outlines_of(rotated).shape))
        return replace(self, polygons=polygons, polylines=polylines, rotated_boxes=rotated)

    def clipped(self, size: Size, min_visible: float) -> Labels:
        """Return the labels that a frame of `size` still shows.

        Boxes are clipped, and hidden ones dropped with their labels and polygons; keypoints outside turn invisible.
        Rotated boxes and lines are dropped likewise, by their area and their length, but stay whole.
        """
        labels = self
        limits = np.array([size[1], size[0]], dtype=np.float64)
        if self.boxes is not None:
            ends = np.isfinite(self.boxes).all(axis=1, keepdims=True)  # others reach beyond a horizon: hidden
            boxes = np.where(ends, self.boxes, 0.0)
            whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
            boxes = np.clip(boxes, 0.0, np.tile(limits, 2))
            left = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
            kept = np.flatnonzero((left > 0.0) & (left >= min_visible * whole * (1.0 - ROUNDING)))
            labels = replace(labels, boxes=boxes[kept], box_labels=chosen(self.box_labels, kept))
            if self.polygons is not None:
                labels = replace(labels, polygons=chosen(self.polygons, kept))
        if self.keypoints is not None and self.keypoint_visible is not None:
            inside = ((self.keypoints >= -ROUNDING) & (self.keypoints <= limits + ROUNDING)).all(axis=1)
            visible = np.where(inside, self.keypoint_visible, np.zeros_like(self.keypoint_visible))
            keypoints = np.nan_to_num(self.keypoints, posinf=-1.0)  # beyond a horizon: outside, but finite
            labels = replace(labels, keypoints=keypoints, keypoint_visible=visible)
        if self.rotated_boxes is not None:
            kept = np.flatnonzero([_shows_box(box, size, min_visible) for box in self.rotated_boxes])
            names = chosen(self.rotated_box_labels, kept)
            labels = replace(labels, rotated_boxes=self.rotated_boxes[kept], rotated_box_labels=names)
        if self.polylines is not None:
            kept = np.flatnonzero([_shows_line(line, size, min_visible) for line in self.polylines])
            names = chosen(self.polyline_labels, kept)
            labels = replace(labels, polylines=chosen(self.polylines, kept), polyline_labels=names)
        return labels

    def mirrored(self, policy: Policy, counts: Sequence[int] | None) -> Labels:
        """Return the labels with what changes places in a mirror exchanged.

        Args:
            policy: what does.
            counts: how many keypoints each object has, as `Sample.keypoint_counts`.
        """
        labels = self
        if policy.keypoint_pairs and self.keypoints is not None and self.keypoint_visible is not None:
            order = np.arange(len(self.keypoints))
            pairs = np.array(policy.keypoint_pairs)
            for start in starts_of(policy, len(order), counts):
                order[start + pairs] = start + pairs[:, ::-1]
            labels = replace(labels, keypoints=self.keypoints[order], keypoint_visible=self.keypoint_visible[order])
        if policy.mirrored_labels:
            names = ("label", "box_labels", "polyline_labels", "rotated_box_labels")
            labels = replace(labels, **{name: policy.in_mirror(getattr(self, name)) for name in names})
        return labels


_NAMES = tuple(item.name for item in fields(Labels))


def starts_of(policy: Policy, points: int, counts: Sequence[int] | None) -> list[int]:
    """Return where the keypoints of each object begin, of those that have any.

    Raises:
        SampleError: an object lacks a point that the policy names.
    """
    found, start = [], 0
    for count in (points,) if counts is None else counts:
        if count:
            found.append(start)
            odd = next((pair for pair in policy.keypoint_pairs if max(pair) >= count), None)
            if odd is not None:
                rule = f"must name points from 0 to {count - 1}, as many as an object has, got {list(odd)}"
                raise SampleError(f"{rule}. Say in Sample.keypoint_counts which belong together.", "keypoint_pairs")
        start += count
    return found


def _shows_box(box: NDArray[np.float64], size: Size, min_visible: float) -> bool:
    if not np.isfinite(box).all():  # it reaches beyond a horizon
        return False
    inside = area_inside(corners_of(box[None])[0], size)
    return bool(inside > 0.0 and inside >= min_visible * box[2] * box[3] * (1.0 - ROUNDING))


def _shows_line(line: NDArray[np.float64], size: Size, min_visible: float) -> bool:
    if not np.isfinite(line).all():
        return False
    whole = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if whole == 0.0:  # a point, which has no length to lose
        return bool(((line >= 0.0) & (line <= (size[1], size[0]))).all())
    inside = length_inside(line, size)
    return inside > 0.0 and inside >= min_visible * whole * (1.0 - ROUNDING)


def _copied(polygon: Polygon) -> Polygon:
    return [ring.copy() for ring in polygon] if isinstance(polygon, list) else polygon.copy()


def _moved_polygon(ops: Sequence[Spatial], polygon: Polygon) -> Polygon:
    if isinstance(polygon, list):
        return [_moved_ring(ops, ring) for ring in polygon]
    return _moved_ring(ops, polygon)


def _moved_ring(ops: Sequence[Spatial], ring: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = push(ops, ring)
    return moved[np.isfinite(moved).all(axis=1)]  # points beyond a horizon lie nowhere


def chosen(values: Any, places: Sequence[int] | NDArray[np.int64]) -> Any:
    """Return the entries of an array or a sequence at some places, an array as an array."""
    if values is None or isinstance(values, np.ndarray):
        return None if values is None else values[np.asarray(places, np.int64)]
    return [values[place] for place in places]
