"""Sources as samples: a picture, decoded, and its annotations as targets that a plan moves."""

import numpy as np

from augkit.core.arrays import Image, Mask
from augkit.core.plan import Plan
from augkit.datasets.data_set import DataSet, Source
from augkit.errors import DecodeError, SampleError
from augkit.images import class_numbers
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, points_of
from augkit.targets.keypoints import Keypoints
from augkit.targets.records import says
from augkit.targets.run_lengths import decode
from augkit.targets.sample import Sample


def sample_of(source: Source, image: Image, alpha: bool, mask: Mask | None) -> Sample:
    """Return a source as a sample to be moved and written: the masks of its objects are layers of its mask, the last.

    Raises:
        SampleError: the annotations are those of a picture of another size.
    """
    if source.annotations is None:
        return Sample(image, label=source.label, id=source.id, alpha=alpha)
    made = _carrying(source, source.annotations.targets, image, alpha, mask)
    return made if made.boxes is None else made.changed(box_numbers=range(len(made.boxes)))


def mask_of(data: DataSet, source: Source) -> Mask | None:
    """Return the class numbers of a source's own mask, whose colours the data set may explain; None without one.

    Raises:
        FileError: it cannot be read.
        DecodeError: it cannot be decoded, or has a colour that is none of a class.
    """
    place = None if source.annotations is None else source.annotations.mask
    return None if place is None else class_numbers(data.read(place), data.about.get("mask_colours"))


def named_sample(data: DataSet, source: Source) -> Sample:
    """Return a source as people look at it: no mask but the picture's own, and objects with run lengths as boxes.

    Ids and other bookkeeping are left out where objects have no other attributes.

    Raises:
        FileError: the picture or its mask cannot be read.
        DecodeError: so it is, because of what it holds.
        SampleError: the annotations do not fit the picture.
    """
    decoded, annotations = data.decoded(source), source.annotations
    if annotations is None:
        return Sample(decoded.image, label=source.label, id=source.id, alpha=decoded.alpha)
    try:
        mask = mask_of(data, source)
    except DecodeError as fault:
        raise fault.at(f"{data.root}/{source.id} mask") from fault.__cause__
    targets = dict(annotations.targets)
    for name, target in targets.items():
        unsaid = {target.described: None} if target.facts is not None and not any(map(says, target.facts)) else {}
        unmasked = {"box_masks": None, "crowds": None} if name == Boxes.name else {}
        targets[name] = target.changed(**unmasked, **unsaid)
    try:
        return _carrying(source, targets, decoded.image, decoded.alpha, mask)
    except SampleError as fault:
        raise fault.at(f"{data.root}/{source.id}") from None


def _carrying(source: Source, targets: Carried, image: Image, alpha: bool, mask: Mask | None) -> Sample:
    size, claimed = (image.shape[0], image.shape[1]), source.annotations and source.annotations.size
    if claimed and claimed != size:
        raise SampleError(f"must have the size that its annotations say, {claimed}, got {size}.")
    masks, parts = [] if mask is None else [mask], dict[str, object]()
    for target in targets.values():
        parts |= vars(target)
        if isinstance(target, Boxes):
            masks += [decode(text, size) for text in target.box_masks or () if text]
        elif isinstance(target, Keypoints):
            parts["keypoint_visible"] = target.keypoint_visible.astype(np.int64)
    whole = np.dstack(masks) if len(masks) > 1 else masks[0] if masks else None
    return Sample(image, whole, label=source.label, id=source.id, alpha=alpha).changed(**parts)


def ready_for(plan: Plan, sample: Sample) -> Sample:
    """Return the sample with outlines and lines of short edges where the plan bends them.

    Raises:
        SampleError: they are longer than any picture's: they would fill the memory.
    """
    targets = points_of(sample.targets)
    if not targets or not plan.bends:
        return sample
    return sample.changed(**{name: part for target in targets.values() for name, part in vars(target.fine()).items()})
