"""Headers of picture files, and the limits that they are held to before a pixel is decoded."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from augkit.core.spatial import Size
from augkit.errors import DecodeError

MAX_PIXELS = 175_000_000  # height times width; a little below 178,956,970, where Pillow by itself refuses
MAX_BYTES = 3 * MAX_PIXELS  # of decoded pixels, as 8-bit RGB takes; decoding takes about three times that at most
# A file of a few bytes must not ask for much more memory than its like: pages without a mark shrink less than that.
MOST_TIMES, SMALL_BYTES = 100_000, 100_000_000

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


def require_bytes(size: Size, channels: int, depth: int, file_bytes: int | None = None) -> None:
    """Refuse a picture whose pixels would take too much memory, before any is taken for them.

    Args:
        size: (height, width).
        channels: that come out of it.
        depth: bytes a value of these.
        file_bytes: how large the file is; None where that is not known.

    Raises:
        DecodeError: they would take more than `MAX_BYTES`, or far more than the file lets expect.
    """
    (height, width), wanted = size, size[0] * size[1] * channels * depth
    if wanted > MAX_BYTES:
        what = f"must take at most {MAX_BYTES:,} bytes when it is decoded, got {height} x {width} pixels"
        raise DecodeError(f"{what} of {channels} channels of {8 * depth} bits. Shrink it.")
    if file_bytes is not None and wanted > max(SMALL_BYTES, MOST_TIMES * file_bytes):
        what = f"must hold at most {MOST_TIMES:,} times its size, got {height} x {width} pixels in {file_bytes:,} bytes"
        raise DecodeError(f"{what}. Save it as PNG.")


@contextmanager
def hushed() -> Iterator[None]:
    """Keep warnings of decoders off the screen; what matters in them is raised as an error."""
    with _HUSH, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
