"""Pixels of a picture of any size, brought to those that a network takes."""

from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from augkit.core.arrays import Array, Dtype
from augkit.core.spatial import Size
from augkit.core.tonal import LUMA, RANGE
from augkit.errors import SampleError
from augkit.images.decoding import decode
from augkit.images.modes import Mode
from augkit.images.paper import Paper, laid, paper_in

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


class InputShape(NamedTuple):
    """What a network takes: height and width, channels, and how a picture comes to them.

    Args:
        size: height and width, in pixels.
        channels: 3 for RGB, 1 for grey.
        resize: the shorter side, of which the centre is cropped; None squeezes the whole picture into `size`.
        interpolation: Pillow's filter, which widens when it shrinks a picture.
        paper: what lies below what is transparent, and beside a picture that is padded; None leaves alpha out.
        is_padded: the whole picture goes into `size` with its aspect, and paper beside it; `resize` plays no part.
    """

    size: tuple[int, int]
    channels: int
    resize: int | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    paper: Paper | None = None
    is_padded: bool = False


class Placement(NamedTuple):
    """Where a picture comes to lie in a network's input: x' = x * scale_x + left, and so for y; in pixels."""

    scale_x: float
    scale_y: float
    left: float
    top: float


def input_of(data: bytes, mode: Mode, shape: InputShape) -> Array:
    """Return what `fitted` makes of a picture's file, what is transparent laid on paper.

    Raises:
        DecodeError: it cannot be decoded.
        SampleError: its channels cannot become the network's.
    """
    return fitted(opaque(decode(data, mode).image, shape.paper), shape)


def opaque(image: Array, paper: Paper | None) -> Array:
    """Return a picture without alpha, which is the last of two or four channels: laid on paper, or left out."""
    if image.ndim != 3 or image.shape[2] not in (2, 4):
        return image
    return image[:, :, :-1] if paper is None else laid(image, paper)


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
        is_odd = shape.channels not in (1, 3)
        rule = str(shape.channels) if is_odd else "1 or 3"
        advice = "Take a network whose input has 1 or 3." if is_odd else "Take alpha off before."
        raise SampleError(f"must have {rule} channels, got {picture.shape[2]}. {advice}", "image")
    found = _resized(picture, _whole(picture.shape[:2], shape), shape.interpolation)
    if shape.resize is not None and not shape.is_padded:
        found = _cropped(found, shape.size)
    found = _in_channels(found, shape.channels)
    if shape.is_padded:
        found = _padded(found, shape)
    return np.array(found, order="C")  # Pillow's may not be written, as torch wants


def placement(size: Size, shape: InputShape) -> Placement:
    """Return where `fitted` puts a picture of some (height, width)."""
    height, width = _whole(size, shape)
    left, top = 0.0, 0.0
    if shape.is_padded or shape.resize is not None:
        top, left = (_margin(part, whole) for part, whole in zip(shape.size, (height, width), strict=True))
    return Placement(width / size[1], height / size[0], left, top)


def _whole(size: Size, shape: InputShape) -> Size:
    """Return the size that a whole picture is brought to before it is cropped or padded."""
    height, width = size
    if shape.is_padded:
        zoom = min(shape.size[0] / height, shape.size[1] / width)
        return max(1, round(height * zoom)), max(1, round(width * zoom))
    if shape.resize is None:
        return shape.size
    short = min(height, width)
    return int(shape.resize * height / short), int(shape.resize * width / short)


def _margin(part: int, whole: int) -> int:
    """Return where the first pixel of a picture of `whole` comes to lie in a frame of `part` about its centre."""
    return -round((whole - part) / 2) if whole > part else (part - whole) // 2


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


def _cropped(picture: Array, size: Size) -> Array:
    top, left = (-_margin(part, whole) for part, whole in zip(size, picture.shape[:2], strict=True))
    return picture[top : top + size[0], left : left + size[1]]


def _padded(picture: Array, shape: InputShape) -> Array:
    found = np.empty((*shape.size, shape.channels), picture.dtype)
    found[:] = paper_in(shape.paper or (0.0, 0.0, 0.0), shape.channels, picture.dtype)
    top, left = (_margin(part, whole) for part, whole in zip(shape.size, picture.shape[:2], strict=True))
    found[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return found


def _in_channels(picture: Array, channels: int) -> Array:
    if picture.shape[2] == channels:
        return picture
    if channels == 3:
        return np.repeat(picture, 3, axis=2)
    grey = picture.astype(np.float32) @ np.array(LUMA, np.float32)[:, None]
    return _in_dtype(np.minimum(grey, RANGE[picture.dtype]), picture.dtype)
