"""Turn bytes into pixels, with limits.

| stored                                                            | decoded                                          |
|-------------------------------------------------------------------|--------------------------------------------------|
| RGB, YCbCr, CMYK, YCCK or palette; of an MPO the first picture    | (H, W, 3) uint8                                  |
| grey of up to 8 bits                                              | (H, W) uint8; 1 bit is 0 and 255                 |
| RGB or grey of 16 bits: PNG, TIFF; a PGM, scaled to full range    | (H, W, 3) or (H, W) uint16                       |
| RGBA, grey + alpha, a transparent colour or palette               | (H, W, 4), alpha; uint16 from 16 bits            |
| several frames or pages ("holds N frames"), or over MAX_PIXELS    | refused by the header, before decoding           |
| float, signed or 32-bit pixels, Lab; PPM in colour over 8 bits    | refused                                          |
| TIFF of 9 to 15 bits; of 16 by planes, premultiplied, white as 0  | refused                                          |
| truncated, damaged, empty, unknown                                | refused, never filled up with grey               |

The kind of a file is found by its content, never by its name. EXIF orientation is applied; colour profiles and other
metadata are ignored and never written. Damage that a format cannot show goes unseen: a changed byte in a BMP, or one
that is still a valid code in a JPEG.
"""

import os
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from augkit.core.arrays import Image as Pixels, Mask
from augkit.core.spatial import Size
from augkit.errors import DecodeError

MAX_PIXELS = 175_000_000  # height times width; a little below 178,956,970, where Pillow by itself refuses

MAX_SCANS = 500  # of a progressive JPEG, where encoders make about ten: each goes over all pixels

_JPEG_START, _JPEG_SCAN = b"\xff\xd8", 0xDA
_JPEG_NEXT_SCAN = bytes((0xFF, _JPEG_SCAN))
_PNG_START, _PNG_COLORS, _PNG_PALETTE = b"\x89PNG\r\n\x1a\n", 25, 3  # where IHDR says how colours are given
_JPEG_CHANNELS = {"Gray": 1, "CMYK": 4, "YCCK": 4}  # every other colour space of simplejpeg has 3
_JPEG_DECODED = {1: "GRAY", 3: "RGB", 4: "CMYK"}
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
_PNG_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PNG_HEADER = struct.Struct(">IIBBBBB")
_PIECE = 1 << 20  # bytes that are unpacked at a time, and dropped
_OTHER_FORMATS = ("PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_FORMATS = ", ".join(("JPEG", *_OTHER_FORMATS))
# Pillow's mode -> the mode to convert to where nothing is transparent; otherwise that is RGBA
_OPAQUE_MODE = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS_BLACK_PLANES, _ORIENTATION = 256, 257, (258, 262, 284), 274
_SWAP = {False: cv2.COLOR_RGB2BGR, True: cv2.COLOR_RGBA2BGRA}  # with alpha or not; both are their own inverse
# EXIF orientation -> whether to transpose, then what to flip: OpenCV's 0 rows, 1 columns, -1 both
_UPRIGHT = {2: (False, 1), 3: (False, -1), 4: (False, 0), 5: (True, None), 6: (True, 1), 7: (True, -1), 8: (True, 0)}
# Silencing warnings is process-wide in Python, so one thread at a time may do it; plain JPEGs never need it.
_HUSH = threading.Lock()
if sys.platform != "win32":  # a child forked while another thread holds the lock would wait for ever
    os.register_at_fork(before=_HUSH.acquire, after_in_parent=_HUSH.release, after_in_child=_HUSH.release)


@dataclass(frozen=True)
class Decoded:
    """Upright pixels, (H, W) or (H, W, C) in RGB order, uint8 or uint16; `alpha` if the last channel is alpha."""

    image: Pixels
    alpha: bool


@dataclass(frozen=True)
class Header:
    """Header of a file: sizes and channels as stored; beyond MAX_PIXELS or one frame it is a DecodeError."""

    format: str
    height: int
    width: int
    channels: int
    frames: int

    def __post_init__(self) -> None:
        if self.height * self.width > MAX_PIXELS:
            raise DecodeError(f"must have at most {MAX_PIXELS:,} pixels, got {self.height} x {self.width}. Shrink it.")
        if self.frames != 1:
            raise DecodeError(f"holds {self.frames} frames, must hold one. Save the frame you want as its own file.")


def probe(data: bytes) -> Header:
    """Read the header of a whole file and check it against the limits without decoding a pixel.

    Raises:
        DecodeError: it is no supported picture, has more than MAX_PIXELS, or holds several frames.
    """
    with _refusing(data):
        if data.startswith(_JPEG_START):
            return _jpeg_header(data)
        with _hushed(), Image.open(BytesIO(data), formats=_OTHER_FORMATS) as picture:
            return _header(picture)


def upright_size(data: bytes) -> Size:
    """Return a picture's (height, width) after its EXIF orientation, from the file or enough of its beginning.

    Raises:
        DecodeError: it is no supported picture, or its header is not complete.
    """
    header = probe(data)
    try:
        with _hushed(), Image.open(BytesIO(data)) as picture:
            is_turned = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1), (False, None))[0]
    except Exception:  # damaged EXIF raises anything, and counts as none
        is_turned = False
    return (header.width, header.height) if is_turned else (header.height, header.width)


def decode(data: bytes) -> Decoded:
    """Decode the picture in a whole file completely, or refuse it; the table of this module says what comes out.

    Raises:
        DecodeError: it says why, whatever went wrong in whichever decoder.
    """
    with _refusing(data):
        image, exif = _decode_jpeg(data) if data.startswith(_JPEG_START) else _decode_other(data)
        image = np.ascontiguousarray(_upright(image, exif) if exif else image)
        return Decoded(image, image.ndim == 3 and image.shape[2] == 4)


def decode_mask(data: bytes) -> Mask:
    """Return the class numbers (H, W) of a mask; of a PNG with a palette its indices, as Pascal VOC's masks are meant.

    Raises:
        DecodeError: it cannot be decoded, or has more than one channel.
    """
    image = decode(data).image  # also where there is a palette: it checks the header, the size and the data
    if data.startswith(_PNG_START) and data[_PNG_COLORS] == _PNG_PALETTE:
        with Image.open(BytesIO(data), formats=["PNG"]) as picture:
            return np.array(picture)
    if image.ndim != 2:
        raise DecodeError(f"must be a mask of one channel or with a palette, got {image.shape[2]} channels.")
    return image


@contextmanager
def _refusing(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into a DecodeError; on damaged files they raise anything."""
    if not data:
        raise DecodeError("is empty. Copy it again from where it came.")
    try:
        yield
    except (DecodeError, MemoryError):
        raise
    except Image.DecompressionBombError as fault:
        raise DecodeError(f"must have at most {MAX_PIXELS:,} pixels. Shrink it. ({fault})") from fault
    except UnidentifiedImageError as fault:  # its own message holds a memory address
        raise DecodeError(
            f"is not a picture in a supported format ({_FORMATS}), or its header is damaged. Save it as PNG."
        ) from fault
    except Exception as fault:
        reason = " ".join(str(fault).split()).rstrip(".") or type(fault).__name__
        raise DecodeError(f"is truncated or damaged: {reason}. Copy it again from where it came.") from fault


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep Pillow's warnings off the screen; what matters in them is raised as an error."""
    with _HUSH, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _jpeg_header(data: bytes) -> Header:
    height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    return Header("jpeg", height, width, _JPEG_CHANNELS.get(space, 3), frames=1)


def _decode_jpeg(data: bytes) -> tuple[Pixels, bytes | None]:
    """Decode strictly: libjpeg's warnings are errors, so that nothing is filled up."""
    if data.count(_JPEG_NEXT_SCAN) > MAX_SCANS and _scans(data) > MAX_SCANS:  # the first is quick, and counts too many
        raise DecodeError(f"must have at most {MAX_SCANS} scans, got more, which would take minutes. Save it again.")
    channels = _jpeg_header(data).channels
    exif: bytes | None = None
    is_adobe = False
    if channels == 4 or _may_hold_exif(data):
        with _hushed(), Image.open(BytesIO(data), formats=("JPEG",)) as picture:
            exif, is_adobe = picture.info.get("exif"), "adobe" in picture.info
    image = simplejpeg.decode_jpeg(data, _JPEG_DECODED[channels])
    if channels == 4:
        inks = Image.fromarray(255 - image if is_adobe else image, "CMYK")  # Adobe stores 255 for no ink
        image = np.array(inks.convert("RGB"))
    return image[..., 0] if channels == 1 else image, exif


def _scans(data: bytes) -> int:
    """Return how often a JPEG's pixels are gone over; what a comment or a thumbnail holds does not count."""
    place, scans = len(_JPEG_START), 0
    while (place := data.find(b"\xff", place)) >= 0 and place + 3 < len(data):
        kind = data[place + 1]
        if kind == 0xFF:  # padding
            place += 1
        elif kind == 0 or 0xD0 <= kind <= 0xD9:  # a byte of the pixels, or a marker without a length
            place += 2
        else:
            scans += kind == _JPEG_SCAN
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return scans


def _may_hold_exif(data: bytes) -> bool:
    """Return whether an Exif segment comes before the pixels; asking Pillow each time would cost a small photo 10 %."""
    place = len(_JPEG_START)
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xff":
        if data[place + 1] == _JPEG_SCAN or data[place + 4 : place + 8] == b"Exif":
            return data[place + 1] != _JPEG_SCAN
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return True  # padding or damage: let Pillow look


def _upright(image: Pixels, exif: bytes) -> Pixels:
    """Turn the picture as its EXIF block says; a damaged block counts as none, as in every viewer."""
    tags = Image.Exif()
    try:
        with _hushed():
            tags.load(exif)
        transposes, flip = _UPRIGHT.get(tags.get(_ORIENTATION, 1), (False, None))
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return image
    image = cv2.transpose(image) if transposes else image
    return image if flip is None else cv2.flip(image, flip)


def _header(picture: ImageFile.ImageFile) -> Header:
    width, height = picture.size
    if isinstance(picture, TiffImagePlugin.TiffImageFile):  # Pillow has turned its size already
        width, height = int(picture.tag_v2[_TIFF_WIDTH]), int(picture.tag_v2[_TIFF_HEIGHT])
    return Header(str(picture.format).lower(), height, width, len(picture.getbands()), getattr(picture, "n_frames", 1))


def _decode_other(data: bytes) -> tuple[Pixels, bytes | None]:
    """Decode anything but JPEG with Pillow, and once more with OpenCV what Pillow would narrow to 8 bits."""
    with _hushed(), Image.open(BytesIO(data), formats=_OTHER_FORMATS) as picture:
        _header(picture)
        transparent, key = picture.has_transparency_data, picture.info.get("transparency")
        is_grey_16 = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM")
        if not (is_grey_16 or transparent or picture.mode in _OPAQUE_MODE):
            raise DecodeError(f"must hold 8 or 16 bits per channel, got {picture.mode!r} pixels. Convert it first.")
        is_deep = _is_deep(picture)  # before load, which forgets how the pixels were stored
        picture.load()  # complete or an error; turns a TIFF upright
        if picture.format == "PNG":
            last = picture.crop((0, picture.height - 1, picture.width, picture.height))
            may_be_short = picture.info.get("interlace") or not np.asarray(last).any()  # Pillow leaves 0 for what lacks
            if may_be_short and _is_short(data):
                raise ValueError("its pixels end before the picture does")
        if is_deep and not is_grey_16:
            found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            if found is None or found.dtype != np.uint16 or found.shape[1::-1] != picture.size:
                raise ValueError("its 16-bit pixels cannot be read")
            image: Pixels = cv2.cvtColor(found[..., : 4 if transparent else 3], _SWAP[transparent])
        elif is_grey_16:
            image = np.array(picture).astype(np.uint16)
            if transparent:
                image = np.dstack([image, image, image, np.where(image == key, 0, 65535).astype(np.uint16)])
        else:
            image = np.array(picture.convert("RGBA" if transparent else _OPAQUE_MODE[picture.mode]))
        return image, picture.info.get("exif")


def _is_deep(picture: ImageFile.ImageFile) -> bool:
    """Return whether 16 bits per channel are stored; refuse layouts of them that no decoder here reads correctly."""
    layout = [tile.args for tile in picture.tile]
    is_deep, is_odd = ";16" in str(layout), False
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        bits, black, planes = (picture.tag_v2.get(tag) for tag in _TIFF_BITS_BLACK_PLANES)
        is_deep = max(bits or (1,)) > 8
        is_odd = max(bits or (1,)) != 16 or black == 0 or planes == 2 or "RGBa" in str(layout)
    elif picture.format == "PPM" and picture.mode == "RGB":
        is_deep = is_odd = isinstance(layout[0], tuple) and layout[0][-1] > 255
    if is_deep and is_odd:
        raise DecodeError("stores its 16-bit pixels in a way that is not supported. Save it as a 16-bit PNG.")
    return is_deep


def _is_short(data: bytes) -> bool:
    """Return whether the pixels of a whole PNG file, unpacked, are fewer than its header says (PNG, section 8)."""
    width, height, bits, kind, _, _, interlace = _PNG_HEADER.unpack_from(data, len(_PNG_START) + 8)
    missing = 0
    for left, top, across, down in _PNG_PASSES if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            missing += rows * (1 + (columns * bits * _PNG_CHANNELS[kind] + 7) // 8)
    place, stream = len(_PNG_START), zlib.decompressobj()
    while place + 8 <= len(data) and missing > 0 and not stream.eof:
        length, name = struct.unpack_from(">I4s", data, place)
        rest = data[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        while rest and missing > 0 and not stream.eof:
            missing -= len(stream.decompress(rest, _PIECE))
            rest = stream.unconsumed_tail
        place += length + 12
    return missing - len(stream.flush(_PIECE) if missing > 0 else b"") > 0
