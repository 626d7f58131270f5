"""Strict YAML with line numbers: the one door for every YAML file.

It reads the core schema of YAML 1.2: only `true` and `false` are booleans, `yes` and `2024-01-31` are strings, `1e-3`
is a float and `010` is ten. Aliases, tags, merge keys, duplicate keys and second documents are refused, so that a file
means what it looks like. The parser's events become data directly: a file can name no object and run no code.
"""

import math
import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import MAX_BYTES, TOO_LARGE, read_settings
from augkit.errors import ArgumentError, FileError, Unreachable, is_absence

NodePath: TypeAlias = tuple[str | int, ...]
MAX_DEPTH = 50
MAX_BITS = 13_000  # of a whole number: Python itself prints no more than 4300 digits
LINE_LENGTH = 100
_MANY = (dict, list, tuple)
_TAG = "tag:yaml.org,2002:"

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_UNFIT = re.compile("[\0\ud800-\udfff]")  # legal as escapes, but no path, name or console can hold them
_PLAIN = re.compile(r"[A-Za-z_/][\w./+-]*( [\w./+-]+)*")  # strings that read well without quotes
_OLD_WORDS = frozenset(("yes", "no", "on", "off"))  # booleans of YAML 1.1, as other readers have it: quoted here


@dataclass(frozen=True)
class Document:
    """Hold plain data together with the line every part of it was written on."""

    data: Json
    name: str
    _lines: Mapping[NodePath, int] = field(repr=False, compare=False)

    def line(self, path: NodePath) -> int:
        """Return the line, from 1, of the node at `path`, or of its nearest parent that exists."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def where(self, path: NodePath = ()) -> str:
        r"""Name the place of the node at `path`.

        >>> parse("steps:\n  - Mirror: {chance: 0.5}", "six.yaml").where(("steps", 0, "Mirror"))
        'six.yaml:2 steps[0].Mirror'
        """
        dotted = "".join(
            f"[{key}]" if isinstance(key, int) else f".{key}" if key.isidentifier() else f"[{_show(key)}]"
            for key in path
        )
        return f"{self.name}:{self.line(path)} {dotted.removeprefix('.')}".rstrip()


def read(path: str | os.PathLike[str]) -> Document:
    """Read one YAML file.

    Raises:
        FileError: it cannot be read, or is no strict YAML; the sentence names the line.
    """
    return parse(read_settings(path), os.fspath(path))


def parse(text: str, where: str = "<string>", texts: Container[str] | None = None) -> Document:
    """Read one YAML document from `text`.

    Args:
        text: the document.
        where: the name it has in messages.
        texts: keys at the top whose values hold nothing but text, as it is written: ``007`` and ``null`` are names.
            Where this is given, a key may be a number anywhere, and is text too.

    Raises:
        FileError: it is too long, or no strict YAML; the sentence names the line.
    """
    if len(text) > MAX_BYTES:
        raise FileError(TOO_LARGE, f"{where}:1")
    return _Reader(text, where, texts).document()


class _Reader:
    """Turn the events of one text into data, and note the line of every node."""

    def __init__(self, text: str, name: str, texts: Container[str] | None) -> None:
        self.text, self.name, self.texts = text, name, texts
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.line = 1  # where the last event began
        self.lines: dict[NodePath, int] = {(): 1}

    def document(self) -> Document:
        self.next()  # the start of the stream
        if isinstance(self.next(), yaml.StreamEndEvent):
            raise self.fault("must hold something, got an empty file. Write the settings into it.")
        data = self.node((), self.next())
        self.next()  # the end of the document
        if not isinstance(self.next(), yaml.StreamEndEvent):
            raise self.fault("must hold one document, got a second one. Keep one of them and delete the '---'.")
        return Document(data, self.name, self.lines)

    def next(self) -> Any:  # an event, of types that say little
        try:
            event = next(self.events)
        except Exception as error:  # beside its own, yaml raises ValueError and OverflowError for some escapes
            raise self.translate(error) from None
        self.line = event.start_mark.line + 1
        return event

    def node(self, path: NodePath, event: Any, is_key: bool = False) -> Json:
        if isinstance(event, yaml.AliasEvent):
            raise self.fault(f"must not use aliases, got *{event.anchor}. Write the value out.")
        if event.anchor is not None:
            raise self.fault(f"must not use anchors, got &{event.anchor}. Delete it.")
        if event.tag is not None:
            raise self.fault(f"must not use tags, got {_show(event.tag)}. Delete it.")
        self.lines.setdefault(path, self.line)
        if isinstance(event, yaml.ScalarEvent):
            is_text = self.texts is not None and (is_key or (len(path) > 1 and path[0] in self.texts))
            return self.scalar(event, is_text)
        if len(path) >= MAX_DEPTH:
            raise self.fault(f"must nest at most {MAX_DEPTH} levels, got more. Flatten it.")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        items: list[Json] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.node((*path, len(items)), event))
        return items

    def mapping(self, path: NodePath) -> JsonObject:
        data: JsonObject = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                raise self.fault("must have text as keys, got a list or a mapping. Write the key as plain text.")
            if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
                raise self.fault("must not use merge keys, got <<. Write the keys out.")
            key = self.node((*path, ""), event, is_key=True)
            if not isinstance(key, str):
                raise self.fault(f"must have text as keys, got {_show(event.value)}. Put it in quotes.")
            if key in data:
                first = self.lines[*path, key]
                raise self.fault(f"must name each key once, got {_show(key)} again after line {first}. Delete one.")
            self.lines[*path, key] = self.line  # a value below its key is looked for at the key
            data[key] = self.node((*path, key), self.next())
        return data

    def scalar(self, event: Any, is_text: bool) -> Json:
        text: str = event.value
        if _UNFIT.search(text):
            raise self.fault("must hold text only, got an escaped NUL or half a surrogate pair. Delete it.")
        try:
            return _value(text) if event.implicit[0] and not is_text else text
        except ValueError:
            raise self.fault(f"must be a number that can be held, got {_show(text)}. Shorten it.") from None

    def translate(self, error: Exception) -> FileError:
        if isinstance(error, yaml.reader.ReaderError):
            self.line = 1 + self.text.count("\n", 0, error.position)
            code = error.character if isinstance(error.character, int) else ord(error.character)
            return self.fault(f"must be printable text, got the character U+{code:04X}. Delete it.")
        what = "an escape for no character"
        if isinstance(error, yaml.MarkedYAMLError):
            # An open bracket or quote shows only at the end of the file: it is mended where it began.
            at_end = error.problem_mark is not None and error.problem_mark.index >= len(self.text)
            mark = (at_end and error.context_mark) or error.problem_mark
            self.line = mark.line + 1 if mark else self.line
            what = " ".join(f"{error.context or ''}: {error.problem or ''}".strip(": ").split())
        if "'\\t'" in what:
            return self.fault("must be indented with spaces, got a tab. Replace it.")
        return self.fault(f"must be valid YAML, got a fault: {what}. Check indentation, quotes and brackets.")

    def fault(self, message: str) -> FileError:
        return FileError(message, f"{self.name}:{self.line}")


def _value(text: str) -> str | bool | float | None:
    """Return what a plain scalar means in the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        number = int(text, 0 if text[:2] in ("0o", "0x") else 10)
        if number.bit_length() > MAX_BITS:
            raise ValueError(text)
        return number
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    if not _FLOAT.fullmatch(text):
        return text
    if math.isinf(value := float(text)):
        raise ValueError(text)
    return value


def _show(value: object) -> str:
    return text if len(text := repr(value)) <= 40 else f"{text[:37]}..."


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # the emitter's one switch for it
        super().increase_indent(flow, False)


_SCALARS = yaml.representer.SafeRepresenter()


def dumps(data: Json) -> str:
    """Write plain data as YAML: block style outside, one line for what is short and flat.

    >>> print(dumps({"border": "reflect", "steps": [{"Rotate": {"degrees": [-15.0, 15.0]}}]}), end="")
    border: reflect
    steps:
      - Rotate: {degrees: [-15.0, 15.0]}
    """
    text = yaml.serialize(_node(data, 0), Dumper=_Dumper, allow_unicode=True, width=math.inf)
    if len(text.encode()) > MAX_BYTES:
        raise ArgumentError(TOO_LARGE, "data")
    return str(text)


def _node(value: Json, depth: int) -> yaml.Node:
    if not isinstance(value, _MANY):
        return _scalar(value)
    if depth >= MAX_DEPTH:
        raise ArgumentError(f"must nest at most {MAX_DEPTH} levels, got more. Flatten it.", "data")
    if not isinstance(value, dict):
        return yaml.SequenceNode(
            _TAG + "seq", [_node(item, depth + 1) for item in value], flow_style=_flat(value, depth)
        )
    if odd := [key for key in value if not isinstance(key, str)]:
        raise ArgumentError(f"must have text as keys, got {_show(odd[0])}. Turn it into text.", "data")
    pairs = [(_scalar(key), _node(item, depth + 1)) for key, item in value.items()]
    return yaml.MappingNode(_TAG + "map", pairs, flow_style=_flat(value, depth))


def _flat(value: Json, depth: int) -> bool:
    """Say whether a collection holds only scalars and lists of them, fits a line and is not the whole file."""
    inner = [item for item in (value.values() if isinstance(value, dict) else value) if isinstance(item, _MANY)]
    nested = any(isinstance(item, dict) or any(isinstance(part, _MANY) for part in item) for item in inner)
    return depth > 0 and not nested and len(repr(value)) <= LINE_LENGTH


def _scalar(value: object) -> yaml.ScalarNode:
    match value:
        case None:
            return _SCALARS.represent_none(None)
        case bool():
            return _SCALARS.represent_bool(value)
        case int() if value.bit_length() > MAX_BITS:
            what = "must be plain data, got an int of more digits than are read back. Shorten it."
            raise ArgumentError(what, "data")
        case int():
            return _SCALARS.represent_int(int(value))
        case float():
            return _SCALARS.represent_float(float(value))
        case str() if not _UNFIT.search(value):
            plain = _PLAIN.fullmatch(value) and _value(value) == value and value.lower() not in _OLD_WORDS
            return yaml.ScalarNode(_TAG + "str", str(value), style=None if plain else '"')
    raise ArgumentError(f"must be plain data, got {_show(value)}. Use text, numbers, lists and dicts.", "data")


def write(data: Json, path: str | os.PathLike[str]) -> None:
    """Write plain data to a YAML file that `read` reads back as it was: the whole of it, or nothing."""
    text = dumps(data)
    try:
        temporary = Path(path).with_name(f".{Path(path).name[:80]}.{os.getpid()}.tmp")
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        what = f"must be a file that can be written, got: {reason}. Check the folder and its permissions."
        kind = Unreachable if isinstance(error, OSError) and not is_absence(error) else FileError
        raise kind(what, os.fspath(path)) from error
