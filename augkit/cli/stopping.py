"""Signals that end a long command."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from augkit.errors import AugkitError

AGAIN_S = 10.0  # after which a signal counts anew: what the first one raised may have been lost in a library
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # Ctrl-C; batch systems; terminals that close; Windows


class Interrupted(KeyboardInterrupt):
    """An interruption by a signal.

    Of a plain KeyboardInterrupt that leaves a text which is executed, such as that of a dataclass while a module is
    imported, Python remembers for ever that nobody caught it, and ends as if by the signal, whoever caught it then.
    """


class Unfinished(AugkitError):
    """An interrupted job that goes on later."""

    exit_code = 130


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let a batch system's SIGTERM, and the SIGHUP of a terminal that closes, end a command as Ctrl-C does.

    Without, the first process of a container would not even hear of SIGTERM. What comes while the first one is heeded
    is ignored, as systems send several. A signal that is ignored from outside stays so: `nohup` means it.
    """
    heard = -AGAIN_S

    def interrupt(number: int, frame: object) -> None:
        nonlocal heard
        now = time.monotonic()
        if number == signal.SIGINT or now - heard >= AGAIN_S:
            heard = now
            raise Interrupted

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


@contextmanager
def resumable(out: str) -> Iterator[None]:
    """End an interrupted job with what to do next, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        raise Unfinished(f"interrupted. The same command goes on from here; {out} is unfinished.") from None
