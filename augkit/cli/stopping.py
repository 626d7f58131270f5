"""Signals that end a long command."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from augkit.cli.output import say


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let a batch system's SIGTERM end a run as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def resumable(out: str) -> Iterator[None]:
    """End an interrupted job with what to do next, and exit code 130."""
    try:
        with terminated_as_interrupted():
            yield
    except KeyboardInterrupt:
        say(f"augkit: interrupted. The same command goes on from here; {out} is unfinished.", is_error=True)
        raise typer.Exit(130) from None
