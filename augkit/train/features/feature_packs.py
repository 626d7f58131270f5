"""Packs of features, or of truths: rows of numbers in files that several runs share, each row known by a key.

A pack is a file of rows that is written once, and beside it its seal: a hash over rows and keys, and the keys. Without
its seal it counts as not there, and so does one that is damaged or that others may write. Who wants a row looks for it
in all packs of its family; what none holds is computed, and written as one more. So runs that work at one time do not
wait for each other: what both compute is there twice, and the same.
"""

import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from weakref import finalize

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array
from augkit.errors import Unreachable
from augkit.storage.durable import rename, replace_with, unlink
from augkit.storage.trust import is_own
from augkit.train.train_errors import readable, written

DIGITS = 16  # of hashes in names, in hex
KEY_DIGITS = 32
ROWS, SEAL = SUFFIXES = ".npy", ".sha256"  # of the two files of a pack
TOLD_BYTES = 100 << 20  # of a folder
MOST_OPEN = 64  # files


def key_of(picture: str, view: int) -> str:
    """Return what a row is known by: a view of a picture, which is given as what decides it."""
    return sha256(f"{picture} {view}".encode()).hexdigest()[:KEY_DIGITS]


class Kept:
    """Rows of numbers in a file, read where they are wanted: a disk that goes away is told, where a map would kill.

    Args:
        path: a file of NumPy's, in the order of C: rows of one shape.

    Raises:
        Unreachable: it cannot be read now, or not any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with readable(path):
            self.file = path.open("rb", buffering=0)
            finalize(self, self.file.close)
            np.lib.format.read_magic(self.file)
            (_, *shape), _, self.dtype = np.lib.format.read_array_header_1_0(self.file)
            self.shape = tuple(shape)
            self.row_bytes = math.prod(shape) * self.dtype.itemsize
            self.start = self.file.tell()

    def at(self, places: Sequence[int]) -> Tensor:
        """Return some rows (n, ...)."""
        found = np.empty((len(places), *self.shape), self.dtype)
        self.read_into(found, places)
        return torch.from_numpy(found)

    def read_into(self, found: Array, places: Sequence[int]) -> None:
        """Put some rows into an array (n, ...) of their type."""
        with readable(self.path):
            for row, place in zip(found, places, strict=True):
                self._read(row, place)

    def _read(self, row: Array, place: int) -> None:
        wanted = row.reshape(-1).view(np.uint8).data
        self.file.seek(self.start + self.row_bytes * place)
        while wanted:
            count = self.file.readinto(wanted)
            if not count:
                raise Unreachable("must be as long as it was written, and was cut. Run again.", str(self.path))
            wanted = wanted[count:]


class Joined:
    """Rows that lie in several packs.

    Args:
        packs: the file of each row.
        rows: its place there.
    """

    def __init__(self, packs: Sequence[Kept], rows: Sequence[int]) -> None:
        self.packs, self.rows = packs, rows

    def at(self, places: Sequence[int]) -> Tensor:
        """Return some rows (n, F)."""
        found = np.empty((len(places), *self.packs[0].shape), "<f4")
        for row, place in zip(found, places, strict=True):
            self.packs[place].read_into(row[None], [self.rows[place]])
        return torch.from_numpy(found)


class FeaturePacks:
    """The packs of one family in a folder.

    Args:
        folder: where they lie; it need not be there.
        family: what decides all their rows, beside the keys of each, as JSON holds it.
    """

    def __init__(self, folder: Path, family: object) -> None:
        self.folder = folder
        self.prefix = sha256(json.dumps(family, sort_keys=True).encode()).hexdigest()[:DIGITS]
        self.written = 0  # bytes
        self._packs = set[Path]()  # that were found to be whole
        self._rows: dict[str, tuple[Path, int]] = {}  # of their keys: where each row lies
        self._open: dict[Path, Kept] = {}

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return those keys whose rows are in no pack, each once."""
        there = self._places()
        return [key for key in dict.fromkeys(keys) if key not in there]

    def rows(self, keys: Sequence[str]) -> Joined:
        """Return the rows of keys, none of which may be `missing`."""
        there = self._places()
        found = [there[key] for key in keys]
        return Joined([self._opened(path) for path, _ in found], [row for _, row in found])

    def each(self, keys: Sequence[str]) -> list[Tensor]:
        """Return the rows of keys, none of which may be `missing`, by themselves: packs may have other shapes."""
        there = self._places()
        return [self._opened(path).at([row])[0] for path, row in (there[key] for key in keys)]

    def write(self, keys: Sequence[str], rows: Tensor) -> Path:
        """Write one more pack, of rows (n, ...) and their keys, and return its file.

        Raises:
            Unwritten: there is no room for it, or no right to.
        """
        name = sha256("\n".join(keys).encode()).hexdigest()[:DIGITS]
        path = self.folder / f"{self.prefix}-{name}{ROWS}"
        buffer = io.BytesIO()
        numbers = rows.numpy()
        little = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
        np.lib.format.write_array(buffer, np.ascontiguousarray(little), version=(1, 0))
        with written(path, ", or pass --no-cache"):
            self.folder.mkdir(parents=True, exist_ok=True)
            _put(path, buffer.getbuffer())
            replace_with(_seal_of(path), _seal(path, keys).encode())
        self.written += buffer.tell()
        self._open.pop(path, None)
        self._add(path, keys)
        return path

    def _places(self) -> Mapping[str, tuple[Path, int]]:
        with readable(self.folder):
            try:
                paths = sorted(path for path in self.folder.iterdir() if path.match(f"{self.prefix}-*{ROWS}"))
            except (FileNotFoundError, NotADirectoryError):
                paths = []
        for path in paths:
            if path not in self._packs and (keys := _whole(path)) is not None:
                self._add(path, keys)
        return self._rows

    def _add(self, path: Path, keys: Sequence[str]) -> None:
        self._packs.add(path)
        self._rows |= {key: (path, row) for row, key in enumerate(keys)}

    def _opened(self, path: Path) -> Kept:
        if path not in self._open:
            while len(self._open) >= MOST_OPEN:  # one that is still read from is closed where that ends
                self._open.pop(next(iter(self._open)))
            self._open[path] = Kept(path)
            with suppress(OSError):  # so that the oldest files are those that no run has read for long
                os.utime(path)
        return self._open[path]


def told_room(folder: Path, written: int) -> str | None:
    """Say in a sentence how much is kept in a folder, in which so many bytes are new, if that is much.

    Raises:
        Unreachable: it cannot be read now.
    """
    with readable(folder):
        size = sum(path.stat().st_size for path in folder.glob(f"*{ROWS}")) if written else 0
    if size < TOLD_BYTES:
        return None
    whole, new = (f"{some / 2**20:,.0f} MB" for some in (size, written))
    told = f"{whole} of what the frozen network says are kept in {folder}, {new} of them new"
    return f"{told}. Any file there may be removed, and is computed again where it is wanted; --no-cache keeps none."


def _put(path: Path, data: memoryview) -> None:
    place = path.with_suffix(f".{token_hex(4)}.unfinished")  # another run may be writing the same
    try:
        with place.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rename(os.fspath(place), os.fspath(path))
    except BaseException:
        with suppress(OSError):
            unlink(os.fspath(place))
        raise


def _seal_of(path: Path) -> Path:
    return path.with_suffix(SEAL)


def _seal(path: Path, keys: Sequence[str]) -> str:
    lines = "\n".join(keys)
    digest = sha256(lines.encode())
    with path.open("rb") as file:
        while some := file.read(1 << 20):
            digest.update(some)
    return f"{digest.hexdigest()}\n{lines}\n"


def _whole(path: Path) -> list[str] | None:
    """Return the keys of a pack that is there as it was written; of one that cannot be read now nobody knows."""
    with readable(path):
        try:
            if not (is_own(path) and is_own(_seal_of(path))):
                return None
            sealed = _seal_of(path).read_text()
            keys = sealed.splitlines()[1:]
            return keys if keys and sealed == _seal(path, keys) else None
        except (FileNotFoundError, UnicodeDecodeError):
            return None
