"""One shard: the outputs of its sources are made, and published all or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from augkit.datasets import DataSet, Part
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.outputs import Output, Rejected, Seen, outputs, rejected
from augkit.expand.work_plan import Shard, Task
from augkit.expand.worker import Hand
from augkit.storage.sealed_json import sealed
from augkit.storage.store import store_at


@dataclass(frozen=True)
class ShardResult:
    """What became of a shard: counts, and how many outputs were rejected for which reason."""

    index: int
    sources: int
    written: int
    copied: int
    reasons: tuple[tuple[str, int], ...]


@dataclass
class _Books:
    """What a shard's own books say, while it is done."""

    lines: list[str] = field(default_factory=list)
    copied: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """What every shard of an expansion needs to know; the same for all, and handed to other processes whole.

    Args:
        job: how.
        data: the data set, without its sources: each task brings its own.
        out: where to.
        classes: their names, in order.
    """

    job: Job
    data: DataSet
    out: str
    classes: tuple[str, ...]

    def expand(self, shard: Shard, hand: Hand) -> ShardResult:
        """Do a shard from its sources to its marker; doing it again gives the same files.

        Raises:
            Stopped: `hand` said so; nothing was published.
            OSError: the output cannot be written.
        """
        books, part = _Books(), Part(shard.index, shard.split, self.classes)
        with store_at(self.out).staging(f"{shard.index:05d}") as staging:
            with self.job.writer.writing(staging, part) as add:
                for made in self._made(shard, part, hand):
                    if isinstance(made, Output):
                        add(made.record, made.data, made.mask)
                        books.lines.append(made.line)
                        books.copied += made.is_passed
                    elif isinstance(made, Rejected):
                        books.rejected.append(made)
                    else:
                        books.seen.append(made)
            hand.publishing()
            lineage = "".join(books.lines).encode()
            staging.write(layout.lineage(shard.index), lineage)
            sources = sum(task.first == 0 for task in shard.tasks)  # those that no earlier part had
            marker = {
                "shard": shard.index,
                "split": shard.split,
                "sources": sources,
                "written": len(books.lines),
                "copied": books.copied,
                "rejected": [entry.described() for entry in books.rejected],
                "seen": [[seen.source, seen.sha256, seen.fingerprint] for seen in books.seen],
                "files": {id: list(facts) for id, facts in staging.files.items()},
            }
            gone = [] if self.job.writer.is_packed else [entry.id for entry in books.rejected]
            staging.publish(layout.marker(shard.index), sealed(marker), gone)
        reasons = Counter(entry.reason for entry in books.rejected)
        counts = (sources, len(books.lines), books.copied)
        return ShardResult(shard.index, *counts, tuple(sorted(reasons.items())))

    def attempt(self, tasks: Sequence[Task], hand: Hand) -> None:
        """Make all outputs of some tasks and drop them: to see whether one of them kills who does it."""
        for _ in self._made(Shard(0, None, tuple(tasks)), Part(0, None, self.classes), hand):
            pass

    def _made(self, shard: Shard, part: Part, hand: Hand) -> Iterator[Output | Rejected | Seen]:
        quarantined = dict(shard.quarantined)
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            if position in quarantined:
                yield from rejected(self.job, part, task, quarantined[position])
            else:
                yield from outputs(self.job, self.data, part, task, hand)
