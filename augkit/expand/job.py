"""What decides the bytes of an expansion, apart from its sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from augkit.datasets import Split, Writer, writer
from augkit.errors import ArgumentError
from augkit.expand.layout import versions
from augkit.images import ENCODINGS, require_encoding
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import described

__all__ = ["MOST_COPIES", "Balance", "Job"]

MOST_COPIES = 100_000  # of a source: they are published together, and a worker keeps a line of each until then

Balance = int | str  # outputs of a class, "max", or "none"


@dataclass(frozen=True)
class Job:
    """All that decides the bytes of every output, apart from its source.

    Args:
        pipeline: what is drawn from.
        copies: how many outputs a source gets, 1 to MOST_COPIES.
        seed: any whole number.
        form: the name of the form of data set that is written.
        encoding: one of `augkit.images.ENCODINGS`.
        quality: 1 to 100, for jpeg and webp.
        pipelines_for: other pipelines for some classes, as (class, pipeline).
        balance: ``none``, ``max``, or the outputs that every class is brought to.
        split: the splits' fractions, or nothing.
        split_seed: another one, another split.
        originals: whether the sources are passed through beside their copies.

    Raises:
        ArgumentError: an option is not what it must be.
    """

    pipeline: Pipeline
    copies: int
    seed: int = 0
    form: str = "folder"
    encoding: str = "jpeg"
    quality: int = 90
    pipelines_for: tuple[tuple[str, Pipeline], ...] = ()
    balance: Balance = "none"
    split: tuple[tuple[Split, float], ...] = ()
    split_seed: int = 0
    originals: bool = False
    versions: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        if type(self.copies) is not int or not 1 <= self.copies <= MOST_COPIES:
            raise ArgumentError(f"must be a whole number from 1 to {MOST_COPIES:,}, got {self.copies!r}.", "copies")
        for name in ("seed", "split_seed"):
            if type(getattr(self, name)) is not int:
                raise ArgumentError(f"must be a whole number, got {getattr(self, name)!r}.", name)
        require_encoding(self.encoding, self.quality)
        if not self.versions:
            pipelines = (self.pipeline, *(pipeline for _, pipeline in self.pipelines_for))
            packages = (*self.writer.packages, *chain.from_iterable(pipeline.packages for pipeline in pipelines))
            object.__setattr__(self, "versions", tuple(versions(packages).items()))

    @property
    def writer(self) -> Writer:
        """What writes the form."""
        return writer(self.form)

    @property
    def suffix(self) -> str:
        """The outputs' file suffix."""
        return ENCODINGS[self.encoding]

    def pipeline_of(self, label: Any) -> Pipeline:
        """Return the pipeline of a class."""
        return next((pipeline for name, pipeline in self.pipelines_for if name == str(label)), self.pipeline)

    def described(self) -> dict[str, Any]:
        """Return the job as job.json holds it, in fields that a message may name."""
        return {
            "pipeline": described(self.pipeline),
            "pipelines_for": {label: described(pipeline) for label, pipeline in self.pipelines_for},
            "seed": self.seed,
            "copies": self.copies,
            "balance": self.balance,
            "split": dict(self.split),
            "split_seed": self.split_seed,
            "originals": self.originals,
            "format": self.form,
            "encoding": self.encoding,
            "quality": self.quality,
            "versions": dict(self.versions),
        }
