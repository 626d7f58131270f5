"""Items of data sets as samples, and samples as items that a training loop takes."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
import torch

from augkit.core.arrays import Array, Label
from augkit.errors import SampleError
from augkit.images.interchange import opened
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget, PointTarget

Item: TypeAlias = tuple[torch.Tensor, Label] | dict[str, Any]  # (image, label), or tensors and more by key

_PAIR = 2  # a picture and its label
MOST_CHANNELS, SPLIT_DTYPES = 4, ("uint8", "uint16", "float32")  # of what OpenCV is given to split


def sample_from(item: object) -> Sample:
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


def item_of(sample: Sample) -> Item:
    """Return a sample as tensors: (image, label), or a dict where it carries more.

    The image is (C, H, W) of its own dtype; a mask (H, W) or (M, H, W) of its own; boxes (n, 4), keypoints (k, 2),
    polygons and polylines (m, 2) and rotated boxes (n, 5) are float32; their labels int64 where all are whole numbers.
    """
    found: dict[str, object] = {}
    for target in sample.targets.values():
        if isinstance(target, PointTarget):
            found |= {keyword: _tensor(value) for keyword, value in target.tensors().items()}
        elif isinstance(target, PixelTarget):
            found |= {keyword: _planes(value, target.is_picture) for keyword, value in vars(target).items()}
    image = _channels_first(sample.image)
    label = torch.from_numpy(sample.label) if isinstance(sample.label, np.ndarray) else sample.label
    if not found:
        return image, label
    carried = {keyword: found[keyword] for keyword in vars(sample) if found.get(keyword) is not None}
    return {"image": image, "label": label, **carried, "id": sample.id}


def _tensor(value: object) -> object:
    """Return arrays as tensors, also those in lists."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return [_tensor(part) for part in value] if isinstance(value, list) else value


def _planes(value: object, is_picture: bool) -> object:
    """Return an array of the picture's size, or several by name, with channels first; a mask may have none."""
    if isinstance(value, dict):
        return {name: _planes(array, is_picture) for name, array in value.items()}
    return _channels_first(value, flat=not is_picture) if isinstance(value, np.ndarray) else value


def _channels_first(array: Array, flat: bool = False) -> torch.Tensor:
    array = np.ascontiguousarray(array)
    if array.ndim == 2:
        return torch.from_numpy(array if flat else array[None])
    if array.shape[2] > MOST_CHANNELS or array.dtype.name not in SPLIT_DTYPES:
        return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    planes = np.empty((array.shape[2], *array.shape[:2]), array.dtype)
    cv2.split(array, list(planes))  # into the planes; a fifth of what transposing takes
    return torch.from_numpy(planes)
