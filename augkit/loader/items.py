"""What data sets give, as samples; and samples as what a training loop takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from augkit.errors import SampleError
from augkit.images.interchange import opened
from augkit.targets.coordinates import Polygon
from augkit.targets.sample import Sample

__all__ = ["item_of", "sample_from"]

_PAIR = 2  # a picture and its label
MOST_CHANNELS, SPLIT_DTYPES = 4, ("uint8", "uint16", "float32")  # of what OpenCV is given to split


def sample_from(item: Any) -> Sample:
    """Return what a data set gave as a sample.

    Args:
        item: a `Sample`, or a picture (as `augkit.images.interchange.opened` takes it) and its label.

    Raises:
        SampleError: it is something else.
    """
    if isinstance(item, Sample):
        return item
    if not isinstance(item, tuple | list) or len(item) != _PAIR:
        got = f"{len(item)} parts" if isinstance(item, tuple | list) else type(item).__name__
        raise SampleError(f"must be (image, label) or a Sample, got {got}. Wrap the data set to give one of these.")
    image, alpha, _ = opened(item[0])
    return Sample(image, label=item[1], alpha=alpha)


def item_of(sample: Sample) -> Any:
    """Return a sample as tensors: (image, label), or a dict where it carries more.

    The image is (C, H, W) of its own dtype; a mask (H, W) or (M, H, W) of its own; boxes (n, 4), keypoints (k, 2),
    polygons and polylines (m, 2) and rotated boxes (n, 5) are float32; their labels int64 where all are whole numbers.
    """
    more: dict[str, Any] = {
        "mask": None if sample.mask is None else _channels_first(sample.mask, flat=True),
        "boxes": None if sample.boxes is None else _reals(sample.boxes),
        "box_labels": None if sample.box_labels is None else _numbers(sample.box_labels),
        "polygons": None if sample.polygons is None else [_polygon(polygon) for polygon in sample.polygons],
        "keypoints": None if sample.keypoints is None else _reals(sample.keypoints),
        "keypoint_visible": None if sample.keypoint_visible is None else torch.from_numpy(sample.keypoint_visible),
    }
    more |= {
        "polylines": None if sample.polylines is None else [_reals(line) for line in sample.polylines],
        "polyline_labels": None if sample.polyline_labels is None else _numbers(sample.polyline_labels),
        "rotated_boxes": None if sample.rotated_boxes is None else _reals(sample.rotated_boxes),
        "rotated_box_labels": None if sample.rotated_box_labels is None else _numbers(sample.rotated_box_labels),
    }
    if sample.masks is not None:
        more["masks"] = {name: _channels_first(mask, flat=True) for name, mask in sample.masks.items()}
    if sample.images is not None:
        more["images"] = {name: _channels_first(image) for name, image in sample.images.items()}
    image = _channels_first(sample.image)
    label = torch.from_numpy(sample.label) if isinstance(sample.label, np.ndarray) else sample.label
    carried = {name: value for name, value in more.items() if value is not None}
    return {"image": image, "label": label, **carried, "id": sample.id} if carried else (image, label)


def _channels_first(array: NDArray[Any], flat: bool = False) -> torch.Tensor:
    array = np.ascontiguousarray(array)
    if array.ndim == 2:
        return torch.from_numpy(array if flat else array[None])
    if array.shape[2] > MOST_CHANNELS or array.dtype.name not in SPLIT_DTYPES:
        return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    planes = np.empty((array.shape[2], *array.shape[:2]), array.dtype)
    cv2.split(array, list(planes))  # into the planes; a fifth of what transposing takes
    return torch.from_numpy(planes)


def _reals(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _polygon(polygon: Polygon) -> Any:
    if isinstance(polygon, np.ndarray) and len(polygon) > 0:  # of no ring at all a sample makes an empty array
        return _reals(polygon)
    return [_reals(ring) for ring in polygon]


def _numbers(labels: Sequence[Any] | NDArray[Any]) -> Any:
    """Return labels as a tensor, if that is what they are."""
    if not all(isinstance(label, int | np.integer) and not isinstance(label, bool) for label in labels):
        return list(labels)
    return torch.tensor([int(label) for label in labels], dtype=torch.int64)
