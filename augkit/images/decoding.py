"""Turn bytes into pixels, with limits.

| stored                                                            | decoded                                          |
|-------------------------------------------------------------------|--------------------------------------------------|
| RGB, YCbCr, CMYK, YCCK or palette; of an MPO the first picture    | (H, W, 3) uint8                                  |
| grey of up to 8 bits                                              | (H, W) uint8; 1 bit is 0 and 255                 |
| RGB or grey of 16 bits: PNG, TIFF; a PGM, scaled to full range    | (H, W, 3) or (H, W) uint16                       |
| RGBA, grey + alpha, a transparent colour or palette               | (H, W, 4), alpha; uint16 from 16 bits            |
| several frames ("holds N frames"), over MAX_PIXELS or MAX_BYTES   | refused by the header, before decoding           |
| TIFF of several bands, of 8 or 16 bits; with tifffile             | (H, W, C) uint8 or uint16, all bands             |
| AVIF (from 10 and 12 bits 8 are left); HEIC, with pillow-heif     | as above; uint16 from HEIC of 10 and 12 bits     |
| DICOM of one frame, with pydicom                                  | (H, W) or (H, W, 3): see `dicom_files`           |
| float, signed or 32-bit pixels, Lab; PPM in colour over 8 bits    | refused                                          |
| TIFF of 9 to 15 bits; of 16 by planes, premultiplied, white as 0  | refused                                          |
| truncated, damaged, empty, unknown                                | refused, never filled up with grey               |

The kind of a file is found by its content, never by its name. EXIF orientation is applied, and colours are brought to
sRGB where the file has another profile (see `augkit.images.colour_profiles`); other metadata is ignored, and none is
ever written. Damage that a format cannot show goes unseen: a changed byte in a BMP, or one that is still a valid code
in a JPEG.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from augkit.core.arrays import Image as Pixels, Mask
from augkit.core.shrunk import WHOLE, Placement
from augkit.core.spatial import Size
from augkit.errors import DecodeError, raise_outage
from augkit.images import header as limits
from augkit.images.colour_profiles import Fate, converted
from augkit.images.dicom_files import decode_dicom, dicom_header
from augkit.images.file_kinds import kind_of
from augkit.images.header import Header, hushed
from augkit.images.heif_files import decode_heif, heif_header
from augkit.images.jpeg_files import decode_jpeg, decode_scaled, jpeg_facts, jpeg_header
from augkit.images.modes import Mode, in_mode
from augkit.images.orientation import ORIENTATION, is_turned, upright
from augkit.images.pillow_files import FORMATS, decode_by_pillow, header_of, stored_numbers
from augkit.images.scaling import is_scalable, unpadded
from augkit.images.stored import Stored
from augkit.images.tiff_bands import bands_header, decode_bands, has_bands

_FORMATS = "JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM"  # the common ones, as books of 0.1 name them
_NOT_READ = {"jpeg2000": "JPEG 2000", "jpegxl": "JPEG XL", "avif": "AVIF, which Pillow from 11.3 on reads"}
# What is not Pillow's, by kind; other kinds are.
_HEADERS: dict[str | None, Callable[[bytes], Header]] = {
    "jpeg": jpeg_header,
    "heif": heif_header,
    "dicom": dicom_header,
}
_DECODERS: dict[str | None, Callable[[bytes], Stored]] = {
    "jpeg": decode_jpeg,
    "heif": decode_heif,
    "dicom": decode_dicom,
}


@dataclass(frozen=True)
class Decoded:
    """Upright pixels in sRGB.

    Args:
        image: (H, W) or (H, W, C) in RGB order, uint8 or uint16.
        alpha: whether the last channel is alpha.
        profile: what became of the file's colour profile: see `augkit.images.colour_profiles`.
        placement: where its pixels lie in the whole picture, if it was decoded smaller.
    """

    image: Pixels
    alpha: bool
    profile: Fate = ""
    placement: Placement = WHOLE


def probe(data: bytes) -> Header:
    """Read the header of a whole file and check it against the limits without decoding a pixel.

    Raises:
        DecodeError: it is no supported picture, has more than MAX_PIXELS, or holds several frames.
    """
    with refusing(data):
        kind = kind_of(data)
        if kind in _HEADERS:
            return _HEADERS[kind](data)
        if kind == "tiff" and has_bands(data):
            return bands_header(data)
        with hushed(), Image.open(BytesIO(data), formats=FORMATS) as picture:
            return header_of(picture)


def upright_size(data: bytes) -> Size:
    """Return a picture's (height, width) after its EXIF orientation, from the file or enough of its beginning.

    Raises:
        DecodeError: it is no supported picture, or its header is not complete.
    """
    header = probe(data)
    try:
        with hushed(), Image.open(BytesIO(data)) as picture:
            turned = is_turned(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF raises anything, and counts as none
        turned = False
    return (header.width, header.height) if turned else (header.height, header.width)


def decode(data: bytes, mode: Mode = "keep", profiles: bool = True, scale: int = 1) -> Decoded:
    """Decode the picture in a whole file completely, or refuse it; the table of this module says what comes out.

    Args:
        data: the file.
        mode: of what comes out, see `augkit.images.modes`.
        profiles: bring colours to sRGB; else values stay as stored, but for inks, which become RGB plainly.
        scale: how much smaller a JPEG comes out, 1, 2, 4 or 8, where it can: see `augkit.images.scaling`. What else it
            is comes out whole.

    Raises:
        DecodeError: it says why, whatever went wrong in whichever decoder.
        SampleError: its channels are no colours, and it cannot come in the mode.
    """
    with refusing(data):
        stored, placement = (_stored(data), WHOLE) if scale == 1 else _shrunk(data, scale)
        image, fate = converted(stored.image, stored.profile if profiles else None, stored.space)
        fate = "shifted" if stored.shifted else fate
        image = np.ascontiguousarray(upright(image, stored.exif) if stored.exif else image)
    if mode != "keep":
        return Decoded(in_mode(image, stored.alpha, mode), False, fate, placement)
    return Decoded(image, stored.alpha, fate, placement)


def _shrunk(data: bytes, scale: int) -> tuple[Stored, Placement]:
    """Decode a JPEG smaller, if it can be, and tell how it then lies in the whole picture when it is upright."""
    if kind_of(data) != "jpeg":
        return _stored(data), WHOLE
    facts = jpeg_facts(data)
    if not is_scalable(facts, scale):
        return decode_scaled(data, facts, 1), WHOLE
    stored = decode_scaled(data, facts, scale)
    image, placement = unpadded(stored.image, facts, scale)
    return stored._replace(image=image), placement


def decode_mask(data: bytes) -> Mask:
    """Return the class numbers (H, W) of a mask, as its file stores them.

    Of a palette these are the indices, as Pascal VOC's masks are meant; of 1, 2 or 4 bits, and of a PGM with a maximum
    of its own, 0 to the largest that these can hold. Where 1 is black (PBM) black is 0, as libraries show it. A grey
    mask that was saved as RGB, with or without alpha, is read as grey. Colour profiles never change it.

    Raises:
        DecodeError: it cannot be decoded, or its colours are no greys.
    """
    image = decode(data, profiles=False).image  # also where numbers are read: it checks the header and the data
    kind = kind_of(data)
    if kind not in _DECODERS and not (kind == "tiff" and has_bands(data)):
        with refusing(data):
            numbers = stored_numbers(data)
        if numbers is not None:
            return numbers
    if image.ndim == 2:
        return image
    grey = image[..., 0]
    if image.shape[2] not in (3, 4) or not all(np.array_equal(grey, image[..., channel]) for channel in (1, 2)):
        what = f"must be a mask of one channel or with a palette, got {image.shape[2]} channels of colours."
        raise DecodeError(f"{what} Save class numbers as grey, or say which colour is which class.")
    return np.ascontiguousarray(grey)


def _stored(data: bytes) -> Stored:
    kind = kind_of(data)
    if kind in _DECODERS:
        return _DECODERS[kind](data)
    return decode_bands(data) if kind == "tiff" and has_bands(data) else decode_by_pillow(data)


@contextmanager
def refusing(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into a DecodeError; on damaged files they raise anything."""
    if not data:
        raise DecodeError("is empty. Copy it again from where it came.")
    try:
        yield
    except DecodeError:
        raise
    except Image.DecompressionBombError as fault:
        raise DecodeError(f"must have at most {limits.MAX_PIXELS:,} pixels. Shrink it. ({fault})") from fault
    except UnidentifiedImageError as fault:  # its own message holds a memory address
        other = _NOT_READ.get(kind_of(data) or "", "")
        what = (
            f"is {other}, which is not read here" if other else f"is not a picture in a supported format ({_FORMATS})"
        )
        raise DecodeError(f"{what}, or its header is damaged. Save it as PNG.") from fault
    except Exception as fault:
        raise_outage(fault)
        reason = " ".join(str(fault).split()).rstrip(".") or type(fault).__name__
        raise DecodeError(f"is truncated or damaged: {reason}. Copy it again from where it came.") from fault
