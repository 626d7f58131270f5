"""Order of pictures, and of their copies, as a function of the seed and the epoch alone."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from augkit.core.arrays import Array
from augkit.core.key import Key
from augkit.errors import ArgumentError

Order = NDArray[np.int64]


class Draw(NamedTuple):
    """One item of a data set to be drawn: its index, the epoch, and the number of its copy.

    >>> Draw(epoch=3, index=117)
    Draw(epoch=3, index=117, copy=0)
    """

    epoch: int
    index: int  # type: ignore[assignment]  # nobody looks for a number in a draw, as tuple.index does
    copy: int = 0


class EpochSampler(Sampler[Draw]):
    """Give every item of a data set once an epoch, in an order of the epoch's own; for `Augmented`.

    Each iteration is one epoch: 0, then 1, and so on, so that no epoch is repeated by accident. `set_epoch` says which
    one comes next, as with torch's DistributedSampler.

    Several ranks see one order, of which each takes every `world`-th item, so that all together give what one alone
    would. The ranks are equally long: where `world` does not divide the length, the first items of the order are drawn
    once more, as further copies.

    With weights, as many items as the data set has are drawn in proportion to them, with replacement. An item that is
    drawn again in an epoch is copy 1, then 2, counted over all ranks: so no two items of an epoch are the same.

    Args:
        length: of the data set, at least 1.
        shuffle: in random order; else in that of the data set.
        seed: any whole number.
        rank: which share, from 0 to world - 1.
        world: how many shares there are.
        weights: one a item, not negative, not all 0; or None.

    Raises:
        ArgumentError: an argument is not what it must be.

    Reference: the order sorts random numbers of Philox; see `augkit.core.key`.

    >>> sampler = EpochSampler(3, seed=7)
    >>> sorted(sampler)
    [Draw(epoch=0, index=0, copy=0), Draw(epoch=0, index=1, copy=0), Draw(epoch=0, index=2, copy=0)]
    >>> {draw.epoch for draw in sampler}
    {1}
    """

    def __init__(
        self,
        length: int,
        shuffle: bool = True,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        weights: Sequence[float] | Array | None = None,
    ) -> None:
        self.length = whole(length, "EpochSampler.length", 1)
        self.world = whole(world, "EpochSampler.world", 1)
        self.rank = whole(rank, "EpochSampler.rank", 0, self.world - 1)
        self.shuffle, self.seed = shuffle, seed
        self.weights = None if weights is None else _checked(weights, self.length)
        self.epoch = self._start = 0
        Key(seed, "")  # refuses a seed that is none

    def __len__(self) -> int:
        """Return the number of items that this rank gives in a whole epoch."""
        return math.ceil(self.length / self.world)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration gives.

        Raises:
            ArgumentError: it is no whole number from 0 on.
        """
        self.epoch = whole(epoch, "EpochSampler.set_epoch", 0)

    def start_at(self, position: int) -> None:
        """Let the next iteration, and only that, leave out the first items: to go on in the middle of an epoch.

        Args:
            position: how many items of this rank were given already, from 0 to the length.

        Raises:
            ArgumentError: it is something else.
        """
        self._start = whole(position, "EpochSampler.start_at", 0, len(self))

    def __iter__(self) -> Iterator[Draw]:
        # A generator: it begins, and the epoch moves on, when the first item is asked for. DataLoader calls iter()
        # once more than it needs.
        epoch, start = self.epoch, self._start
        self.epoch, self._start = epoch + 1, 0
        order = np.resize(self._order(epoch), len(self) * self.world)  # repeats it from its beginning
        mine = slice(self.rank + start * self.world, None, self.world)
        for index, copy in zip(order[mine].tolist(), _copies(order)[mine].tolist(), strict=True):
            yield Draw(epoch, index, copy)

    def _order(self, epoch: int) -> Order:
        if self.weights is None and not self.shuffle:
            return np.arange(self.length)
        numbers = Key(self.seed, "", epoch=epoch).stream("EpochSampler").uniforms(self.length)
        if self.weights is None:
            return np.argsort(numbers, kind="stable")
        sums = np.cumsum(self.weights)
        last = int(np.flatnonzero(self.weights)[-1])  # the product below may be rounded up to the sum of all
        drawn = np.minimum(np.searchsorted(sums, numbers * sums[-1], side="right"), last)
        return drawn if self.shuffle else np.sort(drawn)


def _copies(order: Order) -> Order:
    """Return how often each entry stood before in the order."""
    places = np.argsort(order, kind="stable")
    in_turn = order[places]
    is_first = np.append(True, in_turn[1:] != in_turn[:-1])
    counts = np.arange(len(order))
    copies = np.empty_like(order)
    copies[places] = counts - np.maximum.accumulate(np.where(is_first, counts, 0))
    return copies


def whole(value: object, where: str, low: int, high: int | None = None) -> int:
    """Return a whole number that lies within limits.

    Raises:
        ArgumentError: it is something else.
    """
    number = int(value) if isinstance(value, int | np.integer) and not isinstance(value, bool) else None
    if number is not None and low <= number and (high is None or number <= high):
        return number
    limits = f"from {low} on" if high is None else f"from {low} to {high}"
    raise ArgumentError(f"must be a whole number {limits}, got {value!r:.60}.", where)


def _checked(weights: Sequence[float] | Array, length: int) -> NDArray[np.float64]:
    try:
        found = np.asarray(weights, dtype=np.float64).copy()  # np.array warns of tensors
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (length,):
        what = f"must be {length} numbers, one an item, got {np.shape(found)}"
        raise ArgumentError(f"{what} of {type(weights).__name__}.", "EpochSampler.weights")
    if not (np.isfinite(found).all() and found.min() >= 0.0 and found.max() > 0.0):
        what = f"must be finite, not negative and not all 0, got {found.min():g} to {found.max():g}."
        raise ArgumentError(what, "EpochSampler.weights")
    return found
