"""Strict text and JSON from files that anyone may have written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

from augkit.core.arrays import Json, JsonObject
from augkit.errors import FileError


def text_of(data: bytes, where: str, line: int = 1) -> str:
    """Return the text that a file holds in UTF-8.

    Args:
        data: the file, or lines of it.
        where: the file's name, for messages.
        line: the number of its first line in the file.

    Raises:
        FileError: it is not UTF-8; the sentence names the file and the line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        place = line + fault.object.count(b"\n", 0, fault.start)
        what = f"must be UTF-8, got the byte 0x{fault.object[fault.start]:02x}. Save the file as UTF-8."
        raise FileError(what, f"{where}:{place}") from None


def json_of(data: bytes, where: str, line: int = 1, keep: Callable[[JsonObject], Json] | None = None) -> Json:
    """Return what JSON text says; there is no NaN and no infinity in it.

    Args:
        data: the text in UTF-8.
        where: the file's name, for messages.
        line: the number of its first line in the file.
        keep: what to make of every object, innermost first.

    Raises:
        FileError: it is no JSON; the sentence names the file and the line.
    """
    text = text_of(data, where, line)
    del data  # hundreds of megabytes, of a large file
    try:
        return json.loads(text, object_hook=keep, parse_constant=_refuse)
    except json.JSONDecodeError as fault:
        what = f"must be valid JSON, got a fault: {fault.msg}, at column {fault.colno}."
        raise FileError(what, f"{where}:{line + fault.lineno - 1}") from None
    except RecursionError:
        raise FileError("must be JSON of few levels, got too many. Flatten it.", f"{where}:{line}") from None
    except ValueError as fault:  # a constant, or a number of more digits than Python takes
        raise FileError(f"must hold numbers that can be held, got {fault}.", f"{where}:{line}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
