"""Tables of classes, the weakest first, and of the pairs that are taken for each other."""

from collections.abc import Iterator, Sequence

import numpy as np

from augkit.core.arrays import Array, JsonObject
from augkit.train.report.report_page import Cell, Flagged, Section, dash_note, table, text
from augkit.train.wilson import FEW, wilson

MOST_PAIRS = 12
LEAST_PAIRS = 3  # pictures that a pair must have for a pattern
MOST_NAMED = 12


def class_section(title: str, what: str, rows: Sequence[JsonObject], columns: Sequence[tuple[str, str]]) -> Section:
    """Return a section with a row for each class, the weakest first, and what a reader must not overlook.

    Args:
        title: of the section.
        what: a row is of, as "class".
        rows: with name, recall, low, high (Wilson's interval of the recall) and support, and the keys of `columns`.
        columns: heads and keys of the fractions; by the first one the rows are sorted, and what is undefined is last.
    """
    key = columns[0][1]
    ordered = sorted(rows, key=lambda row: (row[key] is None, row[key], -row["support"]))
    heads = [what]
    for head, name in columns:
        heads += [head, "95 % interval"] if name == "recall" else [head]
    body = [tuple(_cells(row, columns)) for row in ordered]
    told = "".join(f"<p{mark}>{text(sentence)}</p>" for mark, sentence in _told(rows, what))
    return Section(title, told + table([*heads, "pictures"], body) + dash_note(body))


def _cells(row: JsonObject, columns: Sequence[tuple[str, str]]) -> Iterator[Cell]:
    yield row["name"]
    for _, key in columns:
        yield Flagged("0 %") if key == "recall" and row[key] == 0.0 else row[key]
        if key == "recall":
            yield None if row["low"] is None else interval(row["low"], row["high"])
    few = " (few)" if 0 < row["support"] < FEW else ""
    yield f"{row['support']:,}{few}"


def _told(rows: Sequence[JsonObject], what: str) -> Iterator[tuple[str, str]]:
    many = f"{what}es" if what.endswith("s") else f"{what}s"
    never = [f"{row['name']} (0 of {row['support']:,})" for row in rows if row["recall"] == 0.0]
    few = sum(0 < row["support"] < FEW for row in rows)
    if never:
        more = f" and {len(never) - MOST_NAMED:,} more" if len(never) > MOST_NAMED else ""
        subject = f"One {what} was" if len(never) == 1 else f"{len(never):,} {many} were"
        yield ' class="flag"', f"{subject} never recognised: {', '.join(never[:MOST_NAMED])}{more}."
    if few:
        subject = f"One {what} has" if few == 1 else f"{few:,} {many} have"
        yield "", f"{subject} fewer than {FEW} pictures here, from which no verdict follows: look at the intervals."
    yield ' class="soft"', f"The weakest {what} first. Intervals are Wilson's, of the recall."


def interval(low: float, high: float) -> str:
    """Return an interval of a share as text."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def confused(matrix: Array, names: Sequence[str]) -> Section | None:
    """Return the pairs of classes that were taken for each other most often, or None where nothing was.

    `matrix` (k, k) holds counts: a row is a true class, a column what was said.
    """
    counts = np.array(matrix)
    totals = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    pairs = [(int(row), int(column)) for row, column in np.argwhere(counts)]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: (-counts[pair], -counts[pair] / totals[pair[0]]))
    rows = [
        (
            names[row],
            names[column],
            int(counts[row, column]),
            int(totals[row]),
            float(counts[row, column] / totals[row]),
            interval(*wilson(int(counts[row, column]), int(totals[row]))),
            int(counts[column, row]),
        )
        for row, column in pairs[:MOST_PAIRS]
    ]
    told = f"The most frequent of {len(pairs):,} pairs first" if len(pairs) > MOST_PAIRS else "The most frequent first"
    if counts.max() < LEAST_PAIRS:
        told += f"; none has {LEAST_PAIRS} pictures, so that no pattern is to be seen"
    heads = ("is", "was taken for", "times", "of", "share", "95 % interval", "the other way round")
    return Section("Taken for each other", f'<p class="soft">{told}.</p>{table(heads, rows)}')
