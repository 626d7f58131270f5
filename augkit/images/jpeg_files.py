"""JPEG files, decoded by libjpeg-turbo: strictly, so that nothing is filled up."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
import simplejpeg
from PIL import Image

from augkit.errors import DecodeError
from augkit.images.header import Header, hushed
from augkit.images.stored import Stored

MAX_SCANS = 500  # of a progressive JPEG, where encoders make about ten: each goes over all pixels

START = b"\xff\xd8"
_SEQUENTIAL = (0xC0, 0xC1)  # frames, baseline and extended, by Huffman's codes
_SCAN, _PROFILE_SEGMENT, _PROFILE_START = 0xDA, 0xE2, b"ICC_PROFILE\0"
_NEXT_SCAN = bytes((0xFF, _SCAN))
_CHANNELS = {"Gray": 1, "CMYK": 4, "YCCK": 4}  # every other colour space of simplejpeg has 3
_DECODED = {1: "GRAY", 3: "RGB", 4: "CMYK"}


def jpeg_header(data: bytes) -> Header:
    """Return the header of a JPEG."""
    height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    return Header("jpeg", height, width, _CHANNELS.get(space, 3), frames=1)


class JpegFacts(NamedTuple):
    """All that a JPEG says before its pixels.

    Args:
        header: its size and channels as stored.
        exif: its EXIF block, if it may say which way is up.
        profile: its colour profile.
        is_adobe: Adobe wrote it, whose inks are the wrong way round.
    """

    header: Header
    exif: bytes | None
    profile: bytes | None
    is_adobe: bool

    @property
    def is_scalable(self) -> bool:
        """Whether it may be decoded smaller: how many channels a grey one with a profile has, its pixels tell."""
        return self.header.channels > 1 or self.profile is None


def jpeg_facts(data: bytes) -> JpegFacts:
    """Read what comes before the pixels.

    Raises:
        DecodeError: it has more scans than MAX_SCANS.
    """
    before = _segments(data)
    # To count all that looks like a scan takes a tenth of the decoding.
    if not before.is_one_scan and data.count(_NEXT_SCAN) > MAX_SCANS and _scans(data) > MAX_SCANS:
        raise DecodeError(f"must have at most {MAX_SCANS} scans, got more, which would take minutes. Save it again.")
    header = jpeg_header(data)
    exif, profile, is_adobe = None, before.profile, False
    if header.channels == 4 or before.may_hold_exif:
        with hushed(), Image.open(BytesIO(data), formats=("JPEG",)) as picture:
            exif, is_adobe = picture.info.get("exif"), "adobe" in picture.info
            profile = profile or picture.info.get("icc_profile")
    return JpegFacts(header, exif, profile, is_adobe)


def decode_jpeg(data: bytes) -> Stored:
    """Decode strictly: libjpeg's warnings are errors.

    Raises:
        DecodeError: it has more scans than MAX_SCANS.
    """
    return decode_scaled(data, jpeg_facts(data), 1)


def decode_scaled(data: bytes, facts: JpegFacts, scale: int) -> Stored:
    """Decode a JPEG at a part of its size, which is rounded up.

    Args:
        data: the file.
        facts: what `jpeg_facts` says of it.
        scale: how many pixels one stands for along each axis: 1, 2, 4 or 8.
    """
    header = facts.header
    size = -(-header.height // scale), -(-header.width // scale)
    # The smallest that libjpeg offers and that is no smaller than this is exactly this, but for a few pixels.
    image = simplejpeg.decode_jpeg(data, _DECODED[header.channels], min_height=size[0], min_width=size[1])
    if image.shape[:2] != size:
        raise DecodeError(f"must be decoded at 1/{scale}, {size}, got {image.shape[:2]}.")
    if header.channels == 4:  # Adobe stores 255 for no ink
        inks = np.subtract(255, image, out=image) if facts.is_adobe else image
        return Stored(inks, facts.exif, facts.profile, "CMYK")
    if header.channels == 1:
        return Stored(image[..., 0], facts.exif, facts.profile, "L")
    return Stored(image, facts.exif, facts.profile, "RGB")


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
    """What comes before a JPEG's pixels.

    Args:
        may_hold_exif: Pillow should look for EXIF.
        profile: the colour profile.
        is_one_scan: nothing but one scan is decoded.
    """

    may_hold_exif: bool
    profile: bytes | None
    is_one_scan: bool


def _segments(data: bytes) -> _Segments:
    """Return what comes before the pixels; asking Pillow each time would cost a small photo 10 %."""
    place, holds_exif, parts, sequential = len(START), False, dict[int, bytes](), 0
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xff":
        kind, end = data[place + 1], place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == _SCAN:
            # libjpeg stops after the first scan where that holds every component of a sequential picture.
            is_one_scan = place + 4 < len(data) and data[place + 4] == sequential
            profile = b"".join(parts[number] for number in sorted(parts)) if parts else None
            return _Segments(holds_exif, profile, is_one_scan)
        holds_exif = holds_exif or data[place + 4 : place + 8] == b"Exif"
        if kind in _SEQUENTIAL and place + 9 < len(data):
            sequential = data[place + 9]
        if kind == _PROFILE_SEGMENT and data[place + 4 : place + 16] == _PROFILE_START and place + 18 <= end:
            parts[data[place + 16]] = data[place + 18 : end]  # by its number, of which there may be 255
        place = end
    return _Segments(True, None, False)  # padding or damage: let Pillow look
