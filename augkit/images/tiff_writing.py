"""TIFF files of any number of bands, uncompressed: what JPEG, PNG and WebP cannot hold, as every reader takes it.

Written by hand, so that no version of a library decides the bytes. Reference: TIFF 6.0.
"""

import struct

import numpy as np

from augkit.core.arrays import Image as Pixels

_SHORT, _LONG = 3, 4  # types of values
_GREY, _RGB, _OTHER, _ALPHA = 1, 2, 0, 2  # PhotometricInterpretation, and ExtraSamples
_HEAD = 8  # bytes


def tiff_bytes(image: Pixels, alpha: bool) -> bytes:
    """Return a picture (H, W) or (H, W, C), uint8 or uint16, as a TIFF file: one strip, little-endian.

    Three channels, with alpha four, are said to be RGB; others are bands of no colour.
    """
    height, width = image.shape[:2]
    channels = image.shape[2] if image.ndim == 3 else 1
    is_rgb = channels == 3 + alpha
    extra = [_ALPHA if alpha else _OTHER] * (channels - (3 if is_rgb else 1))
    pixels = np.ascontiguousarray(image).astype(image.dtype.newbyteorder("<")).tobytes()
    pixels += b"\0" * (len(pixels) % 2)  # directories begin at even places
    tags: dict[int, tuple[int, list[int]]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [8 * image.dtype.itemsize] * channels),
        259: (_SHORT, [1]),  # not compressed
        262: (_SHORT, [_RGB if is_rgb else _GREY]),
        273: (_LONG, [_HEAD]),
        277: (_SHORT, [channels]),
        278: (_LONG, [height]),
        279: (_LONG, [image.size * image.dtype.itemsize]),
        284: (_SHORT, [1]),  # channel by channel within a pixel
        **({338: (_SHORT, extra)} if extra else {}),
        339: (_SHORT, [1] * channels),  # unsigned
    }
    place = _HEAD + len(pixels)
    beyond, entries, outside = place + 2 + 12 * len(tags) + 4, b"", b""
    for tag, (kind, values) in tags.items():
        packed = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        if len(packed) > 4:
            entries += struct.pack("<HHII", tag, kind, len(values), beyond + len(outside))
            outside += packed
        else:
            entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", place) + pixels + directory + outside
