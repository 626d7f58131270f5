"""Splits of sources, before anything is expanded or trained on: keyed, each class on its own, no group in two."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from augkit.core.normal_form import nfc
from augkit.datasets.data_set import SPLITS, Source, Split
from augkit.datasets.split_file import SplitFile, is_file_name, named, read_split_file, rows
from augkit.datasets.strata import ORDER, Fractions, number, stratified
from augkit.errors import ArgumentError, FileError, closest

# The laws by which fractions split: jobs and trainings go on by the one that they were begun with.
HASHED, STRATIFIED = 1, 2  # of augkit 0.1 and 0.2, whose books name none; of later ones
LAW = STRATIFIED
Wanted = Fractions | SplitFile
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
    """Return the split of a group by the law of augkit 0.1: a function of nothing but the arguments.

    Groups fall independently of each other, so that none moves when others come or go, and a class keeps the fractions
    up to the error of sampling.
    """
    drawn, limit = number(f"{seed}:{group}", b"augkit split"), 0.0
    for split in ORDER:
        limit += fractions.get(split, 0.0)
        if drawn < limit:
            return split
    return "train"


def wanted_splits(given: str | Fractions | None) -> Wanted | None:
    """Return what ``--split`` says: fractions, or the splits that a CSV file names.

    Raises:
        ArgumentError: the fractions are none.
        FileError: the file is none.
    """
    if isinstance(given, str):
        return read_split_file(given) if is_file_name(given) else parse_split(given)
    return given or None


def groups_of(
    sources: Sequence[Source],
    groups: str | None,
    columns: Mapping[str, Sequence[str]],
    wanted: Wanted | None = None,
) -> list[str]:
    """Return the group of each source, whose members must stay in one split.

    Args:
        sources: of a data set.
        groups: the name of one of `columns`; a CSV file with the columns id and group, in which every source stands; or
            a pattern that is searched for in ids: the group is what its parentheses hold, or all that it matches, and
            an id without a match is a group of its own. None takes what the data set says, else the id.
        columns: a value for every source, by name.
        wanted: splits that a file names, whose groups count where `groups` is None.

    Raises:
        ArgumentError: the pattern is none, or matches no id.
        FileError: the file cannot be read, or lacks a source.
    """
    if groups is None and isinstance(wanted, SplitFile) and wanted.groups:
        return [wanted.groups.get(nfc(source.id), source.id) for source in sources]
    if groups is None:
        return [source.id if source.group is None else source.group for source in sources]
    if groups in columns:
        return list(columns[groups])
    if is_file_name(groups):
        by_id = {nfc(row["id"]): row["group"] for _, row in rows(groups, ("id", "group"))}
        return named(sources, by_id, groups, "group")
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


def assign(
    sources: Sequence[Source],
    wanted: Wanted | None,
    groups: Sequence[str],
    seed: int,
    law: int = LAW,
    known: Mapping[str, Split | None] = MappingProxyType({}),
) -> list[Split | None]:
    """Return the split of every source: the data set's own, or the wanted one, or None where there are none.

    Args:
        sources: of a data set.
        wanted: fractions, of which `augkit.datasets.strata` says how they are met; or what a file names, or None.
        groups: of each source, which no two splits share.
        seed: any whole number.
        law: `HASHED` or `STRATIFIED`.
        known: splits by the ids of sources that are settled and keep theirs.

    Raises:
        ArgumentError: the data set has splits of its own, and others are wanted.
        FileError: the data set, a file or what is known puts two sources of one group into different splits, or a file
            names no split for one.
    """
    own = next((source for source in sources if source.split is not None), None)
    if own is not None:
        if wanted is not None:
            what = f"must not go with splits that are there: {own.id} is in {own.split}. Leave --split out."
            raise ArgumentError(what, "split")
        require_whole_groups(sources, groups, {source.id: source.split for source in sources})
        return [source.split for source in sources]
    if wanted is None:
        return [None] * len(sources)
    if isinstance(wanted, SplitFile):
        by_id = wanted.splits_of(sources)
        require_whole_groups(sources, groups, by_id)
        return [by_id[source.id] for source in sources]
    if law == HASHED:
        return [split_of(group, wanted, seed) for group in groups]
    settled = require_whole_groups(sources, groups, known)
    return [*stratified(sources, groups, wanted, seed, settled)]


def require_whole_groups(
    sources: Sequence[Source], groups: Sequence[str], splits: Mapping[str, Split | None]
) -> dict[str, Split]:
    """Return the splits of groups, of which sources are in a split already.

    Raises:
        FileError: two sources of one group are in different splits.
    """
    first: dict[str, Source] = {}
    found: dict[str, Split] = {}
    for source, group in zip(sources, groups, strict=True):
        split = splits.get(source.id)
        if split is None:
            continue
        other = first.setdefault(group, source)
        if found.setdefault(group, split) != split:
            both = f"{other.id} in {found[group]} and {source.id} in {split}"
            raise FileError(f"must keep a group in one split, got {both}.", f"group {group!r}")
    return found
