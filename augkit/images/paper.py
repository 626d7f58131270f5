"""Paper: the colour that lies below what is transparent, and beside what does not fill its frame."""

import re

import numpy as np
from PIL import ImageColor

from augkit.core.arrays import Array, Dtype, Image as Pixels, Reals
from augkit.core.tonal import LUMA, RANGE, finish
from augkit.errors import ArgumentError, closest

Paper = tuple[float, float, float]  # red, green and blue, 0 to 1
WHITE: Paper = (1.0, 1.0, 1.0)
BAND_ROWS = 256  # of a picture that are real numbers together, which bounds the memory
_OPAQUE = re.compile(r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[A-Za-z]+")


def parse_paper(text: str) -> Paper:
    """Return the colour that a name of CSS or a hexadecimal number says.

    Raises:
        ArgumentError: it says none.

    >>> parse_paper("white"), parse_paper("#f00")
    ((1.0, 1.0, 1.0), (1.0, 0.0, 0.0))
    """
    try:
        if not _OPAQUE.fullmatch(text):
            raise ValueError
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        what = f"must be a colour, such as white or #ffeedd, got {text!r:.60}.{closest(text, ImageColor.colormap)}"
        raise ArgumentError(what, "paper") from None
    return red / 255.0, green / 255.0, blue / 255.0


def paper_in(paper: Paper, channels: int, dtype: Dtype) -> Pixels:
    """Return the colour as values (C,) of a picture; where it has other channels than red, green and blue, as grey."""
    parts = np.array(paper, np.float64)
    values = parts if channels == 3 else np.full(channels, parts @ np.array(LUMA, np.float64))
    return finish(values * RANGE[dtype], dtype)


def laid(image: Array, paper: Paper) -> Pixels:
    """Return a picture (H, W, C + 1), alpha last, laid on paper, (H, W, C): a c + (1 - a) paper, rounded to nearest."""
    channels = image.shape[2] - 1
    parts = np.array(paper, np.float64)
    below = parts if channels == 3 else np.full(channels, parts @ np.array(LUMA, np.float64))
    if paper == WHITE:
        below = np.ones(channels)  # without the last bit of a sum
    out = np.empty((*image.shape[:2], channels), image.dtype)
    for top in range(0, len(image), BAND_ROWS):
        band = image[top : top + BAND_ROWS]
        out[top : top + BAND_ROWS] = finish(_on(band, below * RANGE[image.dtype]), image.dtype)
    return out


def _on(band: Pixels, below: Reals) -> Reals:
    weight = band[..., -1:].astype(np.float64) / RANGE[band.dtype]
    return np.asarray(band[..., :-1] * weight + (1.0 - weight) * below, np.float64)


def shown_paper(paper: Paper) -> str:
    """Return a colour as `parse_paper` reads it.

    >>> shown_paper((1.0, 0.0, 0.0))
    '#ff0000'
    """
    return "#" + "".join(f"{round(part * 255):02x}" for part in paper)
