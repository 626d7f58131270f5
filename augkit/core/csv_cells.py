"""Cells of CSV files that people open in spreadsheets, which run what begins as a formula, whatever quotes it."""

import csv
import io
import re
from collections.abc import Iterable

# What begins a formula in one program or another, also in full width; behind it a number is a number.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def as_cell(text: str) -> str:
    """Return a text as a cell holds it: behind an apostrophe, if a spreadsheet would run it.

    >>> as_cell("=1+1"), as_cell("-0.5"), as_cell("roses/=1.jpg")
    ("'=1+1", '-0.5', 'roses/=1.jpg')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def of_cell(cell: str) -> str:
    """Return the text that `as_cell` made a cell of.

    >>> of_cell("'=1+1"), of_cell("'s"), of_cell(as_cell("'=1"))
    ('=1+1', "'s", "'=1")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell[1:]) else cell


def line_of(cells: Iterable[object]) -> str:
    r"""Return a line of CSV, in which texts are as `as_cell` has them.

    >>> line_of(["a,b", "=1", -2.5, "c\rd"])
    '"a,b",\'=1,-2.5,"c\rd"\n'
    """
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([as_cell(one) if isinstance(one, str) else one for one in cells])
    return buffer.getvalue()[:-2] + "\n"  # with another end some versions do not quote a lone carriage return
