"""Facts of a machine that decide bytes: versions of libraries, and how they compute on its processor.

The same plans and labels come out on any machine; the same pixels on one set of library versions and one processor
instruction set. Where these are others than when the corpus was recorded, its pixels say nothing of augkit.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from corpus.sources import pixels

BASE = ("numpy", "opencv", "pillow", "simplejpeg")
MORE = ("albumentations", "albucore", "pyarrow", "pycocotools")


def libraries() -> dict[str, str]:
    """Return the versions of what decides pixels, and the bytes of files."""
    return {name: cv2.__version__ if name == "opencv" else _version(name) for name in (*BASE, *MORE)}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def arithmetic() -> dict[str, str]:
    """Return hashes of what NumPy and OpenCV make of a picture, with the functions in which processors differ.

    Returns:
        One of all ``digits``, on which real numbers and 16 bits depend; and one of what is left of them in ``bytes``,
        on which pictures of 8 bits depend, and that is the same on more processors.
    """
    image = pixels(1, (161, 183))
    real = image.astype(np.float32) / np.float32(255)
    y, x = np.mgrid[:150, :170].astype(np.float32)
    bent = (x * np.float32(1.07) + np.sin(y / 9) * 3, y * np.float32(0.93) + np.cos(x / 11) * 2)
    lines, matrix = real.reshape(-1, 3), np.array([[0.3, 0.5, 0.1], [0.4, 0.2, 0.4], [0.1, 0.6, 0.2]], np.float32)
    found = [
        cv2.remap(real, *bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        cv2.remap(image, *bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT),
        cv2.remap(image.astype(np.float32), *bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT) / 255,
        cv2.warpPerspective(image, matrix + np.eye(3), (150, 140), borderMode=cv2.BORDER_REPLICATE),
        cv2.GaussianBlur(real, (0, 0), 1.7),
        cv2.filter2D(real, -1, np.outer([0.1, 0.3, 0.6], [0.2, 0.5, 0.3])),
        cv2.blur(real, (3, 2)),
        cv2.resize(image, (40, 33), interpolation=cv2.INTER_AREA),
        cv2.resize(real, (51, 67), interpolation=cv2.INTER_LINEAR),
        cv2.resize(real, (211, 167), interpolation=cv2.INTER_LINEAR),
        cv2.transform(real, matrix),
        cv2.transform(real, np.hstack([matrix, matrix[:, :1] / 9])),
        cv2.medianBlur(image, 5),
        *(np.exp(-lines), np.log(lines + 1), np.power(lines, np.float32(1.7)), np.sin(lines * 3), np.sqrt(lines)),
        *(function(lines.astype(float)) for function in (np.cos, np.log1p, np.sqrt, lambda v: np.power(v, 0.7))),
        lines @ matrix,
        lines.mean(axis=0),
        np.arctan2(lines[:-1], lines[1:]) / 4,
        np.abs(np.fft.rfft2(real, axes=(0, 1), norm="ortho")) / 9,
        np.frombuffer(simplejpeg.encode_jpeg(image, 85), np.uint8),
    ]
    coarse = [part if part.dtype == np.uint8 else np.rint(np.clip(part, 0, 1) * 255).astype(np.uint8) for part in found]
    return {"digits": _hash(found), "bytes": _hash(coarse)}


def _hash(parts: list[NDArray[Any]]) -> str:
    return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
