"""Outputs of one source: it is decoded once, then its copies are drawn, run and encoded, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.core.shrunk import scale_of
from augkit.core.spatial import Size, size_of
from augkit.datasets import DataSet, Part, Record
from augkit.datasets.leakage import fingerprint
from augkit.errors import AugkitError, Changed, FileError, Unreachable, raise_outage
from augkit.executors import reusing, run
from augkit.expand.job import Job
from augkit.expand.lineage_lines import Facts, line_of
from augkit.expand.origin import Origin, read_origin
from augkit.expand.references import with_last_names
from augkit.expand.transform_annotations import moved
from augkit.expand.work_plan import Task
from augkit.expand.worker import Hand
from augkit.images import AUTO, ENCODINGS, encode, encoding_for
from augkit.images.colour_profiles import Fate
from augkit.storage.patience import Answer, Patience
from augkit.storage.sealed_json import sha256_of
from augkit.targets.carried import Carried

BATCH, HELD_BYTES = 16, 4 << 20  # copies of a source that are drawn at once, and what of their files is held


@dataclass(frozen=True, slots=True)
class Output:
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


class Seen(NamedTuple):
    """A source that could be decoded: what tells whether two pictures are the same, or nearly."""

    source: str
    sha256: str
    fingerprint: str


class Profiled(NamedTuple):
    """A source whose colour profile is told of."""

    fate: Fate


@dataclass(frozen=True)
class Maker:
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

    def outputs(self, task: Task, hand: Hand) -> Iterator[Output | Seen | Profiled | JsonObject]:
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
            is_other, is_stop = isinstance(fault, Changed), self.job.config.unreadable == "stop"
            if is_other or is_stop or not any(map(self._can_be_read, self.others)):
                raise
            yield from self.rejected(task, fault.message)
            return
        except Exception as fault:  # decoders and damaged files raise anything
            yield from self.rejected(task, self._reason(task, fault))
            return
        if seen is not None:
            yield Seen(task.source.id, origin.sha256, seen)
        if origin.profile and task.copies and task.first == 0:  # once, and not where bytes are passed through alone
            yield Profiled(origin.profile)
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
    ) -> Iterator[Output | JsonObject]:
        """Yield outputs with their lines, and the rejections of those that could not be made."""
        for copy, made in held:
            try:
                done = made if isinstance(made, str) else self._output(task, origin, made)
            except Exception as fault:
                done = self._reason(task, fault)
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
            return self._reason(task, fault)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """Return what comes of reading something, with patience."""
        return self.patience.asked(ask, self.alive)

    def _reason(self, task: Task, fault: Exception) -> str:
        """Return why an output is rejected, in one line that is the same on every run.

        Raises:
            Unreachable, OutOfMemory: its content is not at fault, so it is not to be rejected.
        """
        raise_outage(fault, f"{self.data.root}/{task.source.id}")
        told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
        return " ".join(told.split())

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
            size = size_of(made.image)
            return _Made(drawn, data, encoding, size, targets, None if mask is None else encode(mask, "png"))
        except Exception as fault:
            return self._reason(task, fault)

    def _output(self, task: Task, origin: Origin, made: _Made) -> Output:
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
        return Output(record, data, made.mask, line, copy is None, [place(part, other) for other in others])

    @cached_attribute
    def _suffixes(self) -> tuple[str, ...]:
        return self.job.suffixes


def _batches(wanted: Sequence[int | None]) -> Iterator[Sequence[int | None]]:
    """Yield so many copies at a time as are drawn one after the other, then made, then written into the books.

    Each of these would push the others' code and data out of the processor's caches: alternating, a drawing takes two
    and a half times as long.
    """
    for start in range(0, len(wanted), BATCH):
        yield wanted[start : start + BATCH]
