"""The range of levels that a data set's pictures use, found in one pass over all of them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from augkit.datasets.data_set import DataSet, Source
from augkit.errors import ArgumentError, AugkitError, raise_outage
from augkit.images import Mode, decode
from augkit.images.pictures_apart import apart

THREADS, AHEAD = 4, 8  # decoders work beside each other outside of Python; so many pictures are held at a time


class Extent(NamedTuple):
    """The lowest and the highest level of a picture, and its dtype."""

    source: str
    low: int
    high: int
    dtype: str


def range_of(data: DataSet, is_deep_only: bool = False) -> tuple[int, int] | None:
    """Return the lowest and the highest level of all pictures of a data set, alpha aside.

    Pictures that cannot be read are passed over: whoever works on them says why. The order in which they lie changes
    nothing.

    Args:
        data: says in which mode pictures are looked at.
        is_deep_only: pass over pictures of 8 bits.

    Returns:
        (low, high), high at least low + 1; None where no picture can be read.

    Raises:
        ArgumentError: pictures are of 8 bits and of 16, whose levels are not the same.
    """
    found: list[Extent] = []
    for extent in _extents(data):
        if is_deep_only and extent.dtype == "uint8":
            continue
        if found and extent.dtype != found[0].dtype:
            got = f"{found[0].dtype} of {found[0].source!r} and {extent.dtype} of {extent.source!r}"
            raise ArgumentError(
                f"must be asked of pictures of one depth, got {got}. Give MIN,MAX, or sort them.", "range"
            )
        found = [_joined(found[0], extent)] if found else [extent]
    return (found[0].low, max(found[0].high, found[0].low + 1)) if found else None


def _joined(one: Extent, other: Extent) -> Extent:
    return one._replace(low=min(one.low, other.low), high=max(one.high, other.high))


def _extents(data: DataSet) -> Iterator[Extent]:
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[Extent | None]] = deque()
        for source in data.sources:
            waiting.append(pool.submit(_extent, data, source))
            if len(waiting) >= AHEAD and (extent := waiting.popleft().result()):
                yield extent
        yield from (extent for extent in (future.result() for future in waiting) if extent)


def _extent(data: DataSet, source: Source) -> Extent | None:
    try:
        return Extent(source.id, *apart(f"{data.root}/{source.id}", extent_in, data.believed(source), data.mode))
    except AugkitError as fault:
        raise_outage(fault)
        return None


def extent_in(data: bytes, mode: Mode) -> tuple[int, int, str]:
    """Return the lowest and the highest level of a picture's file, and its dtype."""
    decoded = decode(data, mode)
    colours = decoded.image[..., :-1] if decoded.alpha else decoded.image
    return int(colours.min()), int(colours.max()), colours.dtype.name
