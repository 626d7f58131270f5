"""Masks whose classes are colours: their pixels as class numbers."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augkit.core.arrays import Image as Pixels, Mask
from augkit.errors import DecodeError
from augkit.images.decoding import decode, decode_mask
from augkit.images.header import hushed
from augkit.images.mask_files import MOST_COLOURS, palette_of

Colour = tuple[int, int, int]
BAND_ROWS = 256
_RGB = 3
# Of a JPEG in black and white: how far from these its pixels may be, and how many of them.
WHITE, NEAR, MOSTLY = 255, 40, 0.98


def class_numbers(data: bytes, colours: Sequence[Sequence[int] | None] | None = None) -> Mask:
    """Return the class numbers (H, W) of a mask, from its file.

    Args:
        data: the file.
        colours: red, green and blue of every class number, None where it has none. Of a mask of one channel, or of a
            palette that has other colours, the numbers are as stored, unless all classes are greys that it holds. Of a
            JPEG, which must be black and white, they are 0 and 255.

    Raises:
        DecodeError: it cannot be decoded, or has a colour that is none of a class.
    """
    is_lossy = data.startswith(b"\xff\xd8")
    _require_sound(data)
    if not colours:
        return black_and_white(data) if is_lossy else decode_mask(data)
    numbers: dict[Colour, int] = {}
    for number, colour in enumerate(colours):
        if colour is not None:
            numbers.setdefault((int(colour[0]), int(colour[1]), int(colour[2])), number)
    palette = colours_of_palette(data)
    if palette is not None:
        indices = decode_mask(data)
        used = np.unique(indices)
        shown: list[Colour] = [palette[index] if index < len(palette) else (-1, -1, -1) for index in used.tolist()]
        if not all(colour in numbers for colour in shown) or _is_ramp(palette):
            return indices
        if all(index < len(colours) and _is(colours[index], shown[place]) for place, index in enumerate(used.tolist())):
            return indices
        table = np.zeros(256, np.uint16 if len(colours) > MOST_COLOURS else np.uint8)
        table[used] = [numbers[colour] for colour in shown]
        found: Mask = table[indices]
        return found
    image = black_and_white(data) if is_lossy else decode(data, profiles=False).image
    if image.ndim == 2:
        indices = image if is_lossy else decode_mask(data)
        has_greys_alone = all(red == green == blue for red, green, blue in numbers)
        values = np.unique(indices).tolist() if has_greys_alone else []
        if not values or any((value, value, value) not in numbers for value in values):
            return indices
        table = np.zeros(max(values) + 1, _dtype(numbers))
        table[values] = [numbers[value, value, value] for value in values]
        greys: Mask = table[indices]
        return greys
    return _numbered(opaque(image), numbers)


def black_and_white(data: bytes) -> Mask:
    """Return 0 and 255 of a mask that was saved as JPEG, with loss; other numbers cannot be told apart again.

    Raises:
        DecodeError: it is not black and white.
    """
    image = np.atleast_3d(decode(data, profiles=False).image)
    channels = [image[..., channel] for channel in range(image.shape[2])]
    darkest, lightest = reduce(np.minimum, channels), reduce(np.maximum, channels)
    is_light = darkest >= WHITE - NEAR
    is_plain = is_light | (lightest <= NEAR)
    if (lightest.any() and not is_light.any()) or np.mean(is_plain) < MOSTLY:
        what = "must be saved without loss, got a JPEG, which smears class numbers and colours"
        raise DecodeError(f"{what}. Only black and white come through. Save masks as PNG.")
    made: Mask = np.where(darkest.astype(np.int16) + lightest > WHITE, np.uint8(WHITE), np.uint8(0))
    return made


def colours_in(data: bytes) -> set[Colour]:
    """Return the colours of a mask's pixels.

    Raises:
        DecodeError: it cannot be decoded.
    """
    image = decode(data, profiles=False).image
    if image.ndim < _RGB:
        return {(grey, grey, grey) for grey in np.unique(image).tolist()}
    found = {value for band in _bands(opaque(image)) for value in np.unique(_packed(band)).tolist()}
    return set(map(_unpacked, found))


def opaque(image: Pixels) -> Pixels:
    """Return RGB (H, W, 3) of a mask's pixels; what is transparent is black.

    Raises:
        DecodeError: it has pixels that are neither.
    """
    if image.shape[2] == _RGB:
        return image
    if image.shape[2] != _RGB + 1:
        raise DecodeError(f"must be a mask of colours, with or without alpha, got {image.shape[2]} channels.")
    alpha = image[..., _RGB]
    most = np.iinfo(image.dtype).max
    if not np.isin(alpha, (0, most)).all():
        raise DecodeError("must be a mask whose pixels are opaque or transparent, got some in between.")
    return np.where(alpha[..., None] == 0, image.dtype.type(0), image[..., :_RGB])


def colours_of_palette(data: bytes) -> list[Colour] | None:
    """Return the colours of a whole file's palette in order, or None of one without."""
    found = palette_of(data)
    return None if found is None else [(red, green, blue) for red, green, blue in found.tolist()]


def png_palette(data: bytes) -> list[Colour] | None:
    """Return the colours of a PNG's palette in order, or None of another file; its beginning is enough."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[25:26] != b"\x03":
        return None
    place = 8
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if kind == b"PLTE":
            values = data[place + 8 : place + 8 + length]
            return [(values[at], values[at + 1], values[at + 2]) for at in range(0, len(values) - 2, 3)]
        place += 12 + length
    return None


def mode_of(data: bytes) -> str:
    """Return how Pillow calls a picture's pixels, from its file or enough of its beginning; empty if it is none."""
    try:
        with hushed(), Image.open(BytesIO(data)) as picture:
            return str(picture.mode)
    except Exception:  # of damaged files Pillow raises anything
        return ""


def _require_sound(data: bytes) -> None:
    """Refuse a PNG whose pixels or palette do not fit their checksums, which decoders pass over: they are labels."""
    place = 8
    while data.startswith(b"\x89PNG\r\n\x1a\n") and place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        is_read = data[place + 4 : place + 8] in (b"IHDR", b"PLTE", b"IDAT")
        if is_read and zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise DecodeError("is damaged: its checksum is another one. Copy it again from where it came.")
        place = end + 4


def _is(colour: Sequence[int] | None, other: Colour) -> bool:
    return colour is not None and tuple(colour) == other


def _is_ramp(palette: Iterable[Colour]) -> bool:
    """Return whether a palette shows its indices as greys."""
    return all(colour == (index, index, index) for index, colour in enumerate(palette))


def _packed(image: Pixels) -> NDArray[np.int64]:
    wide = image.astype(np.int64)
    packed: NDArray[np.int64] = (wide[..., 0] << 32) | (wide[..., 1] << 16) | wide[..., 2]
    return packed


def _unpacked(value: int) -> Colour:
    return value >> 32, value >> 16 & 0xFFFF, value & 0xFFFF


def _numbered(image: Pixels, numbers: dict[Colour, int]) -> Mask:
    known = sorted(((red << 32) | (green << 16) | blue, number) for (red, green, blue), number in numbers.items())
    values = np.array([value for value, _ in known])
    classes = np.array([number for _, number in known], _dtype(numbers))
    made: Mask = np.empty(image.shape[:2], classes.dtype)
    top, odd, first = 0, 0, ""
    for band in _bands(image):
        packed = _packed(band)
        places = np.minimum(np.searchsorted(values, packed), len(values) - 1)
        others = np.flatnonzero(values[places] != packed)
        if len(others) and not odd:
            y, x = divmod(int(others[0]), image.shape[1])
            first = f"{_unpacked(int(packed[y, x]))} at x {x}, y {top + y}"
        odd += len(others)
        made[top : top + len(band)] = classes[places]
        top += len(band)
    if odd:
        what = f"must be a mask of the classes' colours, got {first}, and {odd - 1:,} more pixels like it"
        raise DecodeError(f"{what}. Give that colour a class.")
    return made


def _bands(image: Pixels) -> Iterator[Pixels]:
    """Yield an image in bands of rows: a packed colour takes eight bytes."""
    return (image[top : top + BAND_ROWS] for top in range(0, len(image), BAND_ROWS))


def _dtype(numbers: dict[Colour, int]) -> type[np.uint8 | np.uint16]:
    return np.uint8 if max(numbers.values()) < MOST_COLOURS else np.uint16
