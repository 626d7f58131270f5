"""Pictures of every codec, as subjects of damage."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pydicom
import tifffile
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RLELossless

from augkit.errors import AugkitError, DecodeError
from augkit.images import class_numbers, decode, decode_mask, encode, probe, upright_size, waiting
from benchmarks.damage.subjects import Subject, assert_told

HEIGHT, WIDTH = 40, 56
PNG_START = b"\x89PNG\r\n\x1a\n"


def subjects() -> list[Subject]:
    """Return a subject a codec and way of packing."""
    found: list[Subject] = [PictureSubject(name, make) for name, make in _CODECS.items()]
    return [*found, PictureSubject("png, checksums made anew", _CODECS["png"], is_sealed=True)]


class PictureSubject(Subject):
    """Files of one codec."""

    def __init__(self, name: str, make: Callable[[], bytes], is_sealed: bool = False) -> None:
        super().__init__(f"picture: {name}")
        self.make, self.is_sealed = make, is_sealed

    def lay(self, folder: Path) -> None:
        self.files = {"picture": self.make()}

    def sealed(self, name: str, data: bytes) -> bytes:
        return with_checksums(data) if self.is_sealed else data

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        for other in (probe, upright_size, decode_mask, lambda given: class_numbers(given, COLOURS), _scaled, _in_rgb):
            with suppress(AugkitError):
                other(data)
        try:
            image = decode(data).image
        except DecodeError as fault:
            assert_told(str(fault))
            return "sentence"
        assert image.ndim in (2, 3)
        assert image.dtype in (np.uint8, np.uint16)
        return "read"


COLOURS = [(0, 0, 0), (10, 20, 30), (255, 255, 255)]


def _in_rgb(data: bytes) -> None:
    assert decode(data, "rgb").image.shape[2:] == (3,)


def _scaled(data: bytes) -> None:
    found = waiting(data, "keep")
    if found is not None:
        found.at(4)


def with_checksums(data: bytes) -> bytes:
    """Return a PNG whose chunks have the checksums of what they hold."""
    place, made = len(PNG_START), bytearray(data)
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        made[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(made)


def _smooth(channels: int, dtype: type = np.uint8) -> Any:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = [(3 * x + 2 * y) % 256, (x * y) // 9 % 256, 255 - x, (x + y) % 256, y * 2, x][:channels]
    made = np.dstack(planes).astype(np.uint16)
    made = made * 257 if dtype is np.uint16 else made
    return np.ascontiguousarray((made if channels > 1 else made[..., 0]).astype(dtype))


def _pillow(kind: str, mode: str = "RGB", has_frames: bool = False, **options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        picture = Image.fromarray(_smooth(4 if mode in ("RGBA", "LA") else 3)).convert(mode)
        more = {"save_all": True, "append_images": [picture.rotate(90)]} if has_frames else {}
        file, exif = io.BytesIO(), Image.Exif()
        exif[274] = 6
        given = {"exif": exif.tobytes()} if kind in ("JPEG", "WEBP") else {}
        picture.save(file, kind, **given, **more, **options)
        return file.getvalue()

    return make


def _dicom(pixels: Any, syntax: Any = ExplicitVRLittleEndian, **tags: Any) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, UID("1.2.3")
    meta.TransferSyntaxUID = syntax
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    bits, samples = 8 * pixels.dtype.itemsize, 3 if pixels.ndim == 3 else 1
    values: dict[str, Any] = {
        "SOPClassUID": CTImageStorage, "SOPInstanceUID": UID("1.2.3"), "Rows": HEIGHT, "Columns": WIDTH,
        "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1, "SamplesPerPixel": samples,
        "PhotometricInterpretation": "YBR_FULL" if samples == 3 else "MONOCHROME2", "PixelRepresentation": 0,
        **({"PlanarConfiguration": 0} if samples == 3 else {"RescaleSlope": 2, "RescaleIntercept": 10}),
    }  # fmt: skip
    for name, value in (values | tags).items():
        setattr(made, name, value)
    made.PixelData = pixels.tobytes()
    if syntax == RLELossless:
        made.compress(RLELossless, pixels)
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def _bands(**options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        file = io.BytesIO()
        tifffile.imwrite(file, _smooth(5, np.uint16), photometric="minisblack", planarconfig="contig", **options)
        return file.getvalue()

    return make


def _heif() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(_smooth(3))).save(file, quality=50)
    return file.getvalue()


def _rle_bmp() -> bytes:
    """Return a BMP of 8 bits that is packed by run lengths, which Pillow reads in Python."""
    rows = b"".join(bytes((WIDTH // 2, row, WIDTH - WIDTH // 2, 255 - row, 0, 0)) for row in range(HEIGHT)) + b"\0\1"
    palette = b"".join(bytes((n, n, n, 0)) for n in range(256))
    start = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(rows), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + palette + rows


_CODECS: dict[str, Callable[[], bytes]] = {
    "jpeg": _pillow("JPEG"),
    "jpeg, progressive": _pillow("JPEG", progressive=True),
    "jpeg, cmyk": _pillow("JPEG", "CMYK"),
    "png": _pillow("PNG"),
    "png, 16 bits": lambda: encode(_smooth(3, np.uint16), "png"),
    "png, palette": _pillow("PNG", "P", transparency=3),
    "webp": _pillow("WEBP"),
    "webp, lossless": _pillow("WEBP", "RGBA", lossless=True),
    "webp, frames": _pillow("WEBP", has_frames=True),
    "gif": _pillow("GIF", "P"),
    "gif, frames": _pillow("GIF", "P", has_frames=True),
    "bmp": _pillow("BMP"),
    "bmp, run lengths": _rle_bmp,
    "tiff": _pillow("TIFF"),
    "tiff, lzw": _pillow("TIFF", compression="tiff_lzw"),
    "tiff, jpeg": _pillow("TIFF", compression="jpeg"),
    "tiff, group 4": _pillow("TIFF", "1", compression="group4"),
    "tiff, bands": _bands(),
    "tiff, bands in tiles": _bands(tile=(16, 16), compression="deflate"),
    "tiff, bands by lzw": _bands(compression="lzw"),
    "ppm": _pillow("PPM"),
    "pgm, letters": lambda: b"P2 4 3 9\n" + b"1 2 3 4 5 6 7 8 9 8 7 6\n",
    "avif": _pillow("AVIF", speed=10),
    "heic": _heif,
    "dicom": lambda: _dicom(_smooth(1, np.uint16) >> 4),
    "dicom, colour": lambda: _dicom(_smooth(3)),
    "dicom, run lengths": lambda: _dicom(_smooth(1, np.uint16) >> 4, RLELossless),
}
