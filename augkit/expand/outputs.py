"""Make the outputs of one source: decode it once, draw, run and encode every copy, and write a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from augkit.core.key import Key
from augkit.core.plan import Plan
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
    label: Any
    copy: int | None
    reason: str

    def described(self) -> dict[str, Any]:
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


def outputs(job: Job, data: DataSet, part: Part, task: Task, hand: Hand) -> Iterator[Output | Rejected | Seen]:
    """Yield every output of a source; whatever is wrong with the picture costs its outputs and no others.

    Where there are splits, what tells whether the picture lies in two of them comes first.

    Raises:
        Unreachable: the sources cannot be read now: that is no reason to reject any.
    """
    try:
        origin = _read(job, data, part, task)
    except Unreachable:
        raise
    except Exception as fault:  # decoders and damaged files raise anything
        yield from rejected(job, part, task, _reason(fault))
        return
    if part.split is not None:
        yield Seen(task.source.id, origin.sha256, fingerprint(origin.sample.image))
    with reusing(origin.sample):
        for copy in task.wanted:
            hand.tick()
            try:
                yield _passed(job, part, task, origin) if copy is None else _copied(job, part, task, origin, copy)
            except Exception as fault:
                yield _rejected(job, part, task, copy, _reason(fault))


def rejected(job: Job, part: Part, task: Task, reason: str) -> Iterator[Rejected]:
    """Yield the rejection of all outputs of a source."""
    for copy in task.wanted:
        yield _rejected(job, part, task, copy, reason)


def _rejected(job: Job, part: Part, task: Task, copy: int | None, reason: str) -> Rejected:
    id = job.writer.place(part, task.name(copy, job.suffix))
    return Rejected(id, task.source.id, task.source.label, copy, reason)


def _read(job: Job, data: DataSet, part: Part, task: Task) -> _Origin:
    source = task.source
    try:
        content = data.read(source.place or source.id)
        mask_place = source.annotations.mask if source.annotations else None
        mask = None if mask_place is None else decode_mask(data.read(mask_place))
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
        "split": part.split,
    }
    if source.place is not None:
        head["place"] = source.place
    how = {
        "executor": EXECUTOR,
        "encoding": job.config.encoding,
        "quality": job.config.quality,
        "versions": dict(job.versions),
    }
    return _Origin(content, sample, Scene.of(sample), sha256, compact(head)[1:-1], compact(how)[1:])


def _copied(job: Job, part: Part, task: Task, origin: _Origin, copy: int) -> Output:
    key = Key(job.config.seed, task.source.id, copy)
    plan = job.pipeline_of(task.source.label).draw(key, origin.scene)
    made = run(plan, ready_for(plan, origin.sample), EXECUTOR)
    data = encode(made.image, job.config.encoding, job.config.quality, made.alpha)
    return _output(job, part, task, origin, made, data, copy, key, plan)


def _passed(job: Job, part: Part, task: Task, origin: _Origin) -> Output:
    return _output(job, part, task, origin, origin.sample, origin.data, None, None, None)


def _output(
    job: Job,
    part: Part,
    task: Task,
    origin: _Origin,
    made: Sample,
    data: bytes,
    copy: int | None,
    key: Key | None,
    plan: Plan | None,
) -> Output:
    targets, mask = moved(task.source, made)
    size = (made.image.shape[0], made.image.shape[1])
    name = task.name(copy, job.suffix)
    record = Record(name, part.split, task.source.label, size, targets, mask is not None)
    made_as = {
        "copy": copy,
        "key": None if key is None else {"seed": key.seed, "sample": key.sample, "copy": copy, "epoch": key.epoch},
        "sha256": sha256_of(data),
        "bytes": len(data),
        "record": record.described(),
    }
    # The id comes first, so that a line is found without reading it all, and the plan is JSON already.
    id = compact({"id": job.writer.place(part, record.name)})[:-1]
    plan_json = "null" if plan is None else plan.to_json()
    line = f'{id},{origin.head},{compact(made_as)[1:-1]},"plan":{plan_json},{origin.tail}\n'
    return Output(record, data, None if mask is None else encode(mask, "png"), line, is_passed=copy is None)


def _reason(fault: Exception) -> str:
    """Return one line that is the same on every run."""
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
