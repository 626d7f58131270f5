"""Division of a data set into splits, counted class by class before anything is made of it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import SPLITS, DataSet, Split
from augkit.datasets.split_file import Dealt
from augkit.datasets.splits import Wanted, assign, groups_of
from augkit.datasets.strata import Fractions, classes_of
from augkit.errors import ArgumentError

USUAL: Fractions = {"train": 0.8, "val": 0.1, "test": 0.1}
NONE = "-"  # the class of pictures that have none


@dataclass(frozen=True)
class Division:
    """A data set, divided.

    Args:
        dealt: its sources with their splits, in order of ids.
        counts: pictures of each split by class; one that shows several counts for each.
        groups: how many groups there are.
        is_own: the splits are the data set's own.
    """

    dealt: tuple[Dealt, ...]
    counts: Mapping[str, Counter[Split]]
    groups: int
    is_own: bool

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that there are pictures of, in order."""
        held = {source.split for source in self.dealt}
        return tuple(split for split in SPLITS if split in held)

    @property
    def total(self) -> Counter[Split]:
        """All pictures of each split."""
        return Counter(source.split for source in self.dealt)

    @property
    def absent(self) -> tuple[tuple[str, Split], ...]:
        """The classes that a split has no picture of."""
        named = (name for name in self.counts if name != NONE)
        return tuple((name, split) for name in named for split in self.splits if not self.counts[name][split])

    def described(self) -> JsonObject:
        """Return the counts as JSON."""
        return {
            "sources": len(self.dealt),
            "groups": self.groups,
            "splits": {split: self.total[split] for split in self.splits},
            "classes": {
                name: {split: count[split] for split in self.splits}
                for name, count in self.counts.items()
                if name != NONE
            },
        }

    def told(self) -> Iterator[str]:
        """Yield the counts as the lines of a table: a class a line, then all of them and their shares."""
        lines = [(name, *(f"{count[split]:,}" for split in self.splits)) for name, count in self.counts.items()]
        sums = [f"{self.total[split]:,}" for split in self.splits]
        shares = [f"{self.total[split] / len(self.dealt):.1%}" for split in self.splits]
        table = [("class", *self.splits), *lines, ("all", *sums), ("", *shares)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for name, *cells in table:
            told = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            yield "  ".join([name.ljust(widths[0]), *told])


def division_of(data: DataSet, wanted: Wanted | None, groups: str | None, seed: int) -> Division:
    """Return how a data set is divided: as it says itself, or as is wanted, or else as is usual.

    Args:
        data: what `augkit.datasets.read` gave.
        wanted: fractions, or what a file names.
        groups: as `groups_of` takes them.
        seed: of the split.

    Raises:
        ArgumentError: the data set has splits of its own, and others are wanted, or `groups` does not fit it.
        FileError: a group lies in two splits, or a file cannot be read.
    """
    is_own = any(source.split is not None for source in data.sources)
    wanted = wanted if is_own or wanted is not None else USUAL
    named = groups_of(data.sources, groups, data.columns, wanted)
    dealt = []
    counts: dict[str, Counter[Split]] = defaultdict(Counter)
    for source, split, group in zip(data.sources, assign(data.sources, wanted, named, seed), named, strict=True):
        if split is None:
            raise ArgumentError(f"must be in a split, got none for {source.id!r}.", "split")
        dealt.append(Dealt(source.id, split, source.label, group))
        for name in classes_of(source) or {NONE}:
            counts[name][split] += 1
    return Division(tuple(dealt), {name: counts[name] for name in sorted(counts)}, len(set(named)), is_own)
