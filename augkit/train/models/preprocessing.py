"""Preprocessing: a picture of any size made into the input of a network."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from augkit.core.arrays import Array, Dtype
from augkit.core.tonal import LUMA, RANGE
from augkit.errors import ArgumentError, SampleError
from augkit.train.input_size import LARGEST, require_input

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Preprocessing:
    """Say how pictures become the input of a network. It belongs to the model, and is kept with its weights.

    Args:
        resize: the shorter side, of which the centre is cropped; None squeezes the whole picture into `size`.
        interpolation: Pillow's filter, which widens when it shrinks a picture.

    Raises:
        ArgumentError: a size, mean or std is impossible.
    """

    size: tuple[int, int]  # height and width of the input, in pixels
    channels: int  # of the input: 3 for RGB, 1 for grey
    mean: tuple[float, ...]  # what is taken from each channel, as a fraction of the dtype's range
    std: tuple[float, ...]  # what each channel is divided by after that
    resize: int | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"

    def __post_init__(self) -> None:
        require_input(self.input, "input")
        if not len(self.mean) == len(self.std) == self.channels or not all(part > 0 for part in self.std):
            raise ArgumentError(f"must be {self.channels} positive numbers, as must mean, got {self.std}.", "std")
        if self.resize is not None and not max(self.size) <= self.resize <= 2 * LARGEST:
            raise ArgumentError(f"must be at least the sides of {self.size}, got {self.resize}.", "resize")

    @property
    def input(self) -> tuple[int, int, int]:
        """Height, width and channels of what the network takes."""
        return (*self.size, self.channels)

    def prepare(self, image: Array) -> Array:
        """Return a picture in the size and with the channels that the network takes, in its own dtype.

        Args:
            image: (H, W) or (H, W, C), C one, three or the network's; uint8, uint16, or float32 in [0, 1].

        Raises:
            SampleError: the picture has channels that cannot become the network's.
        """
        picture = image if image.ndim == 3 else image[:, :, None]
        if picture.shape[2] != self.channels and {picture.shape[2], self.channels} != {1, 3}:
            rule = f"must have {' or '.join(map(str, sorted({1, 3, self.channels})))} channels"
            raise SampleError(f"{rule}, got {picture.shape[2]}. Take alpha off before.", "image")
        height, width = picture.shape[:2]
        if self.resize is None:
            fitted = _resized(picture, self.size, self.interpolation)
        else:
            short = min(height, width)
            whole = (int(self.resize * height / short), int(self.resize * width / short))
            fitted = _cropped(_resized(picture, whole, self.interpolation), self.size)
        return np.array(_in_channels(fitted, self.channels), order="C")  # Pillow's may not be written, as torch wants

    def tensor(self, image: Array) -> Tensor:
        """Return a picture (C, h, w), uint8 or float32 in [0, 1], as `normalise` takes it in batches.

        What is transparent counts as if it were not: of two or four channels the last is alpha, and left out.
        """
        if image.ndim == 3 and image.shape[2] in (2, 4):
            image = image[:, :, :-1]
        found = torch.from_numpy(np.array(self.prepare(image).transpose(2, 0, 1)))
        return found.to(torch.float32) / 65535.0 if found.dtype == torch.uint16 else found

    def normalise(self, batch: Tensor) -> Tensor:
        """Return prepared pictures (B, C, h, w), whole numbers or float32 in [0, 1], as the network's input."""
        values = batch.to(torch.float32, copy=True)  # of its own, changed in place: inputs may be large
        if not batch.is_floating_point():
            values /= torch.iinfo(batch.dtype).max
        mean = torch.tensor(self.mean, device=batch.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=batch.device).view(-1, 1, 1)
        values -= mean
        values /= std
        return values


def plain_input(input: tuple[int, int, int]) -> Preprocessing:
    """Return what suits a network without weights of others: values from -1 to 1."""
    half = (0.5,) * input[2]
    return Preprocessing(input[:2], input[2], half, half)


def _resized(picture: Array, size: tuple[int, int], interpolation: str) -> Array:
    if picture.shape[:2] == size:
        return picture
    filter_, (height, width) = _RESAMPLING[interpolation], size
    if picture.dtype == np.uint8 and picture.shape[2] == 3:
        return np.asarray(Image.fromarray(picture).resize((width, height), filter_))
    if picture.dtype == np.uint8:
        planes = [np.asarray(Image.fromarray(plane).resize((width, height), filter_)) for plane in _planes(picture)]
        return np.stack(planes, axis=2)
    values = picture.astype(np.float32)
    for size in ((width, len(picture)), (width, height)):  # Pillow's two passes: between them, it clips bytes only
        planes = [np.asarray(Image.fromarray(plane).resize(size, filter_)) for plane in _planes(values)]
        values = np.clip(np.stack(planes, axis=2), 0.0, RANGE[picture.dtype])
    return _in_dtype(values, picture.dtype)


def _planes(picture: Array) -> list[Array]:
    return [np.ascontiguousarray(picture[:, :, channel]) for channel in range(picture.shape[2])]


def _in_dtype(values: Array, dtype: Dtype) -> Array:
    return (values if dtype == np.float32 else np.rint(values)).astype(dtype)


def _cropped(picture: Array, size: tuple[int, int]) -> Array:
    top, left = (round((whole - part) / 2) for whole, part in zip(picture.shape[:2], size, strict=True))
    return picture[top : top + size[0], left : left + size[1]]


def _in_channels(picture: Array, channels: int) -> Array:
    if picture.shape[2] == channels:
        return picture
    if channels == 3:
        return np.repeat(picture, 3, axis=2)
    grey = picture.astype(np.float32) @ np.array(LUMA, np.float32)[:, None]
    return _in_dtype(np.minimum(grey, RANGE[picture.dtype]), picture.dtype)
