"""Classes of masks: the names and colours of class numbers, as the files that come with masks give them.

Understood are tables with or without a line of names (``class_dict.csv`` of CamVid: name, r, g, b; ``_classes.csv`` of
Roboflow: Pixel Value, Class; ``objectInfo150.txt`` of ADE20K), lines of text (``codes.txt``: a name a line;
``label_colors.txt``: r g b name; ``labelmap.txt`` of CVAT: name:r,g,b:parts:actions), and JSON or YAML (lists of names
or of objects with name, id and color; names by number; numbers or colours by name).
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from augkit import yaml_file
from augkit.core.arrays import Json, JsonObject
from augkit.core.csv_cells import line_of, of_cell
from augkit.core.text_files import json_of, text_of
from augkit.errors import FileError

Colour = tuple[int, int, int]
MOST_NUMBER = 65_535
HEADING = ("number", "name", "r", "g", "b")
IGNORED = frozenset(("ignore", "ignored", "void", "unlabelled", "unlabeled"))

_STEM = re.compile(
    r"_?(?:(?:mask|seg|segmentation)[_\- ]?)?"
    r"(?:class(?:es)?|labels?|colou?rs?|categor(?:y|ies)|codes|objectinfo|palette)"
    r"(?:[_\- ]?(?:dict|names?|list|map|colou?rs?|rgb|info|index|id|ids|codes|palette|[0-9]+))*",
)
_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".yaml", ".yml")
_NUMBER_NAMES = ("number", "id", "index", "idx", "pixel value", "value", "pixel", "class id", "class_id", "label_id")
_NAME_NAMES = ("name", "class", "label", "category", "names", "classes", "class_name", "class name", "label_name")
_RGB_NAMES = (("r", "g", "b"), ("red", "green", "blue"))
_ONE_COLOUR = ("color", "colour", "rgb", "color_rgb", "color_hex_code")
_CVAT = re.compile(r"(.+):(\d+),\s*(\d+),\s*(\d+):([^:]*):([^:]*)")
_RGB_FIRST = re.compile(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)")
_RGB_LAST = re.compile(r"(.*\S)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\d+)")
_NUMBERED = re.compile(r"(\d+)\s*[:,;\t ]\s*(\S.*)")
MOST_LETTERS = 1000  # of a line that names a class
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
MOST_CHANNEL = 255


@dataclass(frozen=True, slots=True)
class MaskClass:
    """A class of masks: its number, or None where its place in the list is meant; name; and colour if it has one."""

    number: int | None
    name: str
    colour: Colour | None = None


@dataclass(frozen=True)
class MaskClasses:
    """Classes by number; a number without one has an empty name."""

    names: tuple[str, ...]
    colours: tuple[Colour | None, ...]

    @property
    def has_colours(self) -> bool:
        """Whether any class has a colour."""
        return any(colour is not None for colour in self.colours)

    def about(self) -> JsonObject:
        """Return what `DataSet.about` says of them."""
        found: JsonObject = {"mask_classes": list(self.names)}
        if self.has_colours:
            found["mask_colours"] = [None if colour is None else list(colour) for colour in self.colours]
        ignored = [number for number, name in enumerate(self.names) if name.lower() in IGNORED]
        if ignored == [MOST_CHANNEL]:
            found["mask_ignore"] = MOST_CHANNEL
        return found


def is_called_classes(path: str) -> bool:
    """Return whether a file may list the classes of masks, by its name.

    >>> [is_called_classes(name) for name in ("class_dict.csv", "a/_classes.csv", "objectInfo150.txt", "a.txt")]
    [True, True, True, False]
    """
    name = path.rpartition("/")[2].lower()
    stem, dot, suffix = name.rpartition(".")
    return f"{dot}{suffix}" in _SUFFIXES and _STEM.fullmatch(stem) is not None


def classes_of(data: bytes, where: str) -> MaskClasses:
    """Return what a file says of the classes of masks.

    Raises:
        FileError: it cannot be understood, or contradicts itself; the sentence begins with `where`.
    """
    suffix = where.lower().rpartition(".")[2]
    if suffix == "json":
        rows = list(_of_json(json_of(data, where), where))
    elif suffix in ("yaml", "yml"):
        rows = list(_of_json(yaml_file.parse(_quoted(text_of(data, where)), where).data, where))
    elif suffix in ("csv", "tsv") or _has_heading(text_of(data, where)):
        rows = list(_of_table(text_of(data, where), where))
    else:
        rows = list(_of_lines(text_of(data, where), where))
    return _numbered(rows, where)


def described(about: Mapping[str, Json]) -> bytes | None:
    """Return a file of the classes that `DataSet.about` names, or None where it names none."""
    names, colours = about.get("mask_classes") or [], about.get("mask_colours") or []
    if not names and not colours:
        return None
    lines = [line_of(HEADING)]
    for number in range(max(len(names), len(colours))):
        name = names[number] if number < len(names) else ""
        colour = colours[number] if number < len(colours) else None
        if name or colour is not None:
            lines.append(line_of([number, name, *(colour or ("", "", ""))]))
    return "".join(lines).encode("utf-8", "backslashreplace")


def _quoted(text: str) -> str:
    """Return YAML whose keys that are numbers are text, as strict YAML wants them."""
    return re.sub(r"(?m)(^[^\S\n]*|[{,]\s*)([0-9]+)(?=\s*:(\s|$))", r'\1"\2"', text)


def _numbered(rows: Sequence[MaskClass], where: str) -> MaskClasses:
    if not rows:
        raise FileError("must name the classes of masks, got none.", where)
    if len({row.number is None for row in rows}) > 1:
        raise FileError("must number all classes or none.", where)
    names: dict[int, MaskClass] = {}
    seen: dict[Colour, str] = {}
    for place, row in enumerate(rows):
        number = place if row.number is None else row.number
        if number < 0:  # of Cityscapes: no pixel has it
            continue
        if number > MOST_NUMBER:
            raise FileError(f"must number classes up to {MOST_NUMBER:,}, got {number:,}.", where)
        if names.setdefault(number, row) != row:
            raise FileError(f"must name every number once, got {number} twice.", where)
        if row.colour is not None and seen.setdefault(row.colour, row.name) != row.name:
            raise FileError(f"must give every class a colour of its own, got {row.colour} twice.", where)
    count = max(names, default=-1) + 1
    found = [names.get(number, MaskClass(None, "")) for number in range(count)]
    return MaskClasses(tuple(row.name for row in found), tuple(row.colour for row in found))


# ---- tables


def _cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    return [[cell.strip() for cell in row] for row in rows]


def _heading(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.lower().split()) for cell in cells]


def _has_heading(text: str) -> bool:
    rows = _cells(text[:10_000])
    names = _heading(rows[0]) if rows else []
    return len(names) > 1 and _one_of(names, _NAME_NAMES) is not None


def _one_of(names: Sequence[str], known: Iterable[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _of_table(text: str, where: str) -> Iterator[MaskClass]:
    try:
        rows = _cells(text)
    except csv.Error as fault:
        raise FileError(f"must be valid CSV, got a fault: {fault}.", where) from None
    if not rows:
        return
    names = _heading(rows[0])
    name, number = _one_of(names, _NAME_NAMES), _one_of(names, _NUMBER_NAMES)
    if name is None:
        yield from _of_lines("\n".join(",".join(row) for row in rows), where)
        return
    rgb = next(
        (found for three in _RGB_NAMES if len(found := [names.index(c) for c in three if c in names]) == 3), None
    )
    one = _one_of(names, _ONE_COLOUR)
    for line, row in enumerate(rows[1:], 2):
        here = f"{where}:{line}"
        if len(row) != len(names):
            raise FileError(f"must have {len(names)} cells, got {len(row)}.", here)
        colour = None
        if rgb is not None and any(row[place] for place in rgb):
            colour = _colour([row[place] for place in rgb], here)
        elif one is not None and row[one]:
            colour = _colour(row[one], here)
        yield MaskClass(None if number is None else _number(row[number], here), of_cell(row[name]), colour)


# ---- lines


def _of_lines(text: str, where: str) -> Iterator[MaskClass]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith(("#", "//"))]
    for pattern in (_CVAT, _RGB_FIRST, _RGB_LAST, _NUMBERED):
        found = [(number, pattern.fullmatch(line) if len(line) <= MOST_LETTERS else None) for number, line in lines]
        if not found or not all(match for _, match in found):
            continue
        for number, match in found:
            here, cells = f"{where}:{number}", match.groups() if match else ()
            if pattern is _CVAT:
                yield MaskClass(None, cells[0].strip(), _colour(cells[1:4], here))
            elif pattern is _RGB_FIRST:
                yield MaskClass(None, cells[3].strip(), _colour(cells[:3], here))
            elif pattern is _RGB_LAST:
                yield MaskClass(None, cells[0].strip(" ,:"), _colour(cells[1:], here))
            else:
                yield MaskClass(_number(cells[0], here), cells[1].strip())
        return
    for _, line in lines:
        yield MaskClass(None, line)


# ---- JSON and YAML


def _of_json(value: Json, where: str) -> Iterator[MaskClass]:
    if isinstance(value, dict):
        for key in ("labels", "classes", "names", "categories"):
            if isinstance(value.get(key), list | dict):
                value = value[key]
                break
    if isinstance(value, list):
        for place, entry in enumerate(value):
            yield _of_entry(entry, None, f"{where} [{place}]")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield _of_pair(key, entry, f"{where} {key}")
    else:
        raise FileError("must be a list or an object of classes.", where)


def _of_pair(key: str, entry: Json, where: str) -> MaskClass:
    if key.isdecimal() and isinstance(entry, str):
        return MaskClass(_number(key, where), entry)
    if isinstance(entry, int) and not isinstance(entry, bool):
        return MaskClass(entry, key)
    if isinstance(entry, list) or (isinstance(entry, str) and _HEX.fullmatch(entry)):
        return MaskClass(None, key, _colour(entry, where))
    if isinstance(entry, dict):
        return _of_entry({"name": key, **entry} if not key.isdecimal() else {"id": int(key), **entry}, None, where)
    raise FileError("must be a class: a number, a name or a colour.", where)


def _of_entry(entry: Json, number: int | None, where: str) -> MaskClass:
    if isinstance(entry, str):
        return MaskClass(number, entry)
    if not isinstance(entry, dict):
        raise FileError("must be a name, or an object with one.", where)
    lower = {str(key).lower(): value for key, value in entry.items()}
    name = next((lower[key] for key in _NAME_NAMES if isinstance(lower.get(key), str)), None)
    if name is None:
        raise FileError("must have a name.", where)
    id = next((lower[key] for key in _NUMBER_NAMES if key in lower), number)
    if id is not None and (not isinstance(id, int) or isinstance(id, bool)):
        raise FileError(f"must have a whole number, got {id!r:.40}.", where)
    colour = next((lower[key] for key in _ONE_COLOUR if lower.get(key) is not None), None)
    return MaskClass(id, name, None if colour is None else _colour(colour, where))


def _number(text: str, where: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise FileError(f"must have a whole number, got {text!r:.40}.", where) from None


def _colour(given: Json | Sequence[str], where: str) -> Colour:
    if isinstance(given, str):
        match = _HEX.fullmatch(given.strip())
        values: Sequence[Json] = list(bytes.fromhex(match[1])) if match else re.findall(r"-?\d+", given)
    else:
        values = list(given)
    try:
        red, green, blue = (int(value) for value in values)
        if not all(0 <= value <= MOST_CHANNEL for value in (red, green, blue)):
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        what = f"must have a colour of red, green and blue from 0 to {MOST_CHANNEL}, got {given!r:.40}."
        raise FileError(what, where) from None
    return red, green, blue
