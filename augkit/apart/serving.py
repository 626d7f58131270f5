"""The life of a helper process: it answers calls, within limits that the system keeps."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import signal
import sys
import threading
import time
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from augkit.apart.messages import ANSWER, BEGUN, PLACE, READ, STEADY_BYTES, Limits, Short, received, sent
from augkit.errors import blame

LOOK_S = 0.5  # between looks at its parent
PIECE_BYTES = 4 << 20  # of a lent file, at once


def serve() -> None:
    """Answer the calls that come through standard input, until it is closed: the life of a helper."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C the parent knows what to make
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what libraries print is no answer
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    Borrowed.requests, Borrowed.answers = requests, answers
    ours = _Bounds()
    while (request := received(requests)) is not None:
        sent(answers, BEGUN)
        sent(answers, ANSWER + _answer(request, ours))
    os._exit(0)  # at once: there is nothing to tidy, and libraries may hang in that


def _answer(request: bytearray, bounds: _Bounds) -> bytes:
    try:
        limits, function, args, kwargs = pickle.loads(request)
        bounds.set(limits)
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except Exception as fault:
        if blame(fault) != "memory":
            return _told(fault)
    return pickle.dumps(Short(bounds.has_room()))  # here nothing holds the frames any more that held memory


def _told(fault: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, fault), pickle.HIGHEST_PROTOCOL)
        pickle.loads(answer)
    except Exception:  # an exception of a library may hold what cannot be pickled
        return pickle.dumps((False, RuntimeError(f"{type(fault).__name__}: {fault}")))
    return answer


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


class _Bounds:
    """The limits of a helper's own, as the system keeps them; a system without them has only its parent's clock."""

    def __init__(self) -> None:
        self.begun_with = _data_bytes()
        self.most: int | None = None
        if sys.platform != "win32":
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
            self.outer = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_DATA)}

    def set(self, limits: Limits) -> None:
        """Begin a call."""
        if sys.platform == "win32":
            return
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        self._set(resource.RLIMIT_CPU, ceil(used.ru_utime + used.ru_stime + limits.cpu_s))
        if self.begun_with and limits.bytes is not None:
            self.most = self.begun_with + STEADY_BYTES + limits.bytes
            self._set(resource.RLIMIT_DATA, self.most)
        elif self.most is not None:
            self.most = None
            resource.setrlimit(resource.RLIMIT_DATA, self.outer[resource.RLIMIT_DATA])

    def has_room(self) -> bool:
        """Say whether the system gives what the limit leaves."""
        left = (self.most or 0) - _data_bytes() - (1 << 20)
        try:
            if left > 0:
                mmap.mmap(-1, left).close()
        except (OSError, MemoryError):
            return False
        return self.most is not None

    def _set(self, kind: int, value: int) -> None:
        """Set a limit where the one from outside is not narrower."""
        import resource

        soft, hard = self.outer[kind]
        resource.setrlimit(kind, (value if soft == resource.RLIM_INFINITY else min(value, soft), hard))


def _data_bytes() -> int:
    """Return what this process may write to in memory, as Linux limits it, or 0 where that is not known."""
    try:
        lines = Path("/proc/self/status").read_bytes().split(b"\n")
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(b"VmData:")), 0)


class Borrowed(io.RawIOBase):
    """A file of the parent's, as a helper reads it."""

    requests: ClassVar[Any]
    answers: ClassVar[Any]

    def __init__(self, number: int, size: int) -> None:
        self.number, self.size, self.at = number, size, 0

    def __reduce__(self) -> tuple[type[Borrowed], tuple[int, int]]:
        return Borrowed, (self.number, self.size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + (0, self.at, self.size)[whence]
        if at < 0:
            raise ValueError("a place before the beginning")
        self.at = at
        return at

    def tell(self) -> int:
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        left = max(self.size - self.at, 0)  # a damaged file may ask for more than there is memory
        return super().read(left if size is None else min(size % (1 << 64), left)) or b""

    def readinto(self, buffer: Any) -> int:  # anything that has a buffer
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            sent(self.answers, READ + PLACE.pack(self.number, self.at, min(len(view) - done, PIECE_BYTES)))
            if not (piece := received(self.requests)):
                break  # at the end
            view[done : done + len(piece)] = piece
            self.at, done = self.at + len(piece), done + len(piece)
        return done
