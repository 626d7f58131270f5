"""Files that Pillow decodes, once more by OpenCV where Pillow would narrow 16 bits to 8."""

import struct
import zlib
from importlib import import_module
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from augkit.core.arrays import Image as Pixels, Mask
from augkit.errors import DecodeError, raise_outage
from augkit.images.colour_profiles import Space
from augkit.images.header import Header, hushed, require_bytes
from augkit.images.orientation import upright
from augkit.images.stored import Stored


def _has(codec: str) -> bool:
    """Return whether Pillow has a codec.

    Raises:
        OutOfMemory: its library could not be loaded for want of memory: Pillow would say that there is none.
    """
    try:
        import_module(f"PIL._{codec}")
    except ImportError as fault:
        raise_outage(fault, "Pillow")
        return False
    return True


FORMATS = ("PNG", *(["WEBP"] if _has("webp") else []), "GIF", "BMP", "TIFF", "PPM", *(["AVIF"] if _has("avif") else []))
PNG_START = b"\x89PNG\r\n\x1a\n"
# Pillow's mode -> the mode to convert to where nothing is transparent; otherwise that is RGBA
_OPAQUE_MODE = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "CMYK": "CMYK", "YCbCr": "RGB"}
_GREY_MODES = ("1", "L", "LA", "La")
BAND_PIXELS = 1 << 22  # of a picture, that are taken over at a time
# Pillow takes 16 bytes a pixel for these two: WebP is decoded by OpenCV then, of which the pixels are the same.
LARGE_WEBP_PIXELS, MOST_AVIF_PIXELS = 1 << 24, 98_000_000
_PNG_BITS = 24  # where IHDR says how many
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
_PNG_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PNG_HEADER = struct.Struct(">IIBBBBB")
_PIECE = 1 << 20  # bytes that are unpacked at a time, and dropped
_TIFF_KIND, _TIFF_SMALLER_OR_MASK = 254, 0b101  # NewSubfileType, and its bits
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS_BLACK_PLANES = 256, 257, (258, 262, 284)
_SWAP = {False: cv2.COLOR_RGB2BGR, True: cv2.COLOR_RGBA2BGRA}  # with alpha or not; both are their own inverse


def header_of(picture: ImageFile.ImageFile, file_bytes: int | None = None) -> Header:
    """Return the header of a file that Pillow opened, and, where that is known, how large the file is.

    Raises:
        DecodeError: its pixels are more, or take more memory, than is read.
    """
    width, height = picture.size
    if isinstance(picture, TiffImagePlugin.TiffImageFile):  # Pillow has turned its size already
        width, height = int(picture.tag_v2[_TIFF_WIDTH]), int(picture.tag_v2[_TIFF_HEIGHT])
    frames = getattr(picture, "n_frames", 1)
    if frames > 1 and isinstance(picture, TiffImagePlugin.TiffImageFile):
        frames = _full_pages(picture, frames)
    header = Header(str(picture.format).lower(), height, width, len(picture.getbands()), frames)
    channels = 4 if picture.has_transparency_data else 1 if picture.mode in _GREY_MODES or _is_grey_16(picture) else 3
    require_bytes((height, width), channels, _depth(picture), file_bytes)
    if header.format == "avif" and height * width > MOST_AVIF_PIXELS:
        what = f"must have at most {MOST_AVIF_PIXELS:,} pixels as AVIF, got {height} x {width}"
        raise DecodeError(f"{what}. Save it as PNG.")
    return header


def _depth(picture: ImageFile.ImageFile) -> int:
    """Return how many bytes a value of a file takes that is not loaded yet."""
    is_deep = _is_grey_16(picture) or ";16" in str([tile.args for tile in picture.tile])
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        is_deep = max(picture.tag_v2.get(_TIFF_BITS_BLACK_PLANES[0]) or (1,)) > 8
    return 2 if is_deep else 1


def _is_grey_16(picture: ImageFile.ImageFile) -> bool:
    return picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM")


def _full_pages(picture: TiffImagePlugin.TiffImageFile, pages: int) -> int:
    """Return how many pages show a picture: not those that show the first one smaller, or are a mask of it."""
    full = 0
    for page in range(pages):
        picture.seek(page)
        full += not int(picture.tag_v2.get(_TIFF_KIND, 0)) & _TIFF_SMALLER_OR_MASK
    picture.seek(0)
    return max(full, 1)


def decode_by_pillow(data: bytes) -> Stored:
    """Decode a whole file, or refuse it."""
    with hushed(), Image.open(BytesIO(data), formats=FORMATS) as picture:
        header_of(picture, len(data))
        transparent, key = picture.has_transparency_data, picture.info.get("transparency")
        is_grey_16 = _is_grey_16(picture)
        if not (is_grey_16 or transparent or picture.mode in _OPAQUE_MODE):
            raise DecodeError(f"must hold 8 or 16 bits per channel, got {picture.mode!r} pixels. Convert it first.")
        is_deep = _is_deep(picture)  # before load, which forgets how the pixels were stored
        space: Space = "L" if picture.mode in _GREY_MODES else "RGB"
        if picture.format == "WEBP" and picture.width * picture.height > LARGE_WEBP_PIXELS:
            exif, profile = picture.info.get("exif"), picture.info.get("icc_profile")
            return Stored(_by_opencv(data, picture, np.uint8, transparent), exif, profile, space, transparent)
        picture.load()  # complete or an error; turns a TIFF upright
        if picture.format == "PNG":
            last = picture.crop((0, picture.height - 1, picture.width, picture.height))
            may_be_short = picture.info.get("interlace") or not np.asarray(last).any()  # Pillow leaves 0 for what lacks
            if may_be_short and _is_short(data):
                raise ValueError("its pixels end before the picture does")
        exif, profile = picture.info.get("exif"), picture.info.get("icc_profile")
        if is_deep and not is_grey_16:
            return Stored(_by_opencv(data, picture, np.uint16, transparent), exif, profile, space, transparent)
        if is_grey_16:
            image = _pixels(picture, picture.mode, np.uint16)
            if transparent:
                image = np.dstack([image, image, image, np.where(image == key, 0, 65535).astype(np.uint16)])
            return Stored(image, exif, profile, "L", transparent)
        mode = "RGBA" if transparent else _OPAQUE_MODE[picture.mode]
        space = "CMYK" if mode == "CMYK" else space
        return Stored(_pixels(picture, mode, np.uint8), exif, profile, space, transparent)


def _pixels(picture: ImageFile.ImageFile, mode: str, dtype: type[np.uint8 | np.uint16]) -> Pixels:
    """Return the pixels (H, W) or (H, W, C) of a loaded picture in a mode of Pillow's, a band of rows at a time.

    At once, Pillow would hold them three times.
    """
    width, height = picture.size
    rows = max(1, BAND_PIXELS // width)
    if height <= rows:
        return np.array(picture if picture.mode == mode else picture.convert(mode)).astype(dtype, copy=False)
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels: Pixels = np.empty((height, width, channels) if channels > 1 else (height, width), dtype)
    for top in range(0, height, rows):
        band: Image.Image = picture.crop((0, top, width, min(top + rows, height)))
        pixels[top : top + rows] = np.asarray(band if band.mode == mode else band.convert(mode))
    return pixels


def _by_opencv(data: bytes, picture: ImageFile.ImageFile, dtype: type[np.uint8 | np.uint16], has_alpha: bool) -> Pixels:
    """Return the pixels (H, W, C) of a file as OpenCV decodes it, in the order RGB."""
    place = len(PNG_START)
    while data.startswith(PNG_START) and place < len(data) and data[place + 4 : place + 8] != b"IEND":
        place += 12 + int.from_bytes(data[place : place + 4], "big")
        if place > len(data):  # OpenCV takes memory for whatever length a chunk claims
            raise ValueError("a chunk reaches beyond its end")
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != dtype or found.shape[1::-1] != picture.size:
        raise ValueError(f"its {8 * np.dtype(dtype).itemsize}-bit pixels cannot be read")
    image: Pixels = cv2.cvtColor(found[..., : 4 if has_alpha else 3], _SWAP[has_alpha])
    return image


def stored_numbers(data: bytes) -> Mask | None:
    """Return the numbers (H, W) that a file stores where its colours are not these: indices, and greys of few bits.

    None is for all others. The file is one that was decoded as a picture before. A form in which 1 is black (PBM, and
    TIFF with white as 0) is read as all libraries show it: black is 0.
    """
    with hushed(), Image.open(BytesIO(data), formats=FORMATS) as picture:
        mode, step = picture.mode, _step(data, picture)
        if mode not in ("1", "P") and step == 1.0:
            return None
        picture.load()
        if mode in ("1", "P"):
            numbers: Mask = np.array(picture).astype(np.uint8, copy=False)
        else:
            dtype = np.uint8 if mode == "L" else np.uint16
            table = np.rint(np.arange(np.iinfo(dtype).max + 1) / step).astype(dtype)
            numbers = table[_pixels(picture, mode, dtype)]
        exif = picture.info.get("exif")
    return upright(numbers, exif) if exif else numbers


def _step(data: bytes, picture: ImageFile.ImageFile) -> float:
    """Return what Pillow multiplied the greys of a file with, to use all 8 or 16 bits."""
    most = 255
    if picture.mode == "L" and picture.format == "PNG":
        most = 2 ** data[_PNG_BITS] - 1
    elif picture.mode == "L" and isinstance(picture, TiffImagePlugin.TiffImageFile):
        most = 2 ** int((picture.tag_v2.get(_TIFF_BITS_BLACK_PLANES[0]) or (8,))[0]) - 1
    elif picture.format == "PPM" and picture.tile[0].codec_name.startswith("ppm"):  # raw pixels use all bits
        arguments = picture.tile[0].args
        most = arguments[1] if isinstance(arguments, tuple) else most
        return (65535.0 if picture.mode == "I" else 255.0) / most
    return 255.0 / most


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
    width, height, bits, kind, _, _, interlace = _PNG_HEADER.unpack_from(data, len(PNG_START) + 8)
    missing = 0
    for left, top, across, down in _PNG_PASSES if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            missing += rows * (1 + (columns * bits * _PNG_CHANNELS[kind] + 7) // 8)
    place, stream = len(PNG_START), zlib.decompressobj()
    while place + 8 <= len(data) and missing > 0 and not stream.eof:
        length, name = struct.unpack_from(">I4s", data, place)
        rest = data[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        while rest and missing > 0 and not stream.eof:
            missing -= len(stream.decompress(rest, _PIECE))
            rest = stream.unconsumed_tail
        place += length + 12
    return missing - len(stream.flush(_PIECE) if missing > 0 else b"") > 0
