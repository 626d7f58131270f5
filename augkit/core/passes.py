"""Passes over the data: an epoch that was set, or else how often a process has met what it augments.

Torch is never imported here: whoever has workers of a DataLoader has loaded it.
"""

import multiprocessing
import os
import sys
from hashlib import blake2b

from augkit.errors import ArgumentError

NOT_SET = -1
RANKS = ("RANK", "SLURM_PROCID")  # of torchrun and of Slurm: which of several training processes this one is


class Passes:
    """Say which epoch a picture is drawn for, by one of two laws.

    Once `set_epoch` was called, the epoch is what it said. It lies in memory that worker processes share with the one
    that starts them, by fork and by spawn: so a call between two passes of a DataLoader reaches workers that persist.

    Until then the epoch tells how often this process has met the picture, so that each time it is another. In a main
    process that is 0, 1, 2, ...; in a worker of a DataLoader it is a negative number, hashed of that count and of the
    worker's seed, which `torch.manual_seed` decides and which is another one in every pass, unless workers persist and
    go on counting. The rank of a distributed training, or the name of a process that other means started, counts too.

    A count is kept for every distinct picture that a process has met, about 0.1 KB each. A copy made by `pickle` or
    `copy.deepcopy` has the epoch that was set, of its own from then on, and counts anew.

    >>> passes = Passes()
    >>> [passes.epoch_of(7), passes.epoch_of(7), passes.epoch_of(8)]
    [0, 1, 0]
    >>> passes.set_epoch(5)
    >>> [passes.epoch_of(7), passes.epoch_of(7)]
    [5, 5]
    """

    def __init__(self) -> None:
        self._epoch = multiprocessing.RawValue("q", NOT_SET)
        self._process, self._met = "", dict[int, int]()

    @property
    def epoch(self) -> int | None:
        """The epoch that was set, or None: pictures are counted."""
        found = int(self._epoch.value)
        return None if found == NOT_SET else found

    def set_epoch(self, epoch: int) -> None:
        """Draw for this epoch from now on, in worker processes too.

        Raises:
            ArgumentError: it is no whole number from 0 on.
        """
        if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch < 2**63:
            raise ArgumentError(f"must be a whole number from 0 on, got {epoch!r}.", "set_epoch")
        self._epoch.value = epoch

    def epoch_of(self, picture: int) -> int:
        """Return the epoch that a picture is drawn for now, and count that it was met.

        Args:
            picture: a number that tells it from others.
        """
        epoch = self.epoch
        if epoch is not None:
            return epoch
        process = _process()
        if process != self._process:  # what the parent of a forked process has met is not its own
            self._process, self._met = process, {}
        count = self._met.get(picture, 0)
        self._met[picture] = count + 1
        if not process:
            return count
        digest = blake2b(f"{process} {count}".encode(), digest_size=8, person=b"augkit meeting").digest()
        return -1 - int.from_bytes(digest, "big")

    def __getstate__(self) -> dict[str, object]:
        # Shared memory may travel to a process that is being started, and nowhere else.
        is_starting = multiprocessing.context.get_spawning_popen() is not None
        return {"_epoch": self._epoch if is_starting else int(self._epoch.value)}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__ |= state
        if isinstance(self._epoch, int):
            self._epoch = multiprocessing.RawValue("q", self._epoch)
        self._process, self._met = "", dict[int, int]()  # a copy counts anew


def _process() -> str:
    """Return what tells this process from others that may meet the same picture; nothing for a main process alone."""
    rank = next((os.environ[name] for name in RANKS if name in os.environ), "0")
    loading = sys.modules.get("torch.utils.data")
    worker = None if loading is None else loading.get_worker_info()
    if worker is None:
        name = multiprocessing.current_process().name
        return "" if (name, rank) == ("MainProcess", "0") else f"{rank} {name}"
    parent = multiprocessing.parent_process()
    return f"{rank} {parent.name if parent else ''} seed {worker.seed}"
