"""Lines for the screen, safe to show whatever names and messages they hold."""

import sys

from augkit.screen_text import printable


def say(*lines: str, is_error: bool = False) -> None:
    r"""Print lines on stdout, or on stderr.

    Names of files and the words of other libraries may hold anything: what a terminal would act on, or what would
    begin another line, is shown as an escape.

    >>> say("roses/\x1b[2J\n.jpg: is empty")
    roses/\x1b[2J\n.jpg: is empty
    """
    for line in lines:
        print(printable(line), file=sys.stderr if is_error else sys.stdout, flush=is_error)
