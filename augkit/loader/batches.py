"""Batches of items: tensors of one shape are stacked, and those that vary in number stay a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate

from augkit.errors import SampleError

STACKED = ("image", "mask")
_DTYPES = {"b": torch.bool, "i": torch.int64, "u": torch.int64, "f": torch.float32}  # by NumPy's kind


def collate(items: Sequence[Any]) -> Any:
    """Return items of `Augmented` as one batch: for the argument ``collate_fn`` of a DataLoader.

    Images and masks are stacked, also those that have names. Labels become a tensor where all are numbers, or lists of
    equally many: whole ones int64, others float32; else they stay a list. Boxes, their labels, polygons and keypoints
    are lists, one entry an item, whether or not their counts happen to be equal. An entry that only some items have is
    None in the others.

    Args:
        items: (image, label), or dicts with at least image and label.

    Returns:
        (images (B, C, H, W), labels), or a dict where any of the items is one.

    Raises:
        SampleError: the images, or the masks, differ in shape or dtype.

    >>> images, labels = collate([(torch.zeros(3, 24, 32), 0), (torch.ones(3, 24, 32), 5)])
    >>> images.shape, labels
    (torch.Size([2, 3, 24, 32]), tensor([0, 5]))
    """
    if not any(isinstance(item, dict) for item in items):
        images, labels = zip(*items, strict=True)
        return _stacked("image", images), _labels(labels)
    told = [item if isinstance(item, dict) else {"image": item[0], "label": item[1]} for item in items]
    names = dict.fromkeys(name for item in told for name in item)
    return {name: _joined(name, [item.get(name) for item in told]) for name in names}


def _joined(name: str, values: Sequence[Any]) -> Any:
    if name == "label":
        return _labels(values)
    if name in ("masks", "images") and all(value is not None and value.keys() == values[0].keys() for value in values):
        return {key: _stacked(f"{name}[{key!r}]", [value[key] for value in values]) for key in values[0]}
    is_stacked = name in STACKED and not any(value is None for value in values)
    return _stacked(name, values) if is_stacked else list(values)


def _stacked(name: str, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    first = tensors[0]
    for tensor in tensors:
        if tensor.shape != first.shape or tensor.dtype != first.dtype:
            got = " and ".join(f"{one.dtype} {tuple(one.shape)}" for one in (first, tensor))
            advice = "Let the pipeline end in a step that gives one size, such as RandomResizedCrop or Resize."
            raise SampleError(f"must have one shape and dtype in a batch, got {got}. {advice}", name)
    stacked: torch.Tensor = default_collate(list(tensors))  # in a worker it stacks right into shared memory
    return stacked


def _labels(labels: Sequence[Any]) -> Any:
    if all(isinstance(label, torch.Tensor) for label in labels):
        return torch.stack(list(labels)) if len({label.shape for label in labels}) == 1 else list(labels)
    try:
        array = np.array(labels)
    except ValueError:  # of different lengths, or tensors among others
        return list(labels)
    dtype = _DTYPES.get(array.dtype.kind) if array.size else None
    return list(labels) if dtype is None else torch.from_numpy(array).to(dtype)
