"""Do one shard: decode each source once, emit all its copies, publish all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augkit.codec import decode, encode, read_bytes
from augkit.core.key import Key
from augkit.core.sample import Sample, Scene
from augkit.errors import AugkitError, FileError
from augkit.executors import run
from augkit.expand.commit import Staging
from augkit.expand.job import Job, Shard, Task
from augkit.expand.layout import Layout, below, compact, sealed, sha256_of

__all__ = ["ShardResult", "Stopped", "Work", "expand_shard"]

EXECUTOR = "cpu"  # does all plans, and is named in every line


class Stopped(Exception):
    """The job was told to end while the shard was in hand."""


@dataclass(frozen=True)
class Work:
    """What every shard of an expansion needs to know."""

    job: Job
    root: Path
    out: Path


@dataclass(frozen=True)
class ShardResult:
    """What became of a shard: counts, and how many outputs were rejected for which reason."""

    index: int
    written: int
    rejected: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Origin:
    """A decoded source, with what its outputs' lines say of it."""

    sample: Sample
    scene: Scene
    sha256: str
    bytes: int
    line_end: str


@dataclass(frozen=True)
class _Output:
    """One output: its bytes and its line, or the reason why there is none."""

    id: str
    data: bytes
    line: str
    reason: str = ""


def expand_shard(work: Work, shard: Shard, is_stopped: Callable[[], bool]) -> ShardResult:
    """Do a shard from its sources to its marker; doing it again gives the same files.

    Args:
        work: what is to be done, from where to where.
        shard: which part of it.
        is_stopped: asked between pictures whether to give up.

    Raises:
        Stopped: `is_stopped` said so; nothing was published.
        OSError: the output cannot be written.
    """
    layout = Layout(work.out)
    lines: list[str] = []
    rejected: list[dict[str, Any]] = []
    with Staging(work.out, layout.temporary / f"{shard.index:05d}") as staging:
        for task in shard.tasks:
            if is_stopped():
                raise Stopped
            for copy, output in enumerate(_outputs(work, task)):
                if output.reason:
                    source = {"source": task.source.id, "class": task.source.label, "copy": copy}
                    rejected.append({"id": output.id, **source, "reason": output.reason})
                else:
                    staging.add(output.id, output.data)
                    lines.append(output.line)
        lineage = "".join(lines).encode()
        staging.add(layout.id(layout.lineage(shard.index)), lineage)
        marker = {
            "shard": shard.index,
            "sources": len(shard.tasks),
            "written": len(lines),
            "rejected": rejected,
            "lineage_sha256": sha256_of(lineage),
        }
        staging.add(layout.id(layout.marker(shard.index)), sealed(marker))
        staging.publish()
    reasons = Counter(entry["reason"] for entry in rejected)
    return ShardResult(shard.index, len(lines), len(rejected), tuple(sorted(reasons.items())))


def _outputs(work: Work, task: Task) -> Iterator[_Output]:
    """Yield every copy of a source; whatever is wrong with the picture costs its outputs and no others."""
    job = work.job
    try:
        origin = _read(work, task)
    except Exception as fault:  # decoders and damaged files raise anything
        for copy in range(job.copies):
            yield _Output(task.output(copy, job.suffix), b"", "", _reason(fault))
        return
    for copy in range(job.copies):
        id = task.output(copy, job.suffix)
        try:
            output = _make(job, task, copy, origin)
        except Exception as fault:
            output = _Output(id, b"", "", _reason(fault))
        yield output


def _read(work: Work, task: Task) -> _Origin:
    path = below(work.root, task.source.id)
    try:
        data = read_bytes(path)
    except FileError as fault:
        raise FileError(fault.message) from None  # the books tell no place of this machine
    decoded = decode(data)
    sample = Sample(decoded.image, label=task.source.label, id=task.source.id, alpha=decoded.alpha)
    job = work.job
    how = {"executor": EXECUTOR, "encoding": job.encoding, "quality": job.quality, "versions": dict(job.versions)}
    return _Origin(sample, Scene.of(sample), sha256_of(data), len(data), compact(how)[1:])


def _make(job: Job, task: Task, copy: int, origin: _Origin) -> _Output:
    key = Key(job.seed, task.source.id, copy)
    plan = job.pipeline.draw(key, origin.scene)
    made = run(plan, origin.sample, EXECUTOR)
    data = encode(made.image, job.encoding, job.quality, made.alpha)
    id = task.output(copy, job.suffix)
    first = compact(
        {
            "id": id,  # first, so that a line is found without reading it all
            "source": task.source.id,
            "source_sha256": origin.sha256,
            "source_bytes": origin.bytes,
            "class": task.source.label,
            "copy": copy,
            "key": {"seed": key.seed, "sample": key.sample, "copy": key.copy, "epoch": key.epoch},
            "sha256": sha256_of(data),
            "bytes": len(data),
        }
    )
    return _Output(id, data, f'{first[:-1]},"plan":{plan.to_json()},{origin.line_end}\n')


def _reason(fault: Exception) -> str:
    """Return one line that is the same on every run."""
    told = str(fault) if isinstance(fault, AugkitError) else f"{type(fault).__name__}: {fault}"
    return " ".join(told.split())
