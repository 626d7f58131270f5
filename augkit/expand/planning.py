"""From a data set and options to a work plan: every check that can be made before a picture is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from augkit.datasets import DataSet, listed, read, writers
from augkit.datasets.splits import assign, groups_of, parse_split
from augkit.errors import ArgumentError, FileError, closest
from augkit.expand.job import Balance, Job
from augkit.expand.output_names import is_class
from augkit.expand.work_plan import WorkPlan
from augkit.pipeline import Pipeline, load

__all__ = ["Pipelines", "make_plan", "require_apart"]

Pipelines = Mapping[str, Pipeline | str | Path]


def make_plan(
    source: str | os.PathLike[str],
    pipeline: Pipeline | str | Path,
    copies: int,
    *,
    seed: int = 0,
    form: str | None = None,
    encoding: str = "jpeg",
    quality: int = 90,
    balance: Balance = "none",
    split: str | None = None,
    split_seed: int = 0,
    groups: str | None = None,
    originals: Literal["omit", "include"] = "omit",
    pipelines_for: Pipelines | None = None,
) -> WorkPlan:
    """Return what `expand` with these arguments has to do, without parts yet.

    Raises:
        ArgumentError: an argument is not what it must be, or does not fit the data set.
        FileError: the data set cannot be read, or puts one group into two splits.
    """
    if originals not in ("omit", "include"):
        raise ArgumentError(f"must be omit or include, got {originals!r}.", "originals")
    fractions = parse_split(split) if split is not None else None
    loaded = _loaded(pipeline)
    others = tuple(sorted((label, _loaded(other)) for label, other in (pipelines_for or {}).items()))
    data = read(source)
    labels = {str(source.label) for source in data.sources if is_class(source.label)}
    for label, _ in others:
        if label not in labels:
            what = f"must name a class that pictures of {data.root} have, got {label!r}"
            raise ArgumentError(f"{what}.{closest(label, sorted(labels))}", "pipeline-for")
    for one in (loaded, *(other for _, other in others)):
        # Folders, balance and books know a picture's class before it is decoded; a mirror is drawn after that.
        one.require_classes_kept(
            (s.label for s in data.sources), "Name labels of boxes only, or augment on the fly with augkit.loader."
        )
    job = Job(
        loaded,
        copies,
        seed,
        form or _form_of(data),
        encoding,
        quality,
        others,
        balance,
        tuple(fractions.items()) if fractions else (),
        split_seed,
        originals == "include",
    )
    data = _fitting(data, job)
    named = groups_of(data.sources, groups, data.columns)
    splits = assign(data.sources, fractions, named, split_seed)
    return WorkPlan(job, data, splits, named, _classes(data, job, labels))


def _loaded(pipeline: Pipeline | str | Path) -> Pipeline:
    return pipeline if isinstance(pipeline, Pipeline) else load(pipeline)


def _form_of(data: DataSet) -> str:
    """Return the form that is written if none is asked for: that of the sources, or one that holds what they carry."""
    same = writers().get(data.form)
    if same is not None and (data.kinds or same.is_packed or not same.holds):
        return same.name
    is_plain = not data.kinds and all(is_class(s.label) or s.label is None for s in data.sources)
    return "folder" if is_plain else "webdataset"


def _classes(data: DataSet, job: Job, labels: set[str]) -> tuple[str, ...]:
    """Return the classes that what is written numbers: those of objects in a form that is for boxes, else of pictures.

    Where the data set orders the names that are needed, its order is kept.
    """
    needed = labels
    if job.writer.is_for_objects:
        found = [source.annotations.instances or () for source in data.sources if source.annotations is not None]
        needed = {instance.label for instances in found for instance in instances}
        for pipeline in (job.pipeline, *(other for _, other in job.pipelines_for)):
            needed |= {pipeline.policy.in_mirror(label) for label in needed}
    return data.classes if needed <= set(data.classes) else tuple(sorted(needed))


def _fitting(data: DataSet, job: Job) -> DataSet:
    """Return the data set as the form that is written can hold it; what it has no place for is counted as left out.

    Raises:
        ArgumentError: the form has no place for what the data set is about.
    """
    writer, kinds = job.writer, data.kinds
    able = " or ".join(name for name, other in writers().items() if other.holds >= kinds)
    for kind in ("boxes", "masks", "rotated boxes", "polylines"):
        if kind in kinds and kind not in writer.holds:
            raise ArgumentError(f"must have a place for {kind}, got {job.form}. Use {able}.", "format")
    if writer.is_for_objects and not kinds:
        others = listed([name for name, other in writers().items() if not other.is_for_objects])
        raise ArgumentError(f"must be {others}: {job.form} is for boxes, and there are none.", "format")
    odd = next((s for s in data.sources if s.label is not None and not is_class(s.label)), None)
    if odd is not None and not writer.is_packed and not kinds:
        packed = listed([name for name, other in writers().items() if other.is_packed])
        what = f"must hold labels such as {odd.label!r} of {odd.id}, got {job.form}. Use {packed}."
        raise ArgumentError(what, "format")
    lost = sorted(kinds - writer.holds)
    if not lost:
        return data
    noted = (f"{' and '.join(lost)}, which {job.form} has no place for, of pictures", len(data.sources))
    return replace(data, left_out=(*data.left_out, noted))


def require_apart(data: DataSet, out: str | os.PathLike[str]) -> None:
    """Refuse an output that shares a folder with the sources, or that is no folder.

    Raises:
        FileError: with the reason.
    """
    if not os.fspath(out):  # a shell's variable that is not set
        raise FileError("must be a new or an empty folder, got no name.", "OUT")
    if "://" in os.fspath(out) or "://" in str(data.root):
        if f"{os.fspath(out).rstrip('/')}/".startswith(f"{data.root}/"):
            raise FileError(f"must not lie in the folder of the sources, {data.root}. Choose another.", os.fspath(out))
        if f"{data.root}/".startswith(f"{os.fspath(out).rstrip('/')}/"):
            raise FileError(f"must not hold the sources, {data.root}. Choose another.", os.fspath(out))
        return
    try:
        _require_apart(Path(str(data.root)), out)
    except OSError as fault:
        raise FileError(f"must be a folder that can be reached, got: {fault.strerror}.", os.fspath(out)) from None


def _require_apart(source: Path, out: str | os.PathLike[str]) -> None:
    inner, outer = Path(os.path.realpath(out)), source.resolve()  # realpath lives through links in a circle
    if any(path.exists() and not path.is_dir() for path in (inner, *inner.parents)):
        raise FileError("must be a new or an empty folder, got a file, or a path below one.", str(out))
    if any(path.exists() and path.samefile(outer) for path in (inner, *inner.parents)):
        raise FileError(f"must not lie in the folder of the sources, {source}. Choose another.", str(out))
    if any(inner.exists() and path.samefile(inner) for path in outer.parents):
        raise FileError(f"must not hold the sources, {source}. Choose another.", str(out))
