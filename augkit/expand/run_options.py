"""Checks of the options that say how a job is run, and change no byte of what it makes."""

from __future__ import annotations

from augkit.errors import ArgumentError

__all__ = ["require_one_aim", "require_runnable", "require_start_method"]

ENGINES = ("processes", "ray")
START_METHODS = ("spawn", "forkserver")


def require_runnable(workers: int | None, timeout: float, max_rejected: float, engine: str, start_method: str) -> None:
    """Refuse, before anything is written, what no run can go by.

    Raises:
        ArgumentError: it names the option.
    """
    if workers is not None and (type(workers) is not int or workers < 0):
        raise ArgumentError(f"must be a whole number, at least 0, got {workers!r}.", "workers")
    if not timeout > 0.0:
        raise ArgumentError(f"must be a number of seconds above 0, got {timeout!r}.", "timeout")
    if not 0.0 <= max_rejected <= 1.0:
        raise ArgumentError(f"must lie within 0 and 1, got {max_rejected!r}.", "max_rejected")
    if engine not in ENGINES:
        raise ArgumentError(f"must be {' or '.join(ENGINES)}, got {engine!r}.", "engine")
    require_start_method(start_method)


def require_start_method(name: str) -> None:
    """Refuse a way to start processes that the libraries used here do not survive.

    Raises:
        ArgumentError: it is none of `START_METHODS`.
    """
    if name not in START_METHODS:
        raise ArgumentError(f"must be {' or '.join(START_METHODS)}, got {name!r}.", "start_method")


def require_one_aim(shards: tuple[int, int] | None, **aims: bool) -> None:
    """Refuse aims that gainsay each other, before one of them removes or adds anything.

    Args:
        shards: the part of the job that is to be done, or None.
        aims: of a run, by the names of their options.

    Raises:
        ArgumentError: there are two of them, or `shards` is no part.
    """
    if shards is not None and not 0 <= shards[0] < shards[1]:
        raise ArgumentError(f"must be i/n with i from 0 to n - 1, got {shards[0]}/{shards[1]}.", "shards")
    given = ["shards"] * (shards is not None) + [name for name, is_wanted in aims.items() if is_wanted]
    if len(given) > 1:
        others = " or ".join(f"--{name}" for name in given[1:])
        raise ArgumentError(f"must not go with {others}. Run one after the other.", given[0])
