"""Files of every kind that is read, with what each must become, and files that must be refused, with the reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

HEIGHT, WIDTH = 24, 40
_random = np.random.default_rng(7)
_y, _x = np.mgrid[0:HEIGHT, 0:WIDTH]
SMOOTH = np.dstack([_x * 6, _y * 10, (_x + _y) * 4]).astype(np.uint8)  # asymmetric, and JPEG keeps it well
NOISE = _random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
NOISE[0, 0, 3] = 0
DEEP = _random.integers(0, 65536, (HEIGHT, WIDTH, 4), dtype=np.uint16)
PICTURE = Image.fromarray(SMOOTH)
GREY = PICTURE.convert("L")
BITS = GREY.point(lambda value: 255 * (value > 90)).convert("1")
PALETTE = PICTURE.quantize(64)
RGBA = Image.fromarray(NOISE)


def save(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opencv(extension: str, rgb: NDArray[Any]) -> bytes:
    pixels = rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[..., [2, 1, 0, 3][: rgb.shape[2]]])
    return cv2.imencode(extension, pixels)[1].tobytes()


def png(
    pixels: NDArray[Any], color_type: int, *extra: tuple[bytes, bytes], size: tuple[int, int] | None = None
) -> bytes:
    """Write a 16-bit PNG by hand: nobody here writes grey + alpha or a transparent colour at that depth."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    width, height = size or pixels.shape[1::-1]
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def tiff(pixels: NDArray[Any], **tags: int) -> bytes:
    """Write an uncompressed TIFF by hand: tag names `tNNN`, one strip, 16 bits."""
    count = pixels.shape[2] if pixels.ndim == 3 else 1
    body = pixels.astype("<u2").tobytes()
    entries = {
        256: WIDTH,
        257: HEIGHT,
        259: 1,
        262: 2 if count > 1 else 1,
        273: 8,
        277: count,
        278: HEIGHT,
        279: len(body),
    }
    entries |= {int(name[1:]): value for name, value in tags.items()}
    directory, bits_at = b"", 8 + len(body)
    for tag, value in sorted({**entries, 258: 16}.items()):
        many = tag == 258 and count > 2
        directory += struct.pack("<HHII", tag, 3 if tag == 258 else 4, count if many else 1, bits_at if many else value)
    bits = struct.pack("<4H", 16, 16, 16, 16)
    head = b"II*\0" + struct.pack("<I", bits_at + len(bits))
    return head + body + bits + struct.pack("<H", len(directory) // 12) + directory + bytes(4)


def adobe_ycck(cmyk: bytes) -> bytes:
    place = cmyk.index(b"Adobe") + 11  # the last byte of Adobe's segment says how to read the four channels
    return cmyk[:place] + b"\2" + cmyk[place + 1 :]


CMYK = save(PICTURE.convert("CMYK"), "JPEG", quality=95)
TRANSPARENT = PALETTE.copy()
TRANSPARENT.info["transparency"] = 3
STRIPES = PALETTE.rotate(180)


def pillow(data: bytes, mode: str) -> NDArray[Any]:
    return np.array(Image.open(io.BytesIO(data)).convert(mode))


def exactly(expected: Any) -> Callable[[bytes], NDArray[Any]]:
    return lambda data: np.array(expected)


def by_pillow(mode: str) -> Callable[[bytes], NDArray[Any]]:
    return lambda data: pillow(data, mode)


KEYED = np.dstack([DEEP[..., :3], np.where((DEEP[..., :3] == DEEP[0, 0, :3]).all(axis=2), 0, 65535).astype(np.uint16)])
GREY_KEYED = np.dstack([DEEP[..., 0]] * 3 + [np.where(DEEP[..., 0] == DEEP[0, 0, 0], 0, 65535).astype(np.uint16)])
# name -> file, what it must become; alpha is declared exactly where four channels come out
KINDS: dict[str, tuple[bytes, Callable[[bytes], NDArray[Any]]]] = {
    "jpeg": (save(PICTURE, "JPEG"), simplejpeg.decode_jpeg),
    "jpeg, progressive": (save(PICTURE, "JPEG", progressive=True), simplejpeg.decode_jpeg),
    "jpeg, grey": (save(GREY, "JPEG"), by_pillow("L")),
    "jpeg, cmyk": (CMYK, by_pillow("RGB")),
    "jpeg, ycck": (adobe_ycck(CMYK), by_pillow("RGB")),
    "jpeg, bytes after its end": (save(PICTURE, "JPEG") + b"tail" * 9, simplejpeg.decode_jpeg),
    "mpo": (save(PICTURE, "MPO", save_all=True, append_images=[PICTURE]), simplejpeg.decode_jpeg),
    "png": (save(PICTURE, "PNG"), exactly(SMOOTH)),
    "png, grey": (save(GREY, "PNG"), exactly(GREY)),
    "png, 1 bit": (save(BITS, "PNG"), exactly(BITS.convert("L"))),
    "png, palette": (save(PALETTE, "PNG"), exactly(PALETTE.convert("RGB"))),
    "png, transparent palette": (save(TRANSPARENT, "PNG"), by_pillow("RGBA")),
    "png, palette of alphas": (save(PALETTE, "PNG", transparency=bytes(range(64))), by_pillow("RGBA")),
    "png, transparent colour": (save(PICTURE, "PNG", transparency=(0, 0, 0)), by_pillow("RGBA")),
    "png, transparent grey": (save(GREY, "PNG", transparency=7), by_pillow("RGBA")),
    "png, grey + alpha": (save(RGBA.convert("LA"), "PNG"), exactly(RGBA.convert("LA").convert("RGBA"))),
    "png, rgba": (save(RGBA, "PNG"), exactly(NOISE)),
    "png, 16-bit grey": (opencv(".png", DEEP[..., 0]), exactly(DEEP[..., 0])),
    "png, 16-bit rgb": (opencv(".png", DEEP[..., :3]), exactly(DEEP[..., :3])),
    "png, 16-bit rgba": (opencv(".png", DEEP), exactly(DEEP)),
    "png, 16-bit grey + alpha": (png(DEEP[..., :2], 4), exactly(DEEP[..., [0, 0, 0, 1]])),
    "png, 16-bit transparent colour": (
        png(DEEP[..., :3], 2, (b"tRNS", DEEP[0, 0, :3].astype(">u2").tobytes())),
        exactly(KEYED),
    ),
    "png, 16-bit transparent grey": (
        png(DEEP[..., 0], 0, (b"tRNS", DEEP[0, 0, :1].astype(">u2").tobytes())),
        exactly(GREY_KEYED),
    ),
    "webp": (save(PICTURE, "WEBP"), by_pillow("RGB")),
    "webp, lossless rgba": (save(RGBA, "WEBP", lossless=True, exact=True), exactly(NOISE)),
    "gif, one frame": (save(PALETTE, "GIF"), exactly(PALETTE.convert("RGB"))),
    "gif, transparent": (save(TRANSPARENT, "GIF"), by_pillow("RGBA")),
    "bmp": (save(PICTURE, "BMP"), exactly(SMOOTH)),
    "bmp, 1 bit": (save(BITS, "BMP"), exactly(BITS.convert("L"))),
    "tiff": (save(PICTURE, "TIFF"), exactly(SMOOTH)),
    "tiff, lzw": (save(PICTURE, "TIFF", compression="tiff_lzw"), exactly(SMOOTH)),
    "tiff, cmyk": (save(PICTURE.convert("CMYK"), "TIFF"), exactly(SMOOTH)),
    "tiff, 16-bit grey": (tiff(DEEP[..., 0]), exactly(DEEP[..., 0])),
    "tiff, 16-bit rgb": (tiff(DEEP[..., :3]), exactly(DEEP[..., :3])),
    "tiff, 16-bit rgb, lzw": (opencv(".tiff", DEEP[..., :3]), exactly(DEEP[..., :3])),
    "tiff, 16-bit rgba": (tiff(DEEP, t338=2), exactly(DEEP)),
    "ppm": (save(PICTURE, "PPM"), exactly(SMOOTH)),
    "pgm, 10 bits": (
        b"P5 40 24 1023\n" + (DEEP[..., 0] >> 6).astype(">u2").tobytes(),
        exactly(np.rint((DEEP[..., 0] >> 6) * (65535 / 1023)).astype(np.uint16)),
    ),
    "pgm, 16 bits": (b"P5 40 24 65535\n" + DEEP[..., 0].astype(">u2").tobytes(), exactly(DEEP[..., 0])),
}
FRAMES = [PALETTE, STRIPES, PALETTE]
SIZE_BOMB = png(DEEP[..., 0], 0, size=(100_000, 100_000))
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty"),
    "text": (b"a flower, not a picture of one", "is not a picture in a supported format"),
    "random bytes": (_random.bytes(5000), "is not a picture"),
    "zeros": (bytes(5000), "is not a picture"),
    "an icon": (save(PICTURE, "ICO"), "is not a picture"),
    "postscript": (save(PICTURE, "EPS"), "is not a picture"),
    "a jpeg's first bytes and noise": (b"\xff\xd8\xff" + _random.bytes(999), "is truncated or damaged"),
    "animated gif": (save(PALETTE, "GIF", save_all=True, append_images=FRAMES[1:]), "holds 3 frames"),
    "animated webp": (save(PICTURE, "WEBP", save_all=True, append_images=FRAMES[1:]), "holds 3 frames"),
    "animated png": (
        save(PICTURE, "PNG", save_all=True, append_images=[STRIPES.convert("RGB"), PICTURE]),
        "holds 3 frames",
    ),
    "tiff of 2 pages": (save(PICTURE, "TIFF", save_all=True, append_images=[PICTURE]), "holds 2 frames"),
    "float tiff": (save(GREY.convert("F"), "TIFF"), "must hold 8 or 16 bits"),
    "32-bit tiff": (save(GREY.convert("I"), "TIFF"), "must hold 8 or 16 bits"),
    "16-bit tiff, white as 0": (tiff(DEEP[..., 0], t262=0), "16-bit pixels in a way"),
    "16-bit tiff, premultiplied": (tiff(DEEP, t338=1), "16-bit pixels in a way"),
    "16-bit tiff by planes": (tiff(DEEP[..., :3], t284=2), "16-bit pixels in a way"),
    "16-bit ppm in colour": (b"P6 40 24 65535\n" + DEEP[..., :3].astype(">u2").tobytes(), "16-bit pixels in a way"),
    "a png that claims 100,000 x 100,000": (SIZE_BOMB, "must have at most 175,000,000 pixels"),
    "a bmp that claims 20,000 x 20,000": (
        KINDS["bmp"][0][:18] + struct.pack("<ii", 20_000, 20_000) + KINDS["bmp"][0][26:],
        "must have at most 175,000,000 pixels",
    ),
    "a jpeg that claims 65,500 x 65,500": (
        KINDS["jpeg"][0].replace(struct.pack(">HH", HEIGHT, WIDTH), struct.pack(">HH", 65_500, 65_500)),
        "must have at most 175,000,000 pixels",
    ),
}


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    return tags
