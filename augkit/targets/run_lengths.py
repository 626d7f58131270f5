"""Masks as COCO's run lengths, compressed into text (`rleToString` in its `maskApi.c`).

What a file holds is never given to a decoder before it is checked here: it must run over exactly the mask's pixels.
Runs go down the columns, and the first is of pixels outside.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Indices, Json, Mask, Points, Rows
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets.columns import numbers

_LOWEST, _MORE, _SIGN, _BITS = 48, 0x20, 0x10, 5  # of a character, which holds five bits from "0" on
_LONGEST = 9  # characters of a number: more than any picture has pixels
MOST_LETTERS = 4_000_000  # of all masks of a picture: each run of pixels takes one or more
DENSE = 16  # part of a picture, from which on a mask is looked up pixel by pixel: to sort its places takes longer
MOST_COVERED = 100  # times that all masks of a picture together may cover it


def compressed(counts: Sequence[int] | Indices) -> str:
    """Return run lengths as text; from the fourth on, each is stored as its difference to the one before the last.

    >>> compressed([6, 1, 40, 4, 5, 4, 5, 4, 21])
    '61X13mN000`0'
    """
    rest = np.array(counts, np.int64)
    rest[3:] -= rest[1:-2].copy()
    letters, taken = np.zeros((len(rest), _LONGEST), np.uint8), np.zeros((len(rest), _LONGEST), bool)
    is_open = np.ones(len(rest), bool)
    for place in range(_LONGEST):
        bits, rest = rest & 0x1F, rest >> _BITS
        is_last = rest == np.where(bits & _SIGN, -1, 0)
        taken[:, place] = is_open
        letters[:, place] = _LOWEST + np.where(is_last, bits, bits | _MORE)
        is_open &= ~is_last
        if not is_open.any():
            break
    return letters[taken].tobytes().decode()


def runs(text: str) -> Indices:
    """Return the run lengths that text holds, as an array.

    Raises:
        ValueError: it is no such text.
    """
    if len(text) > MOST_LETTERS:
        raise ValueError(f"{len(text):,} letters, more than {MOST_LETTERS:,}")
    bits = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) - _LOWEST
    is_last = (bits & _MORE) == 0
    ends = np.flatnonzero(is_last)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - starts + 1
    if ((bits < 0) | (bits > 63)).any() or lengths.max(initial=0) > _LONGEST:
        raise ValueError("no run lengths")
    if len(bits) and not is_last[-1]:
        raise ValueError(
            "no run lengths" if len(bits) - 1 - (ends[-1] if len(ends) else -1) > _LONGEST else "cut short"
        )
    if not len(bits):
        return ends
    within = np.arange(len(bits)) - np.repeat(starts, lengths)
    found = np.add.reduceat((bits & 0x1F) << (_BITS * within), starts)
    found -= np.where(bits[ends] & _SIGN, np.int64(1) << (_BITS * lengths), 0)
    found[1::2] = np.cumsum(found[1::2])
    found[2::2] = np.cumsum(found[2::2])
    return found


def expanded(text: str) -> list[int]:
    """Return the run lengths that text holds.

    Raises:
        ValueError: it is no such text.

    >>> expanded("61X13mN000`0")
    [6, 1, 40, 4, 5, 4, 5, 4, 21]
    """
    counts: list[int] = runs(text).tolist()
    return counts


def checked(value: Json, size: Size, where: str) -> str:
    """Return run lengths, which a file holds as text or as a list of numbers, as text.

    Args:
        value: what the file holds.
        size: (height, width) of the mask.
        where: for messages.

    Raises:
        FileError: they are no run lengths, or not those of such a mask.
    """
    try:
        found = runs(value) if isinstance(value, str) else np.trunc(np.array(numbers(value, where), np.float64))
    except ValueError as fault:
        raise FileError(f"must be run lengths as COCO writes them, got {fault}.", where) from None
    height, width = size
    total = float(found.sum(dtype=np.float64))
    if not len(found) or found.min() < 0 or total != height * width:
        raise FileError(f"must run over the {height} x {width} pixels of its size, got {total:,.0f}.", where)
    return value if isinstance(value, str) else compressed(found.astype(np.int64))


def require_few(masks: Sequence[str], size: Size) -> None:
    """Refuse masks of a picture of `size` that are too many or too ragged to be moved.

    Raises:
        SampleError: their texts are too long, or they cover the picture too often.
    """
    letters = sum(map(len, masks))
    if letters > MOST_LETTERS:
        what = f"must be run lengths of at most {MOST_LETTERS:,} letters in all, got {letters:,}"
        raise SampleError(f"{what}. Shrink the picture, or take out what is ragged.", "box_masks")
    covered = sum(int((ends - starts).sum()) for starts, ends in map(_spans, masks))
    if covered > MOST_COVERED * size[0] * size[1]:
        what = (
            f"must cover the picture at most {MOST_COVERED} times in all, got {covered / (size[0] * size[1]):.0f} times"
        )
        raise SampleError(f"{what}. Take out what covers all of it.", "box_masks")


def decode(rle: str, size: Size) -> NDArray[np.uint8]:
    """Return a mask (H, W) of 0 and 1 from checked run lengths."""
    counts = runs(rle)
    flat = np.repeat((np.arange(len(counts)) % 2).astype(np.uint8), counts)
    return flat.reshape(size, order="F")


def encode(mask: Mask) -> str:
    """Return the run lengths of a mask (H, W); what is not 0 belongs to it."""
    flat = np.asarray(mask != 0).ravel(order="F")
    return of_places(np.flatnonzero(flat), flat.size)


def of_places(places: Indices, count: int) -> str:
    """Return the run lengths of pixels by their places down the columns, in order, of `count` in all."""
    breaks = np.flatnonzero(np.diff(places) != 1)
    starts = places[np.concatenate([[0], breaks + 1])] if len(places) else places
    ends = places[np.concatenate([breaks, [-1]])] + 1 if len(places) else places
    edges = np.concatenate([[0], np.column_stack([starts, ends]).ravel(), [count]])
    counts = np.diff(edges)
    return compressed(counts if counts[-1] or len(counts) == 1 else counts[:-1])


def _spans(rle: str) -> tuple[Indices, Indices]:
    """Return where the runs of a mask's own pixels begin and end, down the columns."""
    ends = np.cumsum(runs(rle))
    starts, ends = ends[:-1:2], ends[1::2]
    return starts[starts < ends], ends[starts < ends]


def rectangles(rle: str, height: int) -> list[Points]:
    """Return upright rectangles, each (4, 2), that cover a mask of that height, and none of them another."""
    starts, ends = _spans(rle)
    left, right = starts // height, (ends - 1) // height + 1
    top, bottom = starts % height, (ends - 1) % height + 1
    is_one = right - left == 1
    first = np.column_stack([left, top, left + 1, np.where(is_one, bottom, height)])
    middle = np.column_stack([left + 1, np.zeros_like(left), right - 1, np.full_like(left, height)])[right - left > 2]
    last = np.column_stack([right - 1, np.zeros_like(left), right, bottom])[~is_one]
    rows = np.concatenate([first, middle, last])
    rows = rows[np.lexsort((rows[:, 0], rows[:, 3], rows[:, 1]))]
    # Neighbouring columns of the same rows are one rectangle.
    is_new = np.ones(len(rows), bool)
    is_new[1:] = (rows[1:, 0] != rows[:-1, 2]) | (rows[1:, 1::2] != rows[:-1, 1::2]).any(axis=1)
    firsts = np.flatnonzero(is_new)
    lasts = np.concatenate([firsts[1:] - 1, [len(rows) - 1]]) if len(firsts) else firsts
    made = np.column_stack([rows[firsts, :2], rows[lasts, 2:]]).astype(np.float64)
    return list(made[:, [[0, 1], [2, 1], [2, 3], [0, 3]]])


def numbered(size: Size) -> NDArray[np.int32]:
    """Return a picture (H, W) of the places of its own pixels, counted from 1 down the columns.

    Moved as a mask is, by the nearest pixel, it tells of every pixel which one it shows, and of one that shows nothing
    0: from it come all masks of a picture at once, each as it would have come out by itself.
    """
    return np.arange(1, size[0] * size[1] + 1, dtype=np.int32).reshape(size, order="F")


def shown(masks: Sequence[str], plane: NDArray[np.int32], windows: Rows) -> Iterator[tuple[str, Rows]]:
    """Yield what masks became when `numbered` became `plane` (H, W): run lengths, and left, top, right, bottom (4,).

    Args:
        masks: run lengths; an empty text is no mask and stays.
        plane: see `numbered`.
        windows: (n, 4), where each object lies in the plane: what lies beside it is its reflection, and not in its box.
    """
    spans = [_spans(rle) for rle in masks]
    flat = plane.ravel(order="F")
    wanted = np.zeros(int(max([flat.max(initial=0), *(int(ends.max(initial=0)) for _, ends in spans)])) + 2, np.int8)
    for starts, ends in spans:
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            wanted[start + 1 : end + 1] = 1
    hits = np.flatnonzero(wanted[flat])
    sources = flat[hits] - 1
    order = np.argsort(sources, kind="stable")
    hits, sources = hits[order], sources[order]
    height = plane.shape[0]
    for (starts, ends), rle, window in zip(spans, masks, windows, strict=True):
        if not rle:
            yield "", np.zeros(4)
            continue
        if int((ends - starts).sum()) * DENSE > flat.size:
            inside = np.zeros(len(wanted), bool)
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                inside[start + 1 : end + 1] = True
            places = np.flatnonzero(inside[flat])
            yield of_places(places, flat.size), _box(places, height, window)
            continue
        firsts, lasts = np.searchsorted(sources, starts), np.searchsorted(sources, ends)
        parts = [hits[first:last] for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True) if first < last]
        places = np.sort(np.concatenate(parts)) if parts else hits[:0]
        yield of_places(places, flat.size), _box(places, height, window)


def _box(places: Indices, height: int, window: Rows) -> Rows:
    x, y = np.divmod(places, height)
    near = (x + 1 > window[0]) & (x < window[2]) & (y + 1 > window[1]) & (y < window[3])
    x, y = x[near], y[near]
    if not len(x):
        return np.zeros(4)
    return np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float64)
