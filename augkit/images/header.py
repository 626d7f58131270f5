"""Headers of picture files, and the limits that they are held to before a pixel is decoded."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from augkit.errors import DecodeError

MAX_PIXELS = 175_000_000  # height times width; a little below 178,956,970, where Pillow by itself refuses

# Silencing warnings is process-wide in Python, so one thread at a time may do it; plain JPEGs never need it.
_HUSH = threading.Lock()
if sys.platform != "win32":  # a child forked while another thread holds the lock would wait for ever
    os.register_at_fork(before=_HUSH.acquire, after_in_parent=_HUSH.release, after_in_child=_HUSH.release)


@dataclass(frozen=True)
class Header:
    """Header of a file: sizes and channels as stored; beyond MAX_PIXELS or one frame it is a DecodeError."""

    format: str
    height: int
    width: int
    channels: int
    frames: int

    def __post_init__(self) -> None:
        if self.height * self.width > MAX_PIXELS:
            raise DecodeError(f"must have at most {MAX_PIXELS:,} pixels, got {self.height} x {self.width}. Shrink it.")
        if self.frames != 1:
            raise DecodeError(f"holds {self.frames} frames, must hold one. Save the frame you want as its own file.")


@contextmanager
def hushed() -> Iterator[None]:
    """Keep warnings of decoders off the screen; what matters in them is raised as an error."""
    with _HUSH, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
