"""Strict text and JSON from files that anyone may have written."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from augkit.core.arrays import Json, JsonObject
from augkit.errors import FileError, Unreachable, is_absence, require_answer

_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # that stands for no byte
MAX_BYTES = 1_000_000  # of settings and pipelines
TOO_LARGE = "must be at most 1 MB, got more. Settings belong here, data does not."


def read_settings(path: str | os.PathLike[str]) -> str:
    """Return the text of a file of settings, of at most MAX_BYTES.

    Raises:
        FileError: it is missing, no regular file, too large, or not UTF-8.
        Unreachable: it cannot be read now.
    """
    name = os.fspath(path)
    try:
        if Path(path).is_dir():
            raise FileError("must be a file, got a folder. Name the file inside it.", name)
        if not Path(path).is_file():  # nor a pipe or a device, which might never end
            raise FileError("must be a file that exists, got none. Check the spelling and the current folder.", name)
        with Path(path).open("rb") as file:
            content = require_answer(file.read(MAX_BYTES + 1))
    except OSError as error:
        kind = FileError if is_absence(error) else Unreachable
        raise kind(f"must be readable, got: {error.strerror}. Check its name and permissions.", name) from error
    if len(content) > MAX_BYTES:
        raise FileError(TOO_LARGE, f"{name}:1")
    return text_of(content, name)


def bytes_of(text: str) -> bytes:
    r"""Return a text in UTF-8, in which bytes of names that are not UTF-8 are those bytes again.

    Other halves of surrogate pairs, as JSON may hold them, become escapes.

    >>> bytes_of("caf\udce9 \ud800")
    b'caf\xe9 \\ud800'
    """
    return _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf-8", "surrogateescape")


def text_of(data: bytes, where: str, line: int = 1) -> str:
    """Return the text that a file, or lines of it from `line` on, hold in UTF-8; a complaint names file and line."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        place = line + fault.object.count(b"\n", 0, fault.start)
        what = f"must be UTF-8, got the byte 0x{fault.object[fault.start]:02x}. Save the file as UTF-8."
        raise FileError(what, f"{where}:{place}") from None


def json_of(data: bytes | str, where: str, line: int = 1, keep: Callable[[JsonObject], Json] | None = None) -> Json:
    """Return what JSON text says; there is no NaN and no infinity in it.

    Args:
        data: the text, or its bytes in UTF-8.
        where: the file's name, for messages.
        line: the number of its first line in the file.
        keep: what to make of every object, innermost first.

    Raises:
        FileError: it is no JSON, or an object has a key twice; the sentence names the file, and the line if it can.
    """
    text = data if isinstance(data, str) else text_of(data, where, line)
    del data  # hundreds of megabytes, of a large file

    def once(pairs: list[tuple[str, Json]]) -> Json:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise FileError(f"must name every key of an object once, got {twice!r:.60} twice. Delete one.", where)
        return found if keep is None else keep(found)

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=_refuse)
    except json.JSONDecodeError as fault:
        what = f"must be valid JSON, got a fault: {fault.msg}, at column {fault.colno}."
        raise FileError(what, f"{where}:{line + fault.lineno - 1}") from None
    except RecursionError:
        raise FileError("must be JSON of few levels, got too many. Flatten it.", f"{where}:{line}") from None
    except ValueError as fault:  # a constant, or a number of more digits than Python takes
        raise FileError(f"must hold numbers that can be held, got {fault}.", f"{where}:{line}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
