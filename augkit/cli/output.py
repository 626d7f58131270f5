"""Lines for the screen, safe to show whatever names and messages they hold."""

import os
import sys
from typing import TextIO

from augkit.screen_text import printable


def say(*lines: str, is_error: bool = False) -> None:
    r"""Print lines on stdout, or on stderr.

    Names of files and the words of other libraries may hold anything: what a terminal would act on, or what would
    begin another line, is shown as an escape. What stderr does not take is dropped: a terminal that is gone, or a pipe
    that nobody reads any more, is no reason to end a night's work.

    >>> say("roses/\x1b[2J\n.jpg: is empty")
    roses/\x1b[2J\n.jpg: is empty
    """
    for line in lines:
        if not is_error:
            print(printable(line))
            continue
        try:
            print(printable(line), file=sys.stderr, flush=True)
        except OSError:
            drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Let what is still to be printed go nowhere: Python tries again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
