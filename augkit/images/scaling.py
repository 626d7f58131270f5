"""JPEGs decoded at a half, a quarter or an eighth of their size, and where their pixels then lie.

libjpeg's smaller pictures are of n x n pixels a block of 8 x 8, so that one pixel stands for exactly 2 x 2, 4 x 4 or
8 x 8 of the whole picture; what is left at the right and the lower edge counts as one more. Where less than half of
that pixel is picture, and the rest the encoder's padding, it is dropped: the edge lies within half a pixel of where it
lies in the whole picture.

A picture can be decoded so where FEWEST pixels are left along each side. A grey one with a colour profile cannot: how
many channels it has is told by its pixels.

Reference: libjpeg.txt of libjpeg-turbo, "scale_num, scale_denom".
"""

from augkit.core.arrays import Image as Pixels
from augkit.core.shrunk import Placement
from augkit.core.spatial import Size
from augkit.images.file_kinds import kind_of
from augkit.images.header import Header
from augkit.images.jpeg_files import JpegFacts, jpeg_facts
from augkit.images.modes import Mode
from augkit.images.orientation import Way, way_up

FEWEST = 8  # pixels that are left along a side


def is_scalable(facts: JpegFacts, scale: int) -> bool:
    """Return whether a JPEG can be decoded at 1/`scale`: a matter of its header alone."""
    return facts.is_scalable and min(facts.header.height, facts.header.width) >= FEWEST * scale


def unpadded(image: Pixels, facts: JpegFacts, scale: int) -> tuple[Pixels, Placement]:
    """Return a smaller picture, as stored, without what is mostly padding, and its place when it is upright."""
    header = facts.header
    height, width = ((side + scale // 2) // scale for side in (header.height, header.width))
    way = _way(facts)
    # What is left out, or stands for more than there is, lies at the end of each side until the picture is flipped.
    y, x = (float(side - scale * left) for side, left in ((header.height, height), (header.width, width)))
    x, y = (y, x) if way.transposes else (x, y)
    corner = (x if way.flips_columns else 0.0, y if way.flips_rows else 0.0)
    return image[:height, :width], Placement(scale, corner)


def shape_of(data: bytes, mode: Mode) -> tuple[int, ...] | None:
    """Return the shape, (H, W) or (H, W, C), that a JPEG has in a mode, of one that can be decoded smaller.

    Raises:
        DecodeError: its header is damaged, or larger than is read.
    """
    if kind_of(data) != "jpeg":
        return None
    facts = jpeg_facts(data)
    if not is_scalable(facts, 1):
        return None
    size = _upright(facts.header, _way(facts))
    is_grey = mode == "grey" or (mode == "keep" and facts.header.channels == 1)
    return size if is_grey else (*size, 3)


def _way(facts: JpegFacts) -> Way:
    return way_up(facts.exif) if facts.exif else Way()


def _upright(header: Header, way: Way) -> Size:
    return (header.width, header.height) if way.transposes else (header.height, header.width)
