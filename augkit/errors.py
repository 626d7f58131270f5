"""The tree of errors: one sentence for the user, and the exit code that goes with it.

A message has the form ``<where>: <what> must <rule>, got <value>. <What to do.>``. The code nearest to the fault raises
the sentence; the public door that knows the place (a file and line, a step, a picture) adds it once with `at`.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from typing import Literal, Self

from augkit.addresses import without_secrets
from augkit.screen_text import printable

Blame = Literal["content", "place", "memory"]

# Kinds of OSError that say what a file system or a store answered, also where a library raises them without a number.
_ANSWERS = (FileNotFoundError, PermissionError, ConnectionError, TimeoutError, BlockingIOError, InterruptedError)
# Packages that reach stores. What they raise says how the store answered, never what a picture holds.
_REACHING = (
    *("adlfs", "aiobotocore", "aiohttp", "azure", "boto3", "botocore", "fsspec", "gcsfs", "google.api_core"),
    *("google.auth", "google.cloud", "http", "httpx", "huggingface_hub", "paramiko", "requests", "s3fs", "urllib3"),
)
# What libraries say when they get no memory, and raise no MemoryError.
_NO_MEMORY = (
    *("not enough memory", "can't allocate", "cannot allocate memory", "failed to allocate", "bad_alloc"),
    *("insufficient memory", "out of memory", "failed to map segment", "can't start new thread"),
)
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
_MOST_LETTERS, _MOST_NEAR = 100, 1000  # of a name that others are compared with, and of those: it takes their square
_SHOWN = 10  # names of a list that is told
_MOST_TOLD = 1200  # letters of a sentence, and of its place
_OPENCV_NO_MEMORY, _ZLIB_NO_MEMORY = -4, "Error -4 "


class AugkitError(Exception):
    """Anything a user can mend. `str` of it is a whole sentence; no traceback is needed to act on it.

    What names of files and other libraries put into `message` and `where` is as it came there, but for secrets in
    addresses, and printable in `str`.
    """

    exit_code = 2

    def __init__(self, message: str, where: str = "") -> None:
        message, where = (_short(without_secrets(text)) for text in (_said(message, type(self)), where))
        super().__init__(message, where)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return printable(f"{self.where}: {self.message}" if self.where else self.message)

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


def _short(text: str) -> str:
    """Return a text without its middle, where it is longer than anybody reads: a damaged file may hold any name."""
    return text if len(text) <= _MOST_TOLD else f"{text[: _MOST_TOLD // 2]} ... {text[-_MOST_TOLD // 4 :]}"


class ArgumentError(AugkitError, ValueError):
    """An argument, a name or an option that does not fit."""


class SampleError(AugkitError, ValueError):
    """A picture or its labels that do not fit what was asked of them."""


class FileError(AugkitError):
    """A file or folder that is missing, unreadable, malformed or in the way."""


class Unreachable(FileError):
    """A file that cannot be read now, through no fault of its own: a network disk is gone, a token has expired.

    Whoever passes over a FileError, or blames a picture for it, calls `raise_outage` first.
    """

    exit_code = 1


class Changed(Unreachable):
    """A file that is another one than it was a while ago in the same run: what was made of both would fit neither."""


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


def blame(fault: BaseException) -> Blame:
    """Say whose fault an exception is: that of the content of what was read, of the place it lies in, or of memory.

    Of the place is what a system or a store answers, any number and any status, be it in the exception or in its
    causes; what decoders raise about bytes has none. Only content is a reason to reject a picture.

    >>> blame(OSError(5, "Input/output error")), blame(OSError("image file is truncated")), blame(MemoryError())
    ('place', 'content', 'memory')
    """
    for one in _causes(fault):
        if isinstance(one, MemoryError | OutOfMemory) or _tells_no_memory(one):
            return "memory"
        if isinstance(one, Unreachable) or _is_answer(one):
            return "place"
    return "content"


def outage_of(fault: BaseException, where: str = "") -> Unreachable | OutOfMemory | None:
    """Return what an exception is to come out as that says nothing of a picture's content; None of one that does.

    Args:
        fault: anything that was raised.
        where: the place, if the exception does not name one.
    """
    if isinstance(fault, Unreachable | OutOfMemory):
        return fault if fault.where or not where else fault.at(where)
    if (whose := blame(fault)) == "content":
        return None
    place = (fault.where if isinstance(fault, AugkitError) else "") or where
    reason = reason_of(fault).rstrip(".")
    if whose == "memory":
        advice = "Run with fewer --workers, or with more memory."
        return OutOfMemory(f"must get the memory that it needs, got: {reason}. {advice}", place)
    if isinstance(fault, AugkitError):
        return Unreachable(fault.message, place)
    return Unreachable(f"must be readable, got: {reason}.", place)


def raise_outage(fault: BaseException, where: str = "") -> None:
    """Raise what `outage_of` returns, if anything: for whoever is about to blame a picture.

    Raises:
        Unreachable, OutOfMemory: the content is not at fault.
    """
    outage = outage_of(fault, where)
    if outage is not None:
        raise outage from (fault.__cause__ if outage is fault else fault)


@contextmanager
def outages_told(where: str) -> Iterator[None]:
    """Let what `outage_of` finds no fault of content come out as that.

    Args:
        where: the place, if an exception does not name one.
    """
    try:
        yield
    except Exception as fault:
        raise_outage(fault, where)
        raise


def is_absence(fault: BaseException) -> bool:
    """Say whether a name leads to nothing: of one that a user has typed, or a label names, that is no outage.

    >>> is_absence(FileNotFoundError(2, "No such file or directory")), is_absence(OSError(5, "Input/output error"))
    (True, False)
    """
    return any(isinstance(one, OSError) and one.errno in _ABSENT for one in _causes(fault))


def reason_of(fault: BaseException) -> str:
    """Return what an exception says, in a line, without the path that systems add.

    >>> reason_of(OSError(5, "Input/output error", "/mnt/1.png")), reason_of(MemoryError())
    ('Input/output error', 'MemoryError')
    """
    said = (isinstance(fault, OSError) and fault.strerror) or str(fault)
    if isinstance(fault, FileNotFoundError) and not fault.strerror:
        said = "no such file"  # stores say its name alone
    return " ".join(str(said).split()) or type(fault).__name__


def require_answer(data: bytes | None) -> bytes:
    """Return what a read gave.

    Raises:
        BlockingIOError: nothing: so Python tells EAGAIN of a read, and of no other call.
    """
    if data is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from, or while handling, as a traceback would show them."""
    seen, now = set[int](), fault
    while now is not None and id(now) not in seen:
        yield now
        seen.add(id(now))
        following = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
        if following is None:
            return
        now = following


def _is_answer(fault: BaseException) -> bool:
    if isinstance(fault, OSError) and (fault.errno is not None or isinstance(fault, _ANSWERS)):
        return True
    return f"{type(fault).__module__}.".startswith(tuple(f"{package}." for package in _REACHING))


def _tells_no_memory(fault: BaseException) -> bool:
    if isinstance(fault, AugkitError):  # whose words are about pictures
        return False
    said, package = str(fault), type(fault).__module__.partition(".")[0]
    if package == "cv2":
        return getattr(fault, "code", None) == _OPENCV_NO_MEMORY or "bad_alloc" in said
    if package == "zlib":
        return said.startswith(_ZLIB_NO_MEMORY)
    is_plain = isinstance(fault, RuntimeError | ImportError | ValueError | OSError) and not _is_answer(fault)
    return is_plain and any(words in said.lower() for words in _NO_MEMORY)


def closest(name: str, options: Iterable[str]) -> str:
    """Return ``" Did you mean X?"`` for the option nearest to `name`, or an empty string.

    >>> closest("Rotat", ["Rotate", "Mirror"])
    ' Did you mean Rotate?'
    >>> closest("zzz", ["Rotate"])
    ''
    """
    by_folded_name = {option.lower(): option for option in islice(options, _MOST_NEAR) if len(option) <= _MOST_LETTERS}
    found = get_close_matches(name.lower(), by_folded_name, n=1) if len(name) <= _MOST_LETTERS else []
    return f" Did you mean {by_folded_name[found[0]]}?" if found else ""


def known(name: str, options: Sequence[str]) -> str:
    """Return the option nearest to `name`, or else the first few that there are, as a sentence.

    >>> known("Rotat", ["Rotate", "Mirror"]), known("zzz", ["Rotate", "Mirror"])
    (' Did you mean Rotate?', ' There are Rotate, Mirror.')
    """
    more = f" and {len(options) - _SHOWN:,} more" if len(options) > _SHOWN else ""
    return closest(name, options) or f" There are {', '.join(options[:_SHOWN])}{more}."


def listed(names: Iterable[str], word: str = "or") -> str:
    """Return names as a sentence has them.

    >>> listed(["jpeg", "png", "webp"]), listed(["png"])
    ('jpeg, png or webp', 'png')
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last
