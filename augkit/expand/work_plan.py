"""The frozen work plan: which outputs every source gets, and how the work is cut into shards.

A plan grows in parts: the first run makes one, every ``--extend`` adds another, and no part ever changes. Shards are
cut by count from the sorted rows of a part, and nothing else: neither bytes nor workers nor machines move a cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from augkit.core.arrays import JsonObject
from augkit.datasets import SPLITS, DataSet, Source, Split
from augkit.expand.job import Job
from augkit.expand.layout import FORMAT
from augkit.expand.output_names import Names, is_class, suffix_of
from augkit.storage.sealed_json import compact, facts_of

SHARD_OUTPUTS = 256  # a sync costs as much as a few pictures; a shard is also what a crash costs
PACK_OUTPUTS = 1024  # in one file
FEWEST_SHARDS = 16  # so that a small data set still keeps several workers busy to the end


class Row(NamedTuple):
    """Copies that a source gets in one part of a plan.

    Args:
        source: its place among the data set's sources.
        first: the first copy.
        copies: how many.
        is_passed: it is also passed through untouched.
    """

    source: int
    first: int
    copies: int
    is_passed: bool

    @property
    def outputs(self) -> int:
        """How many outputs that is."""
        return self.copies + self.is_passed


@dataclass(frozen=True, slots=True)
class Task:
    """A row with all that a worker needs to know of its source."""

    source: Source
    group: str
    stem: str
    first: int
    copies: int
    is_passed: bool

    def name(self, copy: int | None, suffix: str) -> str:
        """Return the name, below its split, of a copy, or of the picture that is passed through."""
        return f"{self.stem}{suffix_of(self.source.id)}" if copy is None else f"{self.stem}-c{copy}{suffix}"

    @property
    def wanted(self) -> list[int | None]:
        """The copies to make; None is the picture itself."""
        return [*([None] if self.is_passed else []), *range(self.first, self.first + self.copies)]


@dataclass(frozen=True)
class Shard:
    """Tasks of one split that are published together, and those known to kill who does them, as (place, reason)."""

    index: int
    split: Split | None
    tasks: tuple[Task, ...]
    quarantined: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class WorkPlan:
    """A job and its sources: everything that is to be done.

    Args:
        job: how.
        data: what the sources are.
        splits, groups: of every source, in the data set's order.
        classes: the names of the classes, in order.
        parts: what each run added: its shards in order, each of them rows in order of split and id.
    """

    job: Job
    data: DataSet
    splits: Sequence[Split | None]
    groups: Sequence[str]
    classes: tuple[str, ...]
    parts: tuple[Sequence[Sequence[Row]], ...] = ()

    def with_part(self, rows: Iterable[Row]) -> WorkPlan:
        """Return the plan with another part, of these rows, sorted and cut into shards."""
        order = {split: place for place, split in enumerate((None, *SPLITS))}
        ordered = sorted(rows, key=lambda row: (order[self.splits[row.source]], row.source))  # sources are sorted by id
        size, held = self.shard_size(ordered), 0
        shards: list[list[Row]] = []
        for row in ordered:
            if not shards or held >= size or self.splits[row.source] != self.splits[shards[-1][0].source]:
                shards.append([])
                held = 0
            shards[-1].append(row)
            held += row.outputs
        return replace(self, parts=(*self.parts, shards))

    def shard_size(self, rows: Iterable[Row]) -> int:
        """Return how many outputs a shard of a part with these rows has at least: a function of their count alone."""
        most = PACK_OUTPUTS if self.job.writer.is_packed else SHARD_OUTPUTS
        return max(1, min(most, -(-sum(row.outputs for row in rows) // FEWEST_SHARDS)))

    @property
    def absent(self) -> tuple[tuple[Split, str], ...]:
        """The classes that a split has no picture of, where there are splits."""
        both = zip(self.splits, self.data.sources, strict=True)
        present = {(split, str(source.label)) for split, source in both if is_class(source.label)}
        labels = sorted({label for _, label in present})
        splits = [split for split in SPLITS if any(split == other for other, _ in present)]
        return tuple((split, label) for split in splits for label in labels if (split, label) not in present)

    @property
    def shard_count(self) -> int:
        """How many shards all parts have."""
        return sum(map(len, self.parts))

    def shard_outputs(self) -> Iterator[int]:
        """Yield how many outputs each shard plans."""
        for rows in chain.from_iterable(self.parts):
            yield sum(row.outputs for row in rows)

    @cached_property
    def _names(self) -> Names:
        return Names(self.data.sources)

    def shards(self) -> Iterator[Shard]:
        """Yield the shards in order."""
        for index, rows in enumerate(chain.from_iterable(self.parts)):
            yield Shard(index, self.splits[rows[0].source], tuple(map(self.task, rows)))

    def task(self, row: Row) -> Task:
        """Return a row with all that a worker needs to know of its source."""
        source = self.data.sources[row.source]
        return Task(source, self.groups[row.source], self._names.stem(source), row.first, row.copies, row.is_passed)

    def lines(self, part: int) -> Iterator[bytes]:
        """Yield a part as its file holds it."""
        for row in chain.from_iterable(self.parts[part]):
            source = self.data.sources[row.source]
            facts = [source.id, source.size, self.splits[row.source], row.first, row.copies, row.is_passed]
            yield (compact(facts) + "\n").encode()

    def described(self) -> JsonObject:
        """Return the plan as job.json holds it."""
        digest = sha256()
        for source, split, group in zip(self.data.sources, self.splits, self.groups, strict=True):
            carried = None if source.annotations is None else source.annotations.text
            facts = f"{source.id!a} {source.size} {source.label!a} {split} {group!a} {carried}\n"
            digest.update(facts.encode())
        described = {
            "augkit_expansion": FORMAT,
            **self.job.described(),
            "sources": {"count": len(self.data.sources), "sha256": digest.hexdigest()},
            "classes": list(self.classes),
            "keypoints": [self.data.keypoint_names, self.data.skeletons],
            "parts": [
                {"sources": sum(map(len, part)), "shards": len(part), "plan": facts_of(self.lines(number))}
                for number, part in enumerate(self.parts)
            ],
        }
        plain: JsonObject = json.loads(compact(described))  # as it is read back: lists, no tuples
        return plain
