"""Colour profiles: pictures of other colour spaces brought to sRGB by LittleCMS, as every viewer shows them.

A profile counts as sRGB, and changes nothing, where it moves no colour of a grid by more than a level. Conversions are
perceptual, as the profiles' makers mean pictures to be shown. A profile that is damaged, or of another kind of colour
than its picture, is left aside, as viewers leave it. PNG's gAMA and cHRM chunks and EXIF's ColorSpace are not profiles,
and are not regarded.

References: ICC.1:2022; IEC 61966-2-1 for sRGB; LittleCMS through ``PIL.ImageCms``.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from io import BytesIO
from itertools import product
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, features

from augkit.core.arrays import Image as Pixels
from augkit.core.tonal import LUMA, to_nearest
from augkit.images.header import hushed

Space: TypeAlias = Literal["RGB", "L", "CMYK"]  # Pillow's mode of what is stored
# What became of a picture's profile: nothing, where it is sRGB or there is none. Values below 0 are told of likewise.
Fate: TypeAlias = Literal["", "converted", "unfit", "deep", "shifted"]

_TOLD: dict[str, tuple[str, str]] = {
    "shifted": (
        "may hold values below 0: 32,768 was added to all of its values",
        "may hold values below 0: 32,768 was added to all of their values",
    ),
    "converted": (
        "had another colour profile and was converted to sRGB",
        "had other colour profiles and were converted to sRGB",
    ),
    "unfit": (
        "has a colour profile that is damaged or not for it, and was read as sRGB",
        "have colour profiles that are damaged or not for them, and were read as sRGB",
    ),
    "deep": (
        "of 16 bits has another colour profile than sRGB, which is not converted: values were kept",
        "of 16 bits have other colour profiles than sRGB, which are not converted: values were kept",
    ),
}

SAME = 1  # level, at most, that sRGB moves a colour by
BAND_ROWS = 256  # of a picture, that are converted at a time
KEPT_PROFILES = 32  # a data set has few
_GRID = (0, 51, 102, 128, 153, 204, 255)
_CODES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def told(fate: str, count: int) -> str:
    """Return a sentence on what became of the profiles of so many pictures.

    >>> told("converted", 2)
    '2 pictures had other colour profiles and were converted to sRGB.'
    """
    return f"{count:,} picture{'s' * (count != 1)} {_TOLD[fate][count != 1]}."


def littlecms_version() -> str:
    """Return the version of the LittleCMS that Pillow converts with; nothing where it was built without."""
    return str(features.version("littlecms2") or "")


def converted(image: Pixels, profile: bytes | None, space: Space) -> tuple[Pixels, Fate]:
    """Return a picture in sRGB, and what became of its profile.

    Args:
        image: (H, W), (H, W, 3) or, with alpha, (H, W, 4) of uint8 or uint16; of inks (H, W, 4).
        profile: as the file holds it.
        space: of what was stored: a grey picture has equal channels here where it has alpha.

    Returns:
        The picture; inks, of which none is 0, come as (H, W, 3) RGB in any case.
    """
    change = None
    fate: Fate = ""
    if profile:
        change, fate = _change(profile, space)
    if image.dtype != np.uint8:
        return image, "deep" if change else fate
    if space == "CMYK":
        made = np.empty((*image.shape[:2], 3), np.uint8)
        return _by_bands(change or _plainly, image, made), fate
    if change is None:
        return image, fate
    made = np.empty_like(image)
    if image.shape[2:] == (4,):
        made[..., 3] = image[..., 3]
        _by_bands(change, image[..., :3], made[..., :3])
        return made, fate
    return _by_bands(change, image, made), fate


def _plainly(inks: Pixels) -> Pixels:
    return np.array(Image.fromarray(inks, "CMYK").convert("RGB"))


def _by_bands(change: Callable[[Pixels], Pixels], image: Pixels, made: Pixels) -> Pixels:
    """Fill `made` with what becomes of an image, a band of rows at a time: Pillow holds pixels more than once."""
    for top in range(0, len(image), BAND_ROWS):
        made[top : top + BAND_ROWS] = change(np.ascontiguousarray(image[top : top + BAND_ROWS]))
    return made


@lru_cache(KEPT_PROFILES)
def _change(profile: bytes, space: Space) -> tuple[Callable[[Pixels], Pixels] | None, Fate]:
    """Return what brings pixels of a space to sRGB, None where there is nothing to do, and what to tell."""
    try:
        with hushed():
            read = ImageCms.ImageCmsProfile(BytesIO(profile))
            if read.profile.xcolor_space != _CODES[space]:
                return None, "unfit"
            # Of greys a table is made once, so that LittleCMS need not shorten the way at the cost of dark levels.
            flags = ImageCms.Flags.NOOPTIMIZE if space == "L" else ImageCms.Flags.NONE
            transform = ImageCms.buildTransform(read, _srgb(), space, "RGB", flags=flags)
    except Exception:  # ImageCms wraps what it knows, and damaged profiles raise anything
        return None, "unfit"

    def through(pixels: Pixels) -> Pixels:
        done = ImageCms.applyTransform(Image.fromarray(pixels, space), transform)
        assert done is not None  # it is, in place only
        return np.array(done)

    if space == "L":
        table = _greys(through(np.arange(256, dtype=np.uint8)[None])[0])
        is_same = _is_near(table, np.arange(256))
        return (None, "") if is_same else ((lambda pixels: cv2.LUT(pixels, table)), "converted")
    if space == "RGB":
        grid = np.array(list(product(_GRID, repeat=3)), np.uint8)[None]
        if _is_near(through(grid), grid):
            return None, ""
    return through, "converted"


def _greys(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return greys (n,) of colours (n, 3), which are grey but for the last bit."""
    red, green, blue = colours.astype(np.float64).T
    return to_nearest(LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).astype(np.uint8)


def _is_near(one: Pixels, other: Pixels) -> bool:
    return int(np.abs(one.astype(np.int64) - other.astype(np.int64)).max()) <= SAME


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
