"""How large a picture is once it is upright, from its header."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image

from augkit.core.spatial import Size
from augkit.errors import DecodeError
from augkit.images import probe
from augkit.storage.root import Root

__all__ = ["size_at", "upright_size"]

HEADER_BYTES = 65_536  # of most pictures this holds the header; of the others everything is read
_ORIENTATION, _TURNED = 274, (5, 6, 7, 8)  # in EXIF; those that swap height and width


def size_at(root: Root, path: str, size: int) -> Size | None:
    """Return the (height, width) of the picture at `path`, of `size` bytes; None if it is no picture.

    Raises:
        FileError: the file cannot be read.
    """
    if size > HEADER_BYTES:
        try:
            return upright_size(root.read(path, 0, HEADER_BYTES))
        except DecodeError:
            pass
    try:
        return upright_size(root.read(path))
    except DecodeError:
        return None


def upright_size(data: bytes) -> Size:
    """Return a picture's (height, width) after its EXIF orientation, from the file or enough of its beginning.

    Raises:
        DecodeError: it is no supported picture, or its header is not complete.
    """
    header = probe(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(BytesIO(data)) as picture:
                is_turned = picture.getexif().get(_ORIENTATION, 1) in _TURNED
        except Exception:  # damaged EXIF raises anything, and counts as none
            is_turned = False
    return (header.width, header.height) if is_turned else (header.height, header.width)
