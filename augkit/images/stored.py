"""Pixels as a file stores them, with what the file says of them."""

from typing import NamedTuple

from augkit.core.arrays import Image as Pixels
from augkit.images.colour_profiles import Space


class Stored(NamedTuple):
    """Pixels before they are turned upright and brought to sRGB.

    Args:
        image: (H, W) or (H, W, C), RGB order, uint8 or uint16; of the space CMYK inks (H, W, 4), of which none is 0.
        exif: the file's EXIF block, if it may say which way is up.
        profile: its colour profile.
        space: what the profile is for; a grey picture with alpha has four channels.
        alpha: whether the last channel is alpha.
        shifted: whether 32,768 was added to all values, so that those below 0 are kept.
    """

    image: Pixels
    exif: bytes | None
    profile: bytes | None
    space: Space
    alpha: bool = False
    shifted: bool = False
