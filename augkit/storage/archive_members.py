"""Members of an archive by their paths, in three arrays: forked processes share them, however many there are."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_NO_CHECKSUM = -1


class Entry(NamedTuple):
    """A member: where it lies in the archive, or in what the archive unpacks to.

    Args:
        start: of its bytes; in a zip of its header, whose length is known when it is read.
        packed: how many bytes it takes there.
        size: of its content.
        is_deflated: it was packed by itself.
        crc: the checksum that its content must have, or None.
    """

    start: int
    packed: int
    size: int
    is_deflated: bool = False
    crc: int | None = None


class MemberTable(Mapping[str, Entry]):
    """Entries by path, in order of paths.

    To look at a Python object is to write to it, so that every worker of a loader would come to hold a dictionary's.

    >>> members = MemberTable({"b.png": Entry(5, 3, 3), "a.png": Entry(0, 5, 9, True, 17)})
    >>> list(members), members["b.png"], "c.png" in members
    (['a.png', 'b.png'], Entry(start=5, packed=3, size=3, is_deflated=False, crc=None), False)
    """

    def __init__(self, found: Mapping[str, Entry] | None = None) -> None:
        self._paths, self._ends, self._numbers = bytearray(), array("q"), array("q")
        pairs = ((_encoded(path), entry) for path, entry in (found or {}).items())
        for path, entry in sorted(pairs, key=lambda pair: pair[0]):
            self._paths += path
            self._ends.append(len(self._paths))
            crc = _NO_CHECKSUM if entry.crc is None else entry.crc
            self._numbers.extend((entry.start, entry.packed, entry.size, entry.is_deflated, crc))

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        return (self._path(place).decode("utf-8", "surrogatepass") for place in range(len(self)))

    def __getitem__(self, path: str) -> Entry:
        wanted = _encoded(path)
        place = bisect_left(range(len(self)), wanted, key=self._path)
        if place == len(self) or self._path(place) != wanted:
            raise KeyError(path)
        return self._entry(place)

    def pairs(self) -> Iterator[tuple[str, Entry]]:
        """Yield every path with its entry, which `items` would look up one by one."""
        return zip(self, map(self._entry, range(len(self))), strict=True)

    def _path(self, place: int) -> bytes:
        return bytes(self._paths[self._ends[place - 1] if place else 0 : self._ends[place]])

    def _entry(self, place: int) -> Entry:
        start, packed, size, is_deflated, crc = self._numbers[5 * place : 5 * place + 5]
        return Entry(start, packed, size, bool(is_deflated), None if crc == _NO_CHECKSUM else crc)


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogatepass")
