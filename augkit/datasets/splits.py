"""Splits of sources by a keyed hash of their groups, before anything is expanded or trained on."""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from augkit.datasets.data_set import SPLITS, Source, Split
from augkit.errors import ArgumentError, FileError, closest

Fractions = Mapping[Split, float]
# Test lies at one end of the hash's range and train at the other: a test or val that grows takes what was in train.
ORDER: tuple[Split, ...] = ("test", "val", "train")
ROUNDING = 1e-6


def parse_split(text: str) -> dict[Split, float]:
    """Return the fractions that a text such as ``train=0.8,val=0.1,test=0.1`` names.

    Raises:
        ArgumentError: a name is none of a split's or comes twice, train is missing, or they do not add up to 1.

    >>> parse_split("train=0.9,val=0.1")
    {'train': 0.9, 'val': 0.1}
    """
    fractions: dict[Split, float] = {}
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        split = next((split for split in SPLITS if split == name), None)
        if split is None:
            raise ArgumentError(f"must name train, val or test, got {name!r}.{closest(name, SPLITS)}", "split")
        try:
            fraction = float(number)
        except ValueError:
            fraction = 0.0
        if not 0.0 < fraction <= 1.0:
            raise ArgumentError(f"must give {name} a fraction above 0, got {number!r}.", "split")
        if split in fractions:
            raise ArgumentError(f"must name {name} once, got it twice.", "split")
        fractions[split] = fraction
    if "train" not in fractions:
        raise ArgumentError(f"must name train, which is what is expanded, got {text!r}.", "split")
    total = sum(fractions.values())
    if abs(total - 1.0) > ROUNDING:
        raise ArgumentError(f"must add up to 1, got {total:g}.", "split")
    return fractions


def split_of(group: str, fractions: Fractions, seed: int) -> Split:
    """Return the split of a group: a function of nothing but the arguments.

    Groups fall independently of each other, so every class keeps the fractions up to sampling error. Quotas that are
    met exactly would have to move pictures when others come or go.
    """
    words = f"{seed}:{group}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(blake2b(words, digest_size=8, person=b"augkit split").digest(), "big") / 2**64
    limit = 0.0
    for split in ORDER:
        limit += fractions.get(split, 0.0)
        if number < limit:
            return split
    return "train"


def groups_of(sources: Sequence[Source], groups: str | None, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the group of each source, whose members must stay in one split.

    Args:
        sources: of a data set.
        groups: the name of one of `columns`; a CSV file with the columns id and group, in which every source stands; or
            a pattern that is searched for in ids: the group is what its parentheses hold, or all that it matches, and
            an id without a match is a group of its own. None takes what the data set says, else the id.
        columns: a value for every source, by name.

    Raises:
        ArgumentError: the pattern is none, or matches no id.
        FileError: the file cannot be read, or lacks a source.
    """
    if groups is None:
        return [source.id if source.group is None else source.group for source in sources]
    if groups in columns:
        return list(columns[groups])
    if Path(groups).suffix.lower() == ".csv" or os.path.isfile(groups):  # noqa: PTH113  Path's raises at a long pattern
        return _groups_of_file(sources, groups)
    known = f" Columns are {', '.join(columns)}." if columns else ""
    try:
        pattern = re.compile(groups)
    except (re.error, OverflowError, RecursionError) as fault:
        raise ArgumentError(f"must be a pattern, got {groups!r:.200}: {fault}.{known}", "groups") from None
    matches = [pattern.search(source.id) for source in sources]
    if not any(matches):
        what = f"must match ids such as {sources[0].id!r}, got {groups!r:.200}, which matches none"
        raise ArgumentError(f"{what}.{known}", "groups")
    found = [
        source.id if match is None else "/".join(part or "" for part in match.groups()) or match.group()
        for source, match in zip(sources, matches, strict=True)
    ]
    if "" in found:  # all of them would be one group
        empty = sources[found.index("")].id
        what = f"must match some text in {empty!r}, got {groups!r:.200}, which matches nothing there"
        raise ArgumentError(f"{what}. Write + for *.", "groups")
    return found


def _groups_of_file(sources: Sequence[Source], path: str) -> list[str]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"id", "group"} <= set(rows.fieldnames or ()):
                raise FileError(f"must have the columns id and group, got {', '.join(rows.fieldnames or ())}.", path)
            known = {row["id"]: row["group"] or "" for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise FileError(f"must be a CSV file that can be read, got: {fault}.", path) from None
    lost = next((source.id for source in sources if not known.get(source.id)), None)
    if lost is not None:
        advice = closest(lost, list(known)[:10_000])
        raise FileError(f"must give every id a group, got none for {lost!r}.{advice}", path)
    return [known[source.id] for source in sources]


def assign(
    sources: Sequence[Source], fractions: Fractions | None, groups: Sequence[str], seed: int
) -> list[Split | None]:
    """Return the split of every source: the data set's own, or that of its group, or None where there are none.

    Raises:
        ArgumentError: the data set has splits of its own, and fractions are asked for.
        FileError: the data set puts two sources of one group into different splits.
    """
    own = next((source for source in sources if source.split is not None), None)
    if own is None:
        return [None if fractions is None else split_of(group, fractions, seed) for group in groups]
    if fractions is not None:
        advice = "Leave --split out."
        raise ArgumentError(f"must not go with splits that are there: {own.id} is in {own.split}. {advice}", "split")
    first: dict[str, Source] = {}
    for source, group in zip(sources, groups, strict=True):
        other = first.setdefault(group, source)
        if other.split != source.split:
            both = f"{other.id} in {other.split} and {source.id} in {source.split}"
            raise FileError(f"must keep a group in one split, got {both}.", f"group {group!r}")
    return [source.split for source in sources]
