"""A job: all that decides the bytes of every output, apart from its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import chain

import cv2
import numpy as np

from augkit.cached_attribute import cached_attribute
from augkit.datasets import Writer, writer
from augkit.executors import default_executor
from augkit.expand.expand_config import ExpandConfig
from augkit.images import AUTO, AUTO_ENCODINGS, ENCODINGS
from augkit.pipeline import Pipeline

version = cache(metadata.version)  # which parses all that a package says of itself, every time


@dataclass(frozen=True)
class Job:
    """An expansion whose form is known, with the versions of everything that decides an output's bytes."""

    config: ExpandConfig
    versions: tuple[tuple[str, str], ...]

    @staticmethod
    def of(config: ExpandConfig) -> Job:
        """Return the job of these options with the versions that are installed."""
        by_pipelines = chain.from_iterable(pipeline.packages for pipeline in config.pipelines)
        packages = (*writer(str(config.form)).packages, *by_pipelines)
        return Job(config, tuple(versions(packages).items()))

    @cached_attribute
    def writer(self) -> Writer:
        """The writer of the format."""
        return writer(str(self.config.form))

    def executor_of(self, pipeline: Pipeline) -> str:
        """Return the name of the executor of a pipeline's plans: the one that was asked for, or that of its options."""
        return self.config.executor or default_executor(pipeline.policy)

    @property
    def is_passing(self) -> bool:
        """Whether the sources are passed through beside their copies."""
        return self.config.originals == "include"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file suffixes that outputs may have: several where each picture decides which."""
        encoding = self.config.encoding
        return tuple(ENCODINGS[name] for name in (AUTO_ENCODINGS if encoding == AUTO else (encoding,)))

    @property
    def suffix(self) -> str:
        """The suffix of outputs that were not made: none where it would have been told by the picture."""
        return self.suffixes[0] if len(self.suffixes) == 1 else ""

    @cached_attribute
    def _pipelines(self) -> tuple[Pipeline, dict[str, Pipeline]]:
        """The pipeline, and those of classes, for the range that was asked for."""
        levels, own = self.config.range, self.config.pipelines_for
        if self.is_in_bytes:
            levels = None  # pictures have been brought to all of 8 bits
        elif levels is None or levels == "auto":  # which is settled before any picture is worked on
            return self.config.pipeline, own
        by_class = {label: pipeline.with_range(levels) for label, pipeline in own.items()}
        return self.config.pipeline.with_range(levels), by_class

    def pipeline_of(self, label: object) -> Pipeline:
        """Return the pipeline of a class, for pictures as `levels_of` has them."""
        pipeline, by_class = self._pipelines
        return by_class.get(str(label), pipeline)

    @property
    def is_in_bytes(self) -> bool:
        """Whether every picture becomes 8 bits deep."""
        return self.config.depth == "8"

    def levels_of(self, label: object) -> tuple[float, float] | None:
        """Return what black and white are in deep pictures of a class that become 8 bits deep; None if all of them."""
        levels = self.config.range
        if levels is None or levels == "auto":
            return self.config.pipelines_for.get(str(label), self.config.pipeline).policy.range
        return levels

    def described(self) -> dict[str, object]:
        """Return the job as job.json holds it, in fields that a message may name."""
        # Books from before there was another say nothing of cpu.
        name = self.executor_of(self.config.pipeline)
        executor = {} if name == "cpu" else {"executor": name}
        return {**self.config.described(), **executor, "versions": dict(self.versions)}


def versions(packages: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of everything that decides an output's bytes, `packages` among it."""
    return {
        "augkit": version("augkit"),
        "numpy": np.__version__,
        "opencv": cv2.__version__,  # whichever wheel it came in
        "pillow": version("pillow"),
        "simplejpeg": version("simplejpeg"),
    } | {package: version(package) for package in packages}
