"""Calls to the file system that fail, wait or come up short for a while, in every process that is started with them.

`file_calls.c` lies between a program and its C library, so that nothing in Python or in another library goes around it;
it needs Linux and a C compiler. The schedule lies in memory that all these processes share, and may be changed while
they run.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PLACES, RULES, PREFIX = 8, 16, 512
KINDS = (
    *("open", "read", "write", "sync", "rename", "unlink", "mkdir", "stat"),
    *("list", "lock", "mmap", "close", "link", "chmod", "truncate", "access"),
)
EFFECTS = ("fail", "slow", "block", "short", "kill")
# What a disk, a network or a machine answers for a while, of no fault of a file's. Not all systems have all of them.
_TROUBLE = (
    *("EIO", "EACCES", "EPERM", "EKEYEXPIRED", "EKEYREVOKED", "ENOKEY", "ESTALE", "ETIMEDOUT", "ENOTCONN"),
    *("EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "EREMOTEIO", "ENOLINK", "ENOMEM", "EMFILE", "ENFILE"),
    *("ENOBUFS", "ENXIO", "ENODEV", "EBUSY", "EAGAIN", "ECONNRESET", "ENOMEDIUM", "EUCLEAN", "ESHUTDOWN", "ENOENT"),
)
_FULL = ("ENOSPC", "EDQUOT", "EROFS", "EFBIG")
TROUBLE = tuple(getattr(errno, name) for name in _TROUBLE if hasattr(errno, name))
FULL = tuple(getattr(errno, name) for name in _FULL if hasattr(errno, name))
_NS = 1e9


@dataclass(frozen=True)
class Rule:
    """A fault of some calls at some places.

    Args:
        places: by name.
        kinds: of calls, of `KINDS`.
        effect: ``fail`` with an errno, ``slow``, ``block`` until the time is over, ``short``: fewer bytes are moved
            than were asked for, ``kill`` the process.
        value: an errno, seconds or bytes.
        after: calls that pass first.
        seconds: it lasts, from the first call that it meets on; 0: by calls alone.
        calls: that it meets; 0: by time alone.
        every: only each n-th call is met.
    """

    places: tuple[str, ...]
    kinds: tuple[str, ...]
    effect: str = "fail"
    value: float = errno.EIO
    after: int = 0
    seconds: float = 0.0
    calls: int = 0
    every: int = 1

    def __str__(self) -> str:
        told = {"fail": f"[{errno.errorcode.get(int(self.value), self.value)}]", "kill": ""}.get(
            self.effect, f"{self.value:g}"
        )
        lasting = " and ".join(
            text
            for text, given in ((f"{self.seconds:g} s", self.seconds), (f"{self.calls} calls", self.calls))
            if given
        )
        what = f"{self.effect} {told} {'/'.join(self.kinds)} of {'/'.join(self.places)}"
        return f"{what} after {self.after} for {lasting}{f', 1 of {self.every}' if self.every > 1 else ''}"


class _Rule(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("places", "kinds", "after", "lasting", "count", "every")),
        *((name, ctypes.c_int64) for name in ("effect", "value", "seen", "struck", "began")),
    )


class _Schedule(ctypes.Structure):
    _fields_ = (
        ("on", ctypes.c_int64),
        ("rules", ctypes.c_int64),
        ("rule", _Rule * RULES),
        ("prefix", ctypes.c_char * PREFIX * PLACES),
        ("calls", ctypes.c_int64 * len(KINDS) * PLACES),
    )


class FileCalls:
    """The schedule of processes that are started with `environment`.

    Args:
        file: where the schedule lies.
        library: the compiled `file_calls.c`.
    """

    def __init__(self, file: Path, library: Path) -> None:
        self.environment = {"LD_PRELOAD": str(library), "AUGKIT_FAULTS": str(file)}
        self._names: tuple[str, ...] = ()
        with file.open("r+b") as opened:
            if opened.seek(0, os.SEEK_END) < ctypes.sizeof(_Schedule):
                opened.truncate(ctypes.sizeof(_Schedule))
            self._memory = mmap.mmap(opened.fileno(), ctypes.sizeof(_Schedule))
        self._schedule = _Schedule.from_buffer(self._memory)

    def name(self, places: Mapping[str, str | os.PathLike[str]]) -> None:
        """Name places by the prefixes of their paths; of two that fit, the longer one counts."""
        if len(places) > PLACES:
            raise ValueError(f"places: must be {PLACES} at most, got {len(places)}.")
        self._names = tuple(places)
        for number in range(PLACES):
            path = os.path.abspath(places[self._names[number]]) if number < len(places) else ""  # noqa: PTH100 - links stay
            self._schedule.prefix[number].value = os.fsencode(path)

    def arm(self, rules: Sequence[Rule]) -> None:
        """Begin a schedule; counts begin anew."""
        if len(rules) > RULES:
            raise ValueError(f"rules: must be {RULES} at most, got {len(rules)}.")
        self.disarm()
        ctypes.memset(self._schedule.calls, 0, ctypes.sizeof(self._schedule.calls))
        for number, rule in enumerate(rules):
            value = rule.value * _NS if rule.effect in ("slow", "block") else rule.value
            self._schedule.rule[number] = _Rule(
                _bits(rule.places, self._names),
                _bits(rule.kinds, KINDS),
                rule.after,
                int(rule.seconds * _NS),
                rule.calls,
                rule.every,
                1 + EFFECTS.index(rule.effect),
                int(value),
            )
        self._schedule.rules = len(rules)
        self._schedule.on = 1

    def disarm(self) -> None:
        """End all faults; what a rule struck is still told."""
        self._schedule.on = 0

    @property
    def struck(self) -> tuple[int, ...]:
        """How many calls each rule met."""
        rules = self._schedule.rule[: self._schedule.rules]
        return tuple(min(rule.struck, rule.count or rule.struck) for rule in rules)

    def calls(self, place: str) -> dict[str, int]:
        """Return how many calls there were of a place, by kind, while a schedule was armed."""
        counts = self._schedule.calls[self._names.index(place)]
        return {kind: counts[number] for number, kind in enumerate(KINDS) if counts[number]}


def _bits(names: Iterable[str], known: Sequence[str]) -> int:
    return sum(1 << known.index(name) for name in set(names))


@cache
def library() -> Path:
    """Compile `file_calls.c`, once a process, into a folder that is kept for the next one.

    Raises:
        RuntimeError: there is no compiler, or this is not Linux.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not sys.platform.startswith("linux") or compiler is None:
        raise RuntimeError("faults of the file system need Linux and a C compiler, cc.")
    source = Path(__file__).with_name("file_calls.c")
    made = Path(tempfile.mkdtemp(prefix="augkit-faults-")) / "file_calls.so"
    words = [compiler, "-O1", "-Wall", "-fPIC", "-shared", "-o", str(made), str(source), "-ldl"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"{source}: must compile, got: {built.stderr}")
    return made


@contextmanager
def file_calls(folder: Path) -> Iterator[FileCalls]:
    """Give a schedule whose file lies in a folder, for processes that are started with its environment."""
    file = folder / "faults"
    file.touch()
    calls = FileCalls(file, library())
    try:
        yield calls
    finally:
        calls.disarm()


def own_calls() -> FileCalls:
    """Return the schedule of this process, which was started with its environment.

    Raises:
        RuntimeError: it was not.
    """
    try:
        return FileCalls(Path(os.environ["AUGKIT_FAULTS"]), Path(os.environ["LD_PRELOAD"]))
    except KeyError:
        raise RuntimeError("this process must be started with the environment of FileCalls.") from None
