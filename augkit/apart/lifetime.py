"""Lifetime of a helper process: it ends with the one that started it, however that one ends."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when the thread that started it ends


def end_with_parent() -> None:
    """End this process when its parent has been killed: at once where the system can do that, else soon.

    It is for processes that the thread which started them outlives; see `watch_parent` for others.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux" and os.getppid() == parent.pid:  # forkserver's children have another one
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if not parent.is_alive():  # it was killed while this one began: nobody is left who would be told of anything
        os._exit(1)
    watch_parent()


def watch_parent() -> None:
    """End this process soon after its parent has been killed, whichever thread started it.

    Whoever is forked by a server has that as its parent in the system's eyes, and it keeps that server alive: nothing
    else would tell it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
