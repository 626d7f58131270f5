"""One shard: the outputs of its sources are made, with a line for each, and published all or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.core.shrunk import scale_of
from augkit.datasets import DataSet, Kind, Part, Record
from augkit.errors import AugkitError, Unreachable
from augkit.executors import reusing, run
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.leakage import fingerprint
from augkit.expand.lineage_lines import Facts, line_of
from augkit.expand.origin import Origin, read_origin
from augkit.expand.transform_annotations import moved
from augkit.expand.work_plan import Shard, Task, WorkPlan
from augkit.expand.worker import Hand
from augkit.images import AUTO, ENCODINGS, encode, encoding_for
from augkit.images.colour_profiles import Fate
from augkit.storage.root import Root
from augkit.storage.sealed_json import sealed, sha256_of
from augkit.storage.stores import store_at
from augkit.targets.sample import Sample


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

    @classmethod
    def of(cls, plan: WorkPlan, out: str) -> Self:
        """Return what is to be done, without the sources: each task brings its own."""
        root = Root.at(os.fsdecode(plan.data.root.lasting))  # who does the work may be at home in another folder
        return cls(plan.job, replace(plan.data, root=root, sources=(), columns={}), out, plan.classes, plan.kinds)

    def expand(self, shard: Shard, hand: Hand) -> ShardResult:
        """Do a shard from its sources to its marker; doing it again gives the same files.

        Raises:
            Stopped: `hand` said so; nothing was published.
            OSError: the output cannot be written.
        """
        about, points = self.data.about, self.data.keypoint_names
        part = Part(shard.index, shard.split, self.classes, self.kinds, about, points)
        lines, seen, rejected, copied = list[str](), list[_Seen](), list[JsonObject](), 0
        profiles, unused = Counter[str](), list[str]()
        with store_at(self.out).staging(f"{shard.index:05d}") as staging:
            with self.job.writer.writing(staging, part) as add:
                for one in self._made(shard, part, hand):
                    if isinstance(one, _Output):
                        add(one.record, one.data, one.mask)
                        lines.append(one.line)
                        copied += one.is_passed
                        unused += one.unused
                    elif isinstance(one, _Seen):
                        seen.append(one)
                    elif isinstance(one, _Profiled):
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
        """Make all outputs of some tasks and drop them: to see whether one of them kills who does it."""
        for _ in self._made(Shard(0, None, tuple(tasks)), Part(0, None, self.classes), hand):
            pass

    def _made(self, shard: Shard, part: Part, hand: Hand) -> Iterator[_Output | _Seen | _Profiled | JsonObject]:
        maker, quarantined = _Maker(self.job, self.data, part), dict(shard.quarantined)
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            if position in quarantined:
                yield from maker.rejected(task, quarantined[position])
            else:
                yield from maker.outputs(task, hand)


@dataclass(frozen=True, slots=True)
class _Output:
    """An output that was made: what its form writes, its line in the books, and whether it was passed through.

    Args:
        unused: the names that it could have had, where pictures decide their suffixes.
    """

    record: Record
    data: bytes
    mask: bytes | None
    line: str
    is_passed: bool
    unused: list[str]


class _Seen(NamedTuple):
    """A source that could be decoded: what tells whether two pictures are the same, or nearly."""

    source: str
    sha256: str
    fingerprint: str


class _Profiled(NamedTuple):
    """A source whose colour profile is told of."""

    fate: Fate


@dataclass(frozen=True)
class _Maker:
    """Make the outputs of sources that belong to one shard: decode each once, then draw, run and encode its copies."""

    job: Job
    data: DataSet
    part: Part

    def outputs(self, task: Task, hand: Hand) -> Iterator[_Output | _Seen | _Profiled | JsonObject]:
        """Yield every output of a source; whatever is wrong with the picture costs its outputs and no others.

        Where there are splits, what tells whether the picture lies in two of them comes first.

        Raises:
            Unreachable: the sources cannot be read now: that is no reason to reject any.
        """
        if task.source.fault:
            yield from self.rejected(task, task.source.fault)
            return
        try:
            origin = read_origin(self.job, self.data, self.part.split, task)
            seen = None if self.part.split is None else fingerprint(origin.looked_at())
        except Unreachable:
            raise
        except Exception as fault:  # decoders and damaged files raise anything
            yield from self.rejected(task, _reason(fault))
            return
        if seen is not None:
            yield _Seen(task.source.id, origin.sha256, seen)
        if origin.profile and task.copies and task.first == 0:  # once, and not where bytes are passed through alone
            yield _Profiled(origin.profile)
        with reusing(origin.sample):
            for copy in task.wanted:
                hand.tick()
                try:
                    yield self._passed(task, origin) if copy is None else self._copy(task, origin, copy)
                except Exception as fault:
                    yield self._rejected(task, copy, _reason(fault))

    def rejected(self, task: Task, reason: str) -> Iterator[JsonObject]:
        """Yield the rejection of all outputs of a source."""
        for copy in task.wanted:
            yield self._rejected(task, copy, reason)

    def _rejected(self, task: Task, copy: int | None, reason: str) -> JsonObject:
        """Return the rejection of an output, as rejected.jsonl holds it."""
        content = self._content(task) if copy is None else None
        id = self.job.writer.place(self.part, task.name(copy, self.job.suffix, content))
        return {"id": id, "source": task.source.id, "class": task.source.label, "copy": copy, "reason": reason}

    def _content(self, task: Task) -> bytes | None:
        """Return a source's bytes, by which it is called where it is passed through, or None if they cannot be read."""
        with suppress(AugkitError):
            return self.data.read(task.source.place or task.source.id)
        return None

    def _passed(self, task: Task, origin: Origin) -> _Output:
        """Return the source itself, passed through."""
        record, mask = self._record(task, None, self.job.suffix, origin, origin.sample)
        facts = Facts(None, None, sha256_of(origin.data), len(origin.data), None, str(self.job.config.encoding))
        line = line_of(self.job.writer.place(self.part, record.name), origin, record, facts, self.job.executor)
        return _Output(record, origin.data, mask, line, True, [])

    def _copy(self, task: Task, origin: Origin, copy: int) -> _Output:
        """Return a copy of a source."""
        config = self.job.config
        key = Key(config.seed, task.source.id, copy)
        plan = self.job.pipeline_of(task.source.label).draw(key, origin.scene)
        shrunk = None if origin.waiting is None else origin.waiting.at(scale_of(plan))
        made = run(plan, origin.sample, self.job.executor, fine=True, shrunk=shrunk)
        encoding: str = encoding_for(made.image, made.alpha) if config.encoding == AUTO else config.encoding
        suffix = ENCODINGS[encoding]
        data = encode(made.image, encoding, config.quality, made.alpha)
        record, mask = self._record(task, copy, suffix, origin, made)
        facts = Facts(copy, key, sha256_of(data), len(data), plan, encoding)
        line = line_of(self.job.writer.place(self.part, record.name), origin, record, facts, self.job.executor)
        others = [task.name(copy, other) for other in self._suffixes if other != suffix]
        unused = [self.job.writer.place(self.part, other) for other in others]
        return _Output(record, data, mask, line, False, unused)

    @cached_property
    def _suffixes(self) -> tuple[str, ...]:
        return self.job.suffixes

    def _record(
        self, task: Task, copy: int | None, suffix: str, origin: Origin, made: Sample
    ) -> tuple[Record, bytes | None]:
        """Return what formats write of an output, and the file of its mask."""
        source, content = task.source, origin.data if copy is None else None
        targets, mask = moved(source, made, is_passed=copy is None)
        size, attributes = (made.image.shape[0], made.image.shape[1]), source.attributes or {}
        name, split = task.name(copy, suffix, content), self.part.split
        record = Record(name, split, source.label, size, targets, mask is not None, attributes, copy)
        return record, None if mask is None else encode(mask, "png")


def _reason(fault: Exception) -> str:
    """Return one line that is the same on every run."""
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
