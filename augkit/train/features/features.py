"""Features that a frozen network gives for pictures: each computed once, and kept for all runs that share a folder.

What decides a picture's features is hashed, so nothing else is ever taken for them: the weights, the model and its
preprocessing, and the versions of the libraries for all pictures of a family; the bytes of the picture for each, and of
an augmented copy the pipeline, the seed, the picture's id and the number of the view. So a picture that comes along
computes itself only, and runs with other seeds, splits or head share what is not augmented.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from augkit.loader import Draw
from augkit.train.batches.stream import BATCH, Stream
from augkit.train.features.feature_packs import FeaturePacks, Joined, key_of
from augkit.train.features.moved_truths import MovedTruths
from augkit.train.models import Network
from augkit.train.models.network import head_names

HELD_BYTES = 512 << 20  # of views in memory; others are read from their files
PACK_S, PACK_BYTES = 60.0, 64 << 20  # after which what is computed is written


class Computing(Protocol):
    """Whatever computes features."""

    def begun(self, pictures: Tensor) -> Callable[[], Tensor]:
        """Begin with a batch of pictures (B, C, h, w), and return what waits for their features (B, F)."""

    def close(self) -> None:
        """End what this takes; it begins anew where features are asked for again."""


class Held:
    """Rows of numbers in memory."""

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    def at(self, places: Sequence[int]) -> Tensor:
        """Return some rows (n, F)."""
        return self.rows.index_select(0, torch.tensor(places, dtype=torch.long))


class Features:
    """Give the features of a part's pictures, view by view.

    Args:
        computing: computes them.
        stream: the pictures.
        pictures: what decides the features of each, beside the family and the view, as texts.
        family: what decides those of all, as JSON holds it.
        folder: where they are kept; None computes them anew whenever a view is asked for after another.
        progress: is told how many pictures are done, of how many.
        truths: of these views, where they move with the picture.
    """

    def __init__(
        self,
        computing: Computing,
        stream: Stream,
        pictures: Sequence[str],
        family: object,
        folder: Path | None,
        progress: Callable[[int, int, str], None],
        truths: MovedTruths | None = None,
    ) -> None:
        self.computing, self.stream, self.pictures, self.truths = computing, stream, pictures, truths
        self.packs = None if folder is None else FeaturePacks(folder, family)
        self.progress = progress
        self._views: dict[int, Held | Joined] = {}
        self._held = 0  # bytes

    @property
    def written(self) -> int:
        """How many bytes were written to be kept, those of truths among them."""
        every = (self.packs, None if self.truths is None else self.truths.packs)
        return sum(packs.written for packs in every if packs is not None)

    def view(self, number: int) -> Held | Joined:
        """Return the features (n, F) of one view of every picture, in the part's order.

        Raises:
            AugkitError: a picture cannot be read, or what is kept not be read or written.
        """
        if number in self._views:
            return self._views[number]
        with closing(self.computing):  # a thread that waits would hold up the end of a process that failed
            if self.packs is None:
                everyone = range(len(self.pictures))
                self._views = {number: Held(torch.cat([rows for _, rows in self._computed(everyone, number)]))}
            else:
                self._views[number] = self._kept(number, self.packs)
        return self._views[number]

    def _kept(self, number: int, packs: FeaturePacks) -> Held | Joined:
        keys = [key_of(picture, number) for picture in self.pictures]
        places = {key: place for place, key in enumerate(keys)}
        wanted = [places[key] for key in packs.missing(keys)]
        done, rows, began = list[int](), list[Tensor](), time.monotonic()
        for some, made in self._computed(wanted, number):
            done, rows = done + some, [*rows, made]
            size = sum(row.nbytes for row in rows)
            if len(done) and (time.monotonic() - began > PACK_S or size > PACK_BYTES):
                packs.write([keys[place] for place in done], torch.cat(rows))
                done, rows, began = [], [], time.monotonic()
        if done:
            packs.write([keys[place] for place in done], torch.cat(rows))
        found = packs.rows(keys)
        size = len(keys) * found.packs[0].row_bytes
        if self._held + size > HELD_BYTES:
            return found
        self._held += size
        return Held(found.at(range(len(keys))))

    def _computed(self, places: Sequence[int], number: int) -> Iterator[tuple[list[int], Tensor]]:
        """Yield places and the features (B, F) of their pictures: one batch is computed while the next one is made."""
        draws = [[Draw(0, place, number) for place in places[at : at + BATCH]] for at in range(0, len(places), BATCH)]
        begun: tuple[list[int], Callable[[], Tensor]] | None = None
        done = 0
        for batch in self.stream.once(draws):
            following = batch.places.tolist(), self.computing.begun(batch.pictures)
            if self.truths is not None and batch.targets is not None:
                self.truths.note(number, following[0], batch.targets)
            if begun is not None:
                yield begun[0], begun[1]()
                self.progress(done := done + len(begun[0]), len(places), " pictures' features")
            begun = following
        if begun is not None:
            yield begun[0], begun[1]()
            self.progress(len(places), len(places), " pictures' features")


def backbone_hash(network: Network) -> str:
    """Return a hash of all weights before the head, BatchNorm's statistics among them."""
    return weights_hash(network, head_names(network))


def weights_hash(network: Network, without: Collection[str] = ()) -> str:
    """Return a hash of all that a network holds, but for some of it by name."""
    digest = sha256()
    for name, tensor in network.state_dict().items():
        if name not in without:
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
