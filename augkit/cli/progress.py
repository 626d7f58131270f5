"""Progress of a command: a bar on a terminal, a line now and then elsewhere."""

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TextIO, cast

from augkit.cli.output import drop, say

Show = Callable[[int, int, str], None]

SECONDS_BETWEEN_LINES = 5.0
LEAST_SECONDS = 1.0  # of a kind of work, before which its rate is chance


@contextmanager
def progress_shown() -> Iterator[Show]:
    """Give a function that shows on stderr how many are done, of how many, of what kind, and at which rate.

    What the first call tells to be done was done before, and says nothing of the rate. A count that goes back, or is of
    another number, is of other work: its rate begins anew.
    """
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=cast(IO[str], _Terminal(sys.stderr))), transient=True) as bar:
        task, rate = bar.add_task("", total=None, rate=""), _Rate()

        def show(done: int, total: int, note: str = "") -> None:
            if rate.is_other(done, total):
                bar.reset(task)
            told = f"{note.lstrip()}, {rate.of(done, total, time.perf_counter()):,.0f} a second".removeprefix(", ")
            bar.update(task, total=total, completed=done, rate=told)

        yield show


class _Terminal(io.TextIOBase):
    """Stderr, as long as somebody is there: a bar must not end the work of a terminal that was closed.

    It is held: while there is a bar, `sys.stderr` is a stream that prints above it, by way of this one.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there
        return self.stream.encoding

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError:
            drop(self.stream)
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            drop(self.stream)


class _Rate:
    """How many of a kind of work are done a second since it was first asked."""

    def __init__(self) -> None:
        self.first, self.last, self.total, self.began = 0, 0, -1, 0.0

    def is_other(self, done: int, total: int) -> bool:
        """Tell whether this is not the work that was last asked of."""
        return total != self.total or done < self.last

    def of(self, done: int, total: int, now: float) -> float:
        if self.is_other(done, total):
            self.first, self.total, self.began = done, total, now
        self.last = done
        return (done - self.first) / max(now - self.began, 1e-9)


class _Lines:
    """Print progress as lines, the first after a few seconds."""

    def __init__(self) -> None:
        self.told, self.rate = time.perf_counter(), _Rate()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.perf_counter()
        rate = self.rate.of(done, total, now)
        is_known = rate > 0.0 and now - self.rate.began >= LEAST_SECONDS
        if is_known and now - self.told >= SECONDS_BETWEEN_LINES:
            self.told = now
            left = f"{(total - done) / rate:,.0f} s left"
            say(f"{done:,} of {total:,}{note}, {rate:,.0f} a second, {left}", is_error=True)
