"""Lines of YOLO's label files: a class, then numbers in fractions of the picture's sides, and what these are.

    class x y width height                      a box, x and y its middle
    class x y width height track                of CVAT's tracks: an object that goes on in other pictures
    class x y x y x y ...                       an outline, or the four corners of a rotated box
    class x y width height px py [visible] ...  a box and its keypoints, as many as ``kpt_shape`` says

The checks are those of Ultralytics (`verify_image_label`); it leaves a file out that fails one, and says so.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from augkit.core.spatial import Size
from augkit.errors import FileError
from augkit.targets.box_forms import edges
from augkit.targets.polygons import Box, around, box_of
from augkit.targets.records import Instance

SLACK = 0.01  # beyond the picture's edges: what rounding leaves there
CORNERS = 8  # numbers of a rotated box
MOST_CLASSES = 100_000  # where their number is not known
_BOX = 4


class Row(NamedTuple):
    """A line: the number of its class, its fractions, and the number of its track."""

    kind: int
    values: tuple[float, ...]
    track: int | None = None


class Form(NamedTuple):
    """What lines may be.

    Args:
        classes: how many there are, or None where that is not known.
        points: (how many, 2 or 3 numbers each) of the keypoints that every line has; (0, 0) where there are none.
        is_rotated: all are corners.
    """

    classes: int | None
    points: tuple[int, int] = (0, 0)
    is_rotated: bool = False


def rows_of(text: str, where: str, form: Form) -> list[Row]:
    """Return the lines of a label file.

    Args:
        text: what it holds.
        where: its name, for messages.
        form: of the lines.

    Raises:
        FileError: a line is malformed; the sentence names it.
    """
    lines = enumerate(text.splitlines(), 1)
    return [_row(line, f"{where}:{number}", form) for number, line in lines if line.strip()]


def _row(line: str, where: str, form: Form) -> Row:
    first, *others = line.split()
    try:
        if "_" in line:  # which Python takes in numbers
            raise ValueError
        kind, values = float(first), tuple(map(float, others))
    except ValueError:
        raise FileError(f"must hold numbers only, got {line[:60]!r}.", where) from None
    if not (kind.is_integer() and 0 <= kind < (MOST_CLASSES if form.classes is None else form.classes)):
        most = "" if form.classes is None else f" to {form.classes - 1}"
        raise FileError(f"must begin with a class from 0{most}, got {first[:20]}.", where)
    count, dimensions = form.points
    track = int(others[_BOX]) if _is_tracked(others, form) else None
    values = values if track is None else values[:_BOX]
    if count:
        if len(values) != _BOX + count * dimensions:
            what = f"must be a class, 4 numbers of a box and {count} x {dimensions} of keypoints, got {len(values)}."
            raise FileError(what, where)
    elif form.is_rotated and (len(values) < CORNERS or len(values) % 2):
        raise FileError(f"must be a class and the x and y of 4 corners, got {len(values)} numbers.", where)
    elif len(values) != _BOX and (len(values) < 6 or len(values) % 2):
        raise FileError(f"must be a class and 4 numbers, or 3 or more pairs, got {len(values)}.", where)
    if not _is_fit(values, form.points):
        raise FileError(f"must be in fractions of the picture's sides, 0 to 1, got {line[:60]!r}.", where)
    return Row(int(kind), values, track)


def _is_tracked(words: Sequence[str], form: Form) -> bool:
    """Return whether a whole number follows a box; a fraction there is a prediction's confidence, and no label."""
    if len(words) != _BOX + 1 or form.points[0] or form.is_rotated:
        return False
    return words[_BOX].isascii() and words[_BOX].isdecimal() and len(words[_BOX]) < 16


def _is_fit(values: Sequence[float], points: tuple[int, int]) -> bool:
    """Return whether numbers are fractions: an outline may reach further, where its box does not."""
    if not math.isfinite(sum(values)):
        return False
    box, more, dimensions = values[:_BOX], values[_BOX:], points[1]
    if dimensions:
        marks = more[2::3] if dimensions > 2 else ()
        more = (*more[::dimensions], *more[1::dimensions])
        if not set(marks) <= {0.0, 1.0, 2.0}:
            return False
    elif more:
        xs, ys = values[::2], values[1::2]
        box = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys))
        more = ()
    return min(box[2:]) >= 0.0 and all(-SLACK <= value <= 1.0 + SLACK for value in (*box, *more))


def likely(head: bytes) -> bool:
    r"""Return whether the beginning of a text file looks like labels: its first line does.

    >>> likely(b"0 .5 .5 .2 .2\n"), likely(b"12 34 56 78 ship 0\n"), likely(b"0 120 80 40 60\n")
    (True, False, False)
    """
    line = next((line for line in head.decode("utf-8-sig", "replace").splitlines() if line.strip()), "")
    words = line.split()
    try:
        kind, *values = map(float, (*words[: _BOX + 1], *words[_BOX + 1 : -1]))  # the last may be cut off
    except ValueError:
        return False
    is_numbered = kind >= 0.0 and kind.is_integer()
    return is_numbered and len(values) >= _BOX and all(-SLACK <= value <= 1.0 + SLACK for value in values[:_BOX])


def pixels(values: Sequence[float], size: Size) -> tuple[float, ...]:
    """Return x, y, x, y, ... in pixels."""
    height, width = size
    return tuple(value * (height if place % 2 else width) for place, value in enumerate(values))


def instance_of(label: str, row: Row, points: tuple[int, int], size: Size) -> Instance | None:
    """Return the object of a line; None if it has no area."""
    values = row.values
    if len(values) == _BOX or points[0]:
        x, y, w, h = values[:_BOX]
        box: Box | None = box_of(*edges("yolo", (x, y, w, h), size))
        rings: tuple[tuple[float, ...], ...] = ()
    else:
        rings = (pixels(values, size),)
        box = around(rings)
    if box is None:
        return None
    found = _keypoints(values[_BOX:], points[1], size) if points[0] else ()
    keypoints = tuple(number for point in found for number in point)
    return Instance(label, box, rings, keypoints, attributes=None if row.track is None else {"track_id": row.track})


def _keypoints(values: Sequence[float], dimensions: int, size: Size) -> Iterator[tuple[float, float, float]]:
    """Yield keypoints; of two numbers one is not labelled at 0, 0 and where it is negative."""
    for start in range(0, len(values), dimensions):
        x, y = values[start : start + 2]
        is_seen = dimensions == 2 and min(x, y) >= 0.0 and max(x, y) > 0.0
        visible = 2.0 if is_seen else 0.0 if dimensions == 2 else values[start + 2]
        place = pixels((x, y), size) if visible else (0.0, 0.0)
        yield (place[0], place[1], visible)
