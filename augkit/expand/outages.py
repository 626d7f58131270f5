"""Outages: shards that are put off go to the end; when several in a row cannot be done, the job stops."""

from dataclasses import dataclass, field

from augkit.errors import JobError
from augkit.expand.worker import PutOff

SEVERAL = 3  # shards that are put off with none done between: the next ones would be, too
ADVICE = "Nothing was rejected for it; the same command goes on from here."


@dataclass
class Outages:
    """Shards that one round of work has put off, by their indices."""

    put_off: dict[int, PutOff] = field(default_factory=dict)
    in_a_row: int = 0

    def done(self) -> None:
        """Note that a shard could be done."""
        self.in_a_row = 0

    def add(self, one: PutOff, source: str) -> None:
        """Note a shard that is put off.

        Args:
            one: it.
            source: the id of the picture that was in hand; empty if unknown.

        Raises:
            JobError: it is one of several in a row.
        """
        if source and source not in str(one.fault):
            one = PutOff(one.index, one.fault.at(f"{source!r} in"), one.position)
        self.put_off[one.index] = one
        self.in_a_row += 1
        if self.in_a_row >= SEVERAL:
            self.end()

    def end(self) -> None:
        """End the job if anything is still put off.

        Raises:
            JobError: with the reason of the first.
        """
        if self.put_off:
            fault = next(iter(self.put_off.values())).fault
            raise JobError(f"{fault.message} {ADVICE}", fault.where) from fault
