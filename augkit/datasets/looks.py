"""Looks: a picture in 32 x 32 grey pixels and 8 x 8 colours, by which copies of it are recognised."""

from base64 import b64decode, b64encode

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Image
from augkit.core.tonal import RANGE
from augkit.images import decode

SIDE, COLOURS = 32, 8  # pixels of a side


def look_of(image: Image) -> str:
    """Return the look of a picture, as text.

    Args:
        image: (H, W) or (H, W, C), of any dtype that a sample has; of a grey one nothing is said of colours.
    """
    levels = np.asarray(image, np.float32) * (255.0 / RANGE[image.dtype])
    colours = levels[..., :3] if levels.ndim == 3 and levels.shape[2] >= 3 else None
    grey = levels if levels.ndim == 2 else levels[..., :1].mean(axis=2) if colours is None else colours.mean(axis=2)
    small = _bytes(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    if colours is not None:
        small += _bytes(cv2.resize(colours, (COLOURS, COLOURS), interpolation=cv2.INTER_AREA))
    return b64encode(small).decode("ascii")


def pixels_of(look: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the grey pixels (S, S) of a look, and its colours (K, K, 3): of a grey one, its greys."""
    data = np.frombuffer(b64decode(look), np.uint8)
    grey = data[: SIDE * SIDE].reshape(SIDE, SIDE)
    if len(data) > SIDE * SIDE:
        return grey, data[SIDE * SIDE :].reshape(COLOURS, COLOURS, 3)
    small = np.asarray(cv2.resize(grey, (COLOURS, COLOURS), interpolation=cv2.INTER_AREA), np.uint8)
    return grey, np.repeat(small[..., None], 3, axis=2)


def shape_and_look(data: bytes) -> tuple[tuple[int, ...], str]:
    """Return the shape of a picture's pixels, (H, W) or (H, W, C), and its look, from its whole file, decoded.

    What shines through is looked at on white: of an icon all may be black but its outline.
    """
    decoded = decode(data)
    image = decoded.image
    if not decoded.alpha:
        return image.shape, look_of(image)
    white, colours = RANGE[image.dtype], image[..., :-1].astype(np.float32)
    covered = image[..., -1:].astype(np.float32) / white
    return image.shape, look_of((covered * colours + (1.0 - covered) * white).astype(image.dtype))


def _bytes(pixels: Image) -> bytes:
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8).tobytes()
