"""One shard: the outputs of its sources are made, with a line for each, and published all or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from augkit.core.arrays import JsonObject
from augkit.core.located_files import current_folder, files_located
from augkit.datasets import DataSet, Kind, Part
from augkit.errors import OutOfMemory, SampleError, Unreachable, blame, outage_of
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.outputs import Maker, Output, Profiled, Seen
from augkit.expand.work_plan import Shard, Task, WorkPlan
from augkit.expand.worker import Hand, PutOff
from augkit.storage.patience import Patience
from augkit.storage.root import Root
from augkit.storage.sealed_json import sealed
from augkit.storage.stores import store_at

MOST_NEIGHBOURS = 3  # sources that are tried, to see whether any can be read


@dataclass(frozen=True)
class ShardResult:
    """Counts of a shard that is done, and of its rejected outputs by reason."""

    index: int
    sources: int
    written: int
    copied: int
    reasons: tuple[tuple[str, int], ...]
    profiles: tuple[tuple[str, int], ...] = ()  # pictures, by what became of their colour profiles

    @staticmethod
    def of(marker: JsonObject) -> ShardResult:
        """Return what a shard's marker comes to."""
        reasons = Counter(entry["reason"] for entry in marker["rejected"])
        counts = marker["sources"], marker["written"], marker["copied"]
        profiles = tuple(marker.get("profiles", {}).items())
        return ShardResult(marker["shard"], *counts, tuple(sorted(reasons.items())), profiles)


@dataclass(frozen=True)
class Work:
    """Settings of an expansion that are the same for all its shards, and handed to other processes whole."""

    job: Job
    data: DataSet
    out: str
    classes: tuple[str, ...]
    kinds: frozenset[Kind] = frozenset()
    home: str = ""
    patience: Patience = field(default_factory=lambda: Patience(0.0))

    @classmethod
    def of(cls, plan: WorkPlan, out: str, wait_s: float = 0.0) -> Self:
        """Return what is to be done, without the sources: each task brings its own.

        Args:
            plan: of the whole job.
            out: where it is written.
            wait_s: seconds that what cannot be read is waited for.
        """
        data = plan.data
        root = Root.at(os.fsdecode(data.root.lasting), data.root.trust)  # who works may be at home in another folder
        data = replace(data, root=root, sources=(), columns={})
        return cls(plan.job, data, out, plan.classes, plan.kinds, current_folder(), Patience(wait_s))

    def expand(self, shard: Shard, hand: Hand) -> ShardResult | PutOff:
        """Do a shard from its sources to its marker; doing it again gives the same files.

        Returns:
            What it comes to; or that it is put off, as a source cannot be read or there is too little memory.

        Raises:
            Stopped: `hand` said so; nothing was published.
            OSError: the output cannot be written.
        """
        try:
            return self._expanded(shard, hand)
        except (Unreachable, OutOfMemory) as fault:
            return PutOff(shard.index, fault)
        except Exception as fault:
            if blame(fault) == "memory" and (outage := outage_of(fault, f"shard {shard.index}")):
                return PutOff(shard.index, outage)
            raise

    def _expanded(self, shard: Shard, hand: Hand) -> ShardResult:
        about, points = self.data.about, self.data.keypoint_names
        part = Part(shard.index, shard.split, self.classes, self.kinds, about, points)
        lines, seen, rejected, copied = list[str](), list[Seen](), list[JsonObject](), 0
        profiles, unused = Counter[str](), list[str]()
        with files_located(self.home), store_at(self.out).staging(f"{shard.index:05d}") as staging:
            with self.job.writer.writing(staging, part) as add:
                for one in self._results(shard, part, hand, self.patience):
                    if isinstance(one, Output):
                        add(one.record, one.data, one.mask)
                        lines.append(one.line)
                        copied += one.is_passed
                        unused += one.unused
                    elif isinstance(one, Seen):
                        seen.append(one)
                    elif isinstance(one, Profiled):
                        profiles[one.fate] += 1
                    else:
                        rejected.append(one)
            hand.publishing()
            staging.write(layout.lineage(shard.index), "".join(lines).encode())
            marker: JsonObject = {
                "shard": shard.index,
                "split": shard.split,
                "sources": sum(task.first == 0 for task in shard.tasks),  # those that no earlier part had
                "written": len(lines),
                "copied": copied,
                "rejected": rejected,
                "seen": seen,
                "files": staging.files,
            }
            marker |= {"profiles": dict(sorted(profiles.items()))} if profiles else {}
            gone = [] if self.job.writer.is_packed else [*unused, *self._left_over(rejected)]
            staging.publish(layout.marker(shard.index), sealed(marker), gone)
        return ShardResult.of(marker)

    def _left_over(self, rejected: list[JsonObject]) -> Iterator[str]:
        """Yield the files that rejected outputs would have been, and that a killed attempt may have left."""
        for entry in rejected:
            is_named = entry["copy"] is None or self.job.suffix
            yield from [entry["id"]] if is_named else (f"{entry['id']}{suffix}" for suffix in self.job.suffixes)

    def attempt(self, tasks: Sequence[Task], hand: Hand) -> None:
        """Make all outputs of some tasks and drop them: to see whether one of them kills who does it.

        Raises:
            Unreachable, OutOfMemory: one cannot be read now.
            SampleError: none could be made.
        """
        with files_located(self.home):
            found = self._results(Shard(0, None, tuple(tasks)), Part(0, None, self.classes), hand, Patience(0.0))
            count = sum(isinstance(one, Output) for one in found)
        if not count:
            raise SampleError("must be a sound picture, got none of which an output can be made.")

    def _results(
        self, shard: Shard, part: Part, hand: Hand, patience: Patience
    ) -> Iterator[Output | Seen | Profiled | JsonObject]:
        quarantined = dict(shard.quarantined)
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            others = (*shard.tasks[position + 1 :], *shard.tasks[:position], *shard.neighbours)
            maker = Maker(self.job, self.data, part, patience, partial(hand.at, position), others[:MOST_NEIGHBOURS])
            if position in quarantined:
                yield from maker.rejected(task, quarantined[position])
            else:
                yield from maker.outputs(task, hand)
