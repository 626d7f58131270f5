"""The frozen work plan: which outputs every source gets, and how the work is cut into shards.

A plan grows in parts: the first run makes one, every ``--extend`` adds another, and no part ever changes. Shards are
cut by count from the sorted rows of a part, and nothing else: neither bytes nor workers nor machines move a cut.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import JsonObject
from augkit.core.normal_form import nfc
from augkit.datasets import SPLITS, DataSet, Kind, Preparing, Source, Split, read
from augkit.datasets.booked_classes import folders_before_0_5
from augkit.datasets.class_folders import folders_of
from augkit.datasets.level_range import range_of
from augkit.datasets.mirrored_keypoints import mirrored_keypoints
from augkit.datasets.splits import HASHED, LAW, STRATIFIED, assign, groups_of, wanted_splits
from augkit.errors import ArgumentError, AugkitError, closest
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.fitted_data import classes_of, fitting, form_of, noted, renamed
from augkit.expand.job import Job
from augkit.expand.layout import FORMAT, read_job
from augkit.expand.output_names import Names, class_names, is_class, passed_suffix
from augkit.pipeline import Pipeline
from augkit.storage.root import Root
from augkit.storage.sealed_json import compact, facts_of
from augkit.storage.stores import require_apart, store_at
from augkit.targets.keypoints import Keypoints

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

    def name(self, copy: int | None, suffix: str, content: bytes | None = None) -> str:
        """Return the name, below its split, of a copy, or of the picture that is passed through.

        Args:
            copy: which, or None for the picture itself.
            suffix: of copies.
            content: of the picture, which decides the suffix that it has when it is passed through; None if unknown.
        """
        return (
            f"{self.stem}{passed_suffix(self.source.id, content)}" if copy is None else f"{self.stem}-c{copy}{suffix}"
        )

    @property
    def wanted(self) -> list[int | None]:
        """The copies to make; None is the picture itself."""
        return [*([None] if self.is_passed else []), *range(self.first, self.first + self.copies)]


@dataclass(frozen=True)
class Shard:
    """Tasks of one split that are published together, and those known to kill who does them, as (place, reason).

    Args:
        neighbours: tasks of other shards, where it has only one: what tells a bad picture from a bad disk.
    """

    index: int
    split: Split | None
    tasks: tuple[Task, ...]
    quarantined: tuple[tuple[int, str], ...] = ()
    neighbours: tuple[Task, ...] = ()


@dataclass(frozen=True)
class WorkPlan:
    """A job and its sources: everything that is to be done.

    Args:
        job: how.
        data: what the sources are.
        splits, groups: of every source, in the data set's order.
        classes: the names of the classes, in order.
        parts: what each run added: its shards in order, each of them rows in order of split and id.
        law: by which fractions split.
        folders: of the classes, by their names, one mapping for each part.
    """

    job: Job
    data: DataSet
    splits: Sequence[Split | None]
    groups: Sequence[str]
    classes: tuple[str, ...]
    parts: tuple[Sequence[Sequence[Row]], ...] = ()
    law: int = STRATIFIED
    folders: tuple[Mapping[str, str], ...] = ()

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of labels that what is written has beside the class."""
        return self.data.kinds

    @property
    def is_split_by_fractions(self) -> bool:
        """Whether the splits are neither the data set's own nor named one by one."""
        return isinstance(self.job.config.split, Mapping) and bool(self.job.config.split)

    def divided(self, law: int, known: Mapping[str, Split | None]) -> WorkPlan:
        """Return the plan with splits by a law, where those of some sources, by their ids, are settled.

        Raises:
            FileError: sources of one group are settled in different splits.
        """
        if not self.is_split_by_fractions:
            return self
        config = self.job.config
        splits = assign(self.data.sources, wanted_splits(config.split), self.groups, config.split_seed, law, known)
        return replace(self, splits=splits, law=law)

    def with_part(self, rows: Iterable[Row], told: Mapping[str, str] | None = None) -> WorkPlan:
        """Return the plan with another part, of these rows, sorted and cut into shards.

        Args:
            rows: the work.
            told: what the books tell of the classes' folders; None of a part that is in no books yet. Classes of
                earlier parts keep their folders there.
        """
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
        plan = replace(self, parts=(*self.parts, shards))
        kept = {label: folder for earlier in reversed(self.folders) for label, folder in earlier.items()}
        known = plan.class_names()
        folders = folders_of(known, kept) if told is None else {**folders_before_0_5(known), **told}
        return replace(plan, folders=(*self.folders, folders))

    def class_names(self, parts: int | None = None) -> set[str]:
        """Return the names of the classes in the first parts, or in all of them."""
        rows = chain.from_iterable(chain.from_iterable(self.parts[:parts]))
        return class_names(self.data.sources[row.source] for row in rows)

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
    def notes(self) -> tuple[str, ...]:
        """Sentences that the user is to be told, also of what the books settled."""
        return (*self.data.notes, *renamed(self.folders[-1] if self.folders else {}, self.job))

    @property
    def shard_count(self) -> int:
        """How many shards all parts have."""
        return sum(map(len, self.parts))

    def shard_outputs(self) -> Iterator[int]:
        """Yield how many outputs each shard plans."""
        for rows in chain.from_iterable(self.parts):
            yield sum(row.outputs for row in rows)

    @cached_attribute
    def ids(self) -> tuple[str, ...]:
        """The ids of the sources, as the books know them: in NFC, unless two are one there."""
        counts = Counter(nfc(source.id) for source in self.data.sources if not source.id.isascii())
        return tuple(id if counts[nfc(id)] > 1 else nfc(id) for id in (source.id for source in self.data.sources))

    @cached_attribute
    def _names(self) -> tuple[Names, ...]:
        """Names of outputs, one for each part; all parts but those of old jobs have one."""
        sources, known = self.data.sources, class_names(self.data.sources)
        newest = folders_of(known, self.folders[-1])
        names = Names(sources, newest)
        return tuple(
            names if folders.items() <= newest.items() else Names(sources, folders_of(known, folders))
            for folders in self.folders
        )

    def shards(self) -> Iterator[Shard]:
        """Yield the shards in order."""
        found, before = self._shards(), tuple[Task, ...]()
        now = next(found, None)
        while now is not None:
            following = next(found, None)
            near = (*(following.tasks[:1] if following else ()), *before) if len(now.tasks) == 1 else ()
            yield replace(now, neighbours=near)
            before, now = now.tasks[:1], following

    def _shards(self) -> Iterator[Shard]:
        shards = ((part, rows) for part, its in enumerate(self.parts) for rows in its)
        for index, (part, rows) in enumerate(shards):
            yield Shard(index, self.splits[rows[0].source], tuple(self.task(row, part) for row in rows))

    def task(self, row: Row, part: int) -> Task:
        """Return a row of a part with all that a worker needs to know of its source."""
        source = self.data.sources[row.source]
        stem = self._names[part].stem(source)
        return Task(source, self.groups[row.source], stem, row.first, row.copies, row.is_passed)

    def lines(self, part: int) -> Iterator[bytes]:
        """Yield a part as its file holds it."""
        for row in chain.from_iterable(self.parts[part]):
            source = self.data.sources[row.source]
            facts = [self.ids[row.source], source.size, self.splits[row.source], row.first, row.copies, row.is_passed]
            yield (compact(facts) + "\n").encode()

    def described(self) -> JsonObject:
        """Return the plan as job.json holds it."""
        digest = sha256()
        for id, source, split, group in zip(self.ids, self.data.sources, self.splits, self.groups, strict=True):
            carried = None if source.annotations is None else source.annotations.text
            facts = f"{id!a} {source.size} {source.label!a} {split} {nfc(group)!a} {carried}\n"
            if source.attributes or source.fault:
                facts += f"{compact(source.attributes)} {source.fault!a}\n"
            digest.update(facts.encode())
        described = {
            "augkit_expansion": FORMAT,
            **self.job.described(),
            "sources": {"count": len(self.data.sources), "sha256": digest.hexdigest()},
            "classes": list(self.classes),
            "keypoints": [self.data.keypoint_names, self.data.skeletons],
            **({"about": self.data.about} if self.data.about else {}),
            **({"ignored": dict(self.data.ignored)} if self.data.ignored else {}),
            **({"split_law": self.law} if self.is_split_by_fractions and self.law != HASHED else {}),
            "parts": [
                {"sources": sum(map(len, part)), "shards": len(part), "plan": facts_of(self.lines(number))}
                | ({"folders": told} if (told := self.folders_to_tell(number)) else {})
                for number, part in enumerate(self.parts)
            ],
        }
        plain: JsonObject = json.loads(compact(described))  # as it is read back: lists, no tuples
        return plain

    def folders_to_tell(self, part: int) -> dict[str, str]:
        """Return the folders of a part that augkit up to 0.4 would have called otherwise: job.json tells these."""
        before = folders_before_0_5(self.class_names(part + 1))
        return {label: folder for label, folder in self.folders[part].items() if before.get(label) != folder}


def make_plan(config: ExpandConfig) -> WorkPlan:
    """Return what an expansion has to do, without parts yet; every check is made that needs no picture.

    Raises:
        ArgumentError: an option does not fit the data set.
        FileError: the data set cannot be read or puts one group into two splits, or OUT shares a folder with it.
    """
    columns = () if config.groups is None else (config.groups,)
    urls, links = config.allow_urls, config.allow_links
    data = read(
        config.source, ignore=config.ignore, columns=columns, out=config.out, allow_urls=urls, allow_links=links
    )
    labels = class_names(data.sources)
    for label in config.pipelines_for:
        if label not in labels:
            what = f"must name a class that pictures of {data.root} have, got {label!r}"
            raise ArgumentError(f"{what}.{closest(label, sorted(labels))}", "pipeline-for")
    for pipeline in config.pipelines:
        # Folders, balance and books know a picture's class before it is decoded; a mirror is drawn after that.
        pipeline.require_classes_kept(
            (s.label for s in data.sources), "Name labels of boxes only, or augment on the fly with augkit.loader."
        )
    config = config.replaced(form=config.form or form_of(data))
    data, config = _paired(data, config)
    job = Job.of(config)
    data = noted(fitting(data, job), job)
    wanted = wanted_splits(config.split)
    named = groups_of(data.sources, config.groups, data.columns, wanted)
    splits = assign(data.sources, wanted, named, config.split_seed, LAW)
    if isinstance(job.writer, Preparing):
        data = job.writer.prepared(data, frozenset(splits))
    require_apart(str(data.root), config.out, is_beside=Root.at(config.source).is_file())
    return _in_range(WorkPlan(job, data, splits, named, classes_of(data, job, labels), law=LAW))


def _in_range(plan: WorkPlan) -> WorkPlan:
    """Return the plan with the range of its pictures, where this is to be found out: by an earlier run, or now."""
    config = plan.job.config
    if config.range != "auto":
        return plan
    levels = (None if config.fresh else _found_before(plan)) or _measured(plan)
    told = () if levels is None else (f"Black is {levels[0]:g} and white {levels[1]:g}, as in all of the pictures.",)
    job = replace(plan.job, config=config.replaced(range=levels))
    return replace(plan, job=job, data=replace(plan.data, notes=(*plan.data.notes, *told)))


def _measured(plan: WorkPlan) -> tuple[float, float] | None:
    return range_of(replace(plan.data, mode=plan.job.config.mode), plan.job.is_in_bytes)


def _found_before(plan: WorkPlan) -> tuple[float, float] | None:
    """Return the range that the books of OUT name for the very same sources in the same mode; None if they do not."""
    try:
        books = read_job(store_at(plan.job.config.out))
    except (AugkitError, OSError):
        return None
    config = plan.job.config
    is_same = books.get("sources") == plan.described()["sources"]
    is_same &= (books.get("mode", "keep"), books.get("depth", "keep")) == (config.mode, config.depth)
    low, high = books.get("range") or (0, 0)
    return (low, high) if is_same and high else None


def _paired(data: DataSet, config: ExpandConfig) -> tuple[DataSet, ExpandConfig]:
    """Return both with what the data set tells of keypoints in a mirror, for pipelines that say nothing of them."""
    pairs, told = mirrored_keypoints(data)
    plain = [pipeline for pipeline in config.pipelines if not pipeline.policy.keypoint_pairs]
    if not told or not plain or Keypoints.kind in config.drop:
        return data, config
    data = replace(data, notes=(*data.notes, told))
    if not pairs:
        return data, config

    def paired(pipeline: Pipeline) -> Pipeline:
        return pipeline.with_keypoint_pairs(pairs) if pipeline in plain else pipeline

    others = {label: paired(pipeline) for label, pipeline in config.pipelines_for.items()}
    return data, config.replaced(pipeline=paired(config.pipeline), pipelines_for=others)
