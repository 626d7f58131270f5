"""Items of data sets as samples, samples as items that a training loop takes, and batches of these."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
import torch
from torch.utils.data import default_collate
from torch.utils.data._utils.collate import default_collate_fn_map  # torch documents it as the way to extend

from augkit.core.arrays import Array, Label
from augkit.errors import SampleError
from augkit.images.interchange import opened
from augkit.loader.sending import sendable
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget, PointTarget

Item: TypeAlias = tuple[torch.Tensor, Label] | dict[str, Any]  # (image, label), or tensors and more by key

STACKED = ("image", "mask")
_ID = "augkit_id"
_DTYPES = {"b": torch.bool, "i": torch.int64, "u": torch.int64, "f": torch.float32}  # by NumPy's kind
_PAIR = 2  # a picture and its label
MOST_CHANNELS, SPLIT_DTYPES = 4, ("uint8", "uint16", "float32")  # of what OpenCV is given to split


class Pair(NamedTuple):
    """A picture (C, H, W) and its label, as a tuple that torch's own `default_collate` knows of."""

    image: torch.Tensor
    label: Label


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
    polygons and polylines (m, 2) and rotated boxes (n, 5) are float32; their labels int64 where all are whole numbers,
    `keypoint_counts` int64, `crowds` bool, and `box_masks` texts of run lengths.
    """
    found: dict[str, object] = {}
    for target in sample.targets.values():
        if isinstance(target, PointTarget):
            found |= {keyword: _tensor(value) for keyword, value in target.tensors().items()}
        elif isinstance(target, PixelTarget):
            found |= {keyword: _planes(value, target.is_picture) for keyword, value in vars(target).items()}
    image = _channels_first(sample.image)
    image.__dict__[_ID] = sample.id  # for `collate`, which may have to say which picture does not fit its batch
    label = torch.from_numpy(sample.label) if isinstance(sample.label, np.ndarray) else sample.label
    if not found:
        return Pair(image, label)
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


def collate(items: Sequence[Item]) -> Any:
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
    return sendable(_collated(items))


def _collated(items: Sequence[Item]) -> Any:
    if not any(isinstance(item, dict) for item in items):
        images, labels = zip(*items, strict=True)
        return _stacked("image", images), _labels(labels)
    named = [item if isinstance(item, dict) else {"image": item[0], "label": item[1]} for item in items]
    names = dict.fromkeys(name for item in named for name in item)
    return {name: _joined(name, [item.get(name) for item in named]) for name in names}


def _by_default(pairs: Sequence[Pair], *, collate_fn_map: object = None) -> Any:
    """Return what `default_collate` makes of pairs, whose pictures must go into one batch."""
    images = _stacked("image", [pair.image for pair in pairs])
    return sendable([images, default_collate([pair.label for pair in pairs])])


default_collate_fn_map[Pair] = _by_default


def _joined(name: str, values: Sequence[Label]) -> object:
    if name == "label":
        return _labels(values)
    if name in ("masks", "images") and all(value is not None and value.keys() == values[0].keys() for value in values):
        return {key: _stacked(f"{name}[{key!r}]", [value[key] for value in values]) for key in values[0]}
    is_stacked = name in STACKED and not any(value is None for value in values)
    return _stacked(name, values) if is_stacked else list(values)


def _require_alike(name: str, tensors: Sequence[torch.Tensor]) -> None:
    first = tensors[0]
    for tensor in tensors:
        if tensor.shape != first.shape or tensor.dtype != first.dtype:
            got = " and ".join(_told(one) for one in (first, tensor))
            raise SampleError(f"must have one shape and dtype in a batch, got {got}. {_advice(first, tensor)}", name)


def _stacked(name: str, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    _require_alike(name, tensors)
    try:
        stacked: torch.Tensor = default_collate(list(tensors))  # in a worker it stacks right into shared memory
    except RuntimeError:  # of which there is too little
        return torch.stack(list(tensors))
    return stacked


def _told(tensor: torch.Tensor) -> str:
    """Return the name of a picture, where it is known, its dtype and its shape."""
    id = tensor.__dict__.get(_ID, "")
    return f"{tensor.dtype} {tuple(tensor.shape)}" + f" of {id!r}" * bool(id)


def _advice(first: torch.Tensor, other: torch.Tensor) -> str:
    """Return what to write so that two pictures (C, H, W) go into one batch."""
    advice = []
    if first.ndim == other.ndim == 3 and first.shape[0] != other.shape[0]:
        advice.append('Write mode="rgb" (or "grey") in Augmented or folder, --mode rgb in augkit expand.')
    if first.dtype != other.dtype:
        advice.append("Write depth=8 in Augmented or folder, --depth 8 in augkit expand.")
    if first.shape[-2:] != other.shape[-2:] or not advice:
        advice.append("Let the pipeline end in a step that gives one size, such as RandomResizedCrop or Resize.")
    return " ".join(advice)


def _labels(labels: Sequence[Label]) -> Label:
    if all(isinstance(label, torch.Tensor) for label in labels):
        return torch.stack(list(labels)) if len({label.shape for label in labels}) == 1 else list(labels)
    try:
        array = np.array(labels)
    except ValueError:  # of different lengths, or tensors among others
        return list(labels)
    dtype = _DTYPES.get(array.dtype.kind) if array.size else None
    return list(labels) if dtype is None else torch.from_numpy(array).to(dtype)
