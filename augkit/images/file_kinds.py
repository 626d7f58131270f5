"""Kinds of picture files, told by their first bytes, and the suffixes by which each is known.

References: the formats' own specifications; for HEIF and AVIF the brands of ISO/IEC 23008-12 and of the AV1 Image File
Format; for DICOM part 10 of the standard, section 7.1.
"""

from __future__ import annotations

import re

# Kinds by name, each with the suffixes that fit it, the usual one first.
KINDS: dict[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "png": (".png", ".apng"),
    "webp": (".webp",),
    "gif": (".gif",),
    "bmp": (".bmp", ".dib"),
    "tiff": (".tif", ".tiff"),
    "pbm": (".pbm", ".pnm"),
    "pgm": (".pgm", ".pnm"),
    "ppm": (".ppm", ".pnm"),
    "avif": (".avif", ".avifs"),
    "heif": (".heic", ".heif", ".hif", ".heics", ".heifs"),
    "dicom": (".dcm", ".dicom", ".dic"),
    "jpeg2000": (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),  # known, so that none is passed over, but not read
    "jpegxl": (".jxl",),
}
PICTURE_SUFFIXES = frozenset(suffix for suffixes in KINDS.values() for suffix in suffixes)
HEAD_BYTES = 132  # tell a kind: DICOM's four letters are the last of them

_AVIF, _HEIF = (
    {b"avif", b"avis"},
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"},
)
_STARTS: tuple[tuple[bytes, str], ...] = (
    (rb"\xff\xd8", "jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "png"),
    (rb"RIFF....WEBP", "webp"),
    (rb"GIF8[79]a", "gif"),
    (rb"BM", "bmp"),
    (rb"II[*+]\0|MM\0[*+]", "tiff"),
    (rb"P[14]\s", "pbm"),
    (rb"P[25]\s", "pgm"),
    (rb"P[36]\s", "ppm"),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "jpeg2000"),
    (rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a", "jpegxl"),
    (rb".{128}DICM", "dicom"),
)
_KNOWN = tuple((re.compile(start, re.DOTALL), kind) for start, kind in _STARTS)


def kind_of(data: bytes) -> str | None:
    """Return the kind of a file, a key of `KINDS`, from its first `HEAD_BYTES` or more; None if it is no picture's.

    >>> kind_of(b"GIF89a..."), kind_of(bytes(4) + b"ftypheic" + bytes(12)), kind_of(b"a rose")
    ('gif', 'heif', None)
    """
    if data[4:8] == b"ftyp":
        length = int.from_bytes(data[:4], "big")
        brands = {data[8:12]} | {data[place : place + 4] for place in range(16, min(length, len(data), 128), 4)}
        return "avif" if brands & _AVIF else "heif" if brands & _HEIF else None
    return next((kind for start, kind in _KNOWN if start.match(data)), None)


def suffix_of(data: bytes, given: str = "") -> str:
    """Return the suffix that fits the bytes of a file, with its dot.

    Args:
        data: the file, or its first `HEAD_BYTES`.
        given: the suffix that it has, which stays where it fits or where the bytes tell nothing.

    >>> suffix_of(b"GIF89a..."), suffix_of(bytes.fromhex("ffd8ffe0"), ".JPEG"), suffix_of(b"GIF89a...", ".png")
    ('.gif', '.JPEG', '.gif')
    """
    kind = kind_of(data)
    return given if kind is None or given.lower() in KINDS[kind] else KINDS[kind][0]
