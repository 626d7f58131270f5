"""One shard: the outputs of its sources are made, with a line for each, and published all or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.datasets import DataSet, Kind, Part, Record
from augkit.datasets.samples import mask_of, sample_of
from augkit.errors import AugkitError, FileError, Unreachable
from augkit.executors import reusing, run
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.leakage import fingerprint
from augkit.expand.transform_annotations import moved
from augkit.expand.work_plan import Shard, Task, WorkPlan
from augkit.expand.worker import Hand
from augkit.images import AUTO, ENCODINGS, decode, encode, encoding_for, in_bytes
from augkit.images.colour_profiles import Fate, littlecms_version
from augkit.storage.root import Root
from augkit.storage.sealed_json import compact, sealed, sha256_of
from augkit.storage.stores import store_at
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene


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
class _Origin:
    """A decoded source, with what the lines of all its outputs begin and end with, as JSON, and its profile's fate."""

    data: bytes
    sample: Sample
    scene: Scene
    sha256: str
    head: str
    tail: str
    profile: Fate


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
            origin = self._read(task)
        except Unreachable:
            raise
        except Exception as fault:  # decoders and damaged files raise anything
            yield from self.rejected(task, _reason(fault))
            return
        if self.part.split is not None:
            levels, sample = self.job.levels_of(task.source.label), origin.sample
            shown = sample.image if levels is None else in_bytes(sample.image, sample.alpha, levels)
            yield _Seen(task.source.id, origin.sha256, fingerprint(shown))
        if origin.profile and task.copies and task.first == 0:  # once, and not where bytes are passed through alone
            yield _Profiled(origin.profile)
        with reusing(origin.sample):
            for copy in task.wanted:
                hand.tick()
                try:
                    yield self._output(task, origin, copy)
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

    def _read(self, task: Task) -> _Origin:
        source, config = task.source, self.job.config
        try:
            content = self.data.read(source.place or source.id)
            mask = mask_of(self.data, source)
        except Unreachable:
            raise
        except FileError as fault:
            raise FileError(fault.message) from None  # the books tell no place of this machine
        decoded = decode(content, config.mode)
        image, depth = decoded.image, dict[str, object]()
        if self.job.is_in_bytes and image.dtype != np.uint8:
            levels = self.job.levels_of(source.label)
            image = in_bytes(image, decoded.alpha, levels)
            depth = {"depth": 8, **({} if levels is None else {"levels": levels})}
        sample = sample_of(source, image, decoded.alpha, mask)
        sha256 = sha256_of(content)
        head = {
            "source": source.id,
            "source_sha256": sha256,
            "source_bytes": len(content),
            "group": task.group,
            "class": source.label,
            "split": self.part.split,
        }
        if source.place is not None:
            head["place"] = source.place
        how: JsonObject = {"quality": config.quality}
        how |= {"mode": config.mode} if config.mode != "keep" else {}
        how |= depth
        how |= {"profile": decoded.profile} if decoded.profile else {}
        by = {"littlecms": littlecms_version()} if decoded.profile == "converted" else {}
        tail = compact(how | {"versions": dict(self.job.versions) | by})[1:]
        return _Origin(content, sample, Scene.of(sample), sha256, compact(head)[1:-1], tail, decoded.profile)

    def _output(self, task: Task, origin: _Origin, copy: int | None) -> _Output:
        """Return a copy of a source, or the source itself, passed through."""
        source, split, config = task.source, self.part.split, self.job.config
        made, data, key, plan_json = origin.sample, origin.data, None, "null"
        encoding: str = config.encoding
        suffix = self.job.suffix
        if copy is not None:
            drawn = Key(config.seed, source.id, copy)
            plan = self.job.pipeline_of(source.label).draw(drawn, origin.scene)
            made = run(plan, origin.sample, self.job.executor, fine=True)
            encoding = encoding_for(made.image, made.alpha) if encoding == AUTO else encoding
            suffix = ENCODINGS[encoding]
            data = encode(made.image, encoding, config.quality, made.alpha)
            key = {"seed": drawn.seed, "sample": drawn.sample, "copy": copy, "epoch": drawn.epoch}
            plan_json = plan.to_json()
        targets, mask = moved(source, made, is_passed=copy is None)
        size = (made.image.shape[0], made.image.shape[1])
        name, attributes = task.name(copy, suffix, data), source.attributes or {}
        record = Record(name, split, source.label, size, targets, mask is not None, attributes, copy)
        facts = {"copy": copy, "key": key, "sha256": sha256_of(data), "bytes": len(data), "record": record.described()}
        # The id comes first, so that a line is found without reading it all, and the plan is JSON already.
        id = compact({"id": self.job.writer.place(self.part, record.name)})[:-1]
        how = compact({"executor": self.job.executor, "encoding": encoding})[1:-1]
        line = f'{id},{origin.head},{compact(facts)[1:-1]},"plan":{plan_json},{how},{origin.tail}\n'
        others = [] if copy is None else [task.name(copy, other) for other in self.job.suffixes if other != suffix]
        unused = [self.job.writer.place(self.part, other) for other in others]
        return _Output(record, data, None if mask is None else encode(mask, "png"), line, copy is None, unused)


def _reason(fault: Exception) -> str:
    """Return one line that is the same on every run."""
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
