"""Lines of DOTA's label files: ``x1 y1 x2 y2 x3 y3 x4 y4 category difficult``, after facts of the picture.

    imagesource:GoogleEarth
    gsd:0.146343
    2753 2408 2861 2385 2888 2468 2805 2502 plane 0

Coordinates are pixels, the corners of a rotated box, clockwise from its upper left one; they may
lie beyond the picture.

Reference: https://captain-whu.github.io/DOTA/dataset.html.
"""

import math
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import JsonObject, Points
from augkit.errors import FileError

HEADER = ("imagesource", "gsd")  # the ground sample distance: metres a pixel, until a copy is zoomed
CORNERS = 8
MOST_PX = 1e7  # beyond this a coordinate is damage


class Quad(NamedTuple):
    """A line: corners (4, 2) in pixels, the category, and how difficult it is to find, 0 for not."""

    corners: Points
    label: str
    difficult: int


def facts_of(line: str) -> JsonObject | None:
    """Return what a line says of its picture; None if it is no such line.

    >>> facts_of("gsd:0.15"), facts_of("imagesource:GoogleEarth"), facts_of("gsd:null"), facts_of("1 2 3 4")
    ({'source_gsd': 0.15}, {'imagesource': 'GoogleEarth'}, {}, None)
    """
    name, colon, value = (part.strip().strip("'\"") for part in line.partition(":"))
    if not colon or name.lower() not in HEADER:
        return None
    if value.lower() in ("", "null", "none", "nan"):
        return {}
    if name.lower() == "imagesource":
        return {"imagesource": value}
    try:
        number = float(value)
    except ValueError:
        return None
    return {"source_gsd": number} if math.isfinite(number) else None


def quad_of(line: str, where: str) -> Quad:
    """Return an object.

    Raises:
        FileError: the line is malformed; the sentence begins with `where`.
    """
    words = line.split()
    numbers = [_number(word) for word in words[:CORNERS]]
    if len(words) <= CORNERS or None in numbers:
        raise FileError(f"must be 8 numbers, a category and a difficulty, got {line.strip()[:60]!r}.", where)
    values = [number for number in numbers if number is not None]
    difficult, category = "0", words[CORNERS:]
    if len(category) > 1:
        *category, difficult = category
    if not (difficult.isascii() and difficult.isdecimal() and len(difficult) < 3):
        raise FileError(f"must end with a difficulty, 0 or 1, got {difficult!r:.60}.", where)
    if max(map(abs, values)) > MOST_PX:
        raise FileError(f"must hold corners in pixels, got {line.strip()[:60]!r}.", where)
    return Quad(np.array(values).reshape(4, 2), " ".join(category), int(difficult))


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in word else None


def likely(head: bytes) -> bool:
    r"""Return whether the beginning of a text file looks like labels of DOTA: its first line does.

    >>> likely(b"imagesource:GF-2\ngsd:null\n"), likely(b"1 2 9 2 9 8 1 8 ship 0\n"), likely(b"0 .5 .5 .2 .2\n")
    (True, True, False)
    """
    line = next((line for line in head.decode("utf-8-sig", "replace").splitlines() if line.strip()), "")
    if facts_of(line) is not None:
        return True
    try:
        quad = quad_of(line, "")
    except FileError:
        return False
    is_named = any(_number(word) is None for word in quad.label.split())
    return is_named or int((quad.corners > 1.5).sum()) > 3  # else YOLO's fractions, a class and visibilities
