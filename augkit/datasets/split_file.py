"""CSV files of sources by their ids: the split of each, as ``augkit split`` writes it, and what stays together."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from augkit.core.arrays import Label
from augkit.core.csv_cells import line_of, of_cell
from augkit.core.normal_form import nfc
from augkit.core.text_files import bytes_of
from augkit.datasets.data_set import Source, Split
from augkit.datasets.naming import split_named
from augkit.errors import FileError, Unreachable, closest, is_absence

T = TypeVar("T", bound=str)

COLUMNS = ("id", "split", "class", "group")
MOST_COMPARED = 10_000  # ids, to find one that is nearly as another
BYTES = "surrogateescape"  # for names that are not UTF-8


class Dealt(NamedTuple):
    """A source, and the split that it is in."""

    id: str
    split: Split
    label: Label
    group: str


@dataclass(frozen=True)
class SplitFile:
    """The splits that a file names.

    Args:
        path: of the file.
        splits: by the sources' ids, in NFC.
        groups: likewise; none where the file does not name them.
    """

    path: str
    splits: Mapping[str, Split]
    groups: Mapping[str, str]

    def splits_of(self, sources: Sequence[Source]) -> dict[str, Split]:
        """Return the splits by the ids of some sources; the file may name others beside them.

        Raises:
            FileError: it does not name one.
        """
        return dict(
            zip((source.id for source in sources), named(sources, self.splits, self.path, "split"), strict=True)
        )


def is_file_name(text: str) -> bool:
    """Say whether an option's value stands for a CSV file, and for nothing else that it may be."""
    return Path(text).suffix.lower() == ".csv" or os.path.isfile(text)  # noqa: PTH113  Path's raises at a long pattern


def read_split_file(path: str) -> SplitFile:
    """Return what a CSV file with the columns id and split, and perhaps group, says; other columns are not looked at.

    Raises:
        FileError: it cannot be read, or names a source twice or in a split that is none; the sentence names the line.
    """
    splits: dict[str, Split] = {}
    groups: dict[str, str] = {}
    for line, row in rows(path, ("id", "split")):
        where, id = f"{path}:{line}", nfc(row["id"])
        split = split_named(row["split"].strip() or None, where)
        if split is None:
            raise FileError(f"must name a split for {id!r}, got none. Write train, val or test.", where)
        if splits.setdefault(id, split) != split:
            raise FileError(f"must name every source in one split, got {id!r} in {splits[id]} and {split}.", where)
        if row.get("group"):
            groups[id] = row["group"]
    return SplitFile(path, splits, groups)


def rows(path: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file, and the line that each ends in.

    Raises:
        FileError: it is no such file, or lacks a column.
        Unreachable: it cannot be read now.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", errors=BYTES, newline="") as file:
            found = csv.DictReader(file)
            found.fieldnames = [(name or "").strip().lower() for name in found.fieldnames or ()]
            if not set(needed) <= set(found.fieldnames):
                held = ", ".join(found.fieldnames)
                raise FileError(f"must have the columns {' and '.join(needed)}, got {held}.", path)
            for row in found:
                cells = ((name, value) for name, value in row.items() if isinstance(name, str))
                yield found.line_num, {name: of_cell(value or "") for name, value in cells}
    except (OSError, csv.Error) as fault:
        kind = Unreachable if isinstance(fault, OSError) and not is_absence(fault) else FileError
        got = fault.strerror if isinstance(fault, OSError) else fault
        raise kind(f"must be a CSV file that can be read, got: {got}.", path) from fault


def named(sources: Sequence[Source], known: Mapping[str, T], path: str, what: str) -> list[T]:
    """Return what a file says of every source, by ids in NFC.

    Raises:
        FileError: it says nothing of one.
    """
    lost = next((source.id for source in sources if not known.get(nfc(source.id))), None)
    if lost is not None:
        advice = closest(lost, list(known)[:MOST_COMPARED])
        raise FileError(f"must give every id a {what}, got none for {lost!r}.{advice}", path)
    return [known[nfc(source.id)] for source in sources]


def written(dealt: Iterable[Dealt]) -> bytes:
    r"""Return sources and their splits as a CSV file; of several classes, or a number, the class is JSON.

    >>> written([Dealt("roses/1.png", "train", "roses", "p1"), Dealt("2.png", "val", ["a", "b"], "2.png")])
    b'id,split,class,group\nroses/1.png,train,roses,p1\n2.png,val,"[""a"", ""b""]",2.png\n'
    """
    lines = [line_of(COLUMNS)]
    for id, split, label, group in dealt:
        told = label if isinstance(label, str) else "" if label is None else json.dumps(label, ensure_ascii=False)
        lines.append(line_of((id, split, told, group)))
    return bytes_of("".join(lines))
