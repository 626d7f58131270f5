"""What names say: which files are pictures, and which split something belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from augkit.datasets.data_set import Split

__all__ = ["OTHER", "PICTURE_SUFFIXES", "SPLIT_NAMES", "classes_of", "is_picture", "split_in"]

_JPEG_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"}
_PBM_SUFFIXES = {".pbm", ".pgm", ".pnm", ".ppm"}
PICTURE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".gif", ".png", ".tif", ".tiff", ".webp"} | _JPEG_SUFFIXES | _PBM_SUFFIXES
)
OTHER = "no picture by its name"

SPLIT_NAMES: dict[str, Split] = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_WORDS = re.compile(r"[a-z]+")


def is_picture(path: str) -> bool:
    """Say whether a file is a picture by its name; what it really holds is the codec's business.

    >>> is_picture("roses/A.JPG"), is_picture("jpg")
    (True, False)
    """
    _, dot, suffix = path.rpartition(".")
    return f"{dot}{suffix}".lower() in PICTURE_SUFFIXES


def split_in(name: str) -> Split | None:
    """Return the first split that a name mentions as a word of its own.

    >>> split_in("instances_val2017"), split_in("imagenet-train-0001"), split_in("training")
    ('val', 'train', None)
    """
    return next((SPLIT_NAMES[word] for word in _WORDS.findall(name.lower()) if word in SPLIT_NAMES), None)


def classes_of(labels: Iterable[object]) -> tuple[str, ...]:
    """Return the names of the classes among labels, sorted.

    >>> classes_of(["tulip", None, 3, "rose", "tulip"])
    ('rose', 'tulip')
    """
    return tuple(sorted({label for label in labels if isinstance(label, str)}))
