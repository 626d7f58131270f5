"""The frozen work plan: what decides the bytes of an expansion, and how its work is cut into shards.

Shards are cut by count from the sorted sources, and nothing else: neither bytes nor workers nor machines move a cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from augkit.codec import ENCODINGS, require_encoding
from augkit.datasets import PictureFolder, Source
from augkit.errors import ArgumentError, FileError
from augkit.expand.layout import BOOKS, FORMAT, versions
from augkit.expand.names import output_stems
from augkit.pipeline import Pipeline
from augkit.pipeline_file import described

__all__ = ["Job", "Shard", "Task", "WorkPlan", "require_apart"]

SHARD_OUTPUTS = 256  # a sync costs as much as a few pictures; a shard is also what a crash costs
FEWEST_SHARDS = 16  # so that a small data set still keeps several workers busy to the end
SPLITS = {"train", "val", "valid", "validation", "test"}


@dataclass(frozen=True)
class Job:
    """All that decides the bytes of every output, apart from its source.

    Args:
        pipeline: what is drawn from.
        copies: how many outputs a source gets, at least 1.
        seed: any whole number.
        encoding: one of `augkit.codec.ENCODINGS`.
        quality: 1 to 100, for jpeg and webp.
        versions: of the libraries, as (name, version).

    Raises:
        ArgumentError: an option is not what it must be.
    """

    pipeline: Pipeline
    copies: int
    seed: int
    encoding: str
    quality: int
    versions: tuple[tuple[str, str], ...] = field(default_factory=lambda: tuple(versions().items()))

    def __post_init__(self) -> None:
        if type(self.copies) is not int or self.copies < 1:
            raise ArgumentError(f"must be a whole number, at least 1, got {self.copies!r}.", "copies")
        if type(self.seed) is not int:
            raise ArgumentError(f"must be a whole number, got {self.seed!r}.", "seed")
        require_encoding(self.encoding, self.quality)

    @property
    def suffix(self) -> str:
        """The outputs' file suffix."""
        return ENCODINGS[self.encoding]


@dataclass(frozen=True, slots=True)
class Task:
    """One source, and what its outputs' paths below OUT begin with."""

    source: Source
    stem: str

    def output(self, copy: int, suffix: str) -> str:
        """Return the id of one output."""
        return f"{self.stem}-c{copy}{suffix}"


@dataclass(frozen=True)
class Shard:
    """A number of tasks that are published together."""

    index: int
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class WorkPlan:
    """A job and its sources: everything that is to be done, before anything is.

    Raises:
        FileError: the sources are splits of a data set, some of which must never be expanded.
    """

    job: Job
    folder: PictureFolder

    def __post_init__(self) -> None:
        labels = {source.label for source in self.folder.sources}
        if "train" in labels and len(labels) > 1 and labels <= SPLITS:
            names = ", ".join(sorted(str(label) for label in labels))
            advice = f"Only train may be expanded: give {self.folder.root / 'train'}."
            raise FileError(f"must hold classes, got the splits {names}. {advice}", str(self.folder.root))

    @property
    def planned(self) -> int:
        """How many outputs there are to be, written or rejected."""
        return len(self.folder.sources) * self.job.copies

    @property
    def sources_per_shard(self) -> int:
        """How many sources are published together: a function of the counts alone."""
        return max(1, min(SHARD_OUTPUTS // self.job.copies, -(-len(self.folder.sources) // FEWEST_SHARDS)))

    @property
    def shard_count(self) -> int:
        """How many shards there are."""
        return -(-len(self.folder.sources) // self.sources_per_shard)

    def shards(self) -> Iterator[Shard]:
        """Yield the shards in order."""
        stems, size = output_stems(self.folder.sources), self.sources_per_shard
        for index, start in enumerate(range(0, len(stems), size)):
            some = zip(self.folder.sources[start : start + size], stems[start : start + size], strict=True)
            yield Shard(index, tuple(Task(source, stem) for source, stem in some))

    def described(self) -> dict[str, Any]:
        """Return the plan as job.json holds it."""
        job, sources = self.job, self.folder.sources
        digest = sha256()
        for source in sources:
            digest.update(f"{source.size} {source.id!a}\n".encode())
        return {
            "augkit_expansion": FORMAT,
            "pipeline": described(job.pipeline),
            "seed": job.seed,
            "copies": job.copies,
            "encoding": job.encoding,
            "quality": job.quality,
            "sources": {"count": len(sources), "sha256": digest.hexdigest()},
            "shards": {"count": self.shard_count, "sources_each": self.sources_per_shard},
            "versions": dict(job.versions),
        }


def require_apart(source: Path, out: Path) -> None:
    """Refuse an output that is not a new or empty folder, or that shares a folder with the sources.

    Raises:
        FileError: with the reason.
    """
    inner, outer = out.resolve(), source.resolve()
    if any(path.exists() and path.samefile(outer) for path in (inner, *inner.parents)):
        raise FileError(f"must not lie in the folder of the sources, {source}. Choose another.", str(out))
    if any(inner.exists() and path.samefile(inner) for path in outer.parents):
        raise FileError(f"must not hold the sources, {source}. Choose another.", str(out))
    try:
        held = next(inner.iterdir(), None) if inner.exists() or out.is_symlink() else None
    except OSError as fault:
        raise FileError(f"must be a new or an empty folder, got: {fault.strerror}.", str(out)) from None
    if held is not None:
        kind = "an expansion" if (inner / BOOKS).is_dir() else "a folder with files in it"
        raise FileError(f"must be a new or an empty folder, got {kind}. Remove it or choose another.", str(out))
