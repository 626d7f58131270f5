"""Features that a frozen network gives for pictures: computed once, in fixed batches, kept as a file.

A file's name is a hash of everything that decides its content, so nothing else is ever taken for it: the weights, the
model and its preprocessing, the pipeline, the seed, the view, the pictures' bytes in their order, and the versions of
the libraries. Beside it stands the hash of its content, so that damage is noticed.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from secrets import token_hex
from weakref import finalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from augkit.errors import Unreachable
from augkit.storage.durable import rename, replace_with, unlink
from augkit.storage.trust import is_own
from augkit.train.models import Network
from augkit.train.models.network import head_names
from augkit.train.stream import Stream, in_order
from augkit.train.train_errors import readable, written


class Held:
    """Rows of numbers in memory."""

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    def at(self, places: Sequence[int]) -> Tensor:
        """Return some rows (n, F)."""
        return self.rows[torch.tensor(places)]


class Kept:
    """Rows of numbers in a file, read where they are wanted: a disk that goes away is told, where a map would kill.

    Args:
        path: a file of NumPy's, of float32, in the order of C.

    Raises:
        Unreachable: it cannot be read now, or not any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with readable(path):
            self.file = path.open("rb", buffering=0)
            finalize(self, self.file.close)
            np.lib.format.read_magic(self.file)
            (_, self.width), _, _ = np.lib.format.read_array_header_1_0(self.file)
            self.start = self.file.tell()

    def at(self, places: Sequence[int]) -> Tensor:
        """Return some rows (n, F)."""
        found = np.empty((len(places), self.width), "<f4")
        with readable(self.path):
            for row, place in zip(found, places, strict=True):
                self._read(row, place)
        return torch.from_numpy(found)

    def _read(self, row: NDArray[np.float32], place: int) -> None:
        wanted, size = row.data.cast("B"), 4 * self.width
        self.file.seek(self.start + size * place)
        while wanted:
            count = self.file.readinto(wanted)
            if not count:
                raise Unreachable("must be as long as it was written, and was cut. Run again.", str(self.path))
            wanted = wanted[count:]


class Features:
    """Give the features of a part's pictures, view by view.

    Args:
        compute: gives the features (B, F) of a batch of prepared pictures, on the processor's side.
        stream: the pictures.
        length: how many.
        deciding: all that decides the features beside the number of the view, as JSON holds it.
        folder: where they are kept; None computes them anew whenever a view is asked for after another.
        progress: is told how many pictures are done, of how many.
    """

    def __init__(
        self,
        compute: Callable[[Tensor], Tensor],
        stream: Stream,
        length: int,
        deciding: Mapping[str, object],
        folder: Path | None,
        progress: Callable[[int, int, str], None],
    ) -> None:
        self.compute, self.stream, self.length = compute, stream, length
        self.deciding, self.folder, self.progress = deciding, folder, progress
        self._views: dict[int, Held | Kept] = {}

    def view(self, number: int) -> Held | Kept:
        """Return the features (n, F) of one view of every picture, in the part's order."""
        if number not in self._views:
            if self.folder is None:
                self._views = {number: Held(torch.cat(list(self._computed(number))))}
            else:
                self._views[number] = self._kept(number, self.folder)
        return self._views[number]

    def _computed(self, number: int) -> Iterator[Tensor]:
        done = 0
        for batch in self.stream.batches(in_order(self.length, number)):
            yield self.compute(batch.pictures)
            self.progress(done := done + len(batch.pictures), self.length, " pictures' features")

    def _kept(self, number: int, folder: Path) -> Kept:
        key = sha256(json.dumps({**self.deciding, "view": number}, sort_keys=True).encode()).hexdigest()[:32]
        path, seal = folder / f"{key}.npy", folder / f"{key}.sha256"
        with written(path, ", or pass --no-cache"):
            if not _is_whole(path, seal):
                folder.mkdir(parents=True, exist_ok=True)
                self._write(number, path)
                replace_with(seal, _digest(path).encode())
        return Kept(path)

    def _write(self, number: int, path: Path) -> None:
        place = path.with_suffix(f".{token_hex(4)}.unfinished")  # another run may be computing the same
        try:
            with place.open("wb") as file:
                for index, features in enumerate(self._computed(number)):
                    if index == 0:
                        head = {"descr": "<f4", "fortran_order": False, "shape": (self.length, features.shape[1])}
                        np.lib.format.write_array_header_1_0(file, head)
                    file.write(features.numpy().astype("<f4", copy=False).tobytes())
                file.flush()
                os.fsync(file.fileno())
            rename(os.fspath(place), os.fspath(path))
        except BaseException:
            with suppress(OSError):
                unlink(os.fspath(place))
            raise


def backbone_hash(network: Network) -> str:
    """Return a hash of all weights before the head, BatchNorm's statistics among them."""
    head, digest = head_names(network), sha256()
    for name, tensor in network.state_dict().items():
        if name not in head:
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _is_whole(path: Path, seal: Path) -> bool:
    """Say whether a file is there as it was written; of one that cannot be read now nobody knows."""
    with readable(path):
        try:
            return is_own(path) and is_own(seal) and seal.read_text() == _digest(path)
        except (FileNotFoundError, UnicodeDecodeError):
            return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
