"""Colour profiles, written by hand (ICC.1:2022, section 7), and a picture to see them by."""

from __future__ import annotations

import struct

import numpy as np
from PIL import ImageCms


def s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def icc(space: bytes, tags: dict[bytes, bytes], device: bytes = b"mntr", pcs: bytes = b"XYZ ") -> bytes:
    """Write a profile by hand (ICC.1:2022, section 7)."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642, 1, 0.8249), **tags}
    tags |= {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79}
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        padded = value + b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", start + len(body), len(value))
        body += padded
    head = struct.pack(">I4sI4s4s4s6H", start + len(body), b"test", 0x02100000, device, space, pcs, 2024, 1, 1, 0, 0, 0)
    head += b"acsp" + b"\0" * 28 + s15(0.9642, 1, 0.8249)
    return head + b"\0" * (128 - len(head)) + table + body


def rgb_profile(gamma: float, *primaries: tuple[float, float, float]) -> bytes:
    tags = {b"%cXYZ" % name: b"XYZ \0\0\0\0" + s15(*xyz) for name, xyz in zip(b"rgb", primaries, strict=True)}
    return icc(b"RGB ", tags | {b"%cTRC" % name: curve(gamma) for name in b"rgb"})


ADOBE = rgb_profile(563 / 256, (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
LINEAR_GREY = icc(b"GRAY", {b"kTRC": curve(1.0)})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RAMP = np.dstack([np.arange(0, 256, 5), np.arange(255, -1, -5), np.full(52, 90)]).astype(np.uint8)
