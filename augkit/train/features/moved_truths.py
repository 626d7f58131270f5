"""Truths of a frozen network's views, where they move with the picture: made with the features, and kept beside them.

To make a picture's truth is to augment the picture once more. So what comes along where features are computed is taken
down, and what features that are known from other runs come without is made of their pictures, and kept likewise.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from augkit.loader import Draw
from augkit.train.batches.stream import BATCH, Stream
from augkit.train.features.feature_packs import FeaturePacks, key_of
from augkit.train.tasks.dense import Dense

HELD_BYTES = 256 << 20  # of views in memory; others are put together again


class MovedTruths:
    """Give the truths of a part's pictures, view by view.

    Args:
        dense: the task, which knows how truths are put together.
        stream: the pictures.
        pictures: what decides the truth of each, beside the family and the view, as texts.
        family: what decides those of all, as JSON holds it.
        folder: where they are kept, or None.
        progress: is told how many pictures are done, of how many.
    """

    def __init__(
        self,
        dense: Dense,
        stream: Stream,
        pictures: Sequence[str],
        family: dict[str, object],
        folder: Path | None,
        progress: Callable[[int, int, str], None],
    ) -> None:
        self.dense, self.stream, self.pictures, self.progress = dense, stream, pictures, progress
        self.packs = None if folder is None else FeaturePacks(folder, {**family, "truths": dense.described()})
        self._noted: dict[int, dict[int, Tensor]] = {}
        self._held = OrderedDict[int, Tensor]()

    def note(self, view: int, places: Sequence[int], targets: Tensor) -> None:
        """Take down the truths (B, ...) of some pictures in a view, which came with them."""
        if view not in self._held:
            self._noted.setdefault(view, {}).update(zip(places, targets, strict=True))

    def view(self, number: int) -> Tensor:
        """Return the truths (n, ...) of one view of every picture, in the part's order.

        Raises:
            AugkitError: a picture cannot be read, or what is kept not be read or written.
        """
        if number not in self._held:
            self._held[number] = self._found(number, self._noted.pop(number, {}))
        self._held.move_to_end(number)
        while len(self._held) > 1 and sum(truths.nbytes for truths in self._held.values()) > HELD_BYTES:
            self._held.popitem(last=False)
        return self._held[number]

    def _found(self, number: int, noted: dict[int, Tensor]) -> Tensor:
        keys = [key_of(picture, number) for picture in self.pictures]
        absent = set(keys) if self.packs is None else set(self.packs.missing(keys))
        self._make(number, [place for place, key in enumerate(keys) if key in absent and place not in noted], noted)
        new = {keys[place]: place for place in noted if keys[place] in absent}
        if self.packs is not None and new:
            self.packs.write(list(new), self.dense.joined([noted[place] for place in new.values()]))
        if self.packs is None or len(noted) == len(keys):
            return self.dense.joined([noted[place] for place in range(len(keys))])
        return self.dense.joined(self.packs.each(keys))

    def _make(self, number: int, places: Sequence[int], noted: dict[int, Tensor]) -> None:
        draws = [[Draw(0, place, number) for place in places[at : at + BATCH]] for at in range(0, len(places), BATCH)]
        for batch in self.stream.once(draws):
            assert batch.targets is not None
            noted.update(zip(batch.places.tolist(), torch.unbind(batch.targets), strict=True))
            self.progress(len(noted), len(self.pictures), " pictures' truths")
