"""Pictures that ask for more memory than any is given are refused by their headers; sound ones take a bounded one."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RLELossless

from augkit.errors import DecodeError
from augkit.images import class_numbers, decode, decode_mask, encode, probe
from support.encoded import save, tiff
from support.peak_memory import peak_above

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

HEIGHT, WIDTH = 3500, 5000  # of sound pictures, of which the peak is measured
SLACK = 45_000_000  # bytes: buffers that do not grow with a picture
MEGABYTE = 1_000_000


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claimed_png(height: int, width: int, bits: int, kind: int, *more: bytes) -> bytes:
    """Return a PNG of that size with the pixels of a few rows: its header is enough to be refused."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(8 * MEGABYTE)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + data + chunk(b"IEND", b"")


def plain_webp(height: int, width: int) -> bytes:
    """Return a lossless WebP of one colour, of 28 bytes whatever its size: each of its five codes has one symbol."""
    size = f"{height - 1:014b}{width - 1:014b}"  # bits from the last to the first, as they are packed
    bits = "0001" * 5 + "000" + "0000" + size
    data = b"\x2f" + int(bits, 2).to_bytes(-(-len(bits) // 8), "little")
    data += bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", 12 + len(data)) + b"WEBPVP8L" + struct.pack("<I", len(data)) + data


def claimed_dicom(rows: int, columns: int, syntax: Any = ExplicitVRLittleEndian, **tags: Any) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, UID("1.2.3")
    meta.TransferSyntaxUID = syntax
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    values: dict[str, Any] = {
        "SOPClassUID": CTImageStorage, "SOPInstanceUID": UID("1.2.3"), "Rows": rows, "Columns": columns,
        "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "PixelRepresentation": 0, "PixelData": bytes(64),
    }  # fmt: skip
    for name, value in (values | tags).items():
        setattr(made, name, value)
    return made


def written(made: FileDataset) -> bytes:
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


PALETTE = chunk(b"PLTE", bytes(768))
BANDS = tiff(np.zeros((24, 40, 4), np.uint16), t277=60_000, t256=14_000, t257=12_500)
REFUSED = {
    "a webp of 28 bytes": (plain_webp(10_681, 16_383), "at most 100,000 times its size"),
    "a png of 16 bits and alpha": (claimed_png(12_500, 14_000, 16, 6), "4 channels of 16 bits"),
    "a png of 16 bits": (claimed_png(12_500, 14_000, 16, 2), "3 channels of 16 bits"),
    "a png of grey and alpha": (claimed_png(12_500, 14_000, 8, 4), "4 channels of 8 bits"),
    "a png of a transparent palette": (
        claimed_png(12_500, 14_000, 8, 3, PALETTE, chunk(b"tRNS", b"\0")),
        "4 channels of 8 bits",
    ),
    "a tiff of 60,000 bands": (BANDS, "60000 channels of 16 bits"),
    "a dicom of 32 bits": (
        written(claimed_dicom(12_000, 14_000, BitsAllocated=32, BitsStored=32, HighBit=31)),
        "channels of 32 bits",
    ),
    "a dicom of few bytes": (written(claimed_dicom(12_000, 14_000)), "at most 100,000 times its size"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_takes_too_much_is_refused_by_its_header(case: str) -> None:
    data, told = REFUSED[case]
    for ask in (decode, decode_mask, class_numbers):
        with pytest.raises(DecodeError, match=told):
            ask(data)
        assert peak_above(lambda ask=ask: ask(data), DecodeError) < 20 * MEGABYTE  # type: ignore[misc]


def test_an_empty_page_is_no_bomb() -> None:
    assert decode(plain_webp(3000, 4000)).image.shape == (3000, 4000, 3)
    assert probe(plain_webp(10_681, 16_383)).width == 16_383


@cache
def large(mode: str) -> Image.Image:
    """Return a picture of a mode of Pillow's, not all of one colour."""
    made = Image.new("L", (WIDTH, HEIGHT), 9)
    made.paste(200, (100, 100, WIDTH // 2, HEIGHT // 2))
    return Image.new(mode, (WIDTH, HEIGHT)) if mode == "P" else made.convert(mode)


def deep_png() -> bytes:
    rows = zlib.compress((b"\0" + b"\1\2" * 3 * WIDTH) * HEIGHT, 1)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def colour_dicom() -> bytes:
    pixels = np.full((HEIGHT, WIDTH, 3), 77, np.uint8)
    made = claimed_dicom(
        HEIGHT, WIDTH, BitsAllocated=8, BitsStored=8, HighBit=7, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="YBR_FULL", PixelData=pixels.tobytes(),
    )  # fmt: skip
    made.compress(RLELossless, pixels)
    return written(made)


SOUND: dict[str, tuple[Callable[[], bytes], int]] = {
    "png": (lambda: save(large("RGB"), "PNG", compress_level=1), 3),
    "png, palette": (lambda: save(large("P"), "PNG"), 3),
    "png, alpha": (lambda: save(large("RGBA"), "PNG", compress_level=1), 4),
    "png, 16 bits": (deep_png, 6),
    "webp": (lambda: save(large("RGB"), "WEBP", quality=10, method=0), 3),
    "webp, alpha": (lambda: save(large("LA").convert("RGBA"), "WEBP", quality=10, method=0), 4),
    "gif": (lambda: save(large("P"), "GIF"), 3),
    "jpeg, progressive": (lambda: save(large("RGB"), "JPEG", progressive=True, subsampling=0), 3),
    "jpeg, cmyk": (lambda: save(large("CMYK"), "JPEG"), 4),
    "tiff": (lambda: save(large("RGB"), "TIFF", compression="tiff_lzw"), 3),
    "dicom": (lambda: written(claimed_dicom(HEIGHT, WIDTH, PixelData=bytes(2 * WIDTH * HEIGHT), RescaleSlope=1)), 2),
    "dicom, colour": (colour_dicom, 3),
}


@pytest.mark.parametrize("case", SOUND)
def test_decoding_takes_three_times_the_pixels_at_most(case: str) -> None:
    make, pixel_bytes = SOUND[case]
    data = make()
    assert peak_above(lambda: decode(data)) < 3 * pixel_bytes * WIDTH * HEIGHT + SLACK


def test_a_chunk_that_claims_gigabytes_takes_none() -> None:
    data = encode(np.random.default_rng(0).integers(0, 65_536, (40, 56, 3)).astype(np.uint16), "png")
    assert decode(data + b"more, as some programs leave there").image.shape == (40, 56, 3)
    for claimed in (2**31 - 1, 2**31, 2**32 - 1):
        harmed = bytearray(data)
        place = data.index(b"IDAT")
        harmed[place - 4 : place] = claimed.to_bytes(4, "big")
        assert peak_above(lambda harmed=harmed: decode(bytes(harmed)), DecodeError) < 20 * MEGABYTE  # type: ignore[misc]
