"""PNG files that are cut short: Pillow does not say that their pixels end before the picture does."""

from __future__ import annotations

import struct
import zlib

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_START, _HEADER = 8, struct.Struct(">IIBBBBB")
_PIECE = 1 << 20  # bytes that are unpacked at a time, and dropped


def is_short(data: bytes) -> bool:
    """Return whether the pixels of a whole PNG file, unpacked, are fewer than its header says (PNG, section 8)."""
    width, height, bits, kind, _, _, interlace = _HEADER.unpack_from(data, _START + 8)
    missing = 0
    for left, top, across, down in _PASSES if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            missing += rows * (1 + (columns * bits * _CHANNELS[kind] + 7) // 8)
    place, stream = _START, zlib.decompressobj()
    while place + 8 <= len(data) and missing > 0 and not stream.eof:
        length, name = struct.unpack_from(">I4s", data, place)
        rest = data[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        while rest and missing > 0 and not stream.eof:
            missing -= len(stream.decompress(rest, _PIECE))
            rest = stream.unconsumed_tail
        place += length + 12
    return missing - len(stream.flush(_PIECE) if missing > 0 else b"") > 0
