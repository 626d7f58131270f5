"""HEIC and HEIF files, by pillow-heif: turned as the file says, 8 bits, or 16 from 10 and 12.

Which way is up stands in the file's own boxes, which libheif applies; EXIF's orientation is not regarded, as HEIF's
standard has it (ISO/IEC 23008-12). An animation or a burst holds several frames.
"""

from io import BytesIO
from typing import Any

import numpy as np

from augkit.errors import DecodeError
from augkit.images.extras import needed
from augkit.images.header import Header, hushed, require_bytes
from augkit.images.stored import Stored

# The modes of pillow-heif that are read, and what a colour profile of theirs is for.
_ALPHA = {"L": False, "RGB": False, "RGBA": True, "L;16": False, "RGB;16": False, "RGBA;16": True, "I;16": False}


def heif_header(data: bytes) -> Header:
    """Return the header of a HEIF file.

    Raises:
        DecodeError: it holds several frames or too many pixels, or pillow-heif is not installed.
    """
    return _header(_opened(data), len(data))


def decode_heif(data: bytes) -> Stored:
    """Decode a HEIF file.

    Raises:
        DecodeError: as `heif_header`, or its pixels are of another kind.
    """
    opened = _opened(data)
    _header(opened, len(data))
    picture = opened[0]
    if picture.mode not in _ALPHA:
        raise DecodeError(f"must hold grey or RGB, got {picture.mode!r} pixels. Convert it first.")
    with hushed():
        image = np.array(picture)
    alpha = _ALPHA[picture.mode]
    return Stored(image, None, picture.info.get("icc_profile"), "L" if image.ndim == 2 else "RGB", alpha)


def _opened(data: bytes) -> Any:
    pillow_heif = needed("pillow_heif", "heif", "a HEIC picture")
    with hushed():
        return pillow_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False)


def _header(opened: Any, file_bytes: int) -> Header:
    width, height = opened[0].size
    mode = opened[0].mode.partition(";")[0]
    header = Header("heif", height, width, 1 if mode == "I" else len(mode), len(opened))
    depth = 2 if ";16" in opened[0].mode else 1
    require_bytes((height, width), header.channels, depth, file_bytes)
    return header
