"""One shard: the outputs of its sources are made, with a line for each, and published all or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import NamedTuple, Self

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.core.located_files import current_folder, files_located
from augkit.core.plan import Plan
from augkit.core.shrunk import scale_of
from augkit.core.spatial import Size
from augkit.datasets import DataSet, Kind, Part, Record
from augkit.errors import AugkitError, FileError, OutOfMemory, SampleError, Unreachable, blame, outage_of, raise_outage
from augkit.executors import reusing, run
from augkit.expand import layout
from augkit.expand.job import Job
from augkit.expand.leakage import fingerprint
from augkit.expand.lineage_lines import Facts, line_of
from augkit.expand.origin import Origin, read_origin
from augkit.expand.references import with_last_names
from augkit.expand.transform_annotations import moved
from augkit.expand.work_plan import Shard, Task, WorkPlan
from augkit.expand.worker import Hand, PutOff
from augkit.images import AUTO, ENCODINGS, encode, encoding_for
from augkit.images.colour_profiles import Fate
from augkit.storage.patience import Answer, Patience
from augkit.storage.root import Root
from augkit.storage.sealed_json import sealed, sha256_of
from augkit.storage.stores import store_at
from augkit.targets.carried import Carried

MOST_NEIGHBOURS = 3  # sources that are tried, to see whether any can be read
BATCH, HELD_BYTES = 16, 4 << 20  # copies of a source that are drawn at once, and what of their files is held


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
        lines, seen, rejected, copied = list[str](), list[_Seen](), list[JsonObject](), 0
        profiles, unused = Counter[str](), list[str]()
        with files_located(self.home), store_at(self.out).staging(f"{shard.index:05d}") as staging:
            with self.job.writer.writing(staging, part) as add:
                for one in self._results(shard, part, hand, self.patience):
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
        """Make all outputs of some tasks and drop them: to see whether one of them kills who does it.

        Raises:
            Unreachable, OutOfMemory: one cannot be read now.
            SampleError: none could be made.
        """
        with files_located(self.home):
            found = self._results(Shard(0, None, tuple(tasks)), Part(0, None, self.classes), hand, Patience(0.0))
            count = sum(isinstance(one, _Output) for one in found)
        if not count:
            raise SampleError("must be a sound picture, got none of which an output can be made.")

    def _results(
        self, shard: Shard, part: Part, hand: Hand, patience: Patience
    ) -> Iterator[_Output | _Seen | _Profiled | JsonObject]:
        quarantined = dict(shard.quarantined)
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            others = (*shard.tasks[position + 1 :], *shard.tasks[:position], *shard.neighbours)
            maker = _Maker(self.job, self.data, part, patience, partial(hand.at, position), others[:MOST_NEIGHBOURS])
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


class _Drawn(NamedTuple):
    """An output that is to be made: its key and its plan, both None of a source that is passed through."""

    key: Key | None
    plan: Plan | None


class _Made(NamedTuple):
    """An output that was made, without its pixels.

    Args:
        drawn: what was done.
        data, encoding: its file, and what that is.
        size: (height, width).
        targets: what it carries.
        mask: its mask as PNG.
    """

    drawn: _Drawn
    data: bytes
    encoding: str
    size: Size
    targets: Carried
    mask: bytes | None


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
    """Make the outputs of a source that belongs to a shard: decode it once, then draw, run and encode its copies.

    Args:
        job, data, part: what it belongs to.
        patience: for what cannot be read.
        alive: called while it waits.
        others: sources that may be read in its stead, to see whether any can be.
    """

    job: Job
    data: DataSet
    part: Part
    patience: Patience
    alive: Callable[[], None]
    others: Sequence[Task]

    def outputs(self, task: Task, hand: Hand) -> Iterator[_Output | _Seen | _Profiled | JsonObject]:
        """Yield every output of a source; whatever is wrong with the picture costs its outputs and no others.

        Where there are splits, what tells whether the picture lies in two of them comes first.

        Raises:
            Unreachable, OutOfMemory: a source, or what its copies take beside it, cannot be had now: that is no reason
                to reject any.
        """
        if task.source.fault:
            yield from self.rejected(task, task.source.fault)
            return
        try:
            origin = self._asked(lambda: read_origin(self.job, self.data, self.part.split, task))
            seen = None if self.part.split is None else fingerprint(origin.looked_at())
        except Unreachable as fault:
            if self.job.config.unreadable != "reject" or not any(map(self._can_be_read, self.others)):
                raise
            yield from self.rejected(task, fault.message)
            return
        except Exception as fault:  # decoders and damaged files raise anything
            yield from self.rejected(task, _reason(fault))
            return
        if seen is not None:
            yield _Seen(task.source.id, origin.sha256, seen)
        if origin.profile and task.copies and task.first == 0:  # once, and not where bytes are passed through alone
            yield _Profiled(origin.profile)
        with reusing(origin.sample):
            for wanted in _batches(task.wanted):
                held, size = list[tuple[int | None, _Made | str]](), 0
                drawings = [self._asked(partial(self._drawn, task, origin, copy)) for copy in wanted]
                for copy, drawn in zip(wanted, drawings, strict=True):
                    hand.tick()
                    made = self._asked(partial(self._made, task, origin, drawn))
                    held.append((copy, made))
                    size += 0 if isinstance(made, str) else len(made.data)
                    if size > HELD_BYTES:
                        yield from self._booked(task, origin, held)
                        held, size = [], 0
                yield from self._booked(task, origin, held)

    def _booked(
        self, task: Task, origin: Origin, held: Sequence[tuple[int | None, _Made | str]]
    ) -> Iterator[_Output | JsonObject]:
        """Yield outputs with their lines, and the rejections of those that could not be made."""
        for copy, made in held:
            try:
                done = made if isinstance(made, str) else self._output(task, origin, made)
            except Exception as fault:
                done = _reason(fault)
            yield self._rejected(task, copy, done) if isinstance(done, str) else done

    def rejected(self, task: Task, reason: str) -> Iterator[JsonObject]:
        """Yield the rejection of all outputs of a source."""
        for copy in task.wanted:
            yield self._rejected(task, copy, reason)

    def _rejected(self, task: Task, copy: int | None, reason: str) -> JsonObject:
        """Return the rejection of an output, as rejected.jsonl holds it."""
        content = self._content(task) if copy is None else None
        id = self.job.writer.place(self.part, task.name(copy, self.job.suffix, content))
        return {"id": id, "source": task.source.id, "class": task.source.label, "copy": copy, "reason": reason}

    def _executor(self, task: Task) -> str:
        """Return the name of the executor of a source's plans: classes may have pipelines of other behaviours."""
        return self.job.executor_of(self.job.pipeline_of(task.source.label))

    def _content(self, task: Task) -> bytes | None:
        """Return a source's bytes, by which it is called where it is passed through, or None if they cannot be read."""
        with suppress(FileError):
            return self.data.read(task.source.place or task.source.id)
        return None

    def _drawn(self, task: Task, origin: Origin, copy: int | None) -> _Drawn | str:
        """Return what is to be done for an output, or why it cannot be told."""
        if copy is None:
            return _Drawn(None, None)
        key = Key(self.job.config.seed, task.source.id, copy)
        try:
            return _Drawn(key, self.job.pipeline_of(task.source.label).draw(key, origin.scene))
        except Exception as fault:
            return _reason(fault)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """Return what comes of reading something, with patience."""
        return self.patience.asked(ask, self.alive)

    def _can_be_read(self, task: Task) -> bool:
        try:
            self.data.read(task.source.place or task.source.id)
        except FileError:
            return False
        return True

    def _made(self, task: Task, origin: Origin, drawn: _Drawn | str) -> _Made | str:
        """Return an output's bytes and labels, or why it cannot be made."""
        if isinstance(drawn, str):
            return drawn
        config, plan = self.job.config, drawn.plan
        try:
            if plan is None:
                made, data, encoding = origin.sample, origin.data, str(config.encoding)
            else:
                shrunk = None if origin.waiting is None else origin.waiting.at(scale_of(plan))
                made = run(plan, origin.sample, self._executor(task), fine=True, shrunk=shrunk)
                encoding = encoding_for(made.image, made.alpha) if config.encoding == AUTO else config.encoding
                data = encode(made.image, encoding, config.quality, made.alpha)
            targets, mask = moved(task.source, made, is_passed=plan is None)
            size = (made.image.shape[0], made.image.shape[1])
            return _Made(drawn, data, encoding, size, targets, None if mask is None else encode(mask, "png"))
        except Exception as fault:
            return _reason(fault)

    def _output(self, task: Task, origin: Origin, made: _Made) -> _Output:
        """Return an output with its record and its line."""
        source, part, place = task.source, self.part, self.job.writer.place
        (key, plan), data = made.drawn, made.data
        copy = None if key is None else key.copy
        suffix = self.job.suffix if copy is None else ENCODINGS[made.encoding]
        name = task.name(copy, suffix, data if copy is None else None)
        attributes, has_mask = source.attributes or {}, made.mask is not None
        record = Record(name, part.split, source.label, made.size, made.targets, has_mask, attributes, copy)
        sha256 = origin.sha256 if copy is None else sha256_of(data)
        facts = Facts(copy, key, sha256, len(data), None if plan is None else with_last_names(plan), made.encoding)
        line = line_of(place(part, name), origin, record, facts, self._executor(task))
        others = [] if copy is None else [task.name(copy, other) for other in self._suffixes if other != suffix]
        return _Output(record, data, made.mask, line, copy is None, [place(part, other) for other in others])

    @cached_property
    def _suffixes(self) -> tuple[str, ...]:
        return self.job.suffixes


def _batches(wanted: Sequence[int | None]) -> Iterator[Sequence[int | None]]:
    """Yield so many copies at a time as are drawn one after the other, then made, then written into the books.

    Each of these would push the others' code and data out of the processor's caches: alternating, a drawing takes two
    and a half times as long.
    """
    for start in range(0, len(wanted), BATCH):
        yield wanted[start : start + BATCH]


def _reason(fault: Exception) -> str:
    """Return why an output is rejected, in one line that is the same on every run.

    Raises:
        Unreachable, OutOfMemory: its content is not at fault, so it is not to be rejected.
    """
    raise_outage(fault)
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
