"""The tree of errors: one sentence for the user, and the exit code that goes with it.

A message has the form ``<where>: <what> must <rule>, got <value>. <What to do.>``. The code nearest to the fault raises
the sentence; the public door that knows the place (a file and line, a step, a picture) adds it once with `at`.
"""

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self

# What a system answers when the machine or the network is short of something: it says nothing of the file.
_OUTAGES = {
    getattr(errno, name, None)  # no system has all of them
    for name in (
        *("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ESTALE", "ENOTCONN", "ETIMEDOUT", "ECONNRESET", "ECONNREFUSED"),
        *("ECONNABORTED", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "EREMOTEIO", "ENOLINK"),
    )
} - {None}


class AugkitError(Exception):
    """Anything a user can mend. `str` of it is a whole sentence; no traceback is needed to act on it."""

    exit_code = 2

    def __init__(self, message: str, where: str = "") -> None:
        message = _said(message, type(self))
        super().__init__(message, where)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def at(self, where: str) -> Self:
        """Return the same error with `where` before the place it already names.

        >>> str(ArgumentError("must be positive, got -1").at("Scale.factor").at("steps[2]"))
        'steps[2] Scale.factor: must be positive, got -1'
        """
        return type(self)(self.message, f"{where} {self.where}".strip())


def _said(text: str, kind: type) -> str:
    """Return what an error said where it was first raised.

    PyTorch's DataLoader makes a worker's error anew, of its own kind, from the text of its traceback. The sentence ends
    that text, after the kind's full name; nothing but the error itself sees both on every way to the user.
    """
    _, name, sentence = text.rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")
    return sentence.rstrip("\n") if name and text.startswith(f"Caught {kind.__name__} in ") else text


class ArgumentError(AugkitError, ValueError):
    """An argument, a name or an option that does not fit."""


class SampleError(AugkitError, ValueError):
    """A picture or its labels that do not fit what was asked of them."""


class FileError(AugkitError):
    """A file or folder that is missing, unreadable, malformed or in the way."""


class Unreachable(FileError):
    """A file that cannot be read now, through no fault of its own: a network disk is gone, too many files are open."""


class JobError(AugkitError):
    """A job that began and could not be finished."""

    exit_code = 1


class OutOfMemory(JobError):
    """A job that did not get the memory it needs; that says nothing of the picture that was in hand."""


class DecodeError(AugkitError):
    """A picture that cannot be decoded, with the reason."""


class MissingExtra(AugkitError, ImportError):
    """A feature whose optional dependency is not installed; the message names the pip command."""


class ExtensionError(AugkitError, ImportError):
    """Another package's step, format or model that cannot be imported; the message names the package."""


def is_outage(fault: BaseException) -> bool:
    """Say whether the system is at fault, and not the file that was asked for.

    >>> is_outage(OSError(errno.EMFILE, "")), is_outage(OSError(errno.ENOENT, ""))
    (True, False)
    """
    return isinstance(fault, OSError) and fault.errno in _OUTAGES


def closest(name: str, options: Iterable[str]) -> str:
    """Return ``" Did you mean X?"`` for the option nearest to `name`, or an empty string.

    >>> closest("Rotat", ["Rotate", "Mirror"])
    ' Did you mean Rotate?'
    >>> closest("zzz", ["Rotate"])
    ''
    """
    by_folded_name = {option.lower(): option for option in options}
    found = get_close_matches(name.lower(), by_folded_name, n=1)
    return f" Did you mean {by_folded_name[found[0]]}?" if found else ""


def listed(names: Iterable[str], word: str = "or") -> str:
    """Return names as a sentence has them.

    >>> listed(["jpeg", "png", "webp"]), listed(["png"])
    ('jpeg, png or webp', 'png')
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last
