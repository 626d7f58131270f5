"""TIFF files of several bands, by tifffile: all bands are kept, none is taken for colour or cut off.

| samples a pixel                                         | decoded                                   |
|---------------------------------------------------------|-------------------------------------------|
| 1; 3 of RGB; CMYK; with one more that is said to be alpha | as any picture: see `augkit.images.decoding` |
| 2, 4, 5 ... of 8 or 16 bits, unsigned, in any order      | (H, W, C) uint8 or uint16                  |
| signed, float, complex, of 32 bits                      | refused                                   |

Reference: TIFF 6.0, sections 8 (ExtraSamples, PlanarConfiguration) and 19 (SampleFormat).
"""

from io import BytesIO
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from augkit.core.arrays import Array
from augkit.errors import DecodeError
from augkit.images.extras import needed
from augkit.images.header import Header, hushed, require_bytes
from augkit.images.stored import Stored

_BITS, _COLOURS, _SAMPLES, _EXTRA, _FORMAT, _ORIENTATION = 258, 262, 277, 338, 339, 274
_UNSIGNED, _UNKNOWN = 1, 4  # of SampleFormat
_FORMATS = {2: "signed", 3: "float", 5: "complex", 6: "complex"}
_OF_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3}  # samples that a kind of colours takes
_ALPHAS = (1, 2)  # of ExtraSamples
_BY_PLANES = 2  # of PlanarConfiguration
_BIG = b"\x2b"  # of BigTIFF


def has_bands(data: bytes) -> bool:
    """Return whether a TIFF file holds several bands that are no common picture.

    Raises:
        DecodeError: its values are signed or no whole numbers.
    """
    tags, file = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if _BIG in data[2:4] else 8]), BytesIO(data)
    file.seek(tags.next)
    with hushed():
        tags.load(file)
    samples, extra = int(tags.get(_SAMPLES, 1)), _numbers(tags.get(_EXTRA, ()))
    for kind in _numbers(tags.get(_FORMAT, _UNSIGNED)):
        if kind not in (_UNSIGNED, _UNKNOWN):
            got = f"{_FORMATS.get(kind, 'unknown')} pixels of {max(_numbers(tags.get(_BITS, 1)))} bits"
            raise DecodeError(f"must hold 8 or 16 bits per channel, unsigned, got {got}. Convert it first.")
    colours = _OF_COLOURS.get(int(tags.get(_COLOURS, 1)), samples)
    return samples != colours and not (samples == colours + 1 and extra[:1] and extra[0] in _ALPHAS)


def bands_header(data: bytes) -> Header:
    """Return the header of a TIFF file of several bands.

    Raises:
        DecodeError: it holds several pages or too many pixels, or tifffile is not installed.
    """
    with hushed(), _tifffile().TiffFile(BytesIO(data)) as file:
        return _header(file, data)


def decode_bands(data: bytes) -> Stored:
    """Decode a TIFF file of several bands, (H, W, C).

    Raises:
        DecodeError: as `bands_header`, or it is of other than 8 or 16 bits, or imagecodecs is needed to unpack it.
    """
    with hushed(), _tifffile().TiffFile(BytesIO(data)) as file:
        _header(file, data)
        page = file.pages[0]
        if page.bitspersample not in (8, 16):
            raise DecodeError(f"must hold 8 or 16 bits per channel, got {page.bitspersample} bits. Convert it first.")
        try:
            image: Array = page.asarray()
        except ValueError as fault:
            if "imagecodecs" in str(fault):
                raise DecodeError(f"is packed by {page.compression.name}. Run: pip install 'augkit[tiff]'.") from fault
            raise
        if page.planarconfig == _BY_PLANES:
            image = np.moveaxis(image, 0, -1)
        if image.shape != (page.imagelength, page.imagewidth, page.samplesperpixel):
            raise DecodeError(f"must hold one picture of several bands, got {image.shape}. Convert it first.")
        tag = page.tags.get(_ORIENTATION)
        exif = Image.Exif()
        exif[_ORIENTATION] = 1 if tag is None else int(tag.value)
        return Stored(image.astype(image.dtype.newbyteorder("=")), exif.tobytes(), None, "RGB")


def _tifffile() -> ModuleType:
    return needed("tifffile", "tiff", "a TIFF of several bands")


def _header(file: Any, data: bytes) -> Header:
    page = file.pages[0]
    full = sum(not other.is_reduced and not other.is_mask for other in file.pages)  # not what viewers show from afar
    header = Header("tiff", page.imagelength, page.imagewidth, page.samplesperpixel, full)
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    require_bytes((header.height, header.width), header.channels, -(-bits // 8), len(data))
    return header


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(map(int, value)) if isinstance(value, tuple) else (int(str(value)),)
