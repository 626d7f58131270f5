"""Groups of sources that are joined: what lies in sets that overlap stays together."""

from collections.abc import Iterable, Mapping, Sequence

from augkit.core.normal_form import nfc
from augkit.datasets.data_set import Source


def joined_groups(sources: Sequence[Source], groups: Sequence[str], sets: Iterable[Iterable[str]]) -> list[str]:
    """Return the group of each source, where all groups that a set reaches into are one.

    A joined group is called after the first of its groups by name, so that its split depends on nothing but names.

    Args:
        sources: of a data set.
        groups: that of each.
        sets: of ids; one that is none of the sources' is passed over.

    >>> sources = [Source(id, 1) for id in "abcd"]
    >>> joined_groups(sources, ["a", "b", "c", "d"], [["b", "d"], ["d", "c"]])
    ['a', 'b', 'b', 'b']
    """
    of_source = {source.id: group for source, group in zip(sources, groups, strict=True)}
    above: dict[str, str] = {}
    for ids in sets:
        tops = sorted({_top(of_source[id], above) for id in ids if id in of_source}, key=nfc)
        above |= dict.fromkeys(tops[1:], tops[0]) if tops else {}
    return [_top(group, above) for group in groups]


def _top(group: str, above: Mapping[str, str]) -> str:
    while group in above:
        group = above[group]
    return group
