"""Ends of paths: which paths end as a name does, found without looking through all of them.

Data sets may have the same name in every folder (``0001/image.png``, ``0002/image.png``). To look at each of them for
each name would take time by the square of their count.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

_MARK = "\0"  # behind every part: no path holds it, and nothing comes before it in order


class PathEnds:
    """Paths by their parts, from the last to the first.

    Args:
        paths: the parts of each, and what it is called.

    >>> ends = PathEnds((path.split("/"), path) for path in ("a/x.png", "b/x.png", "b/y.png"))
    >>> list(ends.ending(["b", "x.png"])), ends.shared(["z", "b", "y.png"]), ends.whole(["b", "x.png"])
    (['b/x.png'], 2, 'b/x.png')
    """

    def __init__(self, paths: Iterable[tuple[Sequence[str], str]]) -> None:
        pairs = sorted(((_key(parts), path) for parts, path in paths), key=lambda pair: pair[0])
        self._keys = [key for key, _ in pairs]
        self._paths = [path for _, path in pairs]

    def ending(self, parts: Sequence[str]) -> Iterator[str]:
        """Yield the paths that end with all of these parts."""
        key = _key(parts)
        for place in range(bisect_left(self._keys, key), len(self._keys)):
            if not self._keys[place].startswith(key):
                return
            yield self._paths[place]

    def whole(self, parts: Sequence[str]) -> str | None:
        """Return the first path of just these parts, or None."""
        key = _key(parts)
        place = bisect_left(self._keys, key)
        return self._paths[place] if self._keys[place : place + 1] == [key] else None

    def shared(self, parts: Sequence[str]) -> int:
        """Return with how many of these parts, from the last on, a path ends, at most."""
        key = _key(parts)
        place = bisect_left(self._keys, key)  # what shares most lies beside it
        near = self._keys[max(place - 1, 0) : place + 1]
        return max((_common(key.split(_MARK)[:-1], one.split(_MARK)) for one in near), default=0)


def _key(parts: Sequence[str]) -> str:
    return "".join(f"{part.replace(_MARK, 2 * _MARK)}{_MARK}" for part in reversed(parts))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    differ = (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return next(differ, min(len(one), len(other)))
