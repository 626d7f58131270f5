"""Modes of pictures: as they are, all RGB, or all grey; so that pictures of every kind go into one batch."""

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import numpy as np

from augkit.core.arrays import Image as Pixels, Reals
from augkit.core.tonal import LUMA, RANGE, channels_of, finish
from augkit.errors import ArgumentError, SampleError, closest
from augkit.images.paper import WHITE, laid

Mode: TypeAlias = Literal["keep", "rgb", "grey"]
MODES: tuple[Mode, ...] = get_args(Mode)
BAND_ROWS = 256


def checked_mode(mode: Mode) -> Mode:
    """Return a mode that there is.

    Raises:
        ArgumentError: there is no such mode.
    """
    if mode not in MODES:
        raise ArgumentError(f"must be {' or '.join(MODES)}, got {mode!r:.60}.{closest(str(mode), MODES)}", "mode")
    return mode


def in_mode(image: Pixels, alpha: bool, mode: Mode) -> Pixels:
    """Return a picture as RGB (H, W, 3), as grey (H, W), or as it is; the same dtype.

    Alpha is laid on white: a c + (1 - a) white, rounded to nearest. Grey is BT.601's luma of RGB, as in all of augkit.

    Args:
        image: (H, W) or (H, W, C), uint8, uint16 or float32.
        alpha: whether the last channel is alpha.
        mode: ``rgb``, ``grey`` or ``keep``.

    Raises:
        ArgumentError: there is no such mode.
        SampleError: the picture has other than 1 or 3 channels beside alpha, which are no colours.

    >>> in_mode(np.full((2, 2, 4), (255, 0, 0, 0), np.uint8), True, "grey").tolist()
    [[255, 255], [255, 255]]
    """
    if checked_mode(mode) == "keep":
        return image
    colours = channels_of(image) - alpha
    if colours not in (1, 3):
        what = f"must have 1 or 3 channels of colour to become {mode}, got {colours}. Choose the three that are shown."
        raise SampleError(what, "image")
    out = laid(image, WHITE) if alpha else image.reshape(*image.shape[:2], colours)
    if mode == "rgb":
        return np.ascontiguousarray(out if colours == 3 else np.repeat(out, 3, axis=2))
    return (out if colours == 1 else _by_bands(_luma, out, 1))[..., 0]


def in_bytes(image: Pixels, alpha: bool, levels: tuple[float, float] | None = None) -> Pixels:
    """Return a picture as uint8, rounded to nearest; one that is uint8 stays as it is.

    Args:
        image: (H, W) or (H, W, C), uint8, uint16 or float32.
        alpha: whether the last channel is alpha.
        levels: what black and white are, (low, high) in the picture's own units; None is all of its dtype's range.

    >>> in_bytes(np.array([[0, 4095, 9000]], np.uint16), False, (0, 4095)).tolist()
    [[0, 255, 255]]
    """
    if image.dtype == np.uint8:
        return image
    top = RANGE[image.dtype]
    low, high = levels or (0.0, top)
    made = np.empty(image.shape, np.uint8)
    for start in range(0, len(image), BAND_ROWS):
        band = slice(start, start + BAND_ROWS)
        made[band] = finish((image[band].astype(np.float64) - low) * (255.0 / (high - low)), made.dtype)
        if alpha:
            made[band, :, -1] = finish(image[band, :, -1].astype(np.float64) * (255.0 / top), made.dtype)
    return made


def checked_depth(depth: object) -> bool:
    """Return whether pictures are to become 8 bits deep: of ``keep`` not, of 8 they are.

    Raises:
        ArgumentError: it is something else.
    """
    if isinstance(depth, bool) or depth not in ("keep", 8, "8"):
        raise ArgumentError(f'must be "keep" or 8, got {depth!r:.60}.', "depth")
    return depth != "keep"


def _by_bands(change: Callable[[Pixels], Reals], image: Pixels, channels: int) -> Pixels:
    """Return what a change of real values makes of a picture, a band of rows at a time, which bounds the memory."""
    out = np.empty((*image.shape[:2], channels), image.dtype)
    for top in range(0, len(image), BAND_ROWS):
        out[top : top + BAND_ROWS] = finish(change(image[top : top + BAND_ROWS]), image.dtype)
    return out


def _luma(image: Pixels) -> Reals:
    red, green, blue = (image[..., channel : channel + 1].astype(np.float64) for channel in range(3))
    return np.asarray(LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue, np.float64)
