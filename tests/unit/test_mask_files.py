"""The laws of masks as files: what is stored is what is read, whatever the form and however few the bits."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from augkit.codec import decode, decode_mask, encode, encode_mask
from augkit.errors import DecodeError, SampleError
from augkit.images import palette_of
from support.encoded import exif, save

SHAPE = (7, 13)  # no multiple of 8: rows of few bits end within a byte
Numbers = NDArray[np.uint8]


def numbers(bits: int) -> Numbers:
    return np.asarray(np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) * 5 % 2**bits, np.uint8)


def packed(mask: Numbers, bits: int) -> bytes:
    rows = ["".join(f"{value:0{bits}b}" for value in row) for row in mask]
    return b"".join(int(row + "0" * (-len(row) % 8), 2).to_bytes(-(-len(row) // 8), "big") for row in rows)


def grey_png(mask: Numbers, bits: int, *extra: tuple[bytes, bytes], kind: int = 0) -> bytes:
    """Write a PNG of few bits by hand: Pillow writes grey of 8 only."""
    width = -(-mask.shape[1] * bits // 8)
    rows = packed(mask, bits)
    lines = b"".join(b"\0" + rows[start : start + width] for start in range(0, len(rows), width))
    header = struct.pack(">IIBBBBB", mask.shape[1], mask.shape[0], bits, kind, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    made = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def grey_tiff(mask: Numbers, bits: int, black: int = 1) -> bytes:
    body = packed(mask, bits)
    tags = {256: mask.shape[1], 257: mask.shape[0], 258: bits, 259: 1, 262: black, 273: 8, 277: 1, 278: mask.shape[0]}
    entries = b"".join(
        struct.pack("<HHII", tag, 3, 1, value) for tag, value in sorted({**tags, 279: len(body)}.items())
    )
    padded = body + b"\0" * (len(body) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + struct.pack("<H", 9) + entries + bytes(4)


def palette(mask: Numbers, kind: str, **options: Any) -> bytes:
    picture = Image.fromarray(mask)
    picture.putpalette(bytes((37 * step + 11) % 256 for step in range(3 * 256)))
    return save(picture, kind, **options)


BIT = numbers(1)
GREY_WITH_ALPHA = np.dstack([numbers(8), numbers(8)[::-1]])
FORMS: dict[str, tuple[bytes, NDArray[Any]]] = {
    **{f"png, {bits} bits": (grey_png(numbers(bits), bits), numbers(bits)) for bits in (1, 2, 4, 8)},
    **{f"png, palette, {bits}": (palette(numbers(bits), "PNG", bits=bits), numbers(bits)) for bits in (1, 2, 4, 8)},
    **{f"tiff, {bits} bits": (grey_tiff(numbers(bits), bits), numbers(bits)) for bits in (1, 2, 4, 8)},
    "png, 2 bits, one of them transparent": (grey_png(numbers(2), 2, (b"tRNS", b"\0\2")), numbers(2)),
    "png, palette with transparency": (palette(numbers(4), "PNG", transparency=3), numbers(4)),
    "png, grey with alpha": (save(Image.fromarray(GREY_WITH_ALPHA, "LA"), "PNG"), numbers(8)),
    "png, grey as rgb": (encode(np.dstack([numbers(8)] * 3), "png"), numbers(8)),
    "png, 16 bits": (encode(numbers(8).astype(np.uint16) * 257, "png"), numbers(8).astype(np.uint16) * 257),
    "tiff, 1 bit, white is 0": (grey_tiff(1 - BIT, 1, black=0), BIT),
    "tiff, palette": (palette(numbers(8), "TIFF"), numbers(8)),
    "gif": (palette(numbers(8), "GIF", optimize=False), numbers(8)),
    "gif, greys": (save(Image.fromarray(numbers(8)), "GIF", optimize=False), numbers(8)),
    "bmp, palette": (palette(numbers(8), "BMP"), numbers(8)),
    "bmp, 1 bit": (save(Image.fromarray(BIT.astype(bool)), "BMP"), BIT),
    "pbm": (b"P4 13 7\n" + packed(1 - BIT, 1), BIT),
    "pbm, text": (b"P1 13 7\n" + b" ".join(b"%d" % (1 - value) for value in BIT.ravel()), BIT),
    "pgm, most is 3": (b"P5 13 7 3\n" + numbers(2).tobytes(), numbers(2)),
    "pgm, text, most is 20": (b"P2 13 7 20\n" + b" ".join(b"%d" % value for value in numbers(4).ravel()), numbers(4)),
    "pgm, most is 300": (b"P5 13 7 300\n" + numbers(8).astype(">u2").tobytes(), numbers(8).astype(np.uint16)),
    "webp, lossless": (save(Image.fromarray(numbers(8)), "WEBP", lossless=True), numbers(8)),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_mask_is_read_as_the_numbers_that_its_file_stores(form: str) -> None:
    data, stored = FORMS[form]
    found = decode_mask(data)
    assert found.dtype == stored.dtype
    np.testing.assert_array_equal(found, stored)


def test_the_first_pixels_of_a_mask_of_two_bits_by_hand() -> None:
    mask = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
    assert packed(mask, 2) == bytes([0b00011011, 0b11100100])
    assert decode_mask(grey_png(mask, 2)).tolist() == [[0, 1, 2, 3], [3, 2, 1, 0]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_of_all_forms_are_turned_as_pictures_are(orientation: int) -> None:
    block = (b"eXIf", exif(orientation).tobytes()[6:])
    lut = (b"PLTE", bytes(range(12)))
    upright = decode(grey_png(numbers(2) * 85, 8, block)).image // 85
    np.testing.assert_array_equal(decode_mask(grey_png(numbers(2), 2, block)), upright)
    np.testing.assert_array_equal(decode_mask(grey_png(numbers(2), 2, lut, block, kind=3)), upright)


def test_a_colour_profile_changes_no_class_number() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert decode_mask(save(Image.fromarray(numbers(8)), "PNG", icc_profile=profile)).tolist() == numbers(8).tolist()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_colours_are_no_class_numbers(kind: str) -> None:
    picture = Image.fromarray(np.dstack([numbers(8), numbers(8)[::-1], numbers(8)]))
    with pytest.raises(DecodeError, match=r"got 3 channels of colours\. Save class numbers as grey, or say"):
        decode_mask(save(picture, kind))


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_mask_is_refused_in_a_sentence_or_read_whole(form: str) -> None:
    data = FORMS[form][0]
    random = np.random.default_rng(0)
    for _ in range(100):
        broken = bytearray(data)
        broken[random.integers(len(data))] = random.integers(256)
        told = ""
        try:
            assert decode_mask(bytes(broken[: random.integers(len(data) // 2, len(data) + 1)])).ndim == 2
        except DecodeError as fault:
            told = str(fault)
        assert "\n" not in told


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.uint16])
def test_a_written_mask_is_read_back(dtype: type[np.generic]) -> None:
    mask = numbers(1).astype(dtype)
    np.testing.assert_array_equal(decode_mask(encode_mask(mask)), mask)
    colours = np.array([[0, 0, 0], [200, 10, 30]], np.uint8)
    coloured = encode_mask(mask, colours)
    np.testing.assert_array_equal(decode_mask(coloured), mask)
    found = palette_of(coloured)
    assert found is not None
    assert found[:2].tolist() == colours.tolist()
    np.testing.assert_array_equal(decode(coloured).image, colours[mask.astype(int)])
    assert encode_mask(mask, colours) == coloured
    assert palette_of(encode_mask(mask)) is palette_of(b"none") is None


def test_deep_masks_keep_every_number_and_others_are_refused() -> None:
    deep = np.array([[0, 65_535], [300, 7]], np.int32)
    assert decode_mask(encode_mask(deep)).tolist() == deep.tolist()
    for mask, colours in ((deep - 1, None), (deep + 1, None), (deep, np.zeros((9, 3))), (np.zeros((2, 2, 2)), None)):
        with pytest.raises(SampleError, match=r"must be class numbers \(H, W\) from 0 to"):
            encode_mask(mask.astype(np.int64), colours)


def test_a_picture_of_few_bits_is_shown_in_full() -> None:
    assert np.unique(decode(grey_png(numbers(2), 2)).image).tolist() == [0, 85, 170, 255]
