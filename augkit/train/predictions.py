"""What is said of pictures, one row each, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from augkit.train.evaluation import Reals
from augkit.train.tasks import Target

__all__ = ["LIKELY", "Row", "columns", "csv_of", "json_of", "named"]

LIKELY = 0.5  # a label is named from this probability on
DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Row:
    """What is said of one picture.

    Args:
        path: where it lies.
        answers: probabilities, or numbers in units (k); None where there is no answer.
        reason: why there is none.
    """

    path: str
    answers: Reals | None
    reason: str = ""


def named(answers: Reals, target: Target) -> Any:
    """Return an answer as a label of a data set: a class, a list of labels, a number or a list of numbers."""
    if target.kind == "classes":
        return target.names[int(answers.argmax())]
    if target.kind == "labels":
        return [name for name, value in zip(target.names, answers, strict=True) if value >= LIKELY]
    values = [_rounded(value) for value in answers]
    return values[0] if len(values) == 1 else values


def columns(target: Target, top: int) -> list[str]:
    """Return the heads of a table of answers, between the path and the reason.

    Args:
        target: what the answers are of.
        top: how many classes of each picture, the likeliest first; labels and numbers are all there.
    """
    if target.kind == "classes":
        pairs = [(f"label{place}", f"probability{place}") for place in range(2, min(top, target.outputs) + 1)]
        return ["label", "probability", *(name for pair in pairs for name in pair)]
    if target.kind == "labels":
        return ["labels", *(f"probability of {name}" for name in target.names)]
    return list(target.names)


def csv_of(rows: Iterable[Row], target: Target, top: int, truths: Sequence[Any] | None = None) -> Iterator[str]:
    """Yield the lines of a table, its head first; lists are JSON in their cell, as in a manifest.

    Args:
        rows: one a picture.
        target: what the answers are of.
        top: as in `columns`.
        truths: what is true of each, where that is known.
    """
    known = [] if truths is None else ["truth"]
    yield _line(["path", *known, *columns(target, top), *([] if known else ["error"])])
    for place, row in enumerate(rows):
        truth = [] if truths is None else [_cell(truths[place])]
        cells = [""] * len(columns(target, top)) if row.answers is None else _cells(row.answers, target, top)
        yield _line([row.path, *truth, *cells, *([] if known else [row.reason])])


def json_of(row: Row, target: Target, top: int) -> str:
    """Return a row as one line of JSON."""
    if row.answers is None:
        return json.dumps({"path": row.path, "error": row.reason})
    found: dict[str, Any] = {"path": row.path}
    if target.kind == "classes":
        pairs = [{"label": target.names[place], "probability": value} for place, value in _likeliest(row.answers, top)]
        found |= pairs[0] | {"top": pairs}
    elif target.kind == "labels":
        values = {name: _rounded(value) for name, value in zip(target.names, row.answers, strict=True)}
        found |= {"labels": named(row.answers, target), "probabilities": values}
    else:
        found["values"] = {name: _rounded(value) for name, value in zip(target.names, row.answers, strict=True)}
    return json.dumps(found)


def _cells(answers: Reals, target: Target, top: int) -> list[str]:
    if target.kind == "classes":
        pairs = _likeliest(answers, top)
        return [text for place, value in pairs for text in (target.names[place], repr(value))]
    values = [repr(_rounded(value)) for value in answers]
    return [_cell(named(answers, target)), *values] if target.kind == "labels" else values


def _likeliest(answers: Reals, top: int) -> list[tuple[int, float]]:
    places = (-answers).argsort(kind="stable")[:top]
    return [(int(place), _rounded(answers[place])) for place in places]


def _rounded(value: float) -> float:
    """Return a number without what floating point leaves behind."""
    return float(f"{value:.{DECIMALS}g}")


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
