"""Make the outputs of one source: decode it once, draw, run and encode every copy, and write a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from augkit.core.arrays import JsonObject, Label
from augkit.core.key import Key
from augkit.datasets import DataSet, Part, Record
from augkit.datasets.samples import ready_for, sample_of
from augkit.errors import AugkitError, FileError, Unreachable
from augkit.executors import reusing, run
from augkit.expand.job import Job
from augkit.expand.leakage import fingerprint
from augkit.expand.transform_annotations import moved
from augkit.expand.work_plan import Task
from augkit.expand.worker import Hand
from augkit.images import decode, decode_mask, encode
from augkit.storage.sealed_json import compact, sha256_of
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

EXECUTOR = "cpu"  # does all plans, and is named in every line


@dataclass(frozen=True, slots=True)
class Output:
    """An output that was made: what its form writes, its line in the books, and whether it was passed through."""

    record: Record
    data: bytes
    mask: bytes | None
    line: str
    is_passed: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """An output that was not made."""

    id: str
    source: str
    label: Label
    copy: int | None
    reason: str

    def described(self) -> JsonObject:
        """Return it as rejected.jsonl holds it."""
        return {"id": self.id, "source": self.source, "class": self.label, "copy": self.copy, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Seen:
    """A source that could be decoded: what tells whether two pictures are the same, or nearly."""

    source: str
    sha256: str
    fingerprint: str


@dataclass(frozen=True)
class _Origin:
    """A decoded source, with what the lines of all its outputs begin and end with, as JSON."""

    data: bytes
    sample: Sample
    scene: Scene
    sha256: str
    head: str
    tail: str


@dataclass(frozen=True)
class Maker:
    """Makes the outputs of sources that belong to one shard.

    Args:
        job: how.
        data: where the sources lie.
        part: the shard.
    """

    job: Job
    data: DataSet
    part: Part

    def outputs(self, task: Task, hand: Hand) -> Iterator[Output | Rejected | Seen]:
        """Yield every output of a source; whatever is wrong with the picture costs its outputs and no others.

        Where there are splits, what tells whether the picture lies in two of them comes first.

        Raises:
            Unreachable: the sources cannot be read now: that is no reason to reject any.
        """
        try:
            origin = self._read(task)
        except Unreachable:
            raise
        except Exception as fault:  # decoders and damaged files raise anything
            yield from self.rejected(task, _reason(fault))
            return
        if self.part.split is not None:
            yield Seen(task.source.id, origin.sha256, fingerprint(origin.sample.image))
        with reusing(origin.sample):
            for copy in task.wanted:
                hand.tick()
                try:
                    yield self._passed(task, origin) if copy is None else self._copied(task, origin, copy)
                except Exception as fault:
                    yield self._rejected(task, copy, _reason(fault))

    def rejected(self, task: Task, reason: str) -> Iterator[Rejected]:
        """Yield the rejection of all outputs of a source."""
        for copy in task.wanted:
            yield self._rejected(task, copy, reason)

    def _rejected(self, task: Task, copy: int | None, reason: str) -> Rejected:
        id = self.job.writer.place(self.part, task.name(copy, self.job.suffix))
        return Rejected(id, task.source.id, task.source.label, copy, reason)

    def _read(self, task: Task) -> _Origin:
        source, config = task.source, self.job.config
        try:
            content = self.data.read(source.place or source.id)
            mask_place = source.annotations.mask if source.annotations else None
            mask = None if mask_place is None else decode_mask(self.data.read(mask_place))
        except Unreachable:
            raise
        except FileError as fault:
            raise FileError(fault.message) from None  # the books tell no place of this machine
        decoded = decode(content)
        sample = sample_of(source, decoded.image, decoded.alpha, mask)
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
        how = {"executor": EXECUTOR, "encoding": config.encoding, "quality": config.quality}
        tail = compact(how | {"versions": dict(self.job.versions)})[1:]
        return _Origin(content, sample, Scene.of(sample), sha256, compact(head)[1:-1], tail)

    def _copied(self, task: Task, origin: _Origin, copy: int) -> Output:
        config = self.job.config
        key = Key(config.seed, task.source.id, copy)
        plan = self.job.pipeline_of(task.source.label).draw(key, origin.scene)
        made = run(plan, ready_for(plan, origin.sample), EXECUTOR)
        data = encode(made.image, config.encoding, config.quality, made.alpha)
        facts = {"seed": key.seed, "sample": key.sample, "copy": copy, "epoch": key.epoch}
        return self._output(task, origin, made, data, {"copy": copy, "key": facts}, plan.to_json())

    def _passed(self, task: Task, origin: _Origin) -> Output:
        return self._output(task, origin, origin.sample, origin.data, {"copy": None, "key": None}, "null")

    def _output(
        self, task: Task, origin: _Origin, made: Sample, data: bytes, key: JsonObject, plan_json: str
    ) -> Output:
        copy, label, split = key["copy"], task.source.label, self.part.split
        targets, mask = moved(task.source, made)
        size = (made.image.shape[0], made.image.shape[1])
        record = Record(task.name(copy, self.job.suffix), split, label, size, targets, mask is not None)
        made_as = key | {"sha256": sha256_of(data), "bytes": len(data), "record": record.described()}
        # The id comes first, so that a line is found without reading it all, and the plan is JSON already.
        id = compact({"id": self.job.writer.place(self.part, record.name)})[:-1]
        line = f'{id},{origin.head},{compact(made_as)[1:-1]},"plan":{plan_json},{origin.tail}\n'
        return Output(record, data, None if mask is None else encode(mask, "png"), line, is_passed=copy is None)


def _reason(fault: Exception) -> str:
    """Return one line that is the same on every run."""
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
