"""Folds of sources for cross-validation: keyed, each class dealt evenly, no group in two.

As in `augkit.datasets.strata` the groups of a class stand in the order of a keyed hash, each as long as it has
pictures, on a line which is cut into equal pieces. So a fold has its share of a class, less than the pictures of the
class's largest group more or fewer: without groups the share rounded down or up. A source that comes or goes moves at
most one other group of its class across each cut.
"""

from collections import Counter
from collections.abc import Sequence

from augkit.core.normal_form import nfc
from augkit.datasets.data_set import Source
from augkit.datasets.strata import number, strata


def folds_of(sources: Sequence[Source], groups: Sequence[str], count: int, seed: int) -> list[int]:
    """Return the fold of every source, 1 to `count`.

    Args:
        sources: in any order.
        groups: that of each.
        count: of the folds.
        seed: any whole number.

    >>> sources = [Source(f"{n}.png", 1, "ab"[n % 2]) for n in range(40)]
    >>> folds = folds_of(sources, [source.id for source in sources], 5, seed=0)
    >>> sorted(Counter((source.label, fold) for source, fold in zip(sources, folds)).values())
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    """
    sizes, found = Counter(groups), dict[str, int]()
    for stratum, members in strata(sources, groups).items():
        drawn = {group: number(nfc(f"{seed}:{group}"), b"augkit fold") for group in members}
        members.sort(key=lambda group: (drawn[group], nfc(group)))
        part = number(nfc(f"{seed}:{stratum}"), b"augkit folds")  # of every group's length, where its point lies
        total, start = sum(sizes[group] for group in members), 0
        for group in members:
            found[group] = min(int((start + part * sizes[group]) * count / total), count - 1) + 1
            start += sizes[group]
    return [found[group] for group in groups]
