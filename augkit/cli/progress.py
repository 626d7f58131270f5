"""How far a command is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["Show", "progress_shown"]

Show = Callable[[int, int, str], None]

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_shown() -> Iterator[Show]:
    """Give a function that shows on stderr how many are done, of how many, at which rate, and what else to say."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, began = bar.add_task("", total=None, rate=""), time.perf_counter()

        def show(done: int, total: int, note: str = "") -> None:
            rate = f"{done / (time.perf_counter() - began):,.0f} a second{note}"
            bar.update(task, total=total, completed=done, rate=rate)

        yield show


class _Lines:
    """Print progress as lines, the first after a few seconds."""

    def __init__(self) -> None:
        self.began = self.told = time.perf_counter()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.perf_counter()
        if done and now - self.told >= SECONDS_BETWEEN_LINES:
            self.told = now
            rate = done / (now - self.began)
            left = (total - done) / rate
            with suppress(OSError):  # nobody reads it any more: no reason to end a night's work
                print(f"{done:,} of {total:,}, {rate:,.0f} a second{note}, {left:,.0f} s left", file=sys.stderr)
