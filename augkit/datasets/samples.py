"""Sources as samples: a picture, decoded, and its annotations as targets that a plan moves."""

import numpy as np

from augkit.core.arrays import Image, Mask
from augkit.core.shrunk import stand_in_of
from augkit.core.spatial import size_of
from augkit.datasets.data_set import DataSet, Source
from augkit.errors import DecodeError, SampleError
from augkit.images import Waiting, class_numbers
from augkit.images.pictures_apart import apart
from augkit.targets.carried import Carried
from augkit.targets.keypoints import Keypoints
from augkit.targets.records import says
from augkit.targets.sample import Sample


def sample_of(source: Source, image: Image, alpha: bool, mask: Mask | None) -> Sample:
    """Return a source as a sample to be moved and written.

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
    if place is None:
        return None
    return apart(f"{data.root}/{place}", class_numbers, data.read(place), data.about.get("mask_colours"))


def named_sample(data: DataSet, source: Source) -> Sample:
    """Return a source as people look at it: without ids and other bookkeeping where objects have no more attributes.

    Raises:
        FileError: the picture or its mask cannot be read.
        DecodeError: so it is, because of what it holds.
        SampleError: the annotations do not fit the picture.
    """
    decoded = data.decoded(source)
    return _named(data, source, decoded.image, decoded.alpha)


def waiting_sample(data: DataSet, source: Source) -> tuple[Sample, Waiting | None]:
    """Return what `named_sample` does; of a picture that can wait to be decoded with a stand-in, and the picture.

    Raises:
        FileError, DecodeError, SampleError: as `named_sample`.
    """
    found = data.opened(source)
    if isinstance(found, Waiting):
        return _named(data, source, stand_in_of(found.shape), False), found
    return _named(data, source, found.image, found.alpha), None


def _named(data: DataSet, source: Source, image: Image, alpha: bool) -> Sample:
    annotations = source.annotations
    if annotations is None:
        return Sample(image, label=source.label, id=source.id, alpha=alpha)
    try:
        mask = mask_of(data, source)
    except DecodeError as fault:
        raise fault.at(f"{data.root}/{source.id} mask") from fault.__cause__
    targets = dict(annotations.targets)
    for name, target in targets.items():
        unsaid = {target.described: None} if target.facts is not None and not any(map(says, target.facts)) else {}
        targets[name] = target.changed(**unsaid)
    try:
        return _carrying(source, targets, image, alpha, mask)
    except SampleError as fault:
        raise fault.at(f"{data.root}/{source.id}") from fault.__cause__


def _carrying(source: Source, targets: Carried, image: Image, alpha: bool, mask: Mask | None) -> Sample:
    size, claimed = size_of(image), source.annotations and source.annotations.size
    if claimed and claimed != size:
        raise SampleError(f"must have the size that its annotations say, {claimed}, got {size}.")
    parts = dict[str, object]()
    for target in targets.values():
        parts |= vars(target)
        if isinstance(target, Keypoints):
            parts["keypoint_visible"] = target.keypoint_visible.astype(np.int64)
    return Sample(image, mask, label=source.label, id=source.id, alpha=alpha).changed(**parts)
