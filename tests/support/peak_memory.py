"""Peaks of memory, as Linux counts them for a process: what a call took beyond what was held before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def peak_above(ask: Callable[[], object], *expected: type[Exception]) -> int:
    """Return how many bytes a call took at its height beyond those held before; what is expected may be raised."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _bytes("VmRSS")
    with suppress(*expected):
        ask()
    return _bytes("VmHWM") - before


def _bytes(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])
