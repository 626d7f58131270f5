"""Ways in which a function ends, or does not, for helper processes: they import it by name."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

from augkit.errors import FileError

KEPT: list[bytes] = []


def doubled(number: int) -> tuple[int, int]:
    """Return twice a number, and the process that did it."""
    print("as libraries do")
    return 2 * number, os.getpid()


def read_null() -> bytes:
    return ctypes.string_at(0)


def signalled(name: str) -> None:
    os.kill(os.getpid(), signal.Signals[name])


def left(code: int) -> None:
    os._exit(code)


def spun() -> None:
    while True:
        pass


def slept(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def asked_for(count: int) -> int:
    return int(np.ones(count, np.uint8).sum())


def kept(count: int) -> int:
    """Keep some memory for ever, as a leaking library does."""
    KEPT.append(b"x" * count)
    return os.getpid()


def refused() -> None:
    raise FileError("must be whole.", "a.parquet")


class Odd(Exception):
    """An exception that pickle cannot make again."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def odd() -> None:
    raise Odd("this", "that")


def killed_once(note: str) -> str:
    """Be killed from outside where a file is not there yet."""
    if not Path(note).exists():
        Path(note).touch()
        signalled("SIGKILL")
    return "lived"


def no_process(*arguments: object, **options: object) -> None:
    raise OSError(11, os.strerror(11))


def last_and_first(file: BinaryIO, count: int) -> tuple[int, bytes, bytes]:
    """Return a file's size, its last bytes and its first, and more than there is."""
    size = file.seek(0, os.SEEK_END)
    file.seek(-count, os.SEEK_END)
    last = file.read(1 << 60)
    file.seek(0)
    return size, last, file.read(count)


class Failing(io.BytesIO):
    """A file on a disk that fails."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")
