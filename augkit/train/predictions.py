"""Predictions as rows, one a picture, of CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Label, Reals
from augkit.train.tasks import Task


@dataclass(frozen=True, eq=False)
class Row:
    """The answer to one picture.

    Args:
        path: where it lies.
        answers: probabilities, or numbers in units (k); None where there is no answer.
        reason: why there is none.
    """

    path: str
    answers: Reals | None
    reason: str = ""


def csv_of(rows: Iterable[Row], task: Task, top: int, truths: Sequence[Label] | None = None) -> Iterator[str]:
    """Yield the lines of a table, its head first; lists are JSON in their cell, as in a manifest.

    Args:
        rows: one a picture.
        task: what the answers are of.
        top: as in `Task.cells`.
        truths: what is true of each, where that is known; else a last column tells why there is no answer.
    """
    heads = list(task.cells(np.zeros(task.outputs), top))
    yield _line(["path", *heads, "error"] if truths is None else ["path", "truth", *heads])
    for place, row in enumerate(rows):
        cells = [""] * len(heads) if row.answers is None else task.cells(row.answers, top).values()
        if truths is None:
            yield _line([row.path, *cells, row.reason])
        else:
            truth = truths[place]
            yield _line([row.path, truth if isinstance(truth, str) else json.dumps(truth), *cells])


def json_of(row: Row, task: Task, top: int) -> str:
    """Return a row as one line of JSON."""
    found = {"error": row.reason} if row.answers is None else task.json(row.answers, top)
    return json.dumps({"path": row.path, **found})


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
