"""Tables as files hold them: CSV with any of the usual separators and marks, or an object of JSON a line.

What is read: UTF-8, with a mark at its beginning or not, and UTF-16 with one; commas, semicolons, tabs or bars between
cells; cells in quotes, with blanks around them; any end of line; lines of ``#`` and ``sep=;`` before the names; commas
that end a line; no names at all, where the first line names a picture: a path, a path and a class, or RetinaNet's path,
x1, y1, x2, y2, class (https://github.com/fizyr/keras-retinanet#csv-datasets), of which all but the path may be empty.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO

from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import json_of, text_of
from augkit.datasets.naming import is_picture as has_picture_suffix
from augkit.errors import FileError

JSON_SUFFIXES, CSV_SUFFIXES = (".jsonl", ".ndjson"), (".csv", ".tsv")
_SEPARATORS = (",", ";", "\t", "|")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PLAIN = re.compile(r"[\W_]+")
_RETINA = ("image", "xmin", "ymin", "xmax", "ymax", "label")


@dataclass
class Row:
    """One row: its line in the file, its cells that say something by column, and what is wrong with it, if anything.

    The line may be another name of its place.
    """

    line: int | str
    cells: JsonObject
    fault: str = ""


@dataclass
class Table:
    """A table.

    Args:
        path: of its file, below the root.
        names: of its columns, in order, without blanks around them.
        rows: those that are not empty.
        is_typed: its cells are JSON, not text.
        is_named: the names stood in it.
        mark: stands between its path and a row's number, in messages.
    """

    path: str
    names: list[str]
    rows: list[Row] = field(default_factory=list)
    is_typed: bool = False
    is_named: bool = True
    mark: str = ":"

    def place(self, line: int | str) -> str:
        """Name a row for messages."""
        return f"{self.path}{self.mark}{line}{']' if self.mark == '[' else ''}"

    @property
    def folder(self) -> str:
        """Where it lies."""
        return self.path.rpartition("/")[0]

    def column(self, name: str) -> list[Json]:
        """Return the cells of a column that say something."""
        return [row.cells[name] for row in self.rows if name in row.cells]


def plain_name(name: str) -> str:
    """Return a name without case, blanks and marks: what tells columns apart.

    >>> plain_name("File_Name"), plain_name(" Roi.X1")
    ('filename', 'roix1')
    """
    return _PLAIN.sub("", name.casefold())


def table_of(data: bytes, path: str, where: str, is_picture: Callable[[str], bool], known: frozenset[str]) -> Table:
    """Return the table that a file holds.

    Args:
        data: the file.
        path: its path below the root.
        where: its name, for messages.
        is_picture: says whether a cell names a picture.
        known: plain names that columns may have.

    Raises:
        FileError: it cannot be told apart into rows; the sentence names the line.
    """
    if path.lower().endswith(JSON_SUFFIXES):
        return _json_table(data, path, where)
    if path.lower().endswith(".json"):
        return _json_list(data, path, where)
    return _csv_table(_text_of(data, where), path, where, is_picture, known)


def _text_of(data: bytes, where: str) -> str:
    if not data.startswith(_UTF16):
        return text_of(data, where)
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as fault:
        raise FileError(f"must be UTF-16, as it begins, got {fault.reason}. Save it as UTF-8.", f"{where}:1") from None


def _json_table(data: bytes, path: str, where: str) -> Table:
    table = Table(path, [], is_typed=True)
    names: dict[str, None] = {}
    for number, line in enumerate(BytesIO(data), 1):
        if line.strip():
            row = json_of(line, where, number)
            if not isinstance(row, dict):
                raise FileError("must be an object.", f"{where}:{number}")
            table.rows.append(Row(number, {key: value for key, value in row.items() if value is not None}))
            names |= dict.fromkeys(table.rows[-1].cells)
    table.names = list(names)
    return table


def _json_list(data: bytes, path: str, where: str) -> Table:
    """Return the table of a list of objects."""
    rows = json_of(data, where)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FileError("must be a list of objects.", where)
    table = Table(path, list({name: None for row in rows for name in row}), is_typed=True, mark="[")
    for number, row in enumerate(rows):
        table.rows.append(Row(number, {key: value for key, value in row.items() if value is not None}))
    return table


def _csv_table(text: str, path: str, where: str, is_picture: Callable[[str], bool], known: frozenset[str]) -> Table:
    skipped, separator = _preamble(text, known, " " if path.lower().endswith(".txt") else "")
    body = text.split("\n", skipped)[skipped] if skipped else text
    reader = csv.reader(StringIO(body, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        lines = [(reader.line_num + skipped, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as fault:
        what = f"must be valid CSV, got a fault: {fault}. Quote what holds commas; put long outlines into .jsonl."
        raise FileError(what, f"{where}:{reader.line_num + skipped}") from None
    lines = [(number, cells) for number, cells in lines if any(cells)]
    first = lines[0][1] if lines else []
    if first and first[0].startswith("#") and not is_picture(first[0]):
        first[0] = first[0].lstrip("# ")
    if first and not known.intersection(map(plain_name, first)) and any(map(is_picture, first)):
        table = Table(path, _names_without(first, is_picture, f"{where}:{lines[0][0]}"), is_named=False)
    else:
        table, lines = Table(path, first), lines[1:]
    _fill(table, lines, where)
    return table


def _preamble(text: str, known: frozenset[str], more: str) -> tuple[int, str]:
    """Return how many lines stand before the first of the table, and what separates its cells; it may be `more`."""
    skipped, separators, at = 0, (*_SEPARATORS, *more), 0
    while True:
        end = text.find("\n", at)
        line = (text[at:end] if end >= 0 else text[at:]).rstrip("\r")
        if line.lower().startswith("sep=") and len(line) == len("sep=") + 1:
            return skipped + 1, line[-1]
        found = {separator: _cells(line, separator) for separator in separators}
        best = max(separators, key=lambda one: (len(known & set(map(plain_name, found[one]))), len(found[one])))
        is_note = line.startswith("#") and not known.intersection(map(plain_name, found[best]))
        if end < 0 or not (is_note or not line.strip()):
            return skipped, best
        skipped, at = skipped + 1, end + 1


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _names_without(first: Sequence[str], is_picture: Callable[[str], bool], where: str) -> list[str]:
    """Return what the columns of a table without names are."""
    if len(first) == 1:
        return ["image"]
    if len(first) == 2:
        is_first = is_picture(first[0]) and has_picture_suffix(first[0]) >= has_picture_suffix(first[1])
        return ["image", "label"] if is_first else ["label", "image"]  # a class 7 is not the picture 7.png
    if len(first) == len(_RETINA) and is_picture(first[0]) and all(map(_is_number_or_empty, first[1:5])):
        return list(_RETINA)
    what = f"must begin with a line of names, such as image and label, got {', '.join(first)[:60]}"
    raise FileError(f"{what}. Write one.", where)


def _is_number_or_empty(cell: str) -> bool:
    try:
        return cell == "" or float(cell) == float(cell)
    except ValueError:
        return False


def _fill(table: Table, lines: Sequence[tuple[int, list[str]]], where: str) -> None:
    """Put lines into a table; a line of another length is a row with a fault."""
    ends = max((_end(cells) for _, cells in lines), default=0)
    while table.names and not table.names[-1] and ends < len(table.names):
        table.names.pop()  # a comma that ends the line
    names = table.names
    if len(set(names)) != len(names):
        raise FileError(f"must name every column once, got {', '.join(names)[:80]}.", f"{where}:1")
    for number, cells in lines:
        cells = cells[: max(len(names), _end(cells))]
        fault = "" if len(cells) == len(names) else f"must have {len(names)} cells, got {len(cells)}. Quote commas."
        row = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
        table.rows.append(Row(number, row, fault))


def _end(cells: Sequence[str]) -> int:
    """Return how many cells there are without the empty ones at the end."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return count
