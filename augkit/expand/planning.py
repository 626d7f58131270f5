"""Planning: a data set and options become a work plan, after every check that can be made before a picture is read."""

from __future__ import annotations

from dataclasses import replace

from augkit.datasets import KINDS, DataSet, read, writers
from augkit.datasets.splits import assign, groups_of
from augkit.errors import ArgumentError, closest, listed
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.job import Job
from augkit.expand.output_names import is_class
from augkit.expand.work_plan import WorkPlan
from augkit.storage.stores import require_apart
from augkit.targets.records import details


def make_plan(config: ExpandConfig) -> WorkPlan:
    """Return what an expansion has to do, without parts yet.

    Raises:
        ArgumentError: an option does not fit the data set.
        FileError: the data set cannot be read or puts one group into two splits, or OUT shares a folder with it.
    """
    data = read(config.source)
    labels = {str(source.label) for source in data.sources if is_class(source.label)}
    for label in config.pipelines_for:
        if label not in labels:
            what = f"must name a class that pictures of {data.root} have, got {label!r}"
            raise ArgumentError(f"{what}.{closest(label, sorted(labels))}", "pipeline-for")
    for pipeline in config.pipelines:
        # Folders, balance and books know a picture's class before it is decoded; a mirror is drawn after that.
        pipeline.require_classes_kept(
            (s.label for s in data.sources), "Name labels of boxes only, or augment on the fly with augkit.loader."
        )
    job = Job.of(config.replaced(form=config.form or _form_of(data)))
    data = _fitting(data, job)
    named = groups_of(data.sources, config.groups, data.columns)
    splits = assign(data.sources, config.split or None, named, config.split_seed)
    require_apart(str(data.root), config.out)
    return WorkPlan(job, data, splits, named, _classes(data, job, labels))


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
        needed = {label for source in data.sources for label in source.box_labels}
        for pipeline in job.config.pipelines:
            needed |= {pipeline.policy.in_mirror(label) for label in needed}
    return data.classes if needed <= set(data.classes) else tuple(sorted(needed))


def _fitting(data: DataSet, job: Job) -> DataSet:
    """Return the data set as the form that is written can hold it; what it has no place for is counted as left out.

    Raises:
        ArgumentError: the form has no place for what the data set is about.
    """
    writer, kinds = job.writer, data.kinds
    able = " or ".join(name for name, other in writers().items() if other.holds >= kinds)
    for kind in KINDS:
        if kind in kinds and kind not in writer.holds and kind not in details():
            raise ArgumentError(f"must have a place for {kind}, got {job.config.form}. Use {able}.", "format")
    if writer.is_for_objects and not kinds:
        others = listed([name for name, other in writers().items() if not other.is_for_objects])
        raise ArgumentError(f"must be {others}: {job.config.form} is for boxes, and there are none.", "format")
    odd = next((s for s in data.sources if s.label is not None and not is_class(s.label)), None)
    if odd is not None and not writer.is_packed and not kinds:
        packed = listed([name for name, other in writers().items() if other.is_packed])
        what = f"must hold labels such as {odd.label!r} of {odd.id}, got {job.config.form}. Use {packed}."
        raise ArgumentError(what, "format")
    lost = sorted(kinds - writer.holds)
    if not lost:
        return data
    noted = (f"{' and '.join(lost)}, which {job.config.form} has no place for, of pictures", len(data.sources))
    return replace(data, left_out=(*data.left_out, noted))
