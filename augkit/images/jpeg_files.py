"""JPEG files, decoded by libjpeg-turbo: strictly, so that nothing is filled up."""

from io import BytesIO
from typing import NamedTuple

import simplejpeg
from PIL import Image

from augkit.errors import DecodeError
from augkit.images.header import Header, hushed
from augkit.images.stored import Stored

MAX_SCANS = 500  # of a progressive JPEG, where encoders make about ten: each goes over all pixels

START = b"\xff\xd8"
_SCAN, _PROFILE_SEGMENT, _PROFILE_START = 0xDA, 0xE2, b"ICC_PROFILE\0"
_NEXT_SCAN = bytes((0xFF, _SCAN))
_CHANNELS = {"Gray": 1, "CMYK": 4, "YCCK": 4}  # every other colour space of simplejpeg has 3
_DECODED = {1: "GRAY", 3: "RGB", 4: "CMYK"}


def jpeg_header(data: bytes) -> Header:
    """Return the header of a JPEG."""
    height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    return Header("jpeg", height, width, _CHANNELS.get(space, 3), frames=1)


def decode_jpeg(data: bytes) -> Stored:
    """Decode strictly: libjpeg's warnings are errors.

    Raises:
        DecodeError: it has more scans than MAX_SCANS.
    """
    if data.count(_NEXT_SCAN) > MAX_SCANS and _scans(data) > MAX_SCANS:  # the first is quick, and counts too many
        raise DecodeError(f"must have at most {MAX_SCANS} scans, got more, which would take minutes. Save it again.")
    channels, before = jpeg_header(data).channels, _segments(data)
    exif, profile, is_adobe = None, before.profile, False
    if channels == 4 or before.may_hold_exif:
        with hushed(), Image.open(BytesIO(data), formats=("JPEG",)) as picture:
            exif, is_adobe = picture.info.get("exif"), "adobe" in picture.info
            profile = profile or picture.info.get("icc_profile")
    image = simplejpeg.decode_jpeg(data, _DECODED[channels])
    if channels == 4:
        return Stored(255 - image if is_adobe else image, exif, profile, "CMYK")  # Adobe stores 255 for no ink
    return Stored(image[..., 0], exif, profile, "L") if channels == 1 else Stored(image, exif, profile, "RGB")


def _scans(data: bytes) -> int:
    """Return how often a JPEG's pixels are gone over; what a comment or a thumbnail holds does not count."""
    place, scans = len(START), 0
    while (place := data.find(b"\xff", place)) >= 0 and place + 3 < len(data):
        kind = data[place + 1]
        if kind == 0xFF:  # padding
            place += 1
        elif kind == 0 or 0xD0 <= kind <= 0xD9:  # a byte of the pixels, or a marker without a length
            place += 2
        else:
            scans += kind == _SCAN
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return scans


class _Segments(NamedTuple):
    """What comes before a JPEG's pixels: whether Pillow should look for EXIF, and the colour profile."""

    may_hold_exif: bool
    profile: bytes | None


def _segments(data: bytes) -> _Segments:
    """Return what comes before the pixels; asking Pillow each time would cost a small photo 10 %."""
    place, holds_exif, parts = len(START), False, dict[int, bytes]()
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xff":
        kind, end = data[place + 1], place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == _SCAN:
            return _Segments(holds_exif, b"".join(parts[number] for number in sorted(parts)) if parts else None)
        holds_exif = holds_exif or data[place + 4 : place + 8] == b"Exif"
        if kind == _PROFILE_SEGMENT and data[place + 4 : place + 16] == _PROFILE_START and place + 18 <= end:
            parts[data[place + 16]] = data[place + 18 : end]  # by its number, of which there may be 255
        place = end
    return _Segments(True, None)  # padding or damage: let Pillow look
