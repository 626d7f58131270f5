"""Functions that run in a helper process, where only that hangs, crashes or is short of memory.

What reads a file in C++, or loops over what a file says, may never come back, or take its process with it. `run_apart`
has a helper do it. How that ends is a value, the exception that the function raised, or a sentence that names the file.

An open file that is an argument is lent: this process reads what the helper asks of it, so that stores, archives and
their passwords stay here, and what goes wrong with a disk is told as everywhere.

A helper is a fresh interpreter: it imports neither the script nor anything else that this process has, so that scripts
need no ``if __name__ == "__main__":``, and threads and locks of this process do not matter. It is kept for the next
call, and ends with this process.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.spawn import get_executable
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from augkit.apart.messages import ANSWER, PLACE, READ, Limits, Short, received, sent
from augkit.apart.serving import Borrowed
from augkit.errors import FileError, OutOfMemory, Unreachable

P = ParamSpec("P")
T = TypeVar("T")

LOOK_S = 0.5  # between looks at a helper that does not answer
END_S = 5.0  # that a killed process is waited for: one that waits for a dead disk ends when that answers
MOST_IDLE = 4  # helpers that are kept
MOST_KILLS = 3  # of helpers in a row, from outside
_START = "import sys; sys.path[:] = {path!r}; from augkit.apart.serving import serve; serve()"
_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")  # of a helper's ends: someone, or the system for memory


class Silent(Unreachable):
    """A call that neither computed nor ended for too long: the disk of a file that was lent, or a decoder's lock."""


class _Ended(NamedTuple):
    """The end of a helper in the middle of a call: its signal or exit code, or why it was ended."""

    why: str
    has_begun: bool


def run_apart(where: str, limits: Limits, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns, or raise what it raises, without its dangers.

    Args:
        where: the file that it reads, for messages.
        limits: what it may use.
        function: one that pickle finds by its name in an importable module; so are its arguments and its result.
        args: its arguments; open files, which can seek, are lent.
        kwargs: likewise, without files.

    Raises:
        FileError: it crashes, computes for longer than `limits` or asks for more memory: also on a second try, in a
            fresh process.
        Silent: it neither computes nor ends for too long.
        Unreachable: no helper can be begun.
        OutOfMemory: the machine has too little memory, or helpers are killed again and again.
    """
    if _state.is_expendable:
        return function(*args, **kwargs)
    files = [arg for arg in args if isinstance(arg, io.IOBase)]
    sizes = [file.seek(0, os.SEEK_END) for file in files]
    numbers = iter(range(len(files)))
    given = [Borrowed(number := next(numbers), sizes[number]) if isinstance(arg, io.IOBase) else arg for arg in args]
    request = pickle.dumps((limits, function, given, kwargs), pickle.HIGHEST_PROTOCOL)
    kills = 0
    while True:
        try:
            helper = _state.taken()
        except OSError as fault:
            what = f"must be read by a process of its own, and none can be begun: {fault.strerror or fault}"
            raise Unreachable(f"{what}. Run the same again when the machine has room for one.", where) from fault
        is_fresh, answer = helper.is_fresh, None
        try:
            answer = helper.asked(request, limits, files)
        finally:
            if answer is None or isinstance(answer, _Ended | Short):
                helper.end()
            else:
                _state.give(helper)
        match answer:
            case _Ended("still"):
                what = (
                    f"must answer, but did nothing for {limits.still_s:g} s. Look at the disk or the network it lies on"
                )
                raise Silent(f"{what}, and run the same again.", where)
            case _Ended(why, has_begun) if why in _FROM_OUTSIDE or not has_begun:
                kills += 1
                if kills == MOST_KILLS:
                    what = f"must be read by a process of its own, which was ended {kills} times ({why})"
                    raise OutOfMemory(f"{what}. Look for a lack of memory, or for what kills processes here.", where)
            case _Ended() | Short() if not is_fresh:
                continue  # what earlier calls left there may be at fault
            case _Ended(why):
                raise _fault(why, limits, where)
            case Short(by_limit=True):
                size = (limits.bytes or 0) / (1 << 30)
                what = f"must be read in {size:.3g} GiB of memory, and asks for more"
                raise FileError(f"{what}. It is damaged, or a bomb: make it anew, or in smaller pieces.", where)
            case Short():
                raise OutOfMemory("must be read, but this machine has too little memory for it now. Free some.", where)
            case (True, value):
                result: T = value
                return result
            case (_, fault):
                raise fault


def be_expendable() -> None:
    """Let `run_apart` call functions in this process from now on: its end costs no more than its file."""
    _state.is_expendable = True


def _fault(why: str, limits: Limits, where: str) -> FileError:
    if why == "SIGXCPU":
        what = f"must be read within {limits.cpu_s:g} s of computing, and took longer"
    else:
        what = f"must be whole, but crashed the process that read it ({why})"
    return FileError(f"{what}. Make it anew, or leave it out.", where)


class _Helper:
    """A helper process as its parent sees it, which asks it one thing at a time."""

    def __init__(self) -> None:
        self.is_fresh = True
        self.talk: threading.Thread | None = None
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        paths = [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 - the empty one is the working directory
        self.process = subprocess.Popen(
            [get_executable(), "-c", _START.format(path=paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **threads},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.requests, self.answers = self.process.stdin, self.process.stdout

    def asked(self, request: bytes, limits: Limits, files: Sequence[io.IOBase | Any]) -> Any:
        """Ask it something; return its answer: whether it has a value, and that or a fault; or Short, or _Ended."""
        self.is_fresh = False
        heard: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self.talk = threading.Thread(target=_converse, args=(self.requests, self.answers, request, heard), daemon=True)
        self.talk.start()
        has_begun, busy_s, since = False, -1.0, time.monotonic()
        while True:
            try:
                answer = heard.get(timeout=LOOK_S)
            except queue.Empty:
                if (now_s := self._busy_s()) != busy_s:
                    busy_s, since = now_s, time.monotonic()
                if time.monotonic() - since > (limits.still_s if now_s else max(limits.still_s, 10 * limits.cpu_s)):
                    return _Ended("still", has_begun)
                continue
            since = time.monotonic()
            if answer is None:
                return _Ended(self._ending(), has_begun)
            if answer[:1] == ANSWER:
                return _unpickled(answer[1:])
            if answer[:1] == READ:
                number, offset, size = PLACE.unpack(answer[1:])
                files[number].seek(offset)
                piece = files[number].read(size)
                with contextlib.suppress(OSError):  # of a helper that has just died
                    sent(self.requests, piece)
            has_begun = True

    def _busy_s(self) -> float:
        """Return the seconds that it has computed, or 0 where that is not known."""
        try:
            text = Path(f"/proc/{self.process.pid}/stat").read_text("ascii", "replace")
        except OSError:
            return 0.0
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _ending(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(END_S)
            return signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return "it closed its pipe"

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_S)
        if self.talk is not None:
            self.talk.join(END_S)  # before the numbers of its pipes may be given to others
        self.forget()

    def forget(self) -> None:
        """Let go of it, as a forked process must of its parent's."""
        for pipe in (self.requests, self.answers):
            with contextlib.suppress(OSError):
                pipe.close()
        self.process.returncode = self.process.returncode or 0  # it is not this object's to wait for any more


def _unpickled(answer: memoryview) -> object:
    try:
        return pickle.loads(answer)
    except Exception as fault:
        return _Ended(f"its answer: {type(fault).__name__}", has_begun=True)


def _converse(requests: Any, answers: Any, request: bytes, heard: queue.SimpleQueue[memoryview | None]) -> None:
    """Send a request, and put what comes back into `heard`, up to the answer; None where it ends before."""
    try:
        sent(requests, request)
        while (message := received(answers)) is not None:
            heard.put(memoryview(message))
            if message[:1] == ANSWER:
                return
    except (OSError, ValueError):  # it is dead, or was ended from this side
        pass
    heard.put(None)


class _State:
    """The helpers of this process."""

    def __init__(self) -> None:
        self.lock, self.idle, self.is_expendable = threading.Lock(), list[_Helper](), False
        self.all = set[_Helper]()

    def taken(self) -> _Helper:
        """Return a helper that nobody else asks."""
        with self.lock:
            if self.idle:
                return self.idle.pop()
        helper = _Helper()
        with self.lock:
            self.all = {one for one in self.all if one.process.returncode is None} | {helper}
        return helper

    def give(self, helper: _Helper) -> None:
        """Keep a helper for the next call, or end it."""
        with self.lock:
            if is_kept := len(self.idle) < MOST_IDLE:
                self.idle.append(helper)
        if not is_kept:
            helper.end()

    def end(self) -> None:
        """End all helpers with this process."""
        with self.lock:
            helpers, self.all, self.idle = self.all, set(), []
        for helper in helpers:
            helper.end()

    def forked(self) -> None:
        """Begin anew in a forked process: the helpers are its parent's, whose threads may have held the lock."""
        self.lock, self.idle = threading.Lock(), []
        for helper in self.all:
            helper.forget()
        self.all = set()


_state = _State()
atexit.register(_state.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.forked)
