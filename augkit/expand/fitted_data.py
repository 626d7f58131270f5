"""Data sets as an expansion writes them: in a form that holds their labels, with what is dropped, told and numbered."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from augkit.core.normal_form import nfc
from augkit.datasets import ATTRIBUTES, KINDS, DataSet, Writer, writers
from augkit.errors import ArgumentError, closest, listed
from augkit.expand.job import Job
from augkit.expand.output_names import class_names, is_class
from augkit.pipeline.surroundings import told_surroundings
from augkit.targets.keypoints import Keypoints
from augkit.targets.masks import Masks

USUAL = (480, 640)  # of a picture, where nothing says its size before it is read


def form_of(data: DataSet) -> str:
    """Return the form that is written if none is asked for: that of the sources, or one that holds what they carry."""
    same = writers().get(data.form)
    if same is not None and same.follows and (data.kinds or same.is_packed or not same.holds):
        return same.name
    is_plain = not data.kinds and all(is_class(s.label) or s.label is None for s in data.sources)
    return "folder" if is_plain else "webdataset"


def classes_of(data: DataSet, job: Job, labels: set[str]) -> tuple[str, ...]:
    """Return the classes that what is written numbers: those of objects in a form that is for boxes, else of pictures.

    Where the data set orders the names that are needed, its order is kept.
    """
    needed = labels
    if job.writer.is_for_objects:
        needed = {label for source in data.sources for label in source.object_labels}
        for pipeline in job.config.pipelines:
            needed |= {pipeline.policy.in_mirror(label) for label in needed}
    return data.classes if needed <= set(data.classes) else tuple(sorted(needed))


def fitting(data: DataSet, job: Job) -> DataSet:
    """Return the data set without the kinds of labels that are to be dropped, whose pictures are counted as left out.

    Raises:
        ArgumentError: the form has no place for a kind of label that the data set has.
    """
    writer, form = job.writer, job.config.form
    data = _without(data, job.config.drop)
    kinds = data.kinds
    lost = [kind for kind in (*KINDS, ATTRIBUTES) if kind in kinds - writer.holds]
    is_loose = Keypoints.kind in kinds and any(source.loose_keypoints for source in data.sources)
    if lost or (is_loose and writer.is_for_objects):
        able = [name for name, one in writers().items() if one.holds >= kinds and not (is_loose and one.is_for_objects)]
        others = f"Use {listed(able)}, or pass" if able else "Pass"
        drops = " ".join(f"--drop {kind.replace(' ', '-')}" for kind in lost or [Keypoints.kind])
        named = listed(lost, "and") if lost else "keypoints of no box"
        raise ArgumentError(f"must have a place for {named}, got {form}. {others} {drops}.", "format")
    if writer.is_for_objects and not kinds:
        plain = listed([name for name, other in writers().items() if not other.is_for_objects])
        raise ArgumentError(f"must be {plain}: {form} is for labels beside the class, and there are none.", "format")
    if (name := _unheld(data, writer)) is not None:
        able = [one for one, other in writers().items() if other.unheld is None and other.holds >= kinds]
        what = f"must have a place for the class {name!a:.80}, got {form}. Use {listed(able)}."
        raise ArgumentError(what, "format")
    odd = next((s for s in data.sources if s.label is not None and not is_class(s.label)), None)
    if odd is not None and not writer.holds_labels and not kinds:
        packed = listed([name for name, other in writers().items() if other.holds_labels])
        what = f"must hold labels such as {odd.label!r} of {odd.id}, got {form}. Use {packed}."
        raise ArgumentError(what, "format")
    return data


def _unheld(data: DataSet, writer: Writer) -> str | None:
    """Return the name of a class that a form has no place for."""
    if (pattern := writer.unheld) is None:
        return None
    objects = {label for source in data.sources for label in source.object_labels}
    names = objects if writer.is_for_objects else objects | class_names(data.sources)
    return next(filter(pattern.search, sorted(names)), None)


def noted(data: DataSet, job: Job) -> DataSet:
    """Return the data set with notes of what the form keeps apart or says otherwise, and of what gets no label."""
    notes, form, others = list(data.notes), job.config.form, writers().items()
    names = [name for name in data.about.get("mask_classes") or () if name]
    if names and Masks.kind in data.kinds and not job.writer.names_masks:
        able = listed([name for name, other in others if other.names_masks])
        what = f"{form} holds the numbers of masks and not what they are called ({', '.join(names[:2])}, ...)"
        notes.append(f"{what}: that stands in .augkit/job.json. {able} hold both.")
    if data.kinds - {Masks.kind, ATTRIBUTES}:  # a mask is reflected with its picture
        known = (source.annotations.size for source in data.sources if source.annotations is not None)
        size = next(filter(None, known), USUAL)
        told = (told_surroundings(pipeline, size, 3) for pipeline in job.config.pipelines)
        notes += dict.fromkeys(filter(None, told))
    return replace(data, notes=tuple(notes))


def renamed(folders: Mapping[str, str], job: Job) -> tuple[str, ...]:
    """Return a note where classes have folders of other names in a form that keeps their names nowhere else."""
    others = [(label, folder) for label, folder in sorted(folders.items()) if folder != nfc(label)]
    if not others or job.writer.holds_labels:
        return ()
    (label, folder), more = others[0], f", and {len(others) - 1:,} more" if len(others) > 1 else ""
    able = listed([name for name, other in writers().items() if other.holds_labels])
    what = f"Not every file system takes all names, or tells them apart: class {label!a} is folder {folder!a}{more}"
    return (f"{what}. {able} keep them as they are.",)


def _without(data: DataSet, dropped: Iterable[str]) -> DataSet:
    """Return a data set without some kinds of labels, and count the pictures that had them.

    Raises:
        ArgumentError: one is no kind of label.
    """
    known = {kind.replace(" ", "-"): kind for kind in (*KINDS, ATTRIBUTES)}
    for name in dropped:
        if (kind := known.get(name.replace(" ", "-").lower())) is None:
            near = closest(name, known)
            raise ArgumentError(f"must be a kind of label ({', '.join(known)}), got {name!r}.{near}", "drop")
        sources = tuple(source.without(kind) for source in data.sources)
        pairs = [(old, new) for old, new in zip(data.sources, sources, strict=True) if new is not old]
        noted = [(f"{kind} of a picture, dropped", len(pairs))] if pairs else []
        gone = Counter(other for old, new in pairs for other in old.kinds - new.kinds if other != kind)
        noted += [(f"{other} of a picture, dropped with its {kind}", gone[other]) for other in sorted(gone)]
        data = replace(data, sources=sources, left_out=(*data.left_out, *noted))
    return data
