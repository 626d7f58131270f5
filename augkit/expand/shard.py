"""One shard: the outputs of its sources are made, and published all or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from augkit.core.arrays import JsonObject
from augkit.datasets import DataSet, Part
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.outputs import Maker, Output, Rejected, Seen
from augkit.expand.work_plan import Shard, Task
from augkit.expand.worker import Hand
from augkit.storage.sealed_json import sealed
from augkit.storage.stores import store_at


@dataclass(frozen=True)
class ShardResult:
    """Counts of a shard that is done, and of its rejected outputs by reason."""

    index: int
    sources: int
    written: int
    copied: int
    reasons: tuple[tuple[str, int], ...]

    @staticmethod
    def of(marker: JsonObject) -> ShardResult:
        """Return what a shard's marker comes to."""
        reasons = Counter(entry["reason"] for entry in marker["rejected"])
        counts = marker["sources"], marker["written"], marker["copied"]
        return ShardResult(marker["shard"], *counts, tuple(sorted(reasons.items())))


@dataclass(frozen=True)
class Work:
    """Settings of an expansion that are the same for all its shards, and handed to other processes whole.

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
        part = Part(shard.index, shard.split, self.classes)
        lines, copied = list[str](), 0
        rejections, seen = list[Rejected](), list[Seen]()
        with store_at(self.out).staging(f"{shard.index:05d}") as staging:
            with self.job.writer.writing(staging, part) as add:
                for one in self._made(shard, part, hand):
                    if isinstance(one, Output):
                        add(one.record, one.data, one.mask)
                        lines.append(one.line)
                        copied += one.is_passed
                    elif isinstance(one, Rejected):
                        rejections.append(one)
                    else:
                        seen.append(one)
            hand.publishing()
            staging.write(layout.lineage(shard.index), "".join(lines).encode())
            marker = {
                "shard": shard.index,
                "split": shard.split,
                "sources": sum(task.first == 0 for task in shard.tasks),  # those that no earlier part had
                "written": len(lines),
                "copied": copied,
                "rejected": [entry.described() for entry in rejections],
                "seen": [[one.source, one.sha256, one.fingerprint] for one in seen],
                "files": {id: list(facts) for id, facts in staging.files.items()},
            }
            gone = [] if self.job.writer.is_packed else [entry.id for entry in rejections]
            staging.publish(layout.marker(shard.index), sealed(marker), gone)
        return ShardResult.of(marker)

    def attempt(self, tasks: Sequence[Task], hand: Hand) -> None:
        """Make all outputs of some tasks and drop them: to see whether one of them kills who does it."""
        for _ in self._made(Shard(0, None, tuple(tasks)), Part(0, None, self.classes), hand):
            pass

    def _made(self, shard: Shard, part: Part, hand: Hand) -> Iterator[Output | Rejected | Seen]:
        maker, quarantined = Maker(self.job, self.data, part), dict(shard.quarantined)
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            if position in quarantined:
                yield from maker.rejected(task, quarantined[position])
            else:
                yield from maker.outputs(task, hand)
