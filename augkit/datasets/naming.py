"""Names of files and folders: which are pictures, and which split something belongs to."""

import posixpath
import re

from augkit.core.arrays import Json
from augkit.datasets.data_set import Split
from augkit.errors import FileError, closest
from augkit.storage.root import inside

_JPEG_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"}
_PBM_SUFFIXES = {".pbm", ".pgm", ".pnm", ".ppm"}
PICTURE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".gif", ".png", ".tif", ".tiff", ".webp"} | _JPEG_SUFFIXES | _PBM_SUFFIXES
)

SPLIT_NAMES: dict[str, Split] = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_WORDS = re.compile(r"[a-z]+")


def is_picture(path: str) -> bool:
    """Return whether a file is a picture by its name; its content is for the decoder to judge.

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


def split_of_path(path: str) -> Split | None:
    """Return the split that a file's name mentions, or else the folder that it lies in.

    >>> split_of_path("x/test/val-0.tar"), split_of_path("x/test/0.tar"), split_of_path("test/x/0.tar")
    ('val', 'test', None)
    """
    folder, _, name = path.rpartition("/")
    return split_in(name) or split_in(folder.rpartition("/")[2])


def split_named(value: Json, where: str) -> Split | None:
    """Return the split that a field of the data names; None where it says nothing.

    Raises:
        FileError: it is the name of none.
    """
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in SPLIT_NAMES:
        near = closest(str(value), SPLIT_NAMES)
        raise FileError(f"must be train, val or test, got {value!r:.60}.{near}", f"{where} split")
    return SPLIT_NAMES[value.lower()]


def path_below(path: str, where: str) -> str:
    """Return a path that the data names, without its detours.

    Raises:
        FileError: it leads out of the data set's folder; the sentence begins with `where`.
    """
    try:
        return posixpath.normpath(inside(path))
    except FileError as fault:
        raise FileError(fault.message, where) from None
