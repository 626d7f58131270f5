"""Starts of worker processes, uninterrupted and on one thread each, and what they send."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from augkit.errors import JobError, reason_of

MOST_FALSE_STARTS = 3  # workers in a row that end before they begin
KILLED_S = 5.0  # that a killed process may take to end: one whose disk does not answer may take for ever
KILLED = "must be able to begin, and was killed each time it did. Look for what kills processes here."
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_NOT_FROM_HERE = "PYTHONSAFEPATH"  # else it looks for its own modules in the working directory, a data set maybe


def started_process(start_method: str, target: Callable[..., object], args: tuple[object, ...]) -> BaseProcess:
    """Start a worker process, which ends with this one at the latest: see `augkit.apart.lifetime`.

    Args:
        start_method: as multiprocessing calls it.
        target: a function of an importable module.
        args: its arguments.

    Raises:
        JobError: the server that forks workers is killed again and again, or the working directory has been removed.
    """
    try:
        Path.cwd()  # where the new process begins
    except FileNotFoundError:
        what = "must be a folder that is there, got one that has been removed. Change to another, and run again."
        raise JobError(what, "the working directory") from None
    context = cast(SpawnContext, multiprocessing.get_context(start_method))  # or another, which is used alike
    process = context.Process(target=target, args=args, daemon=True)
    for _ in range(MOST_FALSE_STARTS):
        try:
            with _settings(), _no_interrupts():
                process.start()
            return process
        except (EOFError, ConnectionError):  # the server has just been killed; the next start begins another
            continue
        except OSError as fault:  # of memory, of processes or of open files there are no more
            advice = "Run with fewer --workers."
            raise JobError(f"must be able to begin, got: {reason_of(fault)}. {advice}", "a worker process") from fault
        except BaseException:
            if process.pid is not None:  # an interruption, kept back until it had started
                process.kill()
                process.join(KILLED_S)
            raise
    raise JobError(KILLED, "a worker process")


@contextmanager
def _settings() -> Iterator[None]:
    """Have processes that are started now compute on one thread each, and begin with modules of Python alone."""
    names = (*_THREADS, _NOT_FROM_HERE)
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started now; it is this process that tells them to end.

    Nor is this process interrupted here, be it by Ctrl-C or by SIGTERM: it would not know what it has started. What
    handles an interruption is called at the end of the block, if one came within.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # which unblocks the signals that it found blocked, when it starts
    held, handlers = list[int](), dict[int, Any]()
    if threading.current_thread() is threading.main_thread():  # the only one that they are raised in
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler
                signal.signal(number, lambda number, frame: held.append(number))
    resource_tracker.ensure_running()  # now: where it is started, it lets through what is blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # of this thread; a signal may come to any
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for known, handler in handlers.items():
            signal.signal(known, handler)
        for came in held:
            handlers[came](came, None)


def received(pipe: Connection) -> object:
    """Return what a process has sent, or None: nothing, or half of it, as it was killed while it sent."""
    try:
        return pipe.recv() if pipe.poll() else None
    except (EOFError, OSError, pickle.UnpicklingError):
        return None
