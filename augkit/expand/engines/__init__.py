"""Engines, which do the shards of an expansion: one file an engine, which adds itself to `ENGINES`."""

from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol

from augkit.expand.worker import Shard, Workable
from augkit.registers import Register


class Engine(Protocol):
    """A way to do all shards of a job."""

    def __call__(
        self,
        work: Workable,
        shards: Iterable[Shard],
        workers: int,
        *,
        timeout_s: float = 60.0,
        start_method: str = "spawn",
        watch: Callable[[int], None] | None = None,
    ) -> Generator[Any]:
        """Do all shards and yield each result as it comes; closing the generator ends the work.

        Args:
            work: what is to be done.
            shards: taken as workers get free.
            workers: how many at a time.
            timeout_s: seconds that one output may take.
            start_method: of processes of this machine, ``spawn`` or ``forkserver``.
            watch: told now and then how many outputs the shards in hand have begun.

        Raises:
            ArgumentError: the work cannot be handed to others.
            JobError: no worker could begin, or they die without a picture to blame.
            MissingExtra: a package that the engine needs is not installed.
            OSError: the output cannot be written.
        """


ENGINES: Register[Engine] = Register("engine", __name__)
