"""Pixels of a picture of any size, brought to those that a network takes."""

from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from augkit.core.arrays import Array, Dtype
from augkit.core.tonal import LUMA, RANGE
from augkit.errors import SampleError
from augkit.images.decoding import decode
from augkit.images.modes import Mode

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


class InputShape(NamedTuple):
    """What a network takes: height and width, channels, and how a picture comes to them.

    Args:
        size: height and width, in pixels.
        channels: 3 for RGB, 1 for grey.
        resize: the shorter side, of which the centre is cropped; None squeezes the whole picture into `size`.
        interpolation: Pillow's filter, which widens when it shrinks a picture.
    """

    size: tuple[int, int]
    channels: int
    resize: int | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"


def input_of(data: bytes, mode: Mode, shape: InputShape) -> Array:
    """Return what `fitted` makes of a picture's file, alpha taken off.

    Raises:
        DecodeError: it cannot be decoded.
        SampleError: its channels cannot become the network's.
    """
    return fitted(without_alpha(decode(data, mode).image), shape)


def without_alpha(image: Array) -> Array:
    """Return a picture as if what is transparent were not: of two or four channels the last is alpha, and left out."""
    return image[:, :, :-1] if image.ndim == 3 and image.shape[2] in (2, 4) else image


def fitted(image: Array, shape: InputShape) -> Array:
    """Return a picture (h, w, C) in the size and with the channels that the network takes, in its own dtype.

    Args:
        image: (H, W) or (H, W, C), C one, three or the network's; uint8, uint16, or float32 in [0, 1].
        shape: what it takes.

    Raises:
        SampleError: the picture has channels that cannot become the network's.
    """
    picture = image if image.ndim == 3 else image[:, :, None]
    if picture.shape[2] != shape.channels and {picture.shape[2], shape.channels} != {1, 3}:
        rule = f"must have {' or '.join(map(str, sorted({1, 3, shape.channels})))} channels"
        raise SampleError(f"{rule}, got {picture.shape[2]}. Take alpha off before.", "image")
    height, width = picture.shape[:2]
    if shape.resize is None:
        found = _resized(picture, shape.size, shape.interpolation)
    else:
        short = min(height, width)
        whole = (int(shape.resize * height / short), int(shape.resize * width / short))
        found = _cropped(_resized(picture, whole, shape.interpolation), shape.size)
    return np.array(_in_channels(found, shape.channels), order="C")  # Pillow's may not be written, as torch wants


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
