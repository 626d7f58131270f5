"""Balancing: copies are shared out among the sources, so that classes come out as large as they are wanted."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from augkit.core.arrays import Label
from augkit.core.normal_form import nfc
from augkit.datasets.safe_names import digest
from augkit.errors import ArgumentError
from augkit.expand.expand_config import MOST_COPIES, Balance
from augkit.expand.output_names import is_class


def wanted_copies(
    labels: Sequence[Label],
    ids: Sequence[str],
    copies: int,
    balance: Balance,
    is_passed: bool,
    existing: Sequence[int],
) -> list[int]:
    """Return how many copies each source is to have in all.

    Without balance that is `copies`. With it every class is brought to a number of outputs: the given one, or that of
    the largest class. Copies that a class lacks are spread evenly over its sources, the fewest first; a hash of the id
    decides who gets the odd ones, so that the order of the sources does not matter.

    Args:
        labels: of the sources.
        ids: likewise.
        copies: the fewest that each gets.
        balance: ``none``, ``max``, or the number of outputs of every class.
        is_passed: the sources are passed through beside their copies, and count.
        existing: copies that earlier runs made: none gets fewer.

    Raises:
        ArgumentError: a class has more outputs than wanted already, or too few pictures for them, or a source has no
            class.

    >>> wanted_copies(["a", "a", "b"], ["1", "2", "3"], 2, "max", False, [0, 0, 0])
    [2, 2, 4]
    """
    wanted = [max(copies, had) for had in existing]
    if balance == "none":
        return wanted
    classes: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        if not is_class(label):
            raise ArgumentError(f"needs one class for every picture, got {label!r} for {ids[place]}.", "balance")
        classes[str(label)].append(place)
    sizes = {label: sum(wanted[p] for p in places) + is_passed * len(places) for label, places in classes.items()}
    target = max(sizes.values(), default=0) if balance == "max" else int(balance)
    for label, places in sorted(classes.items()):
        lack = target - sizes[label]
        if lack < 0 and not any(existing):
            least = f"must be at least {sizes[label]:,}, the outputs of class {label} with {copies} copies"
            raise ArgumentError(f"{least}, got {target:,}. Ask for more, or for fewer copies.", "balance")
        if target > MOST_COPIES * len(places):
            most = f"{MOST_COPIES:,} copies of each of its {len(places):,} pictures"
            raise ArgumentError(f"must bring class {label} to {most} at most, got {target:,} outputs.", "balance")
        _raise_lowest(wanted, sorted(places, key=lambda place: digest(nfc(ids[place]))), max(0, lack))
    return wanted


def _raise_lowest(counts: list[int], places: list[int], lack: int) -> None:
    """Add `lack` to the counts at some places, always to the lowest, the earlier of equals."""

    def needed(level: int) -> int:
        return sum(max(0, level - counts[place]) for place in places)

    levels = range(max((counts[place] for place in places), default=0) + lack + 1)
    level = bisect_right(levels, lack, key=needed) - 1  # that all can be brought to
    lack -= needed(level)
    for place in places:
        counts[place] = max(level, counts[place])
    for place in [place for place in places if counts[place] == level][:lack]:
        counts[place] += 1
