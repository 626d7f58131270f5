"""Rows of targets, arrays and lists of them: checked, chosen, joined, rounded, and as batches hold them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

import numpy as np

from augkit.core.arrays import Array, Indices, JsonObject, Labels, Points, Reals, Rows
from augkit.core.sampling import Pairs
from augkit.core.validation import is_number
from augkit.errors import SampleError

ROUNDING = 1e-6  # of label arithmetic: pixels, or a fraction of an area; matrices are rounded to 1e-9 px
DIGITS = 3  # of a pixel, in what is written

Polygon = Rows | list[Rows]
Kept = Sequence[int] | Array  # which rows are left, by their places
T = TypeVar("T")

_FLAT = " Bring COCO's flat lists into shape: np.reshape(ring, (-1, 2))."


def facts_of(values: object, where: str, count: int) -> list[JsonObject]:
    """Return facts that do not move, one JSON object a row.

    Raises:
        SampleError: they are something else.
    """
    found = listed(values, f"Sample.{where}", f"a list of {count} dictionaries, one of each")
    if len(found) != count or not all(isinstance(facts, dict) for facts in found):
        refuse(where, f"must be a list of {count} dictionaries, one of each", f"{values!r:.60}")
    return list(found)  # type: ignore[arg-type]


def refuse(keyword: str, rule: str, value: object, advice: str = "") -> NoReturn:
    """Refuse a keyword of a sample.

    Raises:
        SampleError: always.
    """
    raise SampleError(f"{rule}, got {value}.{advice}", f"Sample.{keyword}")


def rows_of(values: object, width: int, where: str, meaning: str, advice: str = "") -> Rows:
    """Return values as an array (n, width); an empty list is one of no rows.

    Raises:
        SampleError: they have another shape, or are not finite.
    """
    try:
        rows: Rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        _misshapen(where, width, meaning, f"{values!r:.60}", advice)
    if rows.size == 0 and rows.ndim < 2:
        rows = rows.reshape(0, width)
    if rows.ndim != 2 or rows.shape[1] != width:
        _misshapen(where, width, meaning, rows.shape, advice)
    if not np.isfinite(rows).all():
        raise SampleError("must be finite, got NaN or infinity.", where)
    return rows


def _misshapen(where: str, width: int, meaning: str, value: object, advice: str) -> NoReturn:
    raise SampleError(f"must have shape (n, {width}) as {meaning}, got {value}.{advice}", where)


def listed(values: object, where: str, rule: str) -> Sequence[object]:
    """Return what is a list.

    Raises:
        SampleError: it is something else.
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise SampleError(f"must be {rule}, got {values!r:.60}.", where)
    return values


def lines_of(values: object, where: str) -> list[Rows]:
    """Return lines, each (m, 2).

    Raises:
        SampleError: they are something else.
    """
    lines = listed(values, where, "a list of lines")
    return [rows_of(line, 2, where, "x, y", " Give a list of lines.") for line in lines]


def polygons_of(values: object, where: str) -> list[Polygon]:
    """Return polygons, each (m, 2) or a list of such.

    Raises:
        SampleError: they are something else.
    """
    return [_polygon(polygon, where) for polygon in listed(values, where, "a list, one entry a box")]


def _polygon(polygon: object, where: str) -> Polygon:
    if isinstance(polygon, list) and polygon and not _is_point(polygon[0]):
        return [rows_of(ring, 2, where, "x, y", _FLAT) for ring in polygon]
    return rows_of(polygon, 2, where, "x, y", _FLAT)


def _is_point(value: object) -> bool:
    if isinstance(value, Sequence):
        return len(value) == 2 and all(is_number(part) for part in value)
    return np.ndim(value) == 1  # type: ignore[arg-type]


def labels_of(labels: object, keyword: str, count: int) -> Labels | None:
    """Return the labels that a keyword of a sample gives, one a row.

    Raises:
        SampleError: they are no list, or not as many.
    """
    if labels is None or (isinstance(labels, Sequence | np.ndarray) and len(labels) == count):
        return labels
    refuse(keyword, f"must be a list of {count}, one of each", f"{labels!r:.60}")


def chosen(values: T, kept: Kept) -> T:
    """Return the entries of an array or a sequence at some places, an array as an array; of None, None."""
    if isinstance(values, np.ndarray):
        return values[np.asarray(kept, np.int64)]  # type: ignore[return-value]
    return [values[place] for place in kept] if isinstance(values, Sequence) else values  # type: ignore[return-value]


def exchanged(pairs: Pairs[int], counts: Sequence[int], keyword: str) -> Indices:
    """Return the order of rows after those of each group that pairs name have changed places.

    Args:
        pairs: places within a group.
        counts: rows of each group, one after the other; groups of none are left out.
        keyword: of the counts, for messages.

    Raises:
        SampleError: a group has no such row.
    """
    order, places, start = np.arange(sum(counts)), np.array(pairs), 0
    for count in counts:
        odd = next((pair for pair in pairs if max(pair) >= count), None)
        if count and odd is not None:
            rule = f"must name points from 0 to {count - 1}, as many as an object has, got {list(odd)}"
            raise SampleError(f"{rule}. Say in {keyword} which belong together.", "keypoint_pairs")
        if count:
            order[start + places] = start + places[:, ::-1]
        start += count
    return order


def joined(parts: Sequence[Labels | None]) -> Labels | None:
    """Return several arrays as one, or all that several lists hold in one list; None where the first is None."""
    if parts[0] is None:
        return None
    values = [part for part in parts if part is not None]
    arrays = [part for part in values if isinstance(part, np.ndarray)]
    return np.concatenate(arrays) if len(arrays) == len(parts) else [value for several in values for value in several]


def batched(value: object) -> object:
    """Return coordinates as batches hold them: float32, also in lists; other arrays and values stay."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float32) if value.dtype == np.float64 else value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    # An object without any outline has an empty array, which is no polygon.
    return [batched([] if isinstance(part, np.ndarray) and not len(part) else part) for part in value]


def numbered(labels: Labels) -> object:
    """Return labels as batches hold them: int64 where all are whole numbers, else a list."""
    if not all(isinstance(label, int | np.integer) and not isinstance(label, bool) for label in labels):
        return list(labels)
    return np.array([int(label) for label in labels], np.int64)


def rounded(values: Reals) -> Reals:
    """Return numbers rounded to `DIGITS`, each to the nearest float, of any shape."""
    flat = [round(value, DIGITS) + 0.0 for value in values.ravel().tolist()]
    return np.array(flat, np.float64).reshape(values.shape)


def pairs_of(flat: Sequence[float]) -> Points:
    """Return x, y, x, y, ... as points (n, 2)."""
    return np.array(flat, np.float64).reshape(-1, 2)


def flat_of(values: Reals) -> tuple[float, ...]:
    """Return all numbers of an array in a tuple, as files hold them."""
    return tuple(values.ravel().tolist())


def named_arrays(keyword: str, values: object) -> Iterator[tuple[str, str, object]]:
    """Yield the arrays that a keyword of a sample gives by name: the name, where it stands, and the array.

    Raises:
        SampleError: they are not given by name.
    """
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        refuse(keyword, "must be arrays by name", f"{values!r:.60}", ' Give {"name": array}.')
    yield from ((name, f"{keyword}[{name!r}]", array) for name, array in values.items())
